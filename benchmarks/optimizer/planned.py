"""One instance planned by the optimizer: how good the plan is, how sure, and what it took."""

from dataclasses import dataclass

from benchmarks.line import Cost, Metric
from benchmarks.meter import Meter
from benchmarks.optimizer.asked import Asked

METRICS = (
    Metric(name="gap", unit="1", better="lower", meaning="of what decisions can change"),
    Metric(name="objective", unit="USD", better="lower", meaning="of the plan"),
    Metric(name="bound", unit="USD", better="higher", meaning="no plan costs less"),
    Metric(
        name="saving_captured",
        unit="1",
        better="higher",
        meaning="(run-now - plan) / (run-now - bound)",
    ),
    Metric(
        name="shortfall_gpu_hours",
        unit="GPU-h",
        better="lower",
        meaning="work left undone, and lateness times GPUs",
    ),
    Metric(name="solve_cpu_seconds", unit="s", better="lower", meaning="of the solve alone"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What came of one instance.

    Attributes:
        values: One a metric.
        constant: Share of the objective no decision can change. [USD]
        load: GPU-hours of the jobs over those of the pools. [1]
        stage: How the solve ended.
        solve: What the solve alone took.
        cost: Of the whole process.
    """

    values: dict[str, float]
    constant: float
    load: float
    stage: str
    solve: Cost
    cost: Cost


def measure(asked: Asked) -> Planned:
    """Plan one instance in this process; what imports take is counted."""
    meter = Meter()
    from optimizer.baselines import run_now
    from optimizer.solve import solve
    from optimizer.tally import tally

    problem = asked.problem()
    solving = Meter()
    solution = solve(problem, limits=asked.ending.limits, progress=asked.talk(meter))
    solve_cost, cost = solving.read(), meter.read()
    planned, now = tally(problem, solution.plan), tally(problem, run_now(problem))
    proof = solution.proof
    pool_gpu_h = float(problem.pool_gpus.sum()) * problem.horizon.step_h
    return Planned(
        values={
            "gap": proof.gap,
            "objective": proof.objective,
            "bound": proof.bound,
            "saving_captured": (now.objective - proof.objective) / (now.objective - proof.bound),
            "shortfall_gpu_hours": planned.unfinished_gpu_h + planned.late_gpu_h,
            "solve_cpu_seconds": solve_cost.cpu_seconds,
        },
        constant=proof.constant,
        load=sum(job.gpu_hours for job in problem.jobs) / pool_gpu_h,
        stage=str(proof.stage),
        solve=solve_cost,
        cost=cost,
    )
