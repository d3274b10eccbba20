"""Plan instances of one size and tell how good the plans are and what they took.

Each seed is planned in a process of its own with caches cold, so that its CPU seconds and its peak
of memory are its own. A figure is the median of the seeds. What it is compared with is measured
likewise, on the same instances.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.ending import Ending
from benchmarks.fresh import in_fresh_process
from benchmarks.line import Cost, Line, Metric, line_over_seeds, middle
from benchmarks.optimizer import naive, planned
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
NAIVE = "naive"

METRICS = (*planned.METRICS, *naive.METRICS)

Conditions = dict[str, str | float | bool]


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
        "--compare",
        nargs="+",
        default=[],
        choices=(NAIVE,),
        help="also measure, on the same instances: one MILP with a binary for each job, site, "
        "mode and step, stated with Pyomo and solved by HiGHS",
    )
    Ending.add_arguments(parser, gap=GAP, time_s=TIME_LIMIT_S)


def run(options: argparse.Namespace) -> Iterator[Line]:
    """A line for each metric once every seed is planned."""
    for name, least in (("jobs", 1), ("sites", 1), ("steps", 48)):
        if getattr(options, name) < least:
            raise InputError(f"--{name}: must be at least {least}, got {getattr(options, name)}")
    data: Path = options.data or DEFAULT_FOLDER
    if options.trace:
        existing_folder(data)
    n_seeds = options.seeds or (SEEDS_OF_LARGE if options.jobs >= LARGE else SEEDS)
    asked = [
        Asked(
            size=Size(jobs=options.jobs, sites=options.sites, steps=options.steps),
            seed=seed,
            ending=Ending.of(options),
            trace=options.trace,
            data=data,
        )
        for seed in range(n_seeds)
    ]
    ours = [in_fresh_process(planned.measure, one) for one in asked]
    conditions = _conditions(asked[0], ours)
    yield from _lines(
        planned.METRICS, [one.values for one in ours], [one.cost for one in ours], conditions
    )
    if NAIVE in options.compare:
        yield from _beside_naive(asked, ours, conditions)


def _conditions(asked: Asked, ours: Sequence[planned.Planned]) -> Conditions:
    conditions: Conditions = {
        "jobs": asked.size.jobs,
        "sites": asked.size.sites,
        "steps": asked.size.steps,
        "stages": " ".join(one.stage for one in ours),
        **asked.ending.conditions,
    }
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
        ours=[naive.of_ours(own) for own in ours],
    )


def _lines(
    metrics: Sequence[Metric],
    values: Sequence[Mapping[str, float | None]],
    costs: Sequence[Cost],
    conditions: Conditions,
    ours: Sequence[Mapping[str, float]] = (),
) -> Iterator[Line]:
    """A line a metric; with `ours`, the median of ours beside it where there is one."""
    for metric in metrics:
        own = middle([one[metric.name] for one in ours if metric.name in one] or [None])
        yield line_over_seeds(
            NAME,
            metric,
            [one[metric.name] for one in values],
            costs=costs,
            conditions=conditions,
            n=int(conditions["jobs"]),
            references={} if own is None else {"alize": own},
        )
