"""A scenario with its investment as a sizing problem: a year of weather, tariff, carbon and work.

Where a site follows a climate, the year is one synthetic weather year of the scenario's seed. What
things cost a year is their annuity over the study, in real money, replacement and rest included.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from forecasting.truth import SiteActual, actual_site
from forecasting.weather import SyntheticWeather
from optimizer.sizing.problem import (
    Build,
    Calendar,
    GeneratorOption,
    GpuOption,
    GridOption,
    PlantOption,
    SizingProblem,
    SizingSite,
    StorageOption,
    Wishes,
)
from scheduler.capacity.finance import annual_cost, real_rate
from scheduler.capacity.workload import Workload, workload
from scheduler.errors import InputError
from scheduler.planning.forecasts import climate_of, cooling_plant, pv_plant, wind_plant
from scheduler.scenario import Scenario
from scheduler.scenario.investment import Asset, Investment, SiteInvestment
from scheduler.scenario.investment_checks import existing
from scheduler.scenario.resolve import grid_series
from scheduler.scenario.sites import PvModelled, Site, WeatherCooling, WindModelled
from scheduler.scenario.tariff import IntArray
from scheduler.scenario.world import Horizon

HOUR = timedelta(hours=1)


def investment_of(scenario: Scenario) -> Investment:
    """What the scenario may build.

    Raises:
        InputError: Nothing.
    """
    if scenario.world.investment is None:
        raise InputError(
            f"{scenario.source}: investment: required to size, but missing; say what may be built, "
            "at which price and for how long"
        )
    return scenario.world.investment


def discounting(investment: Investment) -> float:
    """The real rate. [1/a]"""
    if investment.basis == "real":
        return investment.discount_rate
    return real_rate(investment.discount_rate, investment.inflation)


def yearly_cost(asset: Asset, investment: Investment) -> float:
    """Of a unit, in the world's money of today. [money/unit/a]"""
    rate = investment.exchange_rate or 1.0
    return rate * annual_cost(
        asset.capex,
        asset.lifetime_years,
        investment.horizon_years,
        discounting(investment),
        learning=asset.learning_per_year,
        upkeep=asset.opex_per_year,
    )


def question(scenario: Scenario) -> SizingProblem:
    """What to build, over the hours of the weather year."""
    investment = investment_of(scenario)
    year = investment.weather_year
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    horizon = Horizon(start=start, days=float((end - start).days))
    world = scenario.world
    months: IntArray = horizon.index.month.to_numpy().astype(np.int64) - 1
    calendar = Calendar.year(months)
    work = workload(scenario, horizon, calendar)
    sites = tuple(_site(scenario, name, horizon, work) for name in world.sites)
    price = investment.carbon_price_per_kg
    return SizingProblem(
        calendar=calendar,
        sites=sites,
        work=work.flexible,
        wishes=Wishes(
            carbon_price_per_kg=world.policy.carbon_price_per_kg if price is None else price,
            carbon_limit_kg=investment.carbon_limit_kg,
            clean_share=investment.clean_share,
        ),
    )


def as_it_stands(problem: SizingProblem, scenario: Scenario) -> SizingProblem:
    """Business as usual: the sizes of the scenario, nothing built."""

    def fixed(build: Build, stands: float) -> Build:
        return replace(build, existing=stands, most=stands)

    def site(one: SizingSite) -> SizingSite:
        described = scenario.world.sites[one.name]

        def stands(kind: str) -> float:
            return existing(described, kind) or 0.0

        return replace(
            one,
            gpus=replace(one.gpus, build=fixed(one.gpus.build, stands("gpus"))),
            plants=tuple(replace(p, build=fixed(p.build, stands(p.name))) for p in one.plants),
            storage=one.storage
            and replace(
                one.storage,
                power=fixed(one.storage.power, stands("battery_power")),
                energy=fixed(one.storage.energy, stands("battery_energy")),
            ),
            grid=one.grid and replace(one.grid, build=fixed(one.grid.build, stands("grid"))),
            generator=one.generator
            and replace(one.generator, build=fixed(one.generator.build, stands("generator"))),
        )

    wishes = replace(problem.wishes, carbon_limit_kg=None, clean_share=None)
    return replace(problem, sites=tuple(site(one) for one in problem.sites), wishes=wishes)


def _site(scenario: Scenario, name: str, horizon: Horizon, work: Workload) -> SizingSite:
    site, investment = scenario.world.sites[name], investment_of(scenario)
    planned = investment.sites.get(name, SiteInvestment())
    busy, kw_per_gpu = work.busy_gpus[name], work.kw_per_gpu
    where = f"{scenario.source}: sites.{name}"
    if len(site.pools) != 1:
        raise InputError(f"{where}.pools: a site is sized with one pool, got {len(site.pools)}")
    (pool,) = site.pools.values()
    actual = _weather(scenario, site, horizon)
    pue, overhead = np.ones(horizon.n_steps), np.zeros(horizon.n_steps)
    if isinstance(site.cooling, WeatherCooling):
        assert actual is not None and actual.pue_slope is not None, "checked with the scenario"
        pue = actual.pue_slope
        overhead = overhead + actual.pue_overhead_share * site.cooling.rated_it_kw
    else:
        pue = pue * site.cooling.pue

    def build(kind: str) -> Build:
        asset: Asset | None = getattr(planned, kind)
        stands = existing(site, kind)
        if stands is None:
            raise InputError(f"{where}: {kind} must be one number to be sized; give it as such")
        if asset is None:
            return Build(existing=stands, most=stands)
        return Build(
            cost_per_unit=yearly_cost(asset, investment),
            existing=stands if asset.keep_existing else 0.0,
            most=np.inf if asset.most is None else asset.most,
        )

    plants = []
    for kind, power in (
        ("pv", None if actual is None else actual.pv_power_kw),
        ("wind", None if actual is None else actual.wind_power_kw),
    ):
        if getattr(site, kind) is None:
            continue
        if power is None:
            raise InputError(
                f"{where}.{kind}: a year of its power is needed; describe the plant and name the "
                "site's climate"
            )
        asset: Asset | None = getattr(planned, kind)
        plants.append(PlantOption(name=kind, shape=power * _worn(asset), build=build(kind)))
    battery, generator = site.battery, site.generator
    return SizingSite(
        name=name,
        pue=pue,
        busy_gpus=busy,
        overhead_kw=overhead,
        gpus=GpuOption(
            build=build("gpus"),
            kw_per_gpu=kw_per_gpu,
            idle_kw_per_gpu=min(kw_per_gpu, pool.idle_kw_per_gpu),
        ),
        plants=tuple(plants),
        storage=None
        if battery is None
        else StorageOption(
            power=build("battery_power"),
            energy=build("battery_energy"),
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
            wear_per_kwh=battery.wear_cost_per_kwh,
        ),
        grid=_grid(site, planned, horizon, where, None if site.grid is None else build("grid")),
        generator=None
        if generator is None
        else GeneratorOption(
            build=build("generator"),
            fuel_cost_per_kwh=generator.fuel_cost_per_kwh,
            carbon_g_per_kwh=generator.carbon_g_per_kwh,
        ),
    )


def _worn(asset: Asset | None) -> float:
    """Mean output over a life, as a share of the first year's. [0..1]"""
    if asset is None:
        return 1.0
    return max(0.0, 1 - asset.degradation_per_year * (asset.lifetime_years - 1) / 2)


def _weather(scenario: Scenario, site: Site, horizon: Horizon) -> SiteActual | None:
    """A year of the site, its plants of 1 kW."""
    if site.climate is None:
        return None
    pv, wind, cooling = site.pv, site.wind, site.cooling
    return actual_site(
        SyntheticWeather(climate=climate_of(site), seed=scenario.world.seed),
        pv=replace(pv_plant(pv), capacity_kw=1.0) if isinstance(pv, PvModelled) else None,
        wind=replace(wind_plant(wind), capacity_kw=1.0) if isinstance(wind, WindModelled) else None,
        cooling=cooling_plant(cooling) if isinstance(cooling, WeatherCooling) else None,
        start=horizon.start,
        step=HOUR,
        n_steps=horizon.n_steps,
    )


def _grid(
    site: Site, planned: SiteInvestment, horizon: Horizon, where: str, build: Build | None
) -> GridOption | None:
    grid = site.grid
    if grid is None or build is None:
        return None
    lists = {
        "tariff.price_per_kwh": grid.tariff.price_per_kwh,
        "carbon.g_per_kwh": grid.carbon.g_per_kwh,
        "export_price_per_kwh": grid.export_price_per_kwh,
    }
    for key, series in lists.items():
        if isinstance(series, tuple) and len(series) != horizon.n_steps:
            raise InputError(
                f"{where}.grid.{key}: a year of {horizon.n_steps} hours is needed, got "
                f"{len(series)} values; give one number, or prices by time of use"
            )
    year = grid_series(grid, horizon, site.timezone)
    sells = bool(year.export_limit_kw.max() > 0)
    return GridOption(
        build=build,
        price_per_kwh=year.import_price_per_kwh,
        carbon_g_per_kwh=year.carbon_g_per_kwh,
        clean_share=np.full(horizon.n_steps, planned.grid_clean_share),
        peak_price_per_kw=0.0
        if grid.demand_charge is None
        else grid.demand_charge.price_per_kw_month,
        export_price_per_kwh=year.export_price_per_kwh if sells else None,
    )
