"""Energy flows of every scenario under one load, and what they cost together.

Once the load is given nothing ties the scenarios to each other: mean and CVaR grow with each cost,
so each dispatch is the best of its own scenario. One model is compiled for each, and solved again
from its last basis.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.dispatcher import Dispatcher
from optimizer.merit_order import MeritOrder
from optimizer.plan import Prices
from optimizer.site import FloatArray
from optimizer.stochastic.bound import mixed_weights
from optimizer.stochastic.scenarios import StochasticProblem
from optimizer.supply import Dispatches, SureSupply


@dataclass(frozen=True, slots=True, kw_only=True)
class Recourse:
    """What the flows of every scenario cost under one load, and their prices.

    Attributes:
        costs: Shape (K,). [money]
        prices: One a scenario.
    """

    costs: FloatArray
    prices: tuple[Prices, ...]


class Dispatchers:
    """The dispatch of every scenario under changing loads."""

    def __init__(self, problem: StochasticProblem) -> None:
        """Compile a model for each scenario."""
        self._problem = problem
        self._each = tuple(Dispatcher(one) for one in problem.problems)
        self._supplies = tuple(
            SureSupply(problem=one, dispatcher=dispatcher)
            for one, dispatcher in zip(problem.problems, self._each, strict=True)
        )

    @property
    def cut_short(self) -> bool:
        """Whether the clock has ever decided which generators are on."""
        return any(one.cut_short for one in self._each)

    def solve(self, facility_kw: FloatArray, *, time_limit_s: float) -> Recourse:
        """Best energy flows under `facility_kw`, shape (S, T), generators on in parts."""
        found = [one.solve(facility_kw, time_limit_s=time_limit_s) for one in self._each]
        return Recourse(
            costs=np.array([cost for cost, _, _ in found]),
            prices=tuple(prices for _, _, prices in found),
        )

    def finish(self, facility_kw: FloatArray, *, time_limit_s: float) -> Dispatches:
        """The same with generators on or off."""
        return tuple(one.finish(facility_kw, time_limit_s=time_limit_s) for one in self._each)

    def supply(self, tail: FloatArray) -> "ExpectedSupply":
        """Their supplies as one, weighted at this tail."""
        return ExpectedSupply(
            problem=self._problem,
            supplies=self._supplies,
            weights=mixed_weights(self._problem, tail),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSupply:
    """The supplies of all scenarios, weighed as they count in the objective.

    Attributes:
        weights: Shape (K,).
    """

    problem: StochasticProblem
    supplies: tuple[SureSupply, ...]
    weights: FloatArray

    def dispatch(self, facility_kw: FloatArray, *, time_limit_s: float) -> Dispatches:
        """As of `Supply`."""
        found = (one.dispatch(facility_kw, time_limit_s=time_limit_s) for one in self.supplies)
        return tuple(one for (one,) in found)

    def curves(
        self, facility_kw: FloatArray, billed: Dispatches | None, *, time_limit_s: float
    ) -> tuple[float, MeritOrder]:
        """As of `Supply`: the figure of risk, and the weighted mean of the scenarios' curves."""
        found = [
            one.curves(facility_kw, (billed[k],) if billed else None, time_limit_s=time_limit_s)
            for k, one in enumerate(self.supplies)
        ]
        cost = self.problem.objective([cost for cost, _ in found])
        return cost, MeritOrder.merged([order for _, order in found], self.weights)
