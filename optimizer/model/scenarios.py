"""The extensive form: the dispatch of every scenario side by side, one set of routes for all."""

from collections.abc import Sequence

import pyomo.environ as pyo

from optimizer.model.core import add_supply
from optimizer.model.objective import request_terms, supply_terms, total
from optimizer.model.power_balance import add_power_balance
from optimizer.model.routes import Capacity, add_routes
from optimizer.problem import Problem
from optimizer.site import FloatArray


def scenarios_model(
    problems: Sequence[Problem],
    weights: FloatArray,
    *,
    cvar_weight: float,
    cvar_level: float,
    facility_kw: FloatArray,
    capacity_rps: Capacity,
) -> pyo.ConcreteModel:
    """Energy flows of all scenarios, and routes that are the same in all of them.

    With w the weight of the CVaR, p[k] the weights and the flows of scenario k costing cost[k],

        min   requests + (1 - w) * sum of p[k] * cost[k]
            + w * (threshold + sum of p[k] * beyond[k] / (1 - level))
        cost[k] - threshold <= beyond[k],  beyond[k] >= 0

    whose last part is the CVaR (Rockafellar and Uryasev 2000, theorem 10).

    Args:
        problems: One a scenario, with the same work.
        weights: p, shape (K,).
        cvar_weight: w. [0..1]
        cvar_level: [0..1)
        facility_kw: Power at the meter without any request, shape (S, T). [kW]
        capacity_rps: What the replicas of a service can answer at a host in a step. [1/s]
    """
    base, w = problems[0], cvar_weight
    m = pyo.ConcreteModel()
    m.S = pyo.RangeSet(0, len(base.sites) - 1)
    m.T = pyo.RangeSet(0, base.horizon.n_steps - 1)
    add_routes(m, base, capacity_rps)
    m.scenario = pyo.Block(pyo.RangeSet(0, len(problems) - 1))
    m.threshold = pyo.Var()
    m.beyond = pyo.Var(m.scenario.index_set(), domain=pyo.NonNegativeReals)
    m.beyond_threshold = pyo.Constraint(m.scenario.index_set())
    terms = request_terms(m, base)
    if w > 0:
        terms.append((w, m.threshold))
    for k, problem in enumerate(problems):
        block = m.scenario[k]
        add_supply(block, problem)
        block.request_it_kw = pyo.Reference(m.request_it_kw)
        add_power_balance(block, problem, facility_kw)
        flows = supply_terms(block, problem)
        terms.extend(((1 - w) * float(weights[k]) * cost, flow) for cost, flow in flows)
        if w > 0:
            terms.append((w * float(weights[k]) / (1 - cvar_level), m.beyond[k]))
            cost = [*flows, (-1.0, m.threshold), (-1.0, m.beyond[k])]
            m.beyond_threshold[k] = total(cost) <= 0.0
    m.total = pyo.Objective(expr=total(terms))
    return m
