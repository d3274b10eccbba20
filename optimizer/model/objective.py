"""What is minimised: money, carbon and water at a price, and the named shortfalls."""

from collections.abc import Sequence

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.problem import Problem
from optimizer.units import G_PER_KG

NO_CHOICE_FACTOR = 10.0
#: What a request whose quality lacks all of 1 costs, against one left unserved.
BELOW_FLOOR_FACTOR = 1000.0


def add_objective(
    m: pyo.ConcreteModel, problem: Problem, further: Sequence[tuple[float, object]] = ()
) -> None:
    """Add up the price of every flow present in `m`, and of `further` terms.

    min   step_h * sum of (energy price + carbon price * intensity) * import
        - step_h * sum of export price * export
        + step_h * sum of carbon price * intensity * plant power used
        + step_h * sum of (fuel + carbon price * intensity) * generator + wear * discharge
        + start cost * starts + demand price * peak + shortfalls
    """
    terms = [*further, *supply_terms(m, problem)]
    if hasattr(m, "undone"):
        terms.extend(_undone_terms(m, problem))
    if hasattr(m, "request_it_kw"):
        terms.extend(request_terms(m, problem))
    m.total = pyo.Objective(expr=total(terms))


def total(terms: Sequence[tuple[float, object]]) -> LinearExpression:
    """The sum of coefficients times variables."""
    return LinearExpression(
        constant=0.0,
        linear_coefs=[float(c) for c, _ in terms],
        linear_vars=[v for _, v in terms],
    )


def supply_terms(m: pyo.ConcreteModel, problem: Problem) -> list[tuple[float, object]]:
    """Price and variable of every energy flow and its shortfalls."""
    h, price, last = problem.horizon.step_h, problem.objective, problem.horizon.n_steps
    kg = price.carbon_price_per_kg / G_PER_KG
    terms: list[tuple[float, object]] = []
    for s, site in enumerate(problem.sites):
        for t in range(last):
            terms.append((price.unmet_price_per_kwh * h, m.unmet_kw[s, t]))
            if site.grid:
                bought = (
                    site.grid.import_price_per_kwh[t] + kg * site.grid.carbon_intensity_g_per_kwh[t]
                )
                terms.append((bought * h, m.import_kw[s, t]))
                terms.append((-site.grid.export_price_per_kwh[t] * h, m.export_kw[s, t]))
            for p, plant in enumerate(site.plants):
                terms.append((kg * plant.carbon_g_per_kwh * h, m.used_kw[s, p, t]))
            if site.battery:
                terms.append((site.battery.wear_cost_per_kwh * h, m.discharge_kw[s, t]))
            if site.generator:
                fuel = site.generator.fuel_cost_per_kwh + kg * site.generator.carbon_g_per_kwh
                terms.append((fuel * h, m.generator_kw[s, t]))
                if site.generator.has_commitment:
                    terms.append((site.generator.start_cost, m.start[s, t]))
        if site.grid and site.grid.demand_charge:
            charge = site.grid.demand_charge
            for period in np.unique(charge.period):
                terms.append((charge.price_per_kw, m.peak_kw[s, int(period)]))
    reserve = price.reserve_price_per_kw_h * h
    terms.extend((reserve, missing) for missing in m.missing_reserve_kw.values())
    terms.extend((price.carbon_excess_price_per_kg, kg) for kg in m.excess_kg.values())
    if hasattr(m, "excess_cost"):
        terms.extend((price.cost_excess_price, money) for money in m.excess_cost.values())
    return terms


def request_terms(m: pyo.ConcreteModel, problem: Problem) -> list[tuple[float, object]]:
    """Requests left unserved, and the water that those served cost."""
    h, price = problem.horizon.step_h, problem.objective
    request = problem.unserved_price_per_rps
    terms: list[tuple[float, object]] = [(request, lost) for lost in m.unserved_rps.values()]
    for s, site in enumerate(problem.sites):
        water = site.cooling.water_l_per_kwh * price.water_price_per_l * h
        terms.extend((water[t], m.request_it_kw[s, t]) for t in range(problem.horizon.n_steps))
    return terms


def _undone_terms(m: pyo.ConcreteModel, problem: Problem) -> list[tuple[float, object]]:
    """What a job undone and a lease unused cost, and what keeps a service from having no choice.

    Holding no choice breaks the floor of replicas, so it costs more than any choice could save; so
    does a mean quality below its floor.
    """
    price, seconds = problem.objective, problem.horizon.step_s
    terms: list[tuple[float, object]] = [
        (price.unfinished_cost(job), m.undone[j]) for j, job in enumerate(problem.jobs)
    ]
    for (k, _), unused in m.unused_gpus.items():
        lease = problem.pools[k][1].lease_price_per_gpu_h * problem.horizon.step_h
        terms.append((lease, unused))
    for v, service in enumerate(problem.services):
        worth = price.unserved_price_per_request * seconds * service.demand_rps.sum(axis=0)
        terms.extend((NO_CHOICE_FACTOR * (worth[t] + 1.0), m.unanswered[v, t]) for t in m.T)
    below = BELOW_FLOOR_FACTOR * (price.unserved_price_per_request * seconds + 1.0)
    terms.extend((below, one) for one in m.below_floor.values())
    return terms
