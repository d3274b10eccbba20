"""Routes of the services' requests: to where the latency budget is kept, within the replicas."""

from collections.abc import Callable

import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.load import request_kw
from optimizer.problem import Problem

Capacity = Callable[[int, int, int], object]


def add_routes(m: pyo.ConcreteModel, problem: Problem, capacity_rps: Capacity) -> None:
    """Add the requests served of every service v from region r at site s.

        sum over s of served[v, r, s, t] + unserved[v, r, t] = demand[v, r, t]
        sum over r of served[v, r, s, t] <= capacity of the replicas of v at s in t

    Defines `m.request_it_kw[s, t]`, the IT power of the requests.

    Args:
        m: Carries the sets of sites and steps.
        problem: The problem.
        capacity_rps: Of the replicas of service v at site s in step t, a number or an
            expression. [1/s]
    """
    services = problem.services
    routes = [
        (v, r, s)
        for v, service in enumerate(services)
        for r, region in enumerate(service.regions)
        for s in problem.admissible_sites(service)
        if service.reaches(region, problem.sites[s].name)
    ]
    regions = [(v, r) for v, one in enumerate(services) for r in range(len(one.regions))]
    m.routes = pyo.Set(initialize=routes, dimen=3)
    m.regions = pyo.Set(initialize=regions, dimen=2)
    m.hosts = pyo.Set(initialize=sorted({(v, s) for v, _, s in routes}), dimen=2)
    m.served_rps = pyo.Var(m.routes, m.T, domain=pyo.NonNegativeReals)
    m.unserved_rps = pyo.Var(m.regions, m.T, domain=pyo.NonNegativeReals)
    m.request_it_kw = pyo.Var(m.S, m.T, domain=pyo.NonNegativeReals)

    def total(variables: list[object], coefficients: list[float] | None = None) -> LinearExpression:
        return LinearExpression(
            constant=0.0,
            linear_coefs=coefficients or [1.0] * len(variables),
            linear_vars=variables,
        )

    sites_of = {(v, r): [s for w, q, s in routes if (w, q) == (v, r)] for v, r in regions}
    regions_of = {(v, s): [r for w, r, host in routes if (w, host) == (v, s)] for v, s in m.hosts}

    @m.Constraint(m.regions, m.T)
    def every_request_is_answered(m: pyo.ConcreteModel, v: int, r: int, t: int) -> object:
        served = [m.served_rps[v, r, s, t] for s in sites_of[v, r]]
        return total([*served, m.unserved_rps[v, r, t]]) == float(services[v].demand_rps[r, t])

    @m.Constraint(m.hosts, m.T)
    def replicas_carry_requests(m: pyo.ConcreteModel, v: int, s: int, t: int) -> object:
        served = [m.served_rps[v, r, s, t] for r in regions_of[v, s]]
        return total(served) <= capacity_rps(v, s, t)

    @m.Constraint(m.S, m.T)
    def requests_draw_power(m: pyo.ConcreteModel, s: int, t: int) -> object:
        here = [(v, r) for v, r, host in routes if host == s]
        served = [m.served_rps[v, r, s, t] for v, r in here]
        draws = [request_kw(services[v]) for v, _ in here]
        return total([m.request_it_kw[s, t], *served], [-1.0, *draws]) == 0.0
