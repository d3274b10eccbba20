"""What a step of one more job adds to the sum, all else and the batteries held.

The difference of two points on a site's supply curve, the lease and the water: exact, as long as
the batteries stand still. In NumPy here, and as machine code where numba is installed; both give
the same to the last digit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from optimizer.compiled import has_numba
from optimizer.load import Load, slopes
from optimizer.merit_order import MeritOrder
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What leads a search beside the costs: prices of GPUs, and a load worth coming close to.

    A pool may be overfilled where crowding has a price; each GPU beyond the pool then costs that
    much more than the one before (a quadratic penalty, Hestenes 1969). The pull is quadratic too.

    Attributes:
        gpu_price_per_gpu_h: Of a reserved GPU, by pool and step, shape (K, T).
        crowding_price: Of a GPU-hour, for each GPU beyond the pool; infinite where pools are hard
            limits. [money/GPU-h/GPU]
        target_kw: Facility power worth coming close to, shape (S, T). [kW]
        pull: Price of a kWh for each kW above it, shape (S, T). [money/kWh/kW]
    """

    gpu_price_per_gpu_h: FloatArray
    crowding_price: float
    target_kw: FloatArray
    pull: FloatArray

    @staticmethod
    def none(problem: Problem) -> "Guide":
        """Costs alone, and pools as hard limits."""
        flows = np.zeros((len(problem.sites), problem.horizon.n_steps))
        return Guide(
            gpu_price_per_gpu_h=np.zeros(problem.pool_gpus.shape),
            crowding_price=np.inf,
            target_kw=flows,
            pull=flows,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """Supply curves of a problem around one dispatch, and what else leads a search.

    Attributes:
        order: The curves.
        guide: What else.
        slope: Facility kW per IT kW by site and step, shape (S, T). [1]
        overhead_kw: Facility power that no load changes, by site. [kW]
        water_cost_per_kw: Of an IT kW for a step, shape (S, T). [money/kW]
        pool_gpus: By pool and step, shape (K, T).
    """

    order: MeritOrder
    guide: Guide
    slope: FloatArray
    overhead_kw: FloatArray
    water_cost_per_kw: FloatArray
    pool_gpus: IntArray

    @staticmethod
    def of(problem: Problem, order: MeritOrder, guide: Guide | None = None) -> "Marginal":
        """The curves `order` of `problem`; without a guide, costs alone."""
        water = np.array([site.cooling.water_l_per_kwh for site in problem.sites])
        return Marginal(
            order=order,
            guide=guide or Guide.none(problem),
            slope=slopes(problem),
            overhead_kw=np.array([site.cooling.overhead_kw for site in problem.sites]),
            water_cost_per_kw=water * problem.objective.water_price_per_l * order.step_h,
            pool_gpus=problem.pool_gpus,
        )

    def at(self, steps: IntArray) -> "Marginal":
        """The same in some steps only."""
        return replace(
            self,
            order=self.order.at(steps),
            guide=replace(
                self.guide,
                gpu_price_per_gpu_h=self.guide.gpu_price_per_gpu_h[:, steps],
                target_kw=self.guide.target_kw[:, steps],
                pull=self.guide.pull[:, steps],
            ),
            slope=self.slope[:, steps],
            water_cost_per_kw=self.water_cost_per_kw[:, steps],
            pool_gpus=self.pool_gpus[:, steps],
        )

    def power_cost(
        self, before_kw: FloatArray, after_kw: FloatArray, sites: tuple[int, ...]
    ) -> FloatArray:
        """Cost of raising facility power, by site and step, shapes (..., sites, T). [money]"""
        rows, h = list(sites), self.order.step_h
        cost = self.order.cost(after_kw, sites) - self.order.cost(before_kw, sites)
        middle_kw = (before_kw + after_kw) / 2 - self.guide.target_kw[rows]
        cost += self.guide.pull[rows] * h * (after_kw - before_kw) * middle_kw
        return cost

    def gpu_cost(self, held: IntArray, more: IntArray, pools: IntArray) -> FloatArray:
        """Cost of reserving `more` GPUs beside those `held`, shapes (..., pools, T). [money]

        Infinite where a pool cannot hold them.
        """
        guide, h, size = self.guide, self.order.step_h, self.pool_gpus[pools]
        price, above = guide.gpu_price_per_gpu_h[pools], held - size
        if np.isinf(guide.crowding_price):
            return np.where(size - held < more, np.inf, more * price * h)
        low = np.maximum(0.0, price + guide.crowding_price * above)
        high = np.maximum(0.0, price + guide.crowding_price * (above + more))
        cost = (high * high - low * low) / (2 * guide.crowding_price) * h
        return np.where(size < more, np.inf, cost)

    def step_costs(self, terms: Terms, load: Load) -> FloatArray:
        """Cost of each step of a job beside `load`, shape (sites, modes, T). [money]

        Infinite where the pool has too few GPUs left, and outside the job's steps.
        """
        return _step_costs()(self, terms, load)


@cache
def _step_costs() -> Callable[[Marginal, Terms, Load], FloatArray]:
    if not has_numba():
        return numpy_step_costs
    from optimizer.compiled_marginal import compiled_step_costs  # noqa: PLC0415  (takes a second)

    return compiled_step_costs


def numpy_step_costs(marginal: Marginal, terms: Terms, load: Load) -> FloatArray:
    """`Marginal.step_costs` in NumPy."""
    rows = list(terms.sites)
    slope = marginal.slope[rows]
    before_kw = marginal.overhead_kw[rows, None] + slope * load.it_kw[rows]
    after_kw = before_kw + slope * terms.extra_kw.T[:, :, None]
    power = marginal.power_cost(before_kw, after_kw, terms.sites).transpose(1, 0, 2)
    water = terms.extra_kw[:, :, None] * marginal.water_cost_per_kw[rows][:, None, :]
    more = terms.gpus.T[:, :, None]
    gpus = marginal.gpu_cost(load.gpus[terms.pools], more, terms.pools)
    cost = power + water + terms.lease_cost[:, :, None] + gpus.transpose(1, 0, 2)
    steps = np.arange(cost.shape[2])
    outside = (steps < terms.first_step[:, None]) | (steps >= terms.end_step)
    return np.where(outside[:, None, :], np.inf, cost)
