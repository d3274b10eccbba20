"""The reserve of islands: what battery and generator could give more; what is missing is priced."""

from typing import Any

import pyomo.environ as pyo

from optimizer.problem import Problem
from optimizer.reserve import kw_per_kwh, needs_reserve

Expression = Any  # Pyomo has no types


def add_reserve(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add the reserve that site s lacks in step t, where it needs one.

        sum of share * used - missing + generator - rating * on + discharge - charge <= power
        sum of share * used - missing + generator - rating * on - eta_d * (soc - minimum) / h <= 0

    The second where there is a battery, whose power for a step what is stored must bear.

    Args:
        m: Carries plants, batteries and generators.
        problem: The problem.
    """
    sites, h, n_steps = problem.sites, problem.horizon.step_h, problem.horizon.n_steps
    needed = {s: needs_reserve(site, n_steps) for s, site in enumerate(sites)}
    rows = [(s, t) for s, steps in needed.items() for t in range(n_steps) if steps[t]]
    m.reserve = pyo.Set(initialize=rows, dimen=2)
    stored = [(s, t) for s, t in rows if sites[s].battery]
    m.stored_reserve = pyo.Set(initialize=stored, dimen=2)
    m.missing_reserve_kw = pyo.Var(m.reserve, domain=pyo.NonNegativeReals)

    battery_kw = {s: site.battery.most_kw(n_steps) for s, site in enumerate(sites) if site.battery}

    def lacking(m: pyo.ConcreteModel, s: int, t: int) -> tuple[Expression, float]:
        """What no generator covers, and the rating of one that counts as running. [kW]"""
        site, rating_kw = sites[s], 0.0
        sum_kw = -m.missing_reserve_kw[s, t]
        for p, plant in enumerate(site.plants):
            sum_kw += plant.reserve_share * m.used_kw[s, p, t]
        if site.generator:
            sum_kw += m.generator_kw[s, t]
            if site.generator.has_commitment:
                sum_kw -= site.generator.power_kw * m.on[s, t]
            else:
                rating_kw = site.generator.power_kw
        return sum_kw, rating_kw

    @m.Constraint(m.reserve)
    def power_in_reserve(m: pyo.ConcreteModel, s: int, t: int) -> object:
        sum_kw, most_kw = lacking(m, s, t)
        battery = sites[s].battery
        if battery:
            sum_kw += m.discharge_kw[s, t] - m.charge_kw[s, t]
            most_kw += float(battery_kw[s][t])
        return sum_kw <= most_kw

    @m.Constraint(m.stored_reserve)
    def energy_in_reserve(m: pyo.ConcreteModel, s: int, t: int) -> object:
        sum_kw, most_kw = lacking(m, s, t)
        battery = sites[s].battery
        assert battery is not None
        per_kwh = kw_per_kwh(battery, h)
        return sum_kw - per_kwh * m.soc_kwh[s, t] <= most_kw - per_kwh * battery.soc_min_kwh
