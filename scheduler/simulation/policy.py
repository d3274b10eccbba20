"""Who decides: a policy sees the window at each re-plan and says what it wants.

Every policy lives in the same world, through the same decisions and meters.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from optimizer.limits import Limits
from optimizer.plan import Plan, Prices, Solution
from optimizer.problem import Problem
from optimizer.quotes import Quotes
from optimizer.solve import solve
from optimizer.start import Start
from optimizer.work import Job
from scheduler.planning.margin import with_margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a policy wants, told in the steps of the window it saw.

    Attributes:
        prices: By which batteries meet surprises.
    """

    window: Problem
    plan: Plan
    prices: Prices
    first_step: int

    @property
    def issued_at(self) -> datetime:
        """When it was decided."""
        return self.window.horizon.start


class Policy(Protocol):
    """Turns what is seen into what is wanted."""

    @property
    def name(self) -> str:
        """Short, as in reports."""
        ...

    def plan(self, window: Problem, first_step: int) -> Wanted:
        """What to do from `first_step` of the world on, which is step 0 of `window`."""
        ...

    def place(self, wanted: Wanted, jobs: tuple[Job, ...]) -> Wanted:
        """`wanted` with jobs that have come since."""
        ...


class Alize:
    """The optimizer, planning again from its last plan."""

    name = "alize"

    def __init__(self, *, limits: Limits, seed: int = 0, margin_h: float = 0.0) -> None:
        """Begin without a plan; aim to have jobs done `margin_h` before their soft deadlines."""
        self._limits, self._seed, self._margin_h = limits, seed, margin_h
        self._last: tuple[Problem, Solution] | None = None

    def plan(self, window: Problem, first_step: int) -> Wanted:
        """The cheapest plan found of the window, with some time in hand."""
        window = with_margin(window, self._margin_h)
        start = None
        if self._last is not None and _continues(self._last[0], window):
            start = Start.of(*self._last, window)
        solution = solve(window, limits=self._limits, seed=self._seed, start=start)
        self._last = window, solution
        return Wanted(
            window=window, plan=solution.plan, prices=solution.prices, first_step=first_step
        )

    def place(self, wanted: Wanted, jobs: tuple[Job, ...]) -> Wanted:
        """Each at its cheapest beside all that is planned, which stays where it is."""
        for job in jobs:
            placement = Quotes.of(wanted.window, wanted.plan).place(job).placement
            wanted = replace(
                wanted,
                window=replace(wanted.window, jobs=(*wanted.window.jobs, job)),
                plan=replace(wanted.plan, placements=(*wanted.plan.placements, placement)),
            )
        return wanted


def _continues(before: Problem, after: Problem) -> bool:
    """Whether what was said of `before` speaks of some step of `after`."""
    passed = after.horizon.start - before.horizon.start
    return before.horizon.end > after.horizon.start and not passed % before.horizon.step
