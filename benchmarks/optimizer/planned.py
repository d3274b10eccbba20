"""One instance planned by the optimizer: how good the plan is, how sure, and what it took."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.line import Cost, Metric
from benchmarks.meter import Meter
from benchmarks.optimizer.asked import Asked

if TYPE_CHECKING:
    from optimizer.plan import Proof
    from optimizer.problem import Problem
    from optimizer.tally import Tally

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
METRICS_OF_FUTURES = (
    Metric(
        name="value_of_stochastic_solution",
        unit="USD",
        better="higher",
        meaning="with --scenarios: objective of the mean forecast's plan - of this one",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What came of one instance.

    Attributes:
        values: One a metric, those of futures where there are some.
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
    if asked.scenarios is not None:
        return measure_futures(asked, asked.scenarios)
    meter = Meter()
    from optimizer.baselines import run_now
    from optimizer.solve import solve
    from optimizer.tally import tally

    problem = asked.problem()
    solving = Meter()
    solution = solve(problem, limits=asked.ending.limits, progress=asked.talk(meter))
    solve_cost, cost = solving.read(), meter.read()
    planned, now = tally(problem, solution.plan), tally(problem, run_now(problem))
    return _planned(problem, planned, now.objective, solution.proof, solve=solve_cost, cost=cost)


def measure_futures(asked: Asked, n_scenarios: int) -> Planned:
    """The same for so many futures at once; run-now follows them as the plan does."""
    meter = Meter()
    from benchmarks.optimizer.futures import uncertain
    from optimizer.baselines import run_now, self_consumption
    from optimizer.load import Load
    from optimizer.stochastic.solve import solve_stochastic
    from optimizer.tally import tally

    problem = uncertain(asked.problem(), n_scenarios, asked.seed)
    solving = Meter()
    solution = solve_stochastic(problem, limits=asked.ending.limits, progress=asked.talk(meter))
    solve_cost, cost = solving.read(), meter.read()
    base, at_once = problem.problem, run_now(problem.problem)
    load = Load.of(base, at_once.placements, at_once.servings)
    load_kw = load.facility_kw(base)
    now = [
        tally(one, replace(at_once, dispatch=self_consumption(one, load_kw)), load).objective
        for one in problem.problems
    ]
    planned = tally(problem.problems[0], solution.plan.plan(0))
    found = _planned(
        base, planned, problem.objective(now), solution.proof, solve=solve_cost, cost=cost
    )
    gained = {"value_of_stochastic_solution": solution.value_of_stochastic_solution}
    return replace(found, values=found.values | gained)


def _planned(
    problem: "Problem", planned: "Tally", now: float, proof: "Proof", *, solve: Cost, cost: Cost
) -> Planned:
    """The figures of one plan; `now` is the objective of run-now. [USD]"""
    pool_gpu_h = float(problem.pool_gpus.sum()) * problem.horizon.step_h
    return Planned(
        values={
            "gap": proof.gap,
            "objective": proof.objective,
            "bound": proof.bound,
            "saving_captured": (now - proof.objective) / (now - proof.bound),
            "shortfall_gpu_hours": planned.unfinished_gpu_h + planned.late_gpu_h,
            "solve_cpu_seconds": solve.cpu_seconds,
        },
        constant=proof.constant,
        load=sum(job.gpu_hours for job in problem.jobs) / pool_gpu_h,
        stage=str(proof.stage),
        solve=solve,
        cost=cost,
    )
