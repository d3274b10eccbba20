"""A cost no first stage can undercut, from any prices of every scenario, by plain arithmetic.

The one figure of risk is a maximum over shares of the tail, so any admissible shares q make

    sum of omega[k] * cost[k],  omega[k] = (1 - w) * weight[k] + w * q[k]

a lower bound of it. At given omega this is one cost for all, relaxed as in `optimizer.bound`: each
scenario's flows are minimised at that scenario's own prices; jobs and services, the same in all of
them, see the sum of the weighted prices. No solver is needed, so a stranger can check it.
"""

from dataclasses import dataclass, field

import numpy as np

from optimizer.bound import Response, admissible, work_response
from optimizer.fingerprint import UNSAID_AT_DEFAULT
from optimizer.fleet import Roster
from optimizer.plan import Prices
from optimizer.replicas import Choices
from optimizer.site import FloatArray
from optimizer.stochastic.scenarios import StochasticProblem
from optimizer.supply_bound import supply_bound
from optimizer.terms import terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPrices:
    """Marginal values in every scenario; any values certify a bound, good ones a tight one.

    Attributes:
        tail: Shares of the tail; those that are not admissible are brought within, shape (K,).
        by_scenario: Of each scenario, as if it were sure; no GPU has one here.
        gpu_per_gpu_h: Of a reserved GPU-hour by pool and step, shape (pools, T).
        quality_per_request: As of `Prices`: requests are the same in every scenario.
    """

    tail: FloatArray
    by_scenario: tuple[Prices, ...]
    gpu_per_gpu_h: FloatArray
    quality_per_request: tuple[float, ...] = field(default=(), metadata=UNSAID_AT_DEFAULT)

    def quality_of(self, v: int) -> float:
        """Price of quality for service number v. [money/request]"""
        return self.quality_per_request[v] if self.quality_per_request else 0.0

    def mixed(self, problem: StochasticProblem) -> Prices:
        """What jobs and services see, and means of what they do not."""
        weights = mixed_weights(problem, self.tail)

        def mean(name: str) -> FloatArray:
            values = [getattr(one, name) for one in self.by_scenario]
            found: FloatArray = np.tensordot(weights, values, axes=1)
            return found

        return Prices(
            power_per_kwh=mean("power_per_kwh"),
            gpu_per_gpu_h=self.gpu_per_gpu_h,
            stored_per_kwh=mean("stored_per_kwh"),
            peak_per_kw=mean("peak_per_kw"),
            carbon_per_kg=float(mean("carbon_per_kg")),
            quality_per_request=self.quality_per_request,
        )


def mixed_weights(problem: StochasticProblem, tail: FloatArray) -> FloatArray:
    """Weight of each scenario's cost at a tail brought within its limits, shape (K,)."""
    risk, weights = problem.risk, problem.weights
    return risk.mixed(weights, risk.admissible(weights, tail))


def respond(
    problem: StochasticProblem,
    prices: ScenarioPrices,
    choices: tuple[Choices, ...],
    roster: Roster,
) -> Response:
    """The cheapest schedule and the cheapest replicas of everyone at `prices`.

    Args:
        problem: The problem.
        prices: Any.
        choices: Of its services.
        roster: Its jobs.
    """
    weights, base = mixed_weights(problem, prices.tail), problem.problem
    flows = sum(
        float(weight) * supply_bound(one, admissible(one, own))
        for weight, one, own in zip(weights, problem.problems, prices.by_scenario, strict=True)
    )
    seen = admissible(base, prices.mixed(problem))
    return work_response(base, seen, choices, roster, flows=flows)


def lower_bound(problem: StochasticProblem, prices: ScenarioPrices) -> float:
    """A certified lower bound on the objective of every first stage. [money]"""
    base = problem.problem
    choices = tuple(Choices.of(base, service) for service in base.services)
    return respond(problem, prices, choices, Roster.of(terms_of(base))).bound
