"""What a plan's figures come to in the scenarios of the forecasts it was made on, the plan held.

Placements, replicas and batteries stand as planned. Requests go where the plan sends them, and what
finds no replica there to another site in reach; what plants, grid and generator then give follows
the merit order. Nobody plans again on the way, so this is what holding on to the plan may bring.
Cooling stays as expected: its forecast is not kept with a run.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from forecasting.forecast import Forecast
from optimizer.commitment import follow
from optimizer.load import Load
from optimizer.plan import Commitment, Dispatch, Plan, Serving
from optimizer.problem import Problem
from optimizer.site import FloatArray, GridConnection, Site
from optimizer.units import G_PER_KG
from optimizer.work import Service
from scheduler.accounting.kpis import Kpis, kpis_of
from scheduler.accounting.spread import Spread, ranges_of
from scheduler.planning.run import Forecasts


def spread(problem: Problem, plan: Plan, baseline: Plan, forecasts: Forecasts) -> Spread:
    """The range of each figure of `plan` and `baseline` over the scenarios of `forecasts`."""
    weights = weights_of(forecasts)
    futures = [drawn(problem, forecasts, number) for number in range(len(weights))]
    of_plan, of_baseline = (
        ranges_of(list(_kpis(problem, kept, futures)), weights) for kept in (plan, baseline)
    )
    return Spread(n_scenarios=len(weights), plan=of_plan, baseline=of_baseline)


def _kpis(problem: Problem, plan: Plan, futures: list[Problem]) -> Iterator[Kpis]:
    """The figures of `plan` in each of `futures`; what jobs draw is added up once."""
    jobs = _of_jobs(problem, plan)
    for one in futures:
        load = Load(gpus=jobs.gpus.copy(), it_kw=jobs.it_kw.copy())
        yield kpis_of(one, held(one, plan, problem, load), load)


def _of_jobs(problem: Problem, plan: Plan) -> Load:
    return Load.of(replace(problem, services=()), plan.placements, {})


def weights_of(forecasts: Forecasts) -> FloatArray:
    """Probability of each scenario, which all forecasts share but those known for certain."""
    uncertain = [one for one in _every(forecasts) if one.n_scenarios > 1]
    if not uncertain:
        return np.ones(1)
    first = uncertain[0]
    for one in uncertain:
        if not np.array_equal(one.weights, first.weights):
            raise ValueError(
                f"{one.variable}: must have the scenarios of {first.variable}, got "
                f"{one.n_scenarios} of other weights; forecast them together"
            )
    return first.weights


def drawn(problem: Problem, forecasts: Forecasts, number: int) -> Problem:
    """`problem` with the wind, sun, carbon and demand of scenario `number`."""
    plants = {"wind": forecasts.wind_kw, "pv": forecasts.pv_kw}

    def site(one: Site) -> Site:
        powered = tuple(
            replace(plant, available_kw=_series(plants[plant.name][one.name], number))
            if one.name in plants.get(plant.name, {})
            else plant
            for plant in one.plants
        )
        grid = one.grid
        if grid is not None and one.name in forecasts.carbon_g_per_kwh:
            carbon = _series(forecasts.carbon_g_per_kwh[one.name], number)
            grid = replace(grid, carbon_intensity_g_per_kwh=carbon)
        return replace(one, plants=powered, grid=grid)

    def service(one: Service) -> Service:
        demand = one.demand_rps.copy()
        for r, region in enumerate(one.regions):
            if (one.name, region) in forecasts.demand_rps:
                demand[r] = _series(forecasts.demand_rps[one.name, region], number)
        return replace(one, demand_rps=demand)

    return replace(
        problem,
        sites=tuple(site(one) for one in problem.sites),
        services=tuple(service(one) for one in problem.services),
    )


def held(problem: Problem, plan: Plan, planned: Problem, load: Load | None = None) -> Plan:
    """`plan`, made for `planned`, in `problem`: the same decisions, the flows that follow.

    Args:
        problem: One future.
        plan: To be held.
        planned: What was expected.
        load: Of the jobs alone, where it is at hand; the services are added to it, in place.
    """
    load = load or _of_jobs(problem, plan)
    servings = {
        service.name: _served(problem, service, plan.servings[service.name], expected)
        for service, expected in zip(problem.services, planned.services, strict=True)
    }
    for service in problem.services:
        load.add_serving(problem, service, servings[service.name])
    facility_kw = load.facility_kw(problem)
    dispatch = {
        site.name: _supplied(problem, site, plan.dispatch[site.name], facility_kw[s])
        for s, site in enumerate(problem.sites)
    }
    return Plan(placements=plan.placements, servings=servings, dispatch=dispatch)


def _every(forecasts: Forecasts) -> Iterator[Forecast]:
    for by_place in (forecasts.wind_kw, forecasts.pv_kw, forecasts.carbon_g_per_kwh):
        yield from by_place.values()
    yield from forecasts.demand_rps.values()


def _series(forecast: Forecast, number: int) -> FloatArray:
    """The forecast's scenario `number`; its only one where it is known for certain."""
    values: FloatArray = forecast.scenarios[number if forecast.n_scenarios > 1 else 0]
    return values


def _served(problem: Problem, service: Service, planned: Serving, expected: Service) -> Serving:
    """Requests by the plan's split, what finds no room at the next site in reach with some.

    Each model of the service takes its share; what is left goes to the full model first.
    """
    demand_rps = np.maximum(expected.demand_rps, 1e-9)[:, None, :]
    parts = []
    for model, part in zip(service.models, planned.parts, strict=False):
        room = part.replicas * model.capacity_rps
        wanted = part.served_rps / demand_rps * service.demand_rps[:, None, :]
        asked = wanted.sum(axis=0)
        served = wanted * np.minimum(1.0, room / np.maximum(asked, 1e-9))
        parts.append((served, np.maximum(0.0, room - served.sum(axis=0))))
    for r, region in enumerate(service.regions):
        answered = np.sum([served[r].sum(axis=0) for served, _ in parts], axis=0)
        left = np.maximum(0.0, service.demand_rps[r] - answered)
        for served, room in parts:
            for s, site in enumerate(problem.sites):
                if service.reaches(region, site.name):
                    taken = np.minimum(left, room[s])
                    served[r, s] += taken
                    room[s] -= taken
                    left = left - taken
    pairs = zip(planned.parts, parts, strict=True)
    full, *others = (replace(one, served_rps=served, variants=()) for one, (served, _) in pairs)
    return replace(full, variants=tuple(others))


def _supplied(problem: Problem, site: Site, planned: Dispatch, facility_kw: FloatArray) -> Dispatch:
    """Cheapest supplies first, the battery as planned; the order is that of `MeritOrder`.

    An export given up is a supply. What the battery gives beyond every need is lost. A generator
    that is on or off runs as planned, and longer or sooner where nothing else is left.
    """
    zero = np.zeros_like(facility_kw)
    carbon_price_per_g = problem.objective.carbon_price_per_kg / G_PER_KG
    supplies = [
        (plant.available_kw, zero + carbon_price_per_g * plant.carbon_g_per_kwh)
        for plant in site.plants
    ]
    n_plants, most_export_kw = len(supplies), zero
    if site.grid:
        grid, most_export_kw = site.grid, site.grid.export_limit_kw
        price = grid.import_price_per_kwh + carbon_price_per_g * grid.carbon_intensity_g_per_kwh
        below_kw = np.minimum(grid.import_limit_kw, _billed_kw(grid, planned.grid_import_kw))
        charge = grid.demand_charge.price_per_kw if grid.demand_charge else 0.0
        supplies += [
            (most_export_kw, grid.export_price_per_kwh),
            (grid.import_limit_kw - below_kw, price + charge / problem.horizon.step_h),
            (below_kw, price),
        ]
    else:
        supplies += [(zero, zero)] * 3
    fuel_price, least_kw, most_kw, on = 0.0, zero, zero, None
    needed_kw = facility_kw + planned.charge_kw - planned.discharge_kw + most_export_kw
    if site.generator:
        most_kw = zero + site.generator.power_kw
        fuel_price = site.generator.fuel_cost_per_kwh
        fuel_price += carbon_price_per_g * site.generator.carbon_g_per_kwh
    if site.generator and planned.commitment:
        others_kw = sum((kw for kw, _ in supplies), zero)
        wanted = (planned.commitment.on > 0) | (needed_kw > others_kw)
        on = follow(site.generator, wanted, problem.horizon.step_h)
        least_kw, most_kw = site.generator.min_load_kw * on, most_kw * on
    supplies += [
        (most_kw - least_kw, zero + fuel_price),
        (zero + np.inf, zero + problem.objective.unmet_price_per_kwh),
    ]
    given = _in_order(
        needed_kw - least_kw,
        np.array([kw for kw, _ in supplies]),
        np.array([p for _, p in supplies]),
    )
    unsold, above, below, burnt, unmet = given[n_plants:]
    return replace(
        planned,
        plant_used_kw=given[:n_plants],
        grid_import_kw=above + below,
        grid_export_kw=most_export_kw - unsold,
        generator_kw=least_kw + burnt,
        unmet_kw=unmet,
        commitment=None
        if on is None
        else Commitment(on=on, load_bank_kw=np.maximum(0.0, least_kw - needed_kw)),
    )


def _in_order(needed_kw: FloatArray, width_kw: FloatArray, price: FloatArray) -> FloatArray:
    """What each supply gives when the cheapest come first, shape (supplies, T). [kW]"""
    order = np.argsort(price, axis=0, kind="stable")
    widths = np.take_along_axis(width_kw, order, axis=0)
    before = np.zeros_like(widths)
    np.cumsum(widths[:-1], axis=0, out=before[1:])
    given = np.zeros_like(widths)
    np.put_along_axis(given, order, np.clip(needed_kw - before, 0.0, widths), axis=0)
    return given


def _billed_kw(grid: GridConnection, planned_import_kw: FloatArray) -> FloatArray:
    """Import by step that adds nothing to the peak the plan pays for. [kW]"""
    charge = grid.demand_charge
    if charge is None:
        return grid.import_limit_kw
    peaks = np.zeros(int(charge.period.max()) + 1)
    peaks[0] = charge.peak_so_far_kw
    np.maximum.at(peaks, charge.period, planned_import_kw)
    return peaks[charge.period]
