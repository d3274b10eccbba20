"""What comes true in a scenario's world, stated as the problem somebody would have had who knew it.

So whatever was lived through is a plan of that problem, and the verifier, the figures and the bound
of any plan hold for it as they stand. The planner never sees it ahead.
"""

from dataclasses import replace

import numpy as np

from forecasting.models.spread import LogNormal
from forecasting.steps import Steps
from forecasting.truth import SiteActual, actual_site
from forecasting.weather import SyntheticWeather
from optimizer.horizon import Horizon
from optimizer.problem import Problem
from optimizer.site import FloatArray, Plant, Site
from optimizer.work import Job, Service
from scheduler.planning.assemble import assemble
from scheduler.planning.events.knowledge import Knowledge
from scheduler.planning.forecasts import (
    CARBON_CORRELATION_H,
    DEMAND_CORRELATION_H,
    climate_of,
    cooling_plant,
    look_ahead,
    own_record,
    pv_plant,
    wind_plant,
)
from scheduler.scenario import Scenario
from scheduler.scenario.fields import Record
from scheduler.scenario.services import DemandShape
from scheduler.scenario.sites import PvModelled, WeatherCooling, WindModelled


def actual(scenario: Scenario) -> tuple[Problem, tuple[str, ...]]:
    """What comes true of `scenario`, its events included, and the jobs left out."""
    problem, later = uneventful(scenario)
    return Knowledge(events=scenario.events).struck(problem), later


def uneventful(scenario: Scenario) -> tuple[Problem, tuple[str, ...]]:
    """`scenario` with what comes true of its weather, carbon and demand, and the jobs left out.

    Series that the scenario states come true as stated, within the spread it states; where a record
    holds the hours of a step, they come true as measured. Of the events only the heat is in it: the
    others strike what comes out.
    """
    planned, later = assemble(scenario, look_ahead(scenario, scenario.horizon.start))
    problem = replace(
        planned,
        sites=tuple(_site(scenario, site) for site in planned.sites),
        services=tuple(_service(scenario, service) for service in planned.services),
        jobs=tuple(_job(scenario, job) for job in planned.jobs),
    )
    return problem, later


def carbon_law(scenario: Scenario, site: str) -> LogNormal:
    """How the carbon intensity of a site's grid strays from what is stated."""
    series = scenario.sites[site].grid
    assert series is not None
    return LogNormal(
        name=f"carbon_intensity {site}",
        spread=series.carbon_spread,
        correlation_h=CARBON_CORRELATION_H,
    )


def demand_law(scenario: Scenario, service: str, region: str) -> LogNormal:
    """How the requests of a region stray from what is stated."""
    return LogNormal(
        name=f"demand {service} {region}",
        spread=scenario.services[service].spread[region],
        correlation_h=DEMAND_CORRELATION_H,
    )


def _steps(scenario: Scenario) -> Steps:
    horizon = scenario.horizon
    return Steps(start=horizon.start, step=horizon.step, n_steps=horizon.n_steps)


def _came_true(scenario: Scenario, law: LogNormal, stated: FloatArray) -> FloatArray:
    steps = _steps(scenario)

    def mean(fine: Steps) -> FloatArray:
        repeated: FloatArray = np.repeat(stated, fine.n_steps // steps.n_steps)
        return repeated

    return law.actual(mean, steps, scenario.world.seed)


def _weather(scenario: Scenario, name: str) -> SiteActual | None:
    site, steps = scenario.world.sites[name], _steps(scenario)
    if site.climate is None:
        return None
    span = Horizon(start=steps.start, step=steps.step, n_steps=steps.n_steps)
    return actual_site(
        SyntheticWeather(climate=climate_of(site), seed=scenario.world.seed),
        pv=pv_plant(site.pv) if isinstance(site.pv, PvModelled) else None,
        wind=wind_plant(site.wind) if isinstance(site.wind, WindModelled) else None,
        cooling=cooling_plant(site.cooling) if isinstance(site.cooling, WeatherCooling) else None,
        start=steps.start,
        step=steps.step,
        n_steps=steps.n_steps,
        warmer_k=Knowledge(events=scenario.events).warmer_k(name, span),
    )


def _site(scenario: Scenario, site: Site) -> Site:
    weather = _weather(scenario, site.name)
    series = scenario.sites[site.name]
    if site.grid is not None:
        assert series.grid is not None
        law = carbon_law(scenario, site.name)
        carbon = _came_true(scenario, law, series.grid.carbon_g_per_kwh)
        described = scenario.world.sites[site.name].grid
        record = described.carbon.record if described else None
        carbon = _as_measured(scenario, record, "carbon", carbon)
        grid = replace(site.grid, carbon_intensity_g_per_kwh=carbon)
        if described is not None and described.market_carbon_g_per_kwh is None:
            grid = replace(grid, market_carbon_intensity_g_per_kwh=carbon)
        site = replace(site, grid=grid)
    if weather is None:
        return site
    came = {"pv": weather.pv_power_kw, "wind": weather.wind_power_kw}
    world = scenario.world.sites[site.name]
    records = {
        kind: plant.record
        for kind, plant in (("pv", world.pv), ("wind", world.wind))
        if isinstance(plant, PvModelled | WindModelled)
    }

    def plant(one: Plant) -> Plant:
        power_kw = came[one.name]
        if power_kw is None:
            return one
        measured = _as_measured(scenario, records.get(one.name), one.name, power_kw)
        return replace(one, available_kw=measured)

    site = replace(site, plants=tuple(plant(one) for one in site.plants))
    if weather.pue_slope is not None and weather.water_l_per_kwh is not None:
        cooling = replace(
            site.cooling, slope=weather.pue_slope, water_l_per_kwh=weather.water_l_per_kwh
        )
        site = replace(site, cooling=cooling)
    return site


def _as_measured(
    scenario: Scenario, record: Record | None, variable: str, otherwise: FloatArray
) -> FloatArray:
    """What a record holds of each step, and `otherwise` where it holds nothing of it."""
    if record is None:
        return otherwise
    measured = own_record(record, variable).on(_steps(scenario))
    return np.where(np.isfinite(measured), measured, otherwise)


def _job(scenario: Scenario, job: Job) -> Job:
    """`job` with the work it truly is: as stated, else as drawn from the seed and its name."""
    spec = next(one for one in scenario.jobs if one.name == job.name)
    if spec.true_work_h is not None:
        return replace(job, work_h=spec.true_work_h)
    sigma = scenario.world.surprises.work_sigma
    if sigma == 0:
        return job
    chance = np.random.default_rng([scenario.world.seed, *f"work {job.name}".encode()])
    factor = float(np.exp(sigma * chance.standard_normal() - sigma**2 / 2))
    return replace(job, work_h=job.work_h * factor)


def _service(scenario: Scenario, service: Service) -> Service:
    stated = scenario.services[service.name].rps
    described = scenario.world.services[service.name].demand

    def came(region: str) -> FloatArray:
        law = demand_law(scenario, service.name, region)
        true, said = _came_true(scenario, law, stated[region]), described[region]
        record = said.record if isinstance(said, DemandShape) else None
        return _as_measured(scenario, record, "demand", true)

    return replace(service, demand_rps=np.array([came(region) for region in service.regions]))
