"""One instance planned, and then what a plan is used for: another plan, one more job, a front."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.line import Cost, Metric
from benchmarks.meter import Meter
from benchmarks.optimizer.asked import Asked

if TYPE_CHECKING:
    from optimizer.problem import Problem
    from optimizer.site import Site

#: Standard deviation of what wind and sun differ by, step by step, when planned again.
CHANGE = 0.01
NEW_JOBS, POINTS = 100, 9

METRICS = (
    Metric(
        name="replan_cpu_seconds",
        unit="s",
        better="lower",
        meaning="planned again from the last plan, wind and sun of each step 1 % off",
    ),
    Metric(name="replan_gap", unit="1", better="lower", meaning="of that plan"),
    Metric(
        name="replan_moved_share",
        unit="1",
        better="lower",
        meaning="jobs with another schedule than in the last plan",
    ),
    Metric(
        name="new_job_ms",
        unit="ms",
        better="lower",
        meaning="CPU to place one more job beside a plan, mean of many",
    ),
    Metric(
        name="front_cpu_ratio",
        unit="1",
        better="lower",
        meaning="CPU of a cost-carbon front of nine carbon prices over that of one plan",
    ),
    Metric(name="front_points", unit="1", better="higher", meaning="of it, undominated"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What came of it: a value a metric, and the cost of the whole process."""

    values: dict[str, float]
    cost: Cost


def measure(asked: Asked) -> Again:
    """Plan one instance in this process, then use the plan."""
    meter = Meter()
    from optimizer.pareto import front, spread
    from optimizer.quotes import Quotes
    from optimizer.replan import share_moved
    from optimizer.solve import solve
    from optimizer.start import Start

    problem, talk = asked.problem(), asked.talk(meter)
    planning = Meter()
    solution = solve(problem, limits=asked.ending.limits, progress=talk)
    once = planning.read().cpu_seconds

    changed = _changed(problem, asked.seed)
    start = Start.of(problem, solution, changed)
    planning = Meter()
    again = solve(changed, limits=asked.ending.limits, progress=talk, start=start)
    replanned = planning.read().cpu_seconds

    quotes = Quotes.of(problem, solution.plan)
    arrivals = [replace(job, name=f"new {job.name}") for job in problem.jobs[:NEW_JOBS]]
    quotes.place(arrivals[0])
    placing = Meter()
    for job in arrivals:
        quotes.place(job)
    placed = placing.read().cpu_seconds

    planning = Meter()
    prices = spread(problem, POINTS)
    points = front(problem, prices, limits=asked.ending.limits, progress=talk)
    fronted = planning.read().cpu_seconds
    return Again(
        values={
            "replan_cpu_seconds": replanned,
            "replan_gap": again.proof.gap,
            "replan_moved_share": share_moved(start.placements, again.plan.placements),
            "new_job_ms": 1000 * placed / len(arrivals),
            "front_cpu_ratio": fronted / once,
            "front_points": float(len(points)),
        },
        cost=meter.read(),
    )


def _changed(problem: "Problem", seed: int) -> "Problem":
    """The same with wind and sun a little off in every step."""
    import numpy as np

    rng = np.random.default_rng(seed)

    def site(one: "Site") -> "Site":
        plants = tuple(
            replace(
                plant,
                available_kw=plant.available_kw
                * np.maximum(0.0, 1 + CHANGE * rng.normal(size=len(plant.available_kw))),
            )
            for plant in one.plants
        )
        return replace(one, plants=plants)

    return replace(problem, sites=tuple(site(one) for one in problem.sites))
