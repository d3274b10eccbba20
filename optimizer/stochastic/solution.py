"""One first stage, what follows it in each scenario, and how much its foresight is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.load import Load
from optimizer.plan import Placement, Plan, Proof, Serving
from optimizer.site import FloatArray
from optimizer.stochastic.bound import ScenarioPrices
from optimizer.stochastic.recourse import Dispatchers
from optimizer.stochastic.scenarios import StochasticProblem
from optimizer.supply import Dispatches
from optimizer.tally import tally
from optimizer.verify import Violation, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class StochasticPlan:
    """What is decided now, and the energy flows that follow in each scenario.

    Attributes:
        placements: One a job, in the problem's order.
        servings: By service.
        dispatch: By site, one a scenario.
    """

    placements: tuple[Placement, ...]
    servings: Mapping[str, Serving]
    dispatch: Dispatches

    def plan(self, k: int) -> Plan:
        """The whole plan of scenario number k."""
        return Plan(placements=self.placements, servings=self.servings, dispatch=self.dispatch[k])


@dataclass(frozen=True, slots=True, kw_only=True)
class StochasticSolution:
    """A plan for all scenarios with its proof.

    Attributes:
        proof: Of the one figure of risk.
        prices: Behind the bound.
        idle_prices: Behind the share of the objective that no decision can change.
        costs: Objective of each scenario's plan, shape (K,). [money]
        mean_plan: The plan of the mean forecast, its flows chosen anew in each scenario.
        mean_plan_objective: What that plan costs under the same scenarios. [money]
    """

    plan: StochasticPlan
    proof: Proof
    prices: ScenarioPrices
    idle_prices: ScenarioPrices
    costs: FloatArray
    mean_plan: StochasticPlan
    mean_plan_objective: float

    @property
    def value_of_stochastic_solution(self) -> float:
        """What planning for all scenarios spares against planning for their mean. [money]

        Never below 0: the better first stage is kept (Birge and Louveaux 2011, chapter 4).
        """
        return self.mean_plan_objective - self.proof.objective


def followed(
    problem: StochasticProblem,
    placements: tuple[Placement, ...],
    servings: Mapping[str, Serving],
    dispatchers: Dispatchers,
    *,
    time_limit_s: float,
) -> StochasticPlan:
    """A first stage and the best flows in each scenario."""
    facility_kw = Load.of(problem.problem, placements, servings).facility_kw(problem.problem)
    dispatch = dispatchers.finish(facility_kw, time_limit_s=time_limit_s)
    return StochasticPlan(placements=placements, servings=servings, dispatch=dispatch)


def costs_of(problem: StochasticProblem, plan: StochasticPlan) -> FloatArray:
    """Objective of each scenario's plan, by plain arithmetic, shape (K,). [money]"""
    load = Load.of(problem.problem, plan.placements, plan.servings)
    scenarios = enumerate(problem.problems)
    return np.array([tally(one, plan.plan(k), load).objective for k, one in scenarios])


def verify_all(problem: StochasticProblem, plan: StochasticPlan) -> tuple[Violation, ...]:
    """Every rule that the plan breaks in any scenario."""
    return tuple(
        violation
        for k, one in enumerate(problem.problems)
        for violation in verify(one, plan.plan(k))
    )
