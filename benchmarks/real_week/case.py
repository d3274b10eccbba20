"""Plan one real week at several slacks and tell, for each, what it brought and what it cost.

Each slack is planned in a process of its own, so that the peak of memory is its own.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ending import Ending
from benchmarks.fresh import in_fresh_process
from benchmarks.line import Cost, Line, Metric, line_of
from benchmarks.meter import Meter
from benchmarks.real_week.world import KIND_SEED, RealWeek, real_week
from benchmarks.sources import DEFAULT_FOLDER, existing_folder
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.planning.run import PlannedRun

NAME = "real-week"
SUMMARY = "one measured week: Philly jobs, ServeGen requests, GEFCom wind and sun, Spanish grid"
SLACKS_H = (0, 6, 24)
WEEK = date(2017, 10, 2)
TIME_LIMIT_S = 300.0
GAP = 0.03
ANNOUNCED_GAIN_PERCENT = 8.0

_SAVED = {
    "cost_saving_percent": ("cost", "money paid, against run-now"),
    "emissions_saving_percent": ("emissions_kg", "operational emissions, against run-now"),
    "grid_import_saving_percent": ("grid_import_kwh", "energy imported, against run-now"),
}
METRICS = (
    Metric(
        name="energy_efficiency_gain_percent",
        unit="%",
        better="higher",
        meaning="useful work per kWh bought, against run-now",
    ),
    Metric(
        name="facility_efficiency_gain_percent",
        unit="%",
        better="higher",
        meaning="useful work per facility kWh, against run-now",
    ),
    *(
        Metric(name=name, unit="%", better="higher", meaning=meaning)
        for name, (_, meaning) in _SAVED.items()
    ),
    Metric(name="objective", unit="EUR", better="lower", meaning="of the plan"),
    Metric(name="bound", unit="EUR", better="higher", meaning="no plan costs less"),
    Metric(name="gap", unit="1", better="lower", meaning="of what decisions can change"),
    Metric(name="jobs_late", unit="jobs", better="lower", meaning="done after the soft deadline"),
    Metric(
        name="jobs_unfinished", unit="jobs", better="lower", meaning="not done by the hard deadline"
    ),
    Metric(
        name="sla_violation_share", unit="1", better="lower", meaning="of requests and short jobs"
    ),
    Metric(name="solve_seconds", unit="s", better="lower", meaning="wall time of the solve alone"),
)
RUN_NOW = ("jobs_late", "jobs_unfinished", "sla_violation_share", "objective")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this case can be asked."""
    parser.add_argument(
        "--slack",
        type=int,
        nargs="+",
        default=SLACKS_H,
        metavar="H",
        help="hours between the earliest end of a job and its soft deadline (%(default)s)",
    )
    parser.add_argument(
        "--week", type=date.fromisoformat, default=WEEK, help="a Monday (%(default)s)"
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="plan only N of the jobs; each line then says so"
    )
    Ending.add_arguments(parser, gap=GAP, time_s=TIME_LIMIT_S)


def run(options: argparse.Namespace) -> Iterator[Line]:
    """Lines of every slack asked for, each slack as soon as it is done."""
    data: Path = options.data or DEFAULT_FOLDER
    existing_folder(data)
    if options.week.weekday() != 0:
        raise InputError(f"--week: must be a Monday, got {options.week} ({options.week:%A})")
    if any(slack_h < 0 for slack_h in options.slack):
        raise InputError(f"--slack: must not be negative, got {min(options.slack)}")
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs: must be at least 1, got {options.jobs}")
    for slack_h in options.slack:
        yield from in_fresh_process(
            measure, data, options.week, slack_h, n_jobs=options.jobs, ending=Ending.of(options)
        )


def measure(
    data: Path, monday: date, slack_h: int, *, n_jobs: int | None, ending: Ending
) -> list[Line]:
    """Plan the week from `monday` at one slack, in this process; None plans all jobs."""
    from scheduler.planning.planner import plan_scenario

    def say(text: str) -> None:
        print(f"{NAME} slack {slack_h} h: {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        week = real_week(data, Path(folder), week=monday, slack_h=slack_h, n_jobs=n_jobs)
    say(
        f"{week.jobs_planned} of {week.jobs_in_week} jobs with {week.work_gpu_h:,.0f} GPU-h, "
        f"background {week.short_gpu_h:,.0f} GPU-h, {week.long_left_out} longer jobs left out, "
        f"{week.scenario.horizon.n_steps} h, years paired: {week.paired}"
    )
    if week.jobs_planned < week.jobs_in_week:
        say("REDUCED by --jobs: these figures are not those of the case")
    meter = Meter()
    planned = plan_scenario(
        week.scenario,
        limits=ending.limits,
        progress=lambda phase, text: say(f"{meter.read().wall_seconds:6.1f} s  {phase}: {text}"),
    )
    asked: dict[str, str | float] = {"week": monday.isoformat(), "slack_h": slack_h}
    return _lines(week, planned, asked | ending.conditions, meter.read())


def _lines(
    week: RealWeek, planned: "PlannedRun", asked: Mapping[str, str | float], cost: Cost
) -> list[Line]:
    from optimizer.tally import tally
    from scheduler.accounting.kpis import savings_percent

    proof, gain = planned.solution.proof, planned.gain
    plan, now = planned.kpis, planned.baseline_kpis
    savings = savings_percent(plan, now)
    values: dict[str, float | None] = {
        "energy_efficiency_gain_percent": gain.energy_efficiency_percent,
        "facility_efficiency_gain_percent": gain.facility_efficiency_percent,
        **{name: savings[field] for name, (field, _) in _SAVED.items()},
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "jobs_late": plan.jobs_late,
        "jobs_unfinished": plan.jobs_unfinished,
        "sla_violation_share": plan.sla_violation_share,
        "solve_seconds": proof.seconds,
    }
    run_now: dict[str, float] = {
        "jobs_late": now.jobs_late,
        "jobs_unfinished": now.jobs_unfinished,
        "sla_violation_share": now.sla_violation_share,
        "objective": tally(planned.problem, planned.baseline).objective,
    }
    references = {name: {"run_now": run_now[name]} for name in RUN_NOW}
    references["energy_efficiency_gain_percent"] = {"announced": ANNOUNCED_GAIN_PERCENT}
    conditions: dict[str, str | float | bool] = {
        **asked,
        "jobs": f"{week.jobs_planned} of {week.jobs_in_week}",
        "horizon_h": week.scenario.horizon.n_steps,
        "years": "synthetic pairing: " + ", ".join(f"{k} {v}" for k, v in week.paired.items()),
        "basis": planned.basis,
        "stage": str(proof.stage),
        "deterministic": proof.deterministic,
        "seed": proof.seed,
        "kind_seed": KIND_SEED,
    }
    if gain.reason:
        conditions["no_gain_because"] = gain.reason
    return [
        line_of(
            NAME,
            metric,
            values[metric.name],
            cost=cost,
            conditions=conditions,
            n=week.jobs_planned,
            references=references.get(metric.name),
        )
        for metric in METRICS
    ]
