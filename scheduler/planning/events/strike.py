"""What each kind of event does to a problem: one small function a kind, world in, world out.

A function gets the steps in which its event holds, and changes these alone. It knows nothing of
forecasts, nor of who knows what.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np

from optimizer.problem import Problem
from optimizer.site import BoolArray, FloatArray, GridConnection, Plant, Site
from optimizer.work import Service
from scheduler.scenario.events import (
    BatteryFault,
    CableCut,
    CurtailmentOrder,
    DemandSurge,
    DustStorm,
    GpusLost,
    GridOutage,
    NewBattery,
    NewSite,
    PriceSpike,
    SiteLost,
    TariffChange,
    Timed,
    WindTrip,
)

#: Between a region's name and the cable its clients have lost: clients without a cable are a region
#: of their own, with other round trips and the same requests.
WITHOUT_CABLE = " without cable "


@singledispatch
def strike(what: Timed, problem: Problem, hit: BoolArray, number: int) -> Problem:
    """`problem` with `what` holding in the steps `hit`, shape (T,); `number` tells events apart.

    Kinds without a function of their own (weather, feeds, new jobs) leave a problem as it is.
    """
    return problem


def scaled(values: FloatArray, factor: float, hit: BoolArray) -> FloatArray:
    """`values` times `factor` in the steps `hit`.

    >>> scaled(np.array([4.0, 4.0, 4.0]), 0.5, np.array([False, True, False]))
    array([4., 2., 4.])
    """
    changed: FloatArray = np.where(hit, values * factor, values)
    return changed


@strike.register
def _(what: WindTrip, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _plants(problem, what.site, ("wind",), what.share_left, hit)


@strike.register
def _(what: DustStorm, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _plants(problem, what.site, ("pv",), what.share_left, hit)


@strike.register
def _(what: GridOutage, problem: Problem, hit: BoolArray, number: int) -> Problem:
    limits = ("import_limit_kw", "export_limit_kw")
    return _grid(problem, what.site, limits, what.share_left, hit)


@strike.register
def _(what: CurtailmentOrder, problem: Problem, hit: BoolArray, number: int) -> Problem:
    if what.of == "plants":
        return _plants(problem, what.site, ("pv", "wind"), what.share_left, hit)
    return _grid(problem, what.site, (f"{what.of}_limit_kw",), what.share_left, hit)


@strike.register
def _(what: BatteryFault, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _battery(problem, what.site, what.share_left, hit)


@strike.register
def _(what: NewBattery, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _battery(problem, what.site, 0.0, hit)


@strike.register
def _(what: SiteLost, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _gpus(problem, what.site, None, 0.0, hit)


@strike.register
def _(what: NewSite, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _gpus(problem, what.site, None, 0.0, hit)


@strike.register
def _(what: GpusLost, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _gpus(problem, what.site, what.gpu_type, what.share_left, hit)


@strike.register
def _(what: PriceSpike, problem: Problem, hit: BoolArray, number: int) -> Problem:
    return _grid(problem, what.site, ("import_price_per_kwh",), what.factor, hit)


@strike.register
def _(what: TariffChange, problem: Problem, hit: BoolArray, number: int) -> Problem:
    def changed(site: Site) -> Site:
        if site.grid is None:
            return site
        price = np.where(hit, float(what.price_per_kwh), site.grid.import_price_per_kwh)
        return replace(site, grid=replace(site.grid, import_price_per_kwh=price))

    return at_site(problem, what.site, changed)


@strike.register
def _(what: DemandSurge, problem: Problem, hit: BoolArray, number: int) -> Problem:
    def changed(service: Service) -> Service:
        if service.name != what.service:
            return service
        mine = [what.region in (None, region_of(region)) for region in service.regions]
        return replace(
            service,
            demand_rps=np.where(
                np.outer(mine, hit), service.demand_rps * what.factor, service.demand_rps
            ),
        )

    return replace(problem, services=tuple(changed(service) for service in problem.services))


@strike.register
def _(what: CableCut, problem: Problem, hit: BoolArray, number: int) -> Problem:
    """Clients move to a region of their own while it lasts; it is there, empty, all along."""

    def changed(service: Service) -> Service:
        cut = [r for r, name in enumerate(service.regions) if region_of(name) == what.region]
        regions, demand = list(service.regions), list(service.demand_rps)
        rtt_ms = dict(service.rtt_ms)
        for r in cut:
            name = f"{service.regions[r]}{WITHOUT_CABLE}{number}"
            regions.append(name)
            demand.append(np.where(hit, demand[r], 0.0))
            demand[r] = np.where(hit, 0.0, demand[r])
            for site in problem.sites:
                longer = what.longer_ms if site.name in what.sites else 0.0
                rtt_ms[name, site.name] = rtt_ms[service.regions[r], site.name] + longer
        return replace(service, regions=tuple(regions), demand_rps=np.array(demand), rtt_ms=rtt_ms)

    return replace(problem, services=tuple(changed(service) for service in problem.services))


def region_of(name: str) -> str:
    """The scenario's region of a problem's region.

    >>> region_of("europe without cable 3"), region_of("europe")
    ('europe', 'europe')
    """
    return name.partition(WITHOUT_CABLE)[0]


def at_site(problem: Problem, name: str | None, change: Callable[[Site], Site]) -> Problem:
    """`problem` with one of its sites changed, or all of them where none is named."""
    sites = tuple(change(one) if name in (None, one.name) else one for one in problem.sites)
    return replace(problem, sites=sites)


def _plants(
    problem: Problem, name: str | None, kinds: tuple[str, ...], factor: float, hit: BoolArray
) -> Problem:
    def turned(plant: Plant) -> Plant:
        if plant.name not in kinds:
            return plant
        return replace(plant, available_kw=scaled(plant.available_kw, factor, hit))

    return at_site(
        problem,
        name,
        lambda site: replace(site, plants=tuple(turned(plant) for plant in site.plants)),
    )


def _grid(
    problem: Problem, name: str | None, series: tuple[str, ...], factor: float, hit: BoolArray
) -> Problem:
    def changed(site: Site) -> Site:
        if site.grid is None:
            return site
        grid: GridConnection = site.grid
        values: dict[str, Any] = {one: scaled(getattr(grid, one), factor, hit) for one in series}
        return replace(site, grid=replace(grid, **values))

    return at_site(problem, name, changed)


def _battery(problem: Problem, name: str, factor: float, hit: BoolArray) -> Problem:
    def changed(site: Site) -> Site:
        if site.battery is None:
            return site
        share = site.battery.in_service
        share = np.ones(len(hit)) if share is None else share
        battery = replace(site.battery, in_service=scaled(share, factor, hit))
        return replace(site, battery=battery)

    return at_site(problem, name, changed)


def _gpus(
    problem: Problem, name: str, gpu_type: str | None, factor: float, hit: BoolArray
) -> Problem:
    def changed(site: Site) -> Site:
        return replace(
            site,
            pools=tuple(
                replace(
                    pool,
                    gpus=np.where(hit, np.floor(pool.gpus * factor + 1e-9), pool.gpus).astype(
                        np.int64
                    ),
                )
                if gpu_type in (None, pool.gpu_type)
                else pool
                for pool in site.pools
            ),
        )

    return at_site(problem, name, changed)
