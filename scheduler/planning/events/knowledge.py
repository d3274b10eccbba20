"""What is known of events at an instant, and what a problem looks like then.

The world is struck by everything that happens in it. A planner sees the events that it knows of,
and, where a feed lies, what the feed says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from forecasting.forecast import Forecast
from optimizer.horizon import Horizon
from optimizer.problem import Problem
from optimizer.site import BoolArray, FloatArray, Site
from scheduler.planning.events.strike import at_site, region_of, scaled, strike
from scheduler.planning.run import Forecasts
from scheduler.scenario import Scenario
from scheduler.scenario.events import FeedLies, FeedStale, Happening, HeatWave


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """A scenario's events as somebody knows them.

    Attributes:
        events: All of them.
        now: The instant; None for the world itself, which everything befalls.
    """

    events: Sequence[Happening]
    now: datetime | None = None

    def struck(self, problem: Problem) -> Problem:
        """`problem` with all that is known to happen in it, and as feeds that lie show it."""
        for event in self.events:
            if not event.what.blinds:
                hit = self._hit(event, problem.horizon)
                problem = strike(event.what, problem, hit, event.number)
        if self.now is not None:
            for event in self._blinding(FeedLies):
                assert isinstance(event.what, FeedLies)
                problem = _as_told(event.what, problem)
        return problem

    def warmer_k(self, site: str, horizon: Horizon) -> FloatArray | None:
        """How much warmer it is than the climate has it, shape (T,); None where it is not. [K]"""
        waves = [
            (event, event.what)
            for event in self.events
            if isinstance(event.what, HeatWave) and event.what.site in (None, site)
        ]
        if not waves:
            return None
        parts = [self._hit(event, horizon) * float(wave.warmer_k) for event, wave in waves]
        warmer: FloatArray = np.sum(parts, axis=0)
        return warmer

    def last_heard(self, feed: str) -> datetime | None:
        """When a feed (weather, carbon, demand) last said something; None where it does now."""
        silent = [
            event.start
            for event in self._blinding(FeedStale)
            if isinstance(event.what, FeedStale) and event.what.of in (feed, "all")
        ]
        return min(silent, default=None)

    def news(self, since: datetime) -> bool:
        """Whether something has become known, or has ended, since then."""
        assert self.now is not None
        return any(
            since < instant <= self.now
            for event in self.events
            if not event.what.blinds
            for instant in (event.known, event.end)
        )

    def _hit(self, event: Happening, horizon: Horizon) -> BoolArray:
        """Steps of `horizon` that `event` touches, shape (T,); all it knows nothing of are not.

        What opens touches the steps before: who does not know of it expects it never to open.
        """
        known = self.now is None or event.known <= self.now
        first, last = horizon.steps_until(event.start), horizon.steps_until(event.end)
        steps = np.arange(horizon.n_steps)
        if event.what.opens:
            return steps < (np.ceil(first - 1e-9) if known else np.inf)
        hit: BoolArray = (steps >= np.floor(first + 1e-9)) & (steps < np.ceil(last - 1e-9))
        return hit & known

    def _blinding(self, kind: type) -> list[Happening]:
        now = self.now
        if now is None:
            return []
        return [
            event
            for event in self.events
            if isinstance(event.what, kind) and event.start <= now < event.end
        ]


def known_jobs(scenario: Scenario, now: datetime) -> Scenario:
    """`scenario` with the jobs that are known of at `now`."""
    jobs = tuple(job for job in scenario.jobs if job.known is None or job.known <= now)
    return replace(scenario, jobs=jobs)


def followed(forecasts: Forecasts, before: Problem, after: Problem) -> Forecasts:
    """`forecasts` changed in the proportion in which their means in `before` became `after`."""

    def plants(kind: str, by_site: Mapping[str, Forecast]) -> dict[str, Forecast]:
        return {
            name: _times(one, _plant_kw(before, name, kind), _plant_kw(after, name, kind))
            for name, one in by_site.items()
        }

    def carbon(name: str, one: Forecast) -> Forecast:
        grids = [world.sites[world.site_number[name]].grid for world in (before, after)]
        series = [grid.carbon_intensity_g_per_kwh for grid in grids if grid is not None]
        return _times(one, series[0], series[1])

    demand = {}
    for one, other in zip(before.services, after.services, strict=True):
        for r, region in enumerate(other.regions):
            origin = region_of(region)
            mean = one.demand_rps[one.regions.index(origin)]
            forecast = forecasts.demand_rps[one.name, origin]
            demand[one.name, region] = _times(forecast, mean, other.demand_rps[r])
    return replace(
        forecasts,
        wind_kw=plants("wind", forecasts.wind_kw),
        pv_kw=plants("pv", forecasts.pv_kw),
        carbon_g_per_kwh={
            name: carbon(name, one) for name, one in forecasts.carbon_g_per_kwh.items()
        },
        demand_rps=demand,
    )


def _plant_kw(problem: Problem, site: str, kind: str) -> FloatArray:
    plants = problem.sites[problem.site_number[site]].plants
    return next(plant.available_kw for plant in plants if plant.name == kind)


def _times(forecast: Forecast, before: FloatArray, after: FloatArray) -> Forecast:
    if np.array_equal(before, after):
        return forecast
    factor = np.divide(after, before, out=np.ones_like(before), where=before > 0)
    return replace(
        forecast,
        quantiles=forecast.quantiles * factor,
        expected=forecast.expected * factor,
        scenarios=forecast.scenarios * factor,
    )


def _as_told(what: FeedLies, problem: Problem) -> Problem:
    """`problem` as a feed that lies shows it: everything ahead by the same factor."""
    always = np.ones(problem.horizon.n_steps, dtype=bool)
    if what.of == "demand":
        return replace(
            problem,
            services=tuple(
                replace(service, demand_rps=service.demand_rps * what.factor)
                for service in problem.services
            ),
        )

    def told(site: Site) -> Site:
        if what.of == "carbon":
            if site.grid is None:
                return site
            carbon = scaled(site.grid.carbon_intensity_g_per_kwh, what.factor, always)
            return replace(site, grid=replace(site.grid, carbon_intensity_g_per_kwh=carbon))
        return replace(
            site,
            plants=tuple(
                replace(plant, available_kw=scaled(plant.available_kw, what.factor, always))
                if plant.name == what.of
                else plant
                for plant in site.plants
            ),
        )

    return at_site(problem, what.site, told)
