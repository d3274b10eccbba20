"""What a GPU-hour costs and emits on the margin of a plan, and where one more job would go.

Between two plans a job arrives: everything planned stays where it is, batteries too, so each step's
price is plain arithmetic on the supply curves, and the job's best schedule at those prices is exact
and found in milliseconds.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.load import Load
from optimizer.marginal import Marginal
from optimizer.merit_order import MeritOrder
from optimizer.plan import Placement, Plan
from optimizer.pricing import cheapest
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.terms import Terms
from optimizer.work import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Where a further job would go, and what it adds.

    Attributes:
        placement: Its cheapest schedule beside the plan; no runs where none is left.
        cost: Money, carbon and water at their prices, lateness included. [money]
        emissions_kg: Added by its energy. [kg CO2e]
    """

    placement: Placement
    cost: float
    emissions_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """The margin of one plan.

    Attributes:
        marginal: Supply curves around its dispatch.
        load: What it draws and reserves.
    """

    problem: Problem
    marginal: Marginal
    load: Load

    @staticmethod
    def of(problem: Problem, plan: Plan) -> "Quotes":
        """Prices beside `plan`."""
        return Quotes(
            problem=problem,
            marginal=Marginal.of(problem, MeritOrder.of(problem, plan.dispatch)),
            load=Load.of(problem, plan.placements, plan.servings),
        )

    def place(self, job: Job) -> Quote:
        """The cheapest schedule of one more job, of which the problem need not know.

        Raises:
            ValueError: No site may run it.
        """
        if not self.problem.admissible_sites(job):
            raise ValueError(
                f"job {job.name}: no site may run it; check gpu_type {job.gpu_type}, residency, "
                "certifications and links"
            )
        terms = Terms.of(self.problem, job)
        cost, placement = cheapest(terms, self.marginal.step_costs(terms, self.load))
        return Quote(placement=placement, cost=cost, emissions_kg=self._added_kg(job, placement))

    def cost_per_gpu_h(self, power_kw: float) -> FloatArray:
        """Of one more GPU by pool and step, infinite where none is left, shape (K, T). [money]

        Args:
            power_kw: Of the GPU at work, its idle draw included. [kW]
        """
        pools, more = np.arange(len(self.problem.pools)), np.ones((1, 1), dtype=np.int64)
        before_kw, after_kw, extra_kw = self._beside(power_kw)
        sites = tuple(s for s, _ in self.problem.pools)
        cost = self.marginal.power_cost(before_kw, after_kw, sites)
        cost += extra_kw * self.marginal.water_cost_per_kw[list(sites)]
        cost += self.marginal.gpu_cost(self.load.gpus, more, pools)
        lease = np.array([[pool.lease_price_per_gpu_h] for _, pool in self.problem.pools])
        per_gpu_h: FloatArray = cost / self.problem.horizon.step_h + lease
        return per_gpu_h

    def emissions_kg_per_gpu_h(self, power_kw: float) -> FloatArray:
        """Of one more GPU by pool and step, shape (K, T). [kg CO2e/GPU-h]

        Args:
            power_kw: Of the GPU at work, its idle draw included. [kW]
        """
        before_kw, after_kw, _ = self._beside(power_kw)
        sites, order = tuple(s for s, _ in self.problem.pools), self.marginal.order
        added_kg = order.emissions_kg(after_kw, sites) - order.emissions_kg(before_kw, sites)
        per_gpu_h: FloatArray = added_kg / self.problem.horizon.step_h
        return per_gpu_h

    def _beside(self, power_kw: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Facility power without and with one more GPU, and the IT power it adds, by pool. [kW]"""
        rows = [s for s, _ in self.problem.pools]
        rest = np.array([[pool.resting_kw_per_gpu] for _, pool in self.problem.pools])
        slope, extra_kw = self.marginal.slope[rows], power_kw - rest
        it_kw = self.load.drawn_it_kw(self.problem)[rows]
        before_kw = self.marginal.overhead_kw[rows, None] + slope * it_kw
        return before_kw, before_kw + slope * extra_kw, extra_kw

    def _added_kg(self, job: Job, placement: Placement) -> float:
        """Emissions of the site with the job less those without it. [kg CO2e]"""
        if not placement.runs:
            return 0.0
        site = self.problem.site_number[placement.site]
        before = self.load.facility_kw(self.problem)[[site]]
        with_it = Load(gpus=self.load.gpus.copy(), it_kw=self.load.it_kw.copy())
        with_it.add(self.problem, job, placement)
        after = with_it.facility_kw(self.problem)[[site]]
        order = self.marginal.order
        added = order.emissions_kg(after, (site,)) - order.emissions_kg(before, (site,))
        return float(added.sum())
