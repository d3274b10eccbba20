"""What a planner sees at a step: forecasts issued by then, what was metered, and no more.

Weather comes from the ladder of forecasts, issued at that instant. Carbon and demand follow their
stated shape from where they were last seen, so the next hour is known well and the next day hardly
better than its shape. Series that a scenario states are seen through correlated errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecasting.forecast import Forecast
from forecasting.models.spread import LogNormal
from optimizer.problem import Problem
from optimizer.site import FloatArray, GridConnection, Site
from optimizer.work import Job, Service
from scheduler.planning.actual import carbon_law, demand_law, uneventful
from scheduler.planning.events.knowledge import Knowledge
from scheduler.planning.events.strike import region_of
from scheduler.planning.foreseen import foreseen
from scheduler.scenario import Scenario
from scheduler.scenario.scenario import GridSeries, ServiceSeries, SiteSeries
from scheduler.simulation.errors import ErrorField, Issuer

MINUTES_A_DAY = 1440
#: Standard deviations of a region's demand that replicas are held for beside what is expected.
#: Regions stray apart from each other, and an autoscaler adds what is missing.
STAFFED_SIGMAS = 1.5
#: Quantile of wind and sun that plans and starts count on: what is missing makes work late where
#: the grid is weak; what is left over can still be used.
FIRM_LEVEL = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A site's state that a plan begins with.

    Attributes:
        soc_kwh: Stored now; 0 without a battery. [kWh]
        peak_so_far_kw: Highest import of the billing period so far. [kW]
        generator_on: Whether it runs now.
        generator_h: Since when it has been so. [h]
    """

    soc_kwh: float
    peak_so_far_kw: float
    generator_on: bool
    generator_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is seen at a step.

    Attributes:
        problem: The window ahead: expected values, but of wind and sun what can be counted on.
        firm_kw: Wind and sun by site that can be counted on, each of shape (T,). [kW]
    """

    problem: Problem
    firm_kw: Mapping[str, FloatArray]


class Eyes:
    """What is known of one scenario at each step of its horizon, asked for in order."""

    def __init__(
        self, scenario: Scenario, truth: Problem, *, window_steps: int, staffed_steps: int
    ) -> None:
        """Look at most `window_steps` ahead; replicas are held for `staffed_steps` at a time."""
        self._scenario = scenario
        # Meters tell apart what an event did: carbon and demand are known as they stray without.
        self._truth = uneventful(scenario)[0] if scenario.events else truth
        self._held: dict[tuple[str, str], tuple[int, FloatArray]] = {}
        self._window, self._staffed_steps = window_steps, staffed_steps
        self._issuers = _issuers(scenario, window_steps)
        self._asked = 0

    def window(self, step: int, jobs: tuple[Job, ...], meters: Mapping[str, Meter]) -> Seen:
        """The world as it looks at `step`, with the jobs that are known by then.

        Steps must be asked for in order; some may be passed over.
        """
        series: dict[tuple[str, str], FloatArray] = {}
        for number in range(self._asked, step + 1):
            series = {key: issuer.issue(number) for key, issuer in self._issuers.items()}
            series = {key: self._heard(key, one, number) for key, one in series.items()}
        self._asked = step + 1
        n_steps = min(self._window, self._truth.horizon.n_steps - step)
        ahead = self._ahead(step, n_steps, series)
        view = foreseen(ahead, ahead.horizon.start)
        plants = {"wind": view.forecasts.wind_kw, "pv": view.forecasts.pv_kw}
        firm = {
            site.name: {
                kind: _low(one[site.name]) for kind, one in plants.items() if site.name in one
            }
            for site in view.problem.sites
        }
        problem = replace(
            view.problem,
            jobs=jobs,
            sites=tuple(
                _counted_on(_metered(site, meters[site.name]), firm[site.name])
                for site in view.problem.sites
            ),
            services=tuple(
                replace(service, demand_rps=self._staffed(service, step))
                for service in view.problem.services
            ),
        )
        firm_kw = {name: sum(kinds.values(), np.zeros(n_steps)) for name, kinds in firm.items()}
        return Seen(problem=problem, firm_kw=firm_kw)

    def news(self, step: int) -> bool:
        """Whether something has become known since the step before."""
        horizon = self._truth.horizon
        now = horizon.instant(step)
        return self._knowledge(step).news(since=now - horizon.step)

    def _knowledge(self, step: int) -> Knowledge:
        return Knowledge(events=self._scenario.events, now=self._truth.horizon.instant(step))

    def _last(self, feed: str, step: int) -> int:
        """The last step that `feed` has told of by `step`; -1 where there is none."""
        heard = self._knowledge(step).last_heard(feed)
        told = step if heard is None else int(np.floor(self._truth.horizon.steps_until(heard)))
        return max(0, told) - 1

    def _heard(self, key: tuple[str, str], issue: FloatArray, step: int) -> FloatArray:
        """`issue`, or while its feed is silent the rest of the last one, and then its mean."""
        if self._knowledge(step).last_heard("weather") is None:
            self._held[key] = (step, issue)
            return issue
        first, last = self._held.get(key, (step, issue))
        self._held[key] = (first, last)
        rest = last[step - first :][: len(issue)]
        return np.append(rest, np.full(len(issue) - len(rest), last.mean()))

    def _ahead(
        self, step: int, n_steps: int, series: Mapping[tuple[str, str], FloatArray]
    ) -> Scenario:
        """The scenario from `step` on, its stated series as they look from there."""
        whole, steps = self._scenario, slice(step, step + n_steps)
        days = n_steps * whole.horizon.step_min / MINUTES_A_DAY
        begin = self._truth.horizon.instant(step)
        horizon = whole.horizon.model_copy(update={"start": begin, "days": days})
        return replace(
            whole,
            world=whole.world.model_copy(update={"horizon": horizon}),
            jobs=(),
            sites={name: self._site(name, one, steps, series) for name, one in whole.sites.items()},
            services={
                name: self._service(name, one, steps) for name, one in whole.services.items()
            },
        )

    def _site(
        self,
        name: str,
        site: SiteSeries,
        steps: slice,
        series: Mapping[tuple[str, str], FloatArray],
    ) -> SiteSeries:
        return SiteSeries(
            grid=None if site.grid is None else self._grid(name, site.grid, steps),
            pv_available_kw=series.get((name, "pv")),
            wind_available_kw=series.get((name, "wind")),
            gpus={gpu_type: gpus[steps] for gpu_type, gpus in site.gpus.items()},
        )

    def _grid(self, name: str, grid: GridSeries, steps: slice) -> GridSeries:
        actual = self._truth.sites[self._truth.site_number[name]].grid
        assert actual is not None
        carbon = _from_here(
            grid.carbon_g_per_kwh,
            actual.carbon_intensity_g_per_kwh,
            carbon_law(self._scenario, name),
            steps=steps,
            last=self._last("carbon", steps.start),
            step_h=self._truth.horizon.step_h,
        )
        return replace(
            grid,
            import_limit_kw=grid.import_limit_kw[steps],
            export_limit_kw=grid.export_limit_kw[steps],
            import_price_per_kwh=grid.import_price_per_kwh[steps],
            export_price_per_kwh=grid.export_price_per_kwh[steps],
            carbon_g_per_kwh=carbon,
            market_carbon_g_per_kwh=grid.market_carbon_g_per_kwh[steps],
            billing_month=grid.billing_month[steps] - grid.billing_month[steps.start],
        )

    def _service(self, name: str, service: ServiceSeries, steps: slice) -> ServiceSeries:
        number = [one.name for one in self._truth.services].index(name)
        truth = self._truth.services[number]
        return replace(
            service,
            rps={
                region: _from_here(
                    stated,
                    truth.demand_rps[truth.regions.index(region)],
                    demand_law(self._scenario, name, region),
                    steps=steps,
                    last=self._last("demand", steps.start),
                    step_h=self._truth.horizon.step_h,
                )
                for region, stated in service.rps.items()
            },
        )

    def _staffed(self, service: Service, step: int) -> FloatArray:
        """Demand with the coming steps at what they will hardly exceed, shape (R, T). [1/s]"""
        staffed = service.demand_rps.copy()
        steps = np.arange(min(self._staffed_steps, staffed.shape[1]))
        for r, region in enumerate(service.regions):
            law = demand_law(self._scenario, service.name, region_of(region))
            fading = np.exp(-(steps + 1) * self._truth.horizon.step_h / law.correlation_h)
            unknown = np.sqrt(1 - fading**2) if step else np.ones(len(steps))
            staffed[r, steps] *= np.exp(STAFFED_SIGMAS * law.sigma * unknown)
        return staffed


def _low(forecast: Forecast) -> FloatArray:
    """The forecast's low quantile, shape (T,)."""
    at = int(np.argmin(np.abs(forecast.levels - FIRM_LEVEL)))
    low: FloatArray = forecast.quantiles[at]
    return low


def _from_here(
    stated: FloatArray,
    actual: FloatArray,
    law: LogNormal,
    *,
    steps: slice,
    last: int,
    step_h: float,
) -> FloatArray:
    """What is expected from `steps.start` on, once the step `last` before it has been seen.

    The logarithm strays from its mean by sigma z, and z fades with c = exp(-lead / memory):

        E[value | z] = stated · exp(sigma c z - sigma² c² / 2)
    """
    ahead = stated[steps]
    if last < 0 or law.sigma == 0 or stated[last] <= 0:
        return ahead
    sigma = law.sigma
    z = (np.log(actual[last] / stated[last]) + sigma**2 / 2) / sigma
    fading = np.exp(-(np.arange(len(ahead)) + steps.start - last) * step_h / law.correlation_h)
    expected: FloatArray = ahead * np.exp(sigma * fading * z - (sigma * fading) ** 2 / 2)
    return expected


def _issuers(scenario: Scenario, window_steps: int) -> dict[tuple[str, str], Issuer]:
    """One issuer for each plant whose output the scenario states."""
    stated = [
        ((name, plant), values)
        for name, site in scenario.sites.items()
        for plant, values in (("pv", site.pv_available_kw), ("wind", site.wind_available_kw))
        if values is not None
    ]
    seeds = np.random.SeedSequence(scenario.world.seed).spawn(len(stated))
    return {
        (name, plant): Issuer(
            truth=values,
            field=ErrorField(
                n_steps=window_steps,
                step_h=scenario.horizon.step_h,
                rng=np.random.default_rng(seed),
            ),
            mean=float(values.mean()),
            zero_stays=plant == "pv",
            scale=scenario.world.surprises.forecast_error_scale,
        )
        for ((name, plant), values), seed in zip(stated, seeds, strict=True)
    }


def _counted_on(site: Site, firm_kw: Mapping[str, FloatArray]) -> Site:
    """`site` with no more of its plants than can be counted on."""
    plants = tuple(
        replace(one, available_kw=np.minimum(one.available_kw, firm_kw[one.name]))
        if one.name in firm_kw
        else one
        for one in site.plants
    )
    return replace(site, plants=plants)


def _metered(site: Site, meter: Meter) -> Site:
    """`site` in the state it is in."""
    if site.grid is not None:
        site = replace(site, grid=_billed(site.grid, meter.peak_so_far_kw))
    if site.battery is not None:
        stored = max(site.battery.soc_min, meter.soc_kwh / site.battery.energy_kwh)
        site = replace(site, battery=replace(site.battery, soc_initial=min(1.0, stored)))
    if site.generator is not None:
        generator = replace(
            site.generator, runs_at_start=meter.generator_on, hours_so_far=meter.generator_h
        )
        site = replace(site, generator=generator)
    return site


def _billed(grid: GridConnection, peak_so_far_kw: float) -> GridConnection:
    if grid.demand_charge is None:
        return grid
    return replace(grid, demand_charge=replace(grid.demand_charge, peak_so_far_kw=peak_so_far_kw))
