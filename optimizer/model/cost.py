"""The cost budget of the horizon: what is paid above it is a priced shortfall."""

from collections.abc import Sequence

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.problem import Problem

Term = tuple[float, object]


def add_cost_budget(m: pyo.ConcreteModel, problem: Problem, further: Sequence[Term] = ()) -> None:
    """Add what is paid above the budget, where there is one.

        energy + peaks + fuel + starts + wear + water of requests + further - excess
            <= budget - water of idle GPUs

    Args:
        m: Carries the flows of every supply, and the requests where they are routed.
        problem: The problem.
        further: Money that variables besides the flows cost.
    """
    budget = problem.objective.cost_budget
    m.cost_budgets = pyo.RangeSet(0, -1 if budget is None else 0)
    m.excess_cost = pyo.Var(m.cost_budgets, domain=pyo.NonNegativeReals)

    @m.Constraint(m.cost_budgets)
    def cost_within_budget(m: pyo.ConcreteModel, b: int) -> object:
        terms = [(-1.0, m.excess_cost[b]), *further, *_money_terms(m, problem)]
        paid = LinearExpression(
            constant=0.0,
            linear_coefs=[float(coefficient) for coefficient, _ in terms],
            linear_vars=[variable for _, variable in terms],
        )
        return paid <= float(budget or 0.0) - problem.idle_water_cost


def _money_terms(m: pyo.ConcreteModel, problem: Problem) -> list[Term]:
    """Money and variable of every flow that is paid for."""
    h, water = problem.horizon.step_h, problem.objective.water_price_per_l
    terms: list[Term] = []
    for s, site in enumerate(problem.sites):
        grid, battery, generator = site.grid, site.battery, site.generator
        for t in m.T:
            if grid:
                terms.append((grid.import_price_per_kwh[t] * h, m.import_kw[s, t]))
                terms.append((-grid.export_price_per_kwh[t] * h, m.export_kw[s, t]))
            if battery:
                terms.append((battery.wear_cost_per_kwh * h, m.discharge_kw[s, t]))
            if generator:
                terms.append((generator.fuel_cost_per_kwh * h, m.generator_kw[s, t]))
                if generator.has_commitment:
                    terms.append((generator.start_cost, m.start[s, t]))
            if hasattr(m, "request_it_kw"):
                litres = site.cooling.water_l_per_kwh[t] * h
                terms.append((litres * water, m.request_it_kw[s, t]))
        if grid and grid.demand_charge:
            charge = grid.demand_charge
            for period in np.unique(charge.period):
                terms.append((charge.price_per_kw, m.peak_kw[s, int(period)]))
    return terms
