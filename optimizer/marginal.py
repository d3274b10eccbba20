"""What a step of one more job adds to the sum, all else and the batteries held.

The difference of two points on a site's supply curve, the lease and the water: exact, as long as
the batteries stand still. In NumPy here, and as machine code where numba is installed; both give
the same to the last digit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np

from optimizer.load import Load, slopes
from optimizer.merit_order import MeritOrder
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """Supply curves of a problem around one dispatch.

    Attributes:
        order: The curves.
        slope: Facility kW per IT kW by site and step, shape (S, T). [1]
        overhead_kw: Facility power that no load changes, by site. [kW]
        water_cost_per_kw: Of an IT kW for a step, shape (S, T). [money/kW]
        pool_gpus: By pool and step, shape (K, T).
    """

    order: MeritOrder
    slope: FloatArray
    overhead_kw: FloatArray
    water_cost_per_kw: FloatArray
    pool_gpus: IntArray

    @staticmethod
    def of(problem: Problem, order: MeritOrder) -> "Marginal":
        """The curves `order` of `problem`."""
        water = np.array([site.cooling.water_l_per_kwh for site in problem.sites])
        return Marginal(
            order=order,
            slope=slopes(problem),
            overhead_kw=np.array([site.cooling.overhead_kw for site in problem.sites]),
            water_cost_per_kw=water * problem.objective.water_price_per_l * order.step_h,
            pool_gpus=problem.pool_gpus,
        )

    def step_costs(self, terms: Terms, load: Load) -> FloatArray:
        """Cost of each step of a job beside `load`, shape (sites, modes, T). [money]

        Infinite where the pool has too few GPUs left, and outside the job's steps.
        """
        return _step_costs()(self, terms, load)


@cache
def _step_costs() -> Callable[[Marginal, Terms, Load], FloatArray]:
    if find_spec("numba") is None:
        return numpy_step_costs
    from optimizer.compiled_marginal import compiled_step_costs  # noqa: PLC0415  (takes a second)

    return compiled_step_costs


def numpy_step_costs(marginal: Marginal, terms: Terms, load: Load) -> FloatArray:
    """`Marginal.step_costs` in NumPy."""
    rows = list(terms.sites)
    slope = marginal.slope[rows]
    before_kw = marginal.overhead_kw[rows, None] + slope * load.it_kw[rows]
    extra_kw = slope * terms.extra_kw.T[:, :, None]
    after = marginal.order.cost(before_kw + extra_kw, terms.sites)
    cost = after - marginal.order.cost(before_kw, terms.sites)
    water_cost = terms.extra_kw[:, :, None] * marginal.water_cost_per_kw[rows][:, None, :]
    cost = cost.transpose(1, 0, 2) + water_cost + terms.lease_cost[:, :, None]
    free = marginal.pool_gpus[terms.pools] - load.gpus[terms.pools]
    cost[free[:, None, :] < terms.gpus[None, :, None]] = np.inf
    steps = np.arange(cost.shape[2])
    outside = (steps < terms.first_step[:, None]) | (steps >= terms.end_step)
    return np.where(outside[:, None, :], np.inf, cost)
