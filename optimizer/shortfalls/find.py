"""Every wish that a plan leaves unmet, the dearest explained first."""

from collections.abc import Callable, Iterator
from functools import partial

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.shortfalls.beside import Beside
from optimizer.shortfalls.carbon import carbon_conflict
from optimizer.shortfalls.conflict import Conflict
from optimizer.shortfalls.job_limits import JobLimits
from optimizer.shortfalls.jobs import JobConflicts
from optimizer.shortfalls.power import PowerConflicts
from optimizer.shortfalls.requests import RequestConflicts

#: Explained by default; a plan that misses more mostly misses them for the same reasons.
MOST_EXPLAINED = 20

Ask = Callable[[], Iterator[Conflict]]


def conflicts(
    problem: Problem, plan: Plan, *, carbon_per_kg: float = 0.0, most: int = MOST_EXPLAINED
) -> tuple[Conflict, ...]:
    """Why `plan` leaves wishes unmet, by what that costs; none where every wish is met.

    Args:
        problem: What was asked.
        plan: What was planned; it keeps every hard rule.
        carbon_per_kg: Marginal value of the carbon budget, as of the plan's prices. [money/kg]
        most: So many shortfalls are explained, the dearest.
    """
    beside = Beside.of(problem, plan)
    asked: list[tuple[float, Ask]] = []
    jobs = JobConflicts(JobLimits(problem, plan, beside), carbon_per_kg)
    asked += [(cost, partial(_one, jobs.conflict, j)) for cost, j in jobs.missed()]
    requests = RequestConflicts(problem, plan, beside)
    for cost, service, wish, short in requests.missed():
        asked.append((cost, partial(requests.conflicts, service, wish, short)))
    power = PowerConflicts(problem, plan, beside)
    asked += [(cost, partial(_one, power.conflict, s)) for cost, s in power.missed()]
    exceeded = carbon_conflict(problem, plan)
    if exceeded is not None:
        asked.append((exceeded.cost, partial(iter, (exceeded,))))
    dearest = sorted(asked, key=lambda one: -one[0])[:most]
    return tuple(conflict for _, ask in dearest for conflict in ask())


def _one(conflict: Callable[[int], Conflict], number: int) -> Iterator[Conflict]:
    yield conflict(number)
