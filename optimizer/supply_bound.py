"""Every energy flow of every site at its own best at given prices: the supply's share of the bound.

Knows the work only by the most power it could ever draw.
"""

import numpy as np

from optimizer.commitment import least_cost
from optimizer.load import Load, slopes
from optimizer.plan import Prices
from optimizer.problem import Problem
from optimizer.reserve import admissible_reserve, kw_per_kwh
from optimizer.site import FloatArray, Site
from optimizer.units import G_PER_KG, SECONDS_PER_HOUR


def supply_bound(problem: Problem, prices: Prices) -> float:
    """Every energy flow at its own best between its limits, and idle load at its price. [money]"""
    h = problem.horizon.step_h
    fixed_kw = Load.idle(problem).facility_kw(problem)
    most_kw = _most_facility_kw(problem)
    total = float((prices.power_per_kwh * fixed_kw).sum()) * h
    total -= prices.carbon_per_kg * (problem.objective.carbon_budget_kg or 0.0)
    kg = (problem.objective.carbon_price_per_kg + prices.carbon_per_kg) / G_PER_KG
    reserve = admissible_reserve(problem, prices.reserve)
    for s, site in enumerate(problem.sites):
        power, peak = prices.power_per_kwh[s] * h, prices.peak_per_kw[s]
        ready, stored = reserve.power_per_kw[s], reserve.energy_per_kw[s]
        flows = _flows(problem, site, power, peak, most_kw[s], kg=kg, ready=ready + stored)
        for cost, most in flows:
            total += float((np.minimum(0.0, cost) * most).sum())
        total += _generator_bound(problem, site, power, kg, ready + stored)
        total += _peak_bound(site, peak)
        total += _battery_bound(
            problem, site, power, prices.stored_per_kwh[s], ready=ready, stored_ready=stored
        )
    return total


def _flows(
    problem: Problem,
    site: Site,
    power: FloatArray,
    peak: FloatArray,
    most_kw: FloatArray,
    *,
    kg: float,
    ready: FloatArray,
) -> list[tuple[FloatArray, FloatArray | float]]:
    """Reduced cost per kW and limit of every flow but the battery's and the generator's.

    `kg` is the price of carbon, budget included [money/g], `ready` that of reserve [money/kW].
    """
    h, price = problem.horizon.step_h, problem.objective
    flows: list[tuple[FloatArray, FloatArray | float]] = [
        (price.unmet_price_per_kwh * h - power, most_kw)
    ]
    if site.grid:
        grid = site.grid
        bought = grid.import_price_per_kwh + kg * grid.carbon_intensity_g_per_kwh
        flows.append((bought * h - power + peak, grid.import_limit_kw))
        flows.append((power - grid.export_price_per_kwh * h, grid.export_limit_kw))
    flows += [
        (kg * p.carbon_g_per_kwh * h - power + p.reserve_share * ready, p.available_kw)
        for p in site.plants
    ]
    return flows


def _generator_bound(
    problem: Problem, site: Site, power: FloatArray, kg: float, ready: FloatArray
) -> float:
    """The generator at its own best: in each step, or over all ways to be on and off.

    While it runs, all that it does not give is reserve, at the price `ready`. [money/kW]
    """
    if site.generator is None:
        return 0.0
    h, generator = problem.horizon.step_h, site.generator
    cost = (generator.fuel_cost_per_kwh + kg * generator.carbon_g_per_kwh) * h - power + ready
    if not generator.has_commitment:
        return float(((np.minimum(0.0, cost) - ready) * generator.power_kw).sum())
    above_kw = np.where(cost < 0, generator.power_kw, generator.min_load_kw)
    running = cost * above_kw + np.minimum(0.0, power) * generator.min_load_kw
    running = running - ready * generator.power_kw
    return least_cost(generator, running, h)


def _peak_bound(site: Site, peak: FloatArray) -> float:
    """Billed peaks at their own best, and what the peaks already reached are worth."""
    if site.grid is None or site.grid.demand_charge is None:
        return 0.0
    charge = site.grid.demand_charge
    total = -float(peak[charge.period == 0].sum()) * charge.peak_so_far_kw
    for period in range(int(charge.period.max()) + 1):
        inside = charge.period == period
        most_kw = float(site.grid.import_limit_kw[inside].max())
        total += min(0.0, charge.price_per_kw - float(peak[inside].sum())) * most_kw
    return total


def _battery_bound(
    problem: Problem,
    site: Site,
    power: FloatArray,
    stored: FloatArray,
    *,
    ready: FloatArray,
    stored_ready: FloatArray,
) -> float:
    """Charge, discharge and stored energy at their own best, their balance priced.

    Its reserve is worth `ready` by power and `stored_ready` by what is stored. [money/kW]
    """
    if site.battery is None:
        return 0.0
    h, battery = problem.horizon.step_h, site.battery
    charge = power - stored * battery.charge_efficiency * h - ready
    discharge = battery.wear_cost_per_kwh * h - power + stored * h / battery.discharge_efficiency
    discharge = discharge + ready
    flows = np.minimum(0.0, charge) + np.minimum(0.0, discharge)
    total = float(flows.sum()) * battery.power_kw - float(stored[0]) * battery.soc_initial_kwh
    per_kwh = stored_ready * kw_per_kwh(battery, h)
    total += float(per_kwh.sum()) * battery.soc_min_kwh - float(ready.sum()) * battery.power_kw
    value = stored - np.append(stored[1:], 0.0) - per_kwh
    value_kwh = np.where(value >= 0, battery.soc_min_kwh, battery.energy_kwh)
    value_kwh[-1] = battery.soc_initial_kwh
    return total + float(value @ value_kwh)


def _most_facility_kw(problem: Problem) -> FloatArray:
    """Most any plan can draw by site and step: every GPU in its hungriest use, battery charging."""
    it = np.array([site.idle_it_kw for site in problem.sites])
    hungriest: dict[str, float] = {}
    for job in problem.jobs:
        for mode in job.modes:
            per_gpu = mode.power_kw / mode.gpus
            hungriest[job.gpu_type] = max(hungriest.get(job.gpu_type, 0.0), per_gpu)
    for service in problem.services:
        for model in service.models:
            full_kw = (
                model.replica_kw
                + model.capacity_rps * model.energy_per_request_kwh * SECONDS_PER_HOUR
            )
            per_gpu = full_kw / model.gpus_per_replica
            hungriest[service.gpu_type] = max(hungriest.get(service.gpu_type, 0.0), per_gpu)
    for s, site in enumerate(problem.sites):
        for pool in site.pools:
            awake_kw = pool.waking_kw_per_gpu + hungriest.get(pool.gpu_type, 0.0)
            it[s] = it[s] + pool.gpus * awake_kw
    overhead = np.array([[site.cooling.overhead_kw] for site in problem.sites])
    battery = np.array([[site.battery.power_kw if site.battery else 0.0] for site in problem.sites])
    most: FloatArray = overhead + slopes(problem) * it + battery
    return most
