"""What a solve knows before any price: run-now, how each job may run, what each service may hold.

Problems that differ in their prices of energy, carbon and water alone share it.
"""

from dataclasses import dataclass

from optimizer.baselines import run_now
from optimizer.fleet import Roster
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.terms import terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Groundwork:
    """Of one problem.

    Attributes:
        baseline: Run-now.
        roster: Its jobs.
        choices: Of its services.
        thin: Fewer of them, near enough for prices and sweeps.
    """

    baseline: Plan
    roster: Roster
    choices: tuple[Choices, ...]
    thin: tuple[Choices, ...]

    @staticmethod
    def of(problem: Problem) -> "Groundwork":
        """What holds in `problem` at any prices."""
        choices = tuple(Choices.of(problem, service) for service in problem.services)
        return Groundwork(
            baseline=run_now(problem),
            roster=Roster.of(terms_of(problem)),
            choices=choices,
            thin=tuple(one.thinned() for one in choices),
        )
