"""Plan synthetic instances of one size and tell how good the plans are and what they took.

Each seed is planned in a process of its own with caches cold, so that its CPU seconds and its peak
of memory are its own. A figure is the median of the seeds.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.ending import Ending
from benchmarks.fresh import in_fresh_process
from benchmarks.line import Cost, Line, Metric
from benchmarks.meter import Meter
from scheduler.errors import InputError

NAME = "optimizer"
SUMMARY = "synthetic instances of any size: how good the plan is, how sure, and what it took"
SEEDS, SEEDS_OF_LARGE, LARGE = 5, 3, 10_000
GAP = 0.03
TIME_LIMIT_S = 600.0

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
class Asked:
    """One instance to plan."""

    jobs: int
    sites: int
    steps: int
    seed: int
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one instance: a value a metric, how the solve ended, and what it took."""

    values: dict[str, float]
    stage: str
    cost: Cost


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this case can be asked."""
    parser.add_argument("--jobs", type=int, default=200, metavar="N", help="(%(default)s)")
    parser.add_argument("--sites", type=int, default=3, metavar="S", help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=168, metavar="T", help="hours (%(default)s)")
    parser.add_argument(
        "--seeds",
        type=int,
        metavar="K",
        help=f"instances ({SEEDS}; {SEEDS_OF_LARGE} from {LARGE:,} jobs on)",
    )
    Ending.add_arguments(parser, gap=GAP, time_s=TIME_LIMIT_S)


def run(options: argparse.Namespace) -> Iterator[Line]:
    """A line for each metric once every seed is planned."""
    for name, least in (("jobs", 1), ("sites", 1), ("steps", 48)):
        if getattr(options, name) < least:
            raise InputError(f"--{name}: must be at least {least}, got {getattr(options, name)}")
    n_seeds = options.seeds or (SEEDS_OF_LARGE if options.jobs >= LARGE else SEEDS)
    ending, answers = Ending.of(options), []
    for seed in range(n_seeds):
        asked = Asked(
            jobs=options.jobs,
            sites=options.sites,
            steps=options.steps,
            seed=seed,
            ending=ending,
        )
        answers.append(in_fresh_process(measure, asked))
    for metric in METRICS:
        values = [answer.values[metric.name] for answer in answers]
        yield Line(
            case=NAME,
            metric=metric.name,
            value=median(values),
            unit=metric.unit,
            better=metric.better,
            conditions={
                "jobs": options.jobs,
                "sites": options.sites,
                "steps": options.steps,
                "stages": " ".join(answer.stage for answer in answers),
                **ending.conditions,
            },
            n=options.jobs,
            seeds=n_seeds,
            spread=max(values) - min(values),
            cpu_seconds=round(median(answer.cost.cpu_seconds for answer in answers), 2),
            wall_seconds=round(median(answer.cost.wall_seconds for answer in answers), 2),
            peak_rss_mb=round(median(answer.cost.peak_rss_mb for answer in answers)),
        )


def measure(asked: Asked) -> Answer:
    """Plan one instance in this process; what imports take is counted."""
    meter = Meter()
    from benchmarks.optimizer.instance import Size, instance
    from optimizer.baselines import run_now
    from optimizer.solve import solve
    from optimizer.tally import tally

    problem = instance(Size(jobs=asked.jobs, sites=asked.sites, steps=asked.steps), asked.seed)
    before = meter.read().cpu_seconds

    def say(text: str) -> None:
        talk = f"{NAME} seed {asked.seed}: {meter.read().wall_seconds:6.1f} s  {text}"
        print(talk, file=sys.stderr, flush=True)

    solution = solve(problem, limits=asked.ending.limits, progress=say)
    cost = meter.read()
    planned, now = tally(problem, solution.plan), tally(problem, run_now(problem))
    proof = solution.proof
    return Answer(
        values={
            "gap": proof.gap,
            "objective": proof.objective,
            "bound": proof.bound,
            "saving_captured": (now.objective - proof.objective) / (now.objective - proof.bound),
            "shortfall_gpu_hours": planned.unfinished_gpu_h + planned.late_gpu_h,
            "solve_cpu_seconds": cost.cpu_seconds - before,
        },
        stage=str(proof.stage),
        cost=cost,
    )
