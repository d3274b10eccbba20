"""The reserve of an island: what takes over at once where wind or sun fall away.

While no grid can help, battery and running generator must be able to give more than they do, by a
share of what each plant gives. Tools for isolated grids ask for the same (HOMER Pro 3.15, "Required
operating reserve": usually a quarter of PV and half of wind). What is missing is priced.
"""

import numpy as np

from optimizer.plan import Dispatch, ReservePrices
from optimizer.problem import Problem
from optimizer.site import Battery, BoolArray, FloatArray, Site


def needs_reserve(site: Site, n_steps: int) -> BoolArray:
    """Steps in which `site` must hold a reserve, shape (T,)."""
    if not any(plant.reserve_share > 0 for plant in site.plants):
        return np.zeros(n_steps, dtype=np.bool_)
    if site.grid is None:
        return np.ones(n_steps, dtype=np.bool_)
    cut_off: BoolArray = site.grid.import_limit_kw <= 0
    return cut_off


def kw_per_kwh(battery: Battery, step_h: float) -> float:
    """Power that each stored kWh can give for a step. [kW/kWh]"""
    return battery.discharge_efficiency / step_h


def missing_reserve_kw(site: Site, flow: Dispatch, step_h: float) -> FloatArray:
    """Reserve that `site` lacks by step, shape (T,). [kW]

    max(0, sum of share * plant used - battery - generator)

    The battery can give up to its power, charging given up included, and for a step no more than is
    stored above its minimum; the generator up to its rating while it runs. One that may be on at
    any power, without rules, counts as running.
    """
    shares = np.array([plant.reserve_share for plant in site.plants])
    missing: FloatArray = np.tensordot(shares, flow.plant_used_kw, axes=1) + 0 * flow.unmet_kw
    if site.battery:
        power_kw = site.battery.most_kw(len(missing)) - flow.discharge_kw + flow.charge_kw
        above_kwh = flow.soc_kwh - site.battery.soc_min_kwh
        missing = missing - np.minimum(power_kw, above_kwh * kw_per_kwh(site.battery, step_h))
    if site.generator:
        on = 1.0 if flow.commitment is None else flow.commitment.on
        missing = missing - (on * site.generator.power_kw - flow.generator_kw)
    needed = needs_reserve(site, len(missing))
    return np.where(needed, np.maximum(0.0, missing), 0.0)


def admissible_reserve(problem: Problem, prices: ReservePrices | None) -> ReservePrices:
    """`prices` that the rows of the reserve allow.

    None is below 0, or above 0 where there is no such row; both together are no more than what a
    kW missing for a step costs.
    """
    n_steps = problem.horizon.n_steps
    there = np.array([needs_reserve(site, n_steps) for site in problem.sites])
    if prices is None:
        return ReservePrices(power_per_kw=0.0 * there, energy_per_kw=0.0 * there)
    stores = np.array([[site.battery is not None] for site in problem.sites])
    power = np.where(there, np.maximum(0.0, prices.power_per_kw), 0.0)
    energy = np.where(there & stores, np.maximum(0.0, prices.energy_per_kw), 0.0)
    most = problem.objective.reserve_price_per_kw_h * problem.horizon.step_h
    times = np.minimum(1.0, most / np.maximum(power + energy, 1e-300))
    return ReservePrices(power_per_kw=power * times, energy_per_kw=energy * times)
