"""A week of each season lived through at Dakhla, beside run-now and perfect foresight.

The world is the one that ships. Its forecasts are those of the ladder, whose errors widen with the
lead as they did in backtests on public wind and solar power. What counts is what was lived, not
what was planned.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peers.outcome import Outcome
from optimizer.limits import Limits
from optimizer.plan import Plan
from optimizer.problem import Problem
from scheduler.scenario import load
from scheduler.simulation.run import SimulatedRun, simulate

WORLD = "dakhla"
#: First day of each week, a Monday. The first is that of the world itself.
WEEKS = {
    "winter": "2026-02-02T00:00:00Z",
    "spring": "2026-05-04T00:00:00Z",
    "summer": "2026-08-03T00:00:00Z",
    "autumn": "2026-11-02T00:00:00Z",
}
GAP, TIME_LIMIT_S = 0.01, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """What no life may do.

    Attributes:
        sovereignty: Jobs and services that were somewhere they may not be.
        sla_share: Of the requests, not answered inside their latency budget. [0..1]
    """

    sovereignty: int
    sla_share: float


def outcomes(weeks: tuple[str, ...] = tuple(WEEKS)) -> Iterator[Outcome]:
    """Every figure of each of `weeks`, as soon as that week has been lived through."""
    for week in weeks:
        yield from _week(week, _lived(week))


def _lived(week: str) -> SimulatedRun:
    scenario = load(WORLD, start=WEEKS[week])
    return simulate(scenario, limits=Limits(gap=GAP, time_s=TIME_LIMIT_S))


def _week(week: str, lived: SimulatedRun) -> Iterator[Outcome]:
    run = lived.run
    ours, run_now, foresight = run.kpis, run.baseline_kpis, lived.foresight
    broken = breaches(run.problem, run.plan, ours.sla_violation_share)
    conditions: dict[str, str | float | bool] = {
        "world": WORLD,
        "week": week,
        "start": WEEKS[week],
        "regret": lived.regret,
        "sovereignty_breaches": broken.sovereignty,
        "sla_violation_share": broken.sla_share,
        "jobs_late": ours.jobs_late,
        "jobs_unfinished": ours.jobs_unfinished,
        "regret_to_bound": run.solution.proof.gap_absolute,
    }
    for metric, value, references in (
        (
            "efficiency_gain_percent",
            run.gain.energy_efficiency_percent,
            {"facility": run.gain.facility_efficiency_percent},
        ),
        (
            "captured_percent",
            None if lived.captured_share is None else 100 * lived.captured_share,
            {"bound": 100.0},
        ),
        ("cost", ours.cost, {"run_now": run_now.cost, "perfect_foresight": foresight.cost}),
        (
            "emissions_kg",
            ours.emissions_kg,
            {"run_now": run_now.emissions_kg, "perfect_foresight": foresight.emissions_kg},
        ),
    ):
        if value is None:
            continue
        yield Outcome(
            metric=metric,
            values=(value,),
            references={name: one for name, one in references.items() if one is not None},
            conditions=conditions,
            n=run.problem.horizon.n_steps,
        )


def breaches(problem: Problem, plan: Plan, sla_share: float) -> Breaches:
    """What `plan` did that it must not, told from where work was, not from what was asked."""
    astray = sum(
        problem.site_number[placement.site] not in problem.admissible_sites(job)
        for job, placement in zip(problem.jobs, plan.placements, strict=True)
        if placement.runs
    )
    for service in problem.services:
        allowed = problem.admissible_sites(service)
        serving = plan.servings[service.name]
        astray += any(
            serving.replicas[s].any() or serving.served_rps[:, s].any()
            for s in range(len(problem.sites))
            if s not in allowed
        )
    return Breaches(sovereignty=astray, sla_share=sla_share)
