"""The rows that schedules and replica choices share: pools, one schedule a job, one choice a step.

Schedules are not written out: there are too many. They are priced one by one and enter these rows
as columns (Dantzig and Wolfe 1960), so the model's own size is that of sites, steps and names.
"""

import pyomo.environ as pyo

from optimizer.problem import Problem


def add_work(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add the rows of every pool k, job j and service v, with the shortfall each can fall back on.

    spare_gpus[k, t] + gpus of the columns chosen = GPUs in service
    undone[j] + schedules of j chosen = 1
    unanswered[v, t] + replica choices of v chosen = 1
    below_floor[v] - above_floor[v] + quality above the floor of its choices = 0, with variants

    Where a lease is paid whether its GPUs are used or not, columns pay for what they reserve and
    `unused_gpus` for the rest of the commitment:

    unused_gpus[k, t] >= committed - reserved, and reserved = GPUs in service - spare_gpus[k, t]
    """
    leased = [k for k, (_, pool) in enumerate(problem.pools) if problem.least_gpu_price[k, 0] < 0]
    m.K = pyo.RangeSet(0, len(problem.pools) - 1)
    m.J = pyo.RangeSet(0, len(problem.jobs) - 1)
    m.V = pyo.RangeSet(0, len(problem.services) - 1)
    m.spare_gpus = pyo.Var(m.K, m.T, domain=pyo.NonNegativeReals)
    m.undone = pyo.Var(m.J, domain=pyo.NonNegativeReals)
    m.unanswered = pyo.Var(m.V, m.T, domain=pyo.NonNegativeReals)

    @m.Constraint(m.K, m.T)
    def pool_is_shared(m: pyo.ConcreteModel, k: int, t: int) -> object:
        return m.spare_gpus[k, t] == float(problem.pool_gpus[k, t])

    m.leased = pyo.Set(initialize=leased)
    m.unused_gpus = pyo.Var(m.leased, m.T, domain=pyo.NonNegativeReals)

    @m.Constraint(m.leased, m.T)
    def commitment_is_paid(m: pyo.ConcreteModel, k: int, t: int) -> object:
        beyond = problem.pools[k][1].committed_gpus - float(problem.pool_gpus[k, t])
        return m.unused_gpus[k, t] - m.spare_gpus[k, t] >= beyond

    @m.Constraint(m.J)
    def one_schedule(m: pyo.ConcreteModel, j: int) -> object:
        return m.undone[j] == 1.0

    varied = [v for v, service in enumerate(problem.services) if service.variants]
    m.varied = pyo.Set(initialize=varied)
    m.above_floor = pyo.Var(m.varied, domain=pyo.NonNegativeReals)
    m.below_floor = pyo.Var(m.varied, domain=pyo.NonNegativeReals)

    @m.Constraint(m.varied)
    def quality_is_kept(m: pyo.ConcreteModel, v: int) -> object:
        return m.below_floor[v] - m.above_floor[v] == 0.0

    @m.Constraint(m.V, m.T)
    def one_choice(m: pyo.ConcreteModel, v: int, t: int) -> object:
        return m.unanswered[v, t] == 1.0
