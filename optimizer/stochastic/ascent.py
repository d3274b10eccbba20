"""Prices of every scenario, found by climbing the bound, with all jobs asked once a round.

The climb is that of `optimizer.ascent`: each scenario has prices of its own for power, stored
energy, peaks and carbon, GPUs have one price, and jobs see the weighted sum. The shares of the tail
follow what the scenarios cost under the mean of the loads so far (fictitious play, Brown 1951).
"""

import numpy as np

from optimizer.ascent import (
    FIRST_GPU_PRICE,
    Climb,
    binding,
    bound_slopes,
    bring_within,
    step_sizes,
)
from optimizer.climbing import CLIMB_SHARE
from optimizer.demand import Asked, Demand
from optimizer.fleet import Roster
from optimizer.limits import Watch
from optimizer.plan import Prices
from optimizer.replicas import Choices
from optimizer.scale import Scale
from optimizer.site import FloatArray
from optimizer.stochastic.bound import ScenarioPrices, mixed_weights
from optimizer.stochastic.recourse import Dispatchers
from optimizer.stochastic.scenarios import StochasticProblem

#: Rounds between two looks at which scenarios are the worst.
TAIL_ROUNDS = 4


class ScenarioAscent:
    """One climb. `prices` and `target_kw` are running means over its rounds."""

    def __init__(
        self,
        problem: StochasticProblem,
        choices: tuple[Choices, ...],
        dispatchers: Dispatchers,
        first: ScenarioPrices,
        watch: Watch,
    ) -> None:
        """Start from `first`, and from at least a small price of every GPU.

        Args:
            problem: The problem.
            choices: Of its services.
            dispatchers: Of the problem.
            first: Prices under some load.
            watch: Ends a climb at its share of the time.
        """
        self._problem, self._dispatchers, self._watch = problem, dispatchers, watch
        scale = Scale.of(problem.mean)
        gpu_price = np.maximum(first.gpu_per_gpu_h, FIRST_GPU_PRICE * scale.gpu_per_gpu_h)
        own = first.by_scenario
        self._climb = Climb(
            (
                np.array([one.power_per_kwh for one in own]),
                gpu_price,
                np.array([one.stored_per_kwh for one in own]),
                np.array([one.peak_per_kw for one in own]),
                np.array([one.carbon_per_kg for one in own]),
                np.zeros(len(own)),
                np.array([first.quality_of(v) for v in range(len(choices))], dtype=float),
            ),
            scale.by_kind,
        )
        self._reserves = tuple(one.reserve for one in own)  # stay; the climb moves the others
        self._demand = Demand(problem.problem, choices)
        self._tail, self._looks = first.tail, 1
        self.target_kw = self._demand.idle_kw

    @property
    def prices(self) -> ScenarioPrices:
        """Means over the rounds."""
        return self._prices(self._climb.mean)

    @property
    def last_prices(self) -> ScenarioPrices:
        """Those of the last round."""
        return self._prices(self._climb.now)

    def climb(
        self, roster: Roster, weight: float, n_rounds: int, share_of_step: float = 1.0
    ) -> None:
        """Climb by `n_rounds` rounds, as `Ascent.climb` does."""
        for n, step in enumerate(step_sizes(n_rounds, share_of_step)):
            left_s = self._watch.left_s(CLIMB_SHARE)
            prices = self.last_prices
            seen = prices.mixed(self._problem)
            asked = self._demand.at(roster, weight, seen)
            facility_kw = asked.facility_kw
            self._climb.move(self._slopes(prices, asked), step)
            bring_within(self._problem.problem, self._climb.now)
            share = self._climb.note()
            self.target_kw = (1 - share) * self.target_kw + share * facility_kw
            if n % TAIL_ROUNDS == TAIL_ROUNDS - 1:
                self._look(left_s)

    def _look(self, left_s: float) -> None:
        """Move the shares of the tail towards the worst scenarios of the mean load."""
        costs = self._dispatchers.solve(self.target_kw, time_limit_s=left_s).costs
        worst = self._problem.risk.tail(self._problem.weights, costs)
        self._looks += 1
        self._tail = self._tail + (worst - self._tail) / self._looks

    def _slopes(self, prices: ScenarioPrices, asked: Asked) -> tuple[FloatArray, ...]:
        """How fast the bound grows with each price, in the order and shapes of the climb's."""
        weights = mixed_weights(self._problem, prices.tail)
        found = [
            bound_slopes(one, own, asked)
            for one, own in zip(self._problem.problems, prices.by_scenario, strict=True)
        ]

        def stacked(kind: int) -> FloatArray:
            slopes = np.array([one[kind] for one in found])
            weighted: FloatArray = slopes * weights.reshape(-1, *(slopes.ndim - 1) * (1,))
            return weighted

        budgets = (stacked(4)[:, 0], stacked(5)[:, 0])
        return stacked(0), found[0][1], stacked(2), stacked(3), *budgets, asked.lacking

    def _prices(self, arrays: tuple[FloatArray, ...]) -> ScenarioPrices:
        power, gpu, stored, peak, carbon, _, quality = (one.copy() for one in arrays)
        return ScenarioPrices(
            tail=self._tail,
            by_scenario=tuple(
                Prices(
                    power_per_kwh=power[k],
                    gpu_per_gpu_h=gpu,
                    stored_per_kwh=stored[k],
                    peak_per_kw=peak[k],
                    carbon_per_kg=float(carbon[k]),
                    reserve=self._reserves[k],
                )
                for k in range(len(power))
            ),
            gpu_per_gpu_h=gpu,
            quality_per_request=binding(quality),
        )
