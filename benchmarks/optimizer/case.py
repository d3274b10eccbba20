"""Plan instances of one size and tell how good the plans are and what they took.

Each seed is planned in a process of its own with caches cold, so that its CPU seconds and its peak
of memory are its own. A figure is the median of the seeds. What it is compared with is measured
likewise, on the same instances.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType

from benchmarks.ending import Ending
from benchmarks.fresh import in_fresh_process
from benchmarks.line import Cost, Line, Metric, line_over_seeds
from benchmarks.optimizer import again, core, environment, fit, naive, planned
from benchmarks.optimizer.asked import Asked
from benchmarks.optimizer.instance import Size
from benchmarks.sources import DEFAULT_FOLDER, existing_folder
from benchmarks.traces import TRACES
from scheduler.errors import InputError

NAME = "optimizer"
SUMMARY = "instances of any size: how good the plan is, how sure, and what it took"
SEEDS, SEEDS_OF_LARGE, LARGE = 5, 3, 10_000
GAP = 0.03
TIME_LIMIT_S = 600.0
NAIVE, LINOPY = "naive", "linopy"

METRICS = (
    *planned.METRICS,
    *planned.METRICS_OF_FUTURES,
    *again.METRICS,
    *naive.METRICS,
    *core.METRICS,
    *fit.METRICS,
)

Conditions = dict[str, str | float | bool]
Plans = list[planned.Planned]


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
    parser.add_argument(
        "--trace",
        nargs="?",
        const=next(iter(TRACES)),
        choices=TRACES,
        help="take releases, run times and widths of the jobs from a public trace: "
        "%(choices)s (%(const)s)",
    )
    parser.add_argument(
        "--scenarios",
        type=int,
        metavar="K",
        help="plan for so many futures of wind and sun at once, mean and CVaR together",
    )
    parser.add_argument(
        "--compare",
        nargs="+",
        default=[],
        choices=(NAIVE, LINOPY),
        help=f"also measure, on the same instances: {NAIVE}, one MILP with a binary for each job, "
        f"site, mode and step, stated with Pyomo and solved by HiGHS; {LINOPY}, the core model "
        "stated in linopy, which is installed in an environment of its own",
    )
    parser.add_argument(
        "--environments",
        type=Path,
        metavar="DIR",
        help=f"where that environment is kept ({environment.cache_folder()})",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="also plan again after a small change, place one more job, and draw the front between "
        "cost and carbon",
    )
    parser.add_argument(
        "--fit",
        type=int,
        nargs="*",
        metavar="N",
        help="plan these sizes in place of --jobs, and fit the exponent of CPU seconds over jobs "
        f"({' '.join(map(str, fit.SIZES))})",
    )
    Ending.add_arguments(parser, gap=GAP, time_s=TIME_LIMIT_S)


def run(options: argparse.Namespace) -> Iterator[Line]:
    """A line for each metric once every seed is planned, size after size; the exponent last."""
    sizes: list[int] = [options.jobs] if options.fit is None else options.fit or list(fit.SIZES)
    for name, got, least in (
        ("fit" if options.fit else "jobs", min(sizes), 1),
        ("sites", options.sites, 1),
        ("steps", options.steps, 48),
        ("seeds", SEEDS if options.seeds is None else options.seeds, 1),
        ("scenarios", 1 if options.scenarios is None else options.scenarios, 1),
    ):
        if got < least:
            raise InputError(f"--{name}: must be at least {least}, got {got}")
    if options.fit is not None and len(set(sizes)) < max(2, len(sizes)):
        raise InputError(f"--fit: wants two sizes or more, each once, got {sizes}")
    if options.scenarios is not None and options.compare:
        raise InputError(
            f"--scenarios: others plan for one future, got --compare {' '.join(options.compare)}; "
            "leave out one of the two"
        )
    if options.trace:
        existing_folder(options.data or DEFAULT_FOLDER)
    linopy = None
    if LINOPY in options.compare:
        folder = options.environments or environment.cache_folder()
        linopy = environment.python_with(environment.LINOPY, folder)
    n_seeds = options.seeds or (SEEDS_OF_LARGE if max(sizes) >= LARGE else SEEDS)
    by_size: dict[int, Plans] = {}
    for jobs in sizes:
        asked = [_asked(options, jobs, seed) for seed in range(n_seeds)]
        by_size[jobs] = plans = [in_fresh_process(planned.measure, one) for one in asked]
        conditions = _conditions(asked[0], plans)
        metrics: tuple[Metric, ...] = planned.METRICS
        if options.scenarios is not None:
            metrics += planned.METRICS_OF_FUTURES
        yield from _lines(
            metrics, [one.values for one in plans], [one.cost for one in plans], conditions
        )
        if options.again:
            used = [in_fresh_process(again.measure, one) for one in asked]
            yield from _lines(
                again.METRICS, [one.values for one in used], [one.cost for one in used], conditions
            )
        if NAIVE in options.compare:
            yield from _beside_naive(asked, plans, conditions)
        if linopy:
            yield from _beside_linopy(asked, linopy, conditions)
    if options.fit is not None:
        stages = " ".join(one.stage for plans in by_size.values() for one in plans)
        conditions.pop("load", None)  # of the last size alone
        yield fit.line(NAME, by_size, {**conditions, "stages": stages})


def _asked(options: argparse.Namespace, jobs: int, seed: int) -> Asked:
    return Asked(
        size=Size(jobs=jobs, sites=options.sites, steps=options.steps),
        seed=seed,
        ending=Ending.of(options),
        trace=options.trace,
        data=options.data or DEFAULT_FOLDER,
        scenarios=options.scenarios,
    )


def _conditions(asked: Asked, ours: Sequence[planned.Planned]) -> Conditions:
    conditions: Conditions = {
        "jobs": asked.size.jobs,
        "sites": asked.size.sites,
        "steps": asked.size.steps,
        "stages": " ".join(one.stage for one in ours),
        **asked.ending.conditions,
    }
    if asked.scenarios is not None:
        conditions["scenarios"] = asked.scenarios
    if asked.trace:
        load = round(sum(one.load for one in ours) / len(ours), 3)
        conditions |= {"trace": asked.trace, "load": load}
    return conditions


def _beside_naive(
    asked: Sequence[Asked], ours: Sequence[planned.Planned], conditions: Conditions
) -> Iterator[Line]:
    found = [in_fresh_process(naive.measure, one) for one in asked]
    yield from _lines(
        naive.METRICS,
        [naive.figures(one, own) for one, own in zip(found, ours, strict=True)],
        [one.cost for one in found],
        conditions
        | {
            "naive": ", ".join(one.outcome for one in found),
            "naive_rows": max(one.rows for one in found),
            "naive_columns": max(one.columns for one in found),
            "naive_time_limit": "of its solve; its building comes on top",
        },
        beside={"alize": [naive.of_ours(own) for own in ours]},
    )


def _beside_linopy(asked: Sequence[Asked], python: Path, conditions: Conditions) -> Iterator[Line]:
    ours = [in_fresh_process(core.with_pyomo, one) for one in asked]
    theirs = [core.with_linopy(one, python) for one in asked]
    yield from _lines(
        core.METRICS,
        [core.figures(own, other) for own, other in zip(ours, theirs, strict=True)],
        [own[-1].cost for own in ours],
        conditions
        | {
            "core_rows": ours[0][0].rows,
            "core_columns": ours[0][0].columns,
            "repeats": core.REPEATS,
        },
        beside={LINOPY: [core.spent(other) for other in theirs]},
    )


def _lines(
    metrics: Sequence[Metric],
    values: Sequence[Mapping[str, float | None]],
    costs: Sequence[Cost],
    conditions: Conditions,
    beside: Mapping[str, Sequence[Mapping[str, float]]] = MappingProxyType({}),
) -> Iterator[Line]:
    """A line a metric; `beside` it the medians of others who have it."""
    for metric in metrics:
        yield line_over_seeds(
            NAME,
            metric,
            [one[metric.name] for one in values],
            costs=costs,
            conditions=conditions,
            n=int(conditions["jobs"]),
            references={
                who: median(one[metric.name] for one in known)
                for who, known in beside.items()
                if metric.name in known[0]
            },
        )
