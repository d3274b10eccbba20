"""The same instance as one time-indexed MILP, stated with Pyomo and handed to HiGHS whole.

It is given the best of both: rows of linear size, arrays passed straight to HiGHS where Pyomo's own
interfaces take several times as long, and the whole time limit for its solve, its building on top.
"""

from dataclasses import dataclass

from benchmarks.line import Cost, Metric
from benchmarks.meter import Meter
from benchmarks.optimizer.asked import Asked
from benchmarks.optimizer.planned import Planned

METRICS = (
    Metric(
        name="naive_objective",
        unit="USD",
        better="lower",
        meaning="of the best plan of one time-indexed MILP; none where it found no plan in time",
    ),
    Metric(name="naive_bound", unit="USD", better="higher", meaning="of that MILP"),
    Metric(name="naive_gap", unit="1", better="lower", meaning="of that MILP, measured as ours"),
    Metric(
        name="naive_build_seconds", unit="s", better="lower", meaning="wall, until HiGHS has it"
    ),
    Metric(name="naive_solve_seconds", unit="s", better="lower", meaning="wall, of HiGHS alone"),
    Metric(name="naive_build_cpu_seconds", unit="s", better="lower", meaning="likewise, CPU"),
    Metric(name="naive_solve_cpu_seconds", unit="s", better="lower", meaning="likewise, CPU"),
    Metric(name="naive_peak_rss_mb", unit="MB", better="lower", meaning="of its whole process"),
    Metric(
        name="naive_objective_ratio",
        unit="1",
        better="higher",
        meaning="what decisions can change in its objective, over the same in ours",
    ),
    Metric(name="naive_gap_ratio", unit="1", better="higher", meaning="its gap / ours"),
    Metric(
        name="naive_cpu_ratio", unit="1", better="higher", meaning="its build and solve / our solve"
    ),
    Metric(name="naive_wall_ratio", unit="1", better="higher", meaning="likewise, wall"),
    Metric(name="naive_memory_ratio", unit="1", better="higher", meaning="its peak / ours"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """How far the MILP came.

    Attributes:
        objective: None without a plan. [USD]
        bound: None where it proved nothing. [USD]
        in_time: Whether it ended before the time limit.
        rows: Of its matrix.
        columns: Likewise.
        build: What stating and passing it took.
        solve: What HiGHS took.
        cost: Of the whole process.
    """

    objective: float | None
    bound: float | None
    in_time: bool
    rows: int
    columns: int
    build: Cost
    solve: Cost
    cost: Cost

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.objective is None:
            return "no plan in time"
        return "done" if self.in_time else "time limit"


def measure(asked: Asked) -> Naive:
    """Build and solve it in this process."""
    whole = Meter()
    from optimizer.exact import time_indexed
    from optimizer.highs import LinearModel

    problem, say = asked.problem(), asked.talk(whole, "naive ")
    meter = Meter()
    linear = LinearModel(time_indexed(problem), mip_rel_gap=asked.ending.gap)
    build, (rows, columns) = meter.read(), linear.shape
    say(f"built: {rows:,} rows, {columns:,} columns")
    meter = Meter()
    reached = linear.reach(time_limit_s=asked.ending.time_s)
    solve = meter.read()
    objective, bound = (
        None if value is None else value + problem.idle_water_cost
        for value in (reached.objective, reached.bound)
    )
    say(f"reached: objective {objective}, bound {bound}")
    return Naive(
        objective=objective,
        bound=bound,
        in_time=reached.in_time,
        rows=rows,
        columns=columns,
        build=build,
        solve=solve,
        cost=whole.read(),
    )


def figures(naive: Naive, ours: Planned) -> dict[str, float | None]:
    """A value for each of the metrics."""

    def left(objective: float | None) -> float | None:
        return None if objective is None else max(objective - ours.constant, 1e-9)

    gap = None
    if naive.objective is not None and naive.bound is not None:
        gap = _over(max(0.0, naive.objective - naive.bound), left(naive.objective))
    took, own = (naive.build, naive.solve), ours.solve
    cpu_seconds = sum(cost.cpu_seconds for cost in took)
    wall_seconds = sum(cost.wall_seconds for cost in took)
    return {
        "naive_objective": naive.objective,
        "naive_bound": naive.bound,
        "naive_gap": gap,
        "naive_build_seconds": naive.build.wall_seconds,
        "naive_solve_seconds": naive.solve.wall_seconds,
        "naive_build_cpu_seconds": naive.build.cpu_seconds,
        "naive_solve_cpu_seconds": naive.solve.cpu_seconds,
        "naive_peak_rss_mb": naive.cost.peak_rss_mb,
        "naive_objective_ratio": _over(left(naive.objective), left(ours.values["objective"])),
        "naive_gap_ratio": _over(gap, ours.values["gap"]),
        "naive_cpu_ratio": _over(cpu_seconds, own.cpu_seconds),
        "naive_wall_ratio": _over(wall_seconds, own.wall_seconds),
        "naive_memory_ratio": _over(naive.cost.peak_rss_mb, ours.cost.peak_rss_mb),
    }


def of_ours(ours: Planned) -> dict[str, float]:
    """What says the same of our plan, by metric."""
    return {
        "naive_objective": ours.values["objective"],
        "naive_bound": ours.values["bound"],
        "naive_gap": ours.values["gap"],
        "naive_solve_seconds": ours.solve.wall_seconds,
        "naive_solve_cpu_seconds": ours.solve.cpu_seconds,
        "naive_peak_rss_mb": ours.cost.peak_rss_mb,
    }


def _over(theirs: float | None, own: float | None) -> float | None:
    """None where either is unknown, or ours is nothing."""
    return theirs / own if theirs is not None and own else None
