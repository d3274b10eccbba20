"""The blocks put together: to weigh schedules against each other, to dispatch, to route."""

import pyomo.environ as pyo

from optimizer.load import Load
from optimizer.model.battery import add_batteries
from optimizer.model.carbon import add_carbon_budget
from optimizer.model.cost import add_cost_budget
from optimizer.model.generator import add_generators
from optimizer.model.grid import add_grid
from optimizer.model.objective import add_objective, total
from optimizer.model.plants import add_plants
from optimizer.model.power_balance import add_power_balance
from optimizer.model.reserve import add_reserve
from optimizer.model.routes import Capacity, add_routes
from optimizer.model.work import add_work
from optimizer.problem import Problem
from optimizer.site import FloatArray


def master_model(problem: Problem) -> pyo.ConcreteModel:
    """Energy flows of the idle sites, and the rows that schedules enter as columns."""
    m = supply(problem)
    add_work(m, problem)
    add_power_balance(m, problem, Load.idle(problem).facility_kw(problem))
    h, pools = problem.horizon.step_h, problem.pools
    unused = m.unused_gpus.items()
    leases = [(pools[k][1].lease_price_per_gpu_h * h, gpus) for (k, _), gpus in unused]
    add_cost_budget(m, problem, leases)
    add_objective(m, problem)
    return m


def dispatch_model(problem: Problem, facility_kw: FloatArray) -> pyo.ConcreteModel:
    """Energy flows under a given facility power, shape (S, T). [kW]"""
    m = supply(problem)
    add_power_balance(m, problem, facility_kw)
    add_cost_budget(m, problem)
    add_objective(m, problem)
    return m


def routed_model(
    problem: Problem, facility_kw: FloatArray, capacity_rps: Capacity
) -> pyo.ConcreteModel:
    """Energy flows and routes together, under given replicas.

    Args:
        problem: The problem.
        facility_kw: Power at the meter without any request, shape (S, T). [kW]
        capacity_rps: What the replicas of a service can answer at a host in a step. [1/s]
    """
    m = supply(problem)
    add_routes(m, problem, capacity_rps)
    add_power_balance(m, problem, facility_kw)
    add_cost_budget(m, problem)
    add_objective(m, problem)
    return m


def routes_model(problem: Problem, capacity_rps: Capacity) -> pyo.ConcreteModel:
    """Routes alone: as many requests as fit, in whatever way."""
    m = _sets(pyo.ConcreteModel(), problem)
    add_routes(m, problem, capacity_rps)
    m.total = pyo.Objective(expr=total([(1.0, lost) for lost in m.unserved_rps.values()]))
    return m


def supply(problem: Problem) -> pyo.ConcreteModel:
    """Sets, the flows of every connection, plant, battery and generator, and the carbon budget."""
    m = pyo.ConcreteModel()
    add_supply(m, problem)
    return m


def add_supply(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add the same to a model or a block."""
    _sets(m, problem)
    add_grid(m, problem)
    add_plants(m, problem)
    add_batteries(m, problem)
    add_generators(m, problem)
    add_reserve(m, problem)
    add_carbon_budget(m, problem)


def _sets(m: pyo.ConcreteModel, problem: Problem) -> pyo.ConcreteModel:
    m.S = pyo.RangeSet(0, len(problem.sites) - 1)
    m.T = pyo.RangeSet(0, problem.horizon.n_steps - 1)
    return m
