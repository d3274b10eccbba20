"""The nouns of a plan for several futures: what was asked for, what was found, what it comes to."""

from dataclasses import dataclass

from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.stochastic.scenarios import Risk, StochasticProblem
from optimizer.stochastic.scenarios import Scenario as Future
from optimizer.stochastic.solution import StochasticSolution
from scheduler.errors import InputError

FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """For how many futures to plan, and how much the worst of them count.

    Attributes:
        n_scenarios: Kept of the forecasts' scenarios, with weights.
        cvar_weight: Of the mean of the worst futures, beside that of all. [0..1]
        cvar_tail: Share of the futures that count as the worst. (0..1]
    """

    n_scenarios: int
    cvar_weight: float = 0.3
    cvar_tail: float = 0.1

    def __post_init__(self) -> None:
        if self.n_scenarios < FEWEST:
            raise InputError(
                f"--scenarios: must be at least {FEWEST}, got {self.n_scenarios}; leave it out to "
                "plan for the expected values"
            )
        if not 0 <= self.cvar_weight <= 1:
            raise InputError(
                f"--cvar-weight: must be from 0 to 1, got {self.cvar_weight:g}; 0 counts the mean "
                "of all futures alone, 1 the worst of them alone"
            )
        if not 0 < self.cvar_tail <= 1:
            raise InputError(
                f"--cvar-tail: must be above 0 and at most 1, got {self.cvar_tail:g}; 0.1 counts "
                "the worst tenth of the futures"
            )

    @property
    def risk(self) -> Risk:
        """As the optimizer says it."""
        return Risk(cvar_weight=self.cvar_weight, cvar_level=1 - self.cvar_tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Futures:
    """A plan made for several futures.

    Attributes:
        foresight: What was asked for.
        scenarios: The futures, each with its weight.
        solution: The plan for all of them, its proof, and the mean forecast's plan beside it.
    """

    foresight: Foresight
    scenarios: tuple[Future, ...]
    solution: StochasticSolution

    def problem(self, base: Problem) -> StochasticProblem:
        """What was solved; `base` is the problem at its expected values."""
        return StochasticProblem(problem=base, scenarios=self.scenarios, risk=self.foresight.risk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a plan for several futures comes to, in the money that is minimised.

    Attributes:
        mean: Over all futures. [money]
        cvar: Over the worst of them. [money]
        tail: Shares of the futures in the worst, summing to 1.
    """

    mean: float
    cvar: float
    tail: FloatArray


def outcome(futures: Futures, base: Problem) -> Outcome:
    """Mean and CVaR of the plan's costs."""
    stochastic, costs = futures.problem(base), futures.solution.costs
    weights = stochastic.weights
    return Outcome(
        mean=float(weights @ costs),
        cvar=stochastic.risk.cvar(weights, costs),
        tail=stochastic.risk.tail(weights, costs),
    )
