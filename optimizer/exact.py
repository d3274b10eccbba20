"""The whole problem as one time-indexed MILP: a binary for each job, site, mode and step.

Stated from the definitions alone, sharing no heuristic with the pipeline: the oracle of the tests,
and what the benchmarks compare with. It dies at some dozens of jobs, so `optimum` takes no more
than a handful of jobs and steps.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo

from optimizer.highs import LinearModel
from optimizer.load import Load, extra_it_kw, reserved_gpus
from optimizer.model.core import supply
from optimizer.model.cost import add_cost_budget
from optimizer.model.objective import add_objective
from optimizer.model.power_balance import add_power_balance
from optimizer.model.routes import add_routes
from optimizer.problem import Problem
from optimizer.work import Job, JobKind, Mode

MAX_SIZE = 4000
LAST_STEP_SHARE = 1e-3

Expression = Any  # Pyomo has no types
Term = tuple[float, Expression]


def optimum(problem: Problem, *, time_limit_s: float = 60.0) -> float:
    """The least objective of any plan of `problem`, to a relative 1e-6. [money]

    Raises:
        ValueError: The instance is too large for an oracle.
        TimeLimitReached: Not proven in time.
    """
    size = len(problem.jobs) * problem.horizon.n_steps * len(problem.sites)
    if size > MAX_SIZE:
        raise ValueError(f"exact: jobs x steps x sites must be at most {MAX_SIZE}, got {size}")
    linear = LinearModel(time_indexed(problem), mip_rel_gap=1e-6, mip_abs_gap=1e-6)
    return linear.solve(time_limit_s=time_limit_s).objective + problem.idle_water_cost


def time_indexed(problem: Problem) -> pyo.ConcreteModel:
    """The MILP of `problem`, of any size; its objective lacks `problem.idle_water_cost`."""
    m = supply(problem)
    for on in m.on.values():
        on.domain = pyo.Binary
    terms: list[Term] = []
    paid: list[Term] = []
    reserved: dict[tuple[int, int], list[Expression]] = {}
    drawn: dict[tuple[int, int], list[Expression]] = {(s, t): [] for s in m.S for t in m.T}
    m.rules = pyo.ConstraintList()
    m.values_of = pyo.VarList(domain=pyo.Reals)
    m.parts_of = pyo.VarList(domain=pyo.NonNegativeReals)
    _add_replicas(m, problem, terms, reserved, drawn)
    m.running = pyo.Var(
        [
            (j, s, k, t)
            for j, job in enumerate(problem.jobs)
            for s in problem.admissible_sites(job)
            for k in range(len(job.modes))
            for t in range(problem.first_step(job, problem.sites[s].name), problem.end_step(job))
        ],
        domain=pyo.Binary,
    )
    for (j, s, k, t), runs in m.running.items():
        job, pool = problem.jobs[j], problem.pool_number[s, problem.jobs[j].gpu_type]
        reserved.setdefault((pool, t), []).append(reserved_gpus(problem, job, s, k) * runs)
        drawn[s, t].append(extra_it_kw(problem, job, s, k) * runs)
    m.names = pyo.RangeSet(0, len(problem.jobs) - 1)
    m.done = pyo.Var(m.names, domain=pyo.Binary)
    m.late_h = pyo.Var(m.names, domain=pyo.NonNegativeReals)
    m.surplus_h = pyo.Var(m.names, domain=pyo.NonNegativeReals)
    m.chosen = pyo.Var(m.names, m.S, domain=pyo.Binary)
    for j, job in enumerate(problem.jobs):
        _add_job(m, problem, j, job, terms=terms, paid=paid)
    _add_order(m, problem)
    for (pool, t), gpus in reserved.items():
        m.rules.add(sum(gpus) <= int(problem.pool_gpus[pool, t]))
        if lease := problem.pools[pool][1].lease_price_per_gpu_h * problem.horizon.step_h:
            paid.append((lease, _equal(m, sum(gpus))))
    for k, (_, leased) in enumerate(problem.pools):
        lease = leased.lease_price_per_gpu_h * problem.horizon.step_h
        for t in m.T if leased.committed_gpus else ():
            unused = _at_least_zero(m, leased.committed_gpus - sum(reserved.get((k, t), [])))
            paid.append((lease, unused))
    _add_waking(m, problem, reserved, drawn)
    m.job_it_kw = pyo.Var(m.S, m.T, domain=pyo.Reals)
    for (s, t), powers in drawn.items():
        m.rules.add(m.job_it_kw[s, t] == sum(powers))
        water = problem.sites[s].cooling.water_l_per_kwh[t] * problem.objective.water_price_per_l
        paid.append((water * problem.horizon.step_h, m.job_it_kw[s, t]))
    add_power_balance(m, problem, Load.idle(problem).facility_kw(problem))
    add_cost_budget(m, problem, paid)
    add_objective(m, problem, [*terms, *paid])
    return m


def _equal(m: pyo.ConcreteModel, expression: Expression) -> Expression:
    """A variable that takes the value of `expression`."""
    variable = m.values_of.add()
    m.rules.add(variable == expression)
    return variable


def _add_job(
    m: pyo.ConcreteModel,
    problem: Problem,
    j: int,
    job: Job,
    *,
    terms: list[Term],
    paid: list[Term],
) -> None:
    """One site; starts counted; the work done; the exact finish.

    sum of speed x step_h x running - resume_h x resumes = work x done + surplus
    resumes = starts - done, or starts where the job is running when the horizon begins
    """
    h, price, end = problem.horizon.step_h, problem.objective, problem.end_step(job)
    allowed = problem.admissible_sites(job)
    runs: dict[tuple[int, int], list[tuple[Mode, Expression]]] = {
        (s, t): [(mode, m.running[j, s, k, t]) for k, mode in enumerate(job.modes)]
        for s in allowed
        for t in range(problem.first_step(job, problem.sites[s].name), end)
    }
    m.rules.add(sum(m.chosen[j, s] for s in allowed) == m.done[j])
    for s in allowed:
        paid.append((problem.transfer_cost(job, problem.sites[s].name), m.chosen[j, s]))
    starts = []
    for (s, t), here in runs.items():
        running, before = (sum(r for _, r in one) for one in (here, runs.get((s, t - 1), [])))
        if t == 0 and problem.sites[s].name == job.running_at:
            before = 1
        m.rules.add(running <= m.chosen[j, s])
        starts.append(_at_least_zero(m, running - before))
    first = m.done[j] if job.running_at is None else 0
    m.rules.add(sum(starts) - first >= 0)
    if job.kind is JobKind.CONTIGUOUS:
        m.rules.add(sum(starts) - first <= 0)
    progress_h = sum(mode.speed * h * r for here in runs.values() for mode, r in here)
    m.rules.add(
        progress_h - job.resume_h * (sum(starts) - first) == job.work_h * m.done[j] + m.surplus_h[j]
    )
    _add_finish(m, problem, j, job, runs=runs)
    terms.append((price.late_price_per_h(job), m.late_h[j]))
    undone = _equal(m, 1 - m.done[j])
    terms.append((price.unfinished_cost(job), undone))


def _add_waking(
    m: pyo.ConcreteModel,
    problem: Problem,
    reserved: Mapping[tuple[int, int], list[Expression]],
    drawn: Mapping[tuple[int, int], list[Expression]],
) -> None:
    """Whole nodes awake for what is reserved now and in the wake steps ahead.

    nodes[k, t] >= reserved[k, u] / gpus_per_node,  u = t .. t + wake steps
    woken[k, t] >= gpus_per_node * nodes - reserved, less what the last node lacks where it is awake

    More nodes ahead than there are now count as those there are.
    """
    h = problem.horizon.step_h
    numbers = [(k, t) for k in problem.sleeping for t in m.T]
    m.nodes_awake = pyo.Var(numbers, domain=pyo.NonNegativeIntegers)
    m.all_awake = pyo.Var(numbers, domain=pyo.Binary)
    for k, t in numbers:
        s, pool = problem.pools[k]
        size, gpus = pool.gpus_per_node, int(pool.gpus[t])
        there = -(-gpus // size)
        m.nodes_awake[k, t].setub(there)
        last = t + int(np.ceil(pool.wake_h / h - 1e-9))
        for u in range(t, min(last, problem.horizon.n_steps - 1) + 1):
            # What is reserved of pools that grow meanwhile needs all there are now.
            more = max(0, -(-int(pool.gpus[u]) // size) - there)
            needed = sum(reserved.get((k, u), [])) / size
            if more == 0:
                m.rules.add(m.nodes_awake[k, t] >= needed)
            else:
                m.rules.add(m.nodes_awake[k, t] + more * m.all_awake[k, t] >= needed)
        m.rules.add(there * m.all_awake[k, t] <= m.nodes_awake[k, t])
        awake = size * m.nodes_awake[k, t] - (there * size - gpus) * m.all_awake[k, t]
        woken = _at_least_zero(m, awake - sum(reserved.get((k, t), [])))
        drawn[s, t].append(pool.waking_kw_per_gpu * woken)


def _add_order(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Nobody is done without those he waits for, nor runs in a step before their last."""
    held: dict[tuple[int, int], Expression] = {}
    for (j, _, _, t), runs in m.running.items():
        held[j, t] = held.get((j, t), 0) + runs
    for j, numbers in enumerate(problem.waits_for):
        for i in numbers:
            m.rules.add(m.done[j] <= m.done[i])
            for t in m.T:
                for later in range(t, problem.horizon.n_steps):
                    if (j, t) in held and (i, later) in held:
                        m.rules.add(held[j, t] + held[i, later] <= 1)


def _at_least_zero(m: pyo.ConcreteModel, expression: Expression | None = None) -> Expression:
    """A variable at least 0, and at least `expression` where one is given."""
    variable = m.parts_of.add()
    if expression is not None:
        m.rules.add(variable >= expression)
    return variable


def _add_finish(
    m: pyo.ConcreteModel,
    problem: Problem,
    j: int,
    job: Job,
    *,
    runs: Mapping[tuple[int, int], Sequence[tuple[Mode, Expression]]],
) -> None:
    """Lateness and hard deadline from the exact finish, which lies inside the last step.

    finish = end of the last step - surplus / its speed

    Running in a step is late by all of it but the surplus, be it the last step or not; the other
    rows hold for the last step alone, and are loosened for the rest by no more than it takes.
    """
    if not runs:
        return
    horizon = problem.horizon
    h, first, end = horizon.step_h, min(t for _, t in runs), problem.end_step(job)
    due_h = horizon.steps_until(job.due) * h
    end_h = horizon.steps_until(min(job.deadline, horizon.end)) * h
    most_h = (end - first) * h * max(mode.speed for mode in job.modes) - job.work_h
    used_h = (1 - LAST_STEP_SHARE) * h
    later: Expression = 0
    for t in range(end - 1, first - 1, -1):
        here = [one for s in problem.admissible_sites(job) for one in runs.get((s, t), ())]
        late_h, over_h = (t + 1) * h - due_h, (t + 1) * h - end_h
        for mode in job.modes:
            running = sum(one for other, one in here if other is mode)
            surplus_h = m.surplus_h[j] / mode.speed
            if late_h > 0:
                m.rules.add(m.late_h[j] >= late_h * running - surplus_h)
            if over_h > 0:
                m.rules.add(over_h * running <= surplus_h)
            if (loose_h := most_h / mode.speed) > used_h:
                m.rules.add(surplus_h <= used_h + loose_h * (1 - running + later))
        later = _equal(m, later + sum(running for _, running in here))


def _add_replicas(
    m: pyo.ConcreteModel,
    problem: Problem,
    terms: list[Term],
    reserved: dict[tuple[int, int], list[Expression]],
    drawn: dict[tuple[int, int], list[Expression]],
) -> None:
    """Whole replicas by host, routes within them, and routes again with each site lost."""
    hosts = [problem.hosts[service.name] for service in problem.services]
    pairs = [(v, h) for v, one in enumerate(hosts) for h in range(len(one.gpus))]
    m.replicas = pyo.Var(pairs, m.T, domain=pyo.NonNegativeIntegers)
    for v, service in enumerate(problem.services):
        floor = problem.floor(service)
        price = problem.unserved_price_per_rps
        for t in m.T:
            for h, s in enumerate(hosts[v].site):
                demand_rps = service.demand_rps[:, t].sum()
                most = int(np.ceil(demand_rps / hosts[v].capacity_rps[h] - 1e-9))
                m.replicas[v, h, t].setub(max(most, service.min_replicas))
                pool = problem.pool_number[s, service.gpu_type]
                gpus = int(hosts[v].gpus[h]) * m.replicas[v, h, t]
                reserved.setdefault((pool, t), []).append(gpus)
                drawn[s, t].append(float(hosts[v].extra_kw[h]) * m.replicas[v, h, t])
            held = sum(m.replicas[v, h, t] for h in range(len(hosts[v].gpus)))
            m.rules.add(held >= int(floor[t]))
            if service.survives_site_loss:
                terms.append((price, _unprotected(m, problem, v, t)))

    def capacity_rps(v: int, h: int, t: int) -> Expression:
        return float(hosts[v].capacity_rps[h]) * m.replicas[v, h, t]

    add_routes(m, problem, capacity_rps)


def _unprotected(m: pyo.ConcreteModel, problem: Problem, v: int, t: int) -> Expression:
    """Most requests that the loss of one site leaves unserved, by explicit routes."""
    service, hosts = problem.services[v], problem.hosts[problem.services[v].name]
    lost_rps = _at_least_zero(m)
    for lost in hosts.sites:
        routed: dict[tuple[int, int], Expression] = {
            (r, s): _at_least_zero(m)
            for r, region in enumerate(service.regions)
            for s in hosts.sites
            if s != lost and service.reaches(region, problem.sites[s].name)
        }
        for s in hosts.sites:
            here = [flow for (_, host), flow in routed.items() if host == s]
            capacity_rps = sum(
                float(hosts.capacity_rps[h]) * m.replicas[v, h, t]
                for h, site in enumerate(hosts.site)
                if site == s
            )
            if here:
                m.rules.add(sum(here) <= capacity_rps)
        for r in range(len(service.regions)):
            out = [flow for (region, _), flow in routed.items() if region == r]
            if out:
                m.rules.add(sum(out) <= float(service.demand_rps[r, t]))
        demand = float(service.demand_rps[:, t].sum())
        m.rules.add(lost_rps + sum(routed.values()) >= demand)
    return lost_rps
