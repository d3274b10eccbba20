"""Routes of the services' requests: to where the latency budget is kept, within the replicas."""

from collections.abc import Callable

import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.problem import Problem

Capacity = Callable[[int, int, int], object]


def add_routes(m: pyo.ConcreteModel, problem: Problem, capacity_rps: Capacity) -> None:
    """Add the requests served of every service v from region r at host h.

        sum over h of served[v, r, h, t] + unserved[v, r, t] = demand[v, r, t]
        sum over r of served[v, r, h, t] <= capacity of the replicas of v at h in t
        sum of (quality of h - floor of v) * served[v, r, h, t] >= 0, where v has variants

    Defines `m.request_it_kw[s, t]`, the IT power of the requests.

    Args:
        m: Carries the sets of sites and steps.
        problem: The problem.
        capacity_rps: Of the replicas of service v at its host number h in step t, a number or an
            expression. [1/s]
    """
    services = problem.services
    hosts = [problem.hosts[service.name] for service in services]
    routes = [
        (v, r, h)
        for v, service in enumerate(services)
        for r, region in enumerate(service.regions)
        for h, s in enumerate(hosts[v].site)
        if service.reaches(region, problem.sites[s].name)
    ]
    regions = [(v, r) for v, one in enumerate(services) for r in range(len(one.regions))]
    m.routes = pyo.Set(initialize=routes, dimen=3)
    m.regions = pyo.Set(initialize=regions, dimen=2)
    m.hosts = pyo.Set(initialize=sorted({(v, h) for v, _, h in routes}), dimen=2)
    m.served_rps = pyo.Var(m.routes, m.T, domain=pyo.NonNegativeReals)
    m.unserved_rps = pyo.Var(m.regions, m.T, domain=pyo.NonNegativeReals)
    m.request_it_kw = pyo.Var(m.S, m.T, domain=pyo.NonNegativeReals)

    def total(variables: list[object], coefficients: list[float] | None = None) -> LinearExpression:
        return LinearExpression(
            constant=0.0,
            linear_coefs=coefficients or [1.0] * len(variables),
            linear_vars=variables,
        )

    hosts_of = {(v, r): [h for w, q, h in routes if (w, q) == (v, r)] for v, r in regions}
    regions_of = {(v, h): [r for w, r, host in routes if (w, host) == (v, h)] for v, h in m.hosts}

    @m.Constraint(m.regions, m.T)
    def every_request_is_answered(m: pyo.ConcreteModel, v: int, r: int, t: int) -> object:
        served = [m.served_rps[v, r, h, t] for h in hosts_of[v, r]]
        return total([*served, m.unserved_rps[v, r, t]]) == float(services[v].demand_rps[r, t])

    @m.Constraint(m.hosts, m.T)
    def replicas_carry_requests(m: pyo.ConcreteModel, v: int, h: int, t: int) -> object:
        served = [m.served_rps[v, r, h, t] for r in regions_of[v, h]]
        return total(served) <= capacity_rps(v, h, t)

    varied = sorted({v for v, _, _ in routes if services[v].variants})

    @m.Constraint(varied)
    def mean_quality_is_kept(m: pyo.ConcreteModel, v: int) -> object:
        own = [(r, h, t) for w, r, h in routes if w == v for t in m.T]
        served = [m.served_rps[v, r, h, t] for r, h, t in own]
        return total(served, [float(hosts[v].gain[h]) for _, h, _ in own]) >= 0.0

    @m.Constraint(m.S, m.T)
    def requests_draw_power(m: pyo.ConcreteModel, s: int, t: int) -> object:
        here = [(v, r, h) for v, r, h in routes if hosts[v].site[h] == s]
        served = [m.served_rps[v, r, h, t] for v, r, h in here]
        draws = [float(hosts[v].request_kw[h]) for v, _, h in here]
        return total([m.request_it_kw[s, t], *served], [-1.0, *draws]) == 0.0
