"""The planner's own process: questions on its standard input, answers on its standard output.

It holds all that is slow to import and may hang or grow: pandas, Pyomo, HiGHS. Who started it
keeps the time, and may kill it at any moment without losing more than this one plan.
"""

import os
import pickle
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from forecasting.forecast import Forecast
from k8s_operator.api.convert import issues
from k8s_operator.instants import parse_duration
from k8s_operator.planning.question import (
    USUAL_MAX_AGE,
    Answer,
    Figures,
    Planned,
    Question,
    ServiceOutlook,
    SiteOutlook,
    Stretch,
    Trouble,
    frame,
    read_frame,
)
from k8s_operator.planning.rehearsal import rehearsal
from k8s_operator.planning.world import Unplannable, scenario_of
from optimizer.baselines import run_now
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.plan import Placement, Plan, Solution
from optimizer.problem import Problem
from optimizer.site import Site
from optimizer.solve import solve
from optimizer.start import Start
from optimizer.verify import verify
from optimizer.work import Job
from scheduler.accounting.kpis import Kpis, kpis_of
from scheduler.planning.assemble import assemble
from scheduler.planning.forecasts import Outlook, look_ahead
from scheduler.planning.planner import digest_of
from scheduler.planning.reasons import Reason

DIGITS = 3
#: Demand above it comes in one of twenty cases.
HIGH = 0.95
PUBLISHED, OUTDATED = "3 published forecast", "1 outdated forecast"


def answer(question: Question) -> Answer:
    """The plan of what is asked."""
    try:
        scenario, troubles, site_troubles, silent = scenario_of(question)
    except Unplannable as error:
        return Answer(failed=str(error))
    outlook = look_ahead(scenario, question.start)
    problem, later = assemble(scenario, outlook)
    for name in later:
        troubles[name] = Trouble(
            reason=Reason.PENDING_EVALUATION,
            message=(
                f"it cannot end before the plan's last step, {problem.horizon.end.isoformat()}; "
                "a later plan takes it up, and it starts by its latest start in any case"
            ),
        )
    baseline = run_now(problem)
    solution = solve(
        problem,
        limits=Limits(gap=question.gap, time_s=question.time_limit_s),
        seed=question.seed,
        start=_before(question, problem),
    )
    broken = verify(problem, solution.plan)
    if broken:
        return Answer(failed="the plan breaks a hard rule: " + "; ".join(map(str, broken)))
    _keep(question, problem, solution)
    return Answer(
        digest=f"sha256:{digest_of(problem, solution)}",
        jobs={
            one.job: _planned(one, job, problem, question.taken_at)
            for one, job in zip(solution.plan.placements, problem.jobs, strict=True)
        },
        troubles=troubles,
        sites=_outlooks(question, outlook, problem, solution.plan),
        site_troubles=site_troubles,
        services=_services(outlook, problem, solution.plan),
        service_troubles=silent | _unreachable(problem),
        plan=_figures(kpis_of(problem, solution.plan)),
        baseline=_figures(kpis_of(problem, baseline)),
        currency=scenario.world.currency,
        stage=solution.proof.stage.value,
        gap=round(solution.proof.gap, 6),
        seconds=round(solution.proof.seconds, 3),
    )


def _figures(kpis: Kpis) -> Figures:
    return Figures(
        emissions_kg=round(kpis.emissions_kg, DIGITS),
        cost=round(kpis.cost, DIGITS),
        jobs_unfinished=kpis.jobs_unfinished,
    )


def _planned(placement: Placement, job: Job, problem: Problem, now: datetime) -> Planned:
    horizon = problem.horizon
    stretches = tuple(
        Stretch(horizon.instant(run.first_step), horizon.instant(run.end_step), run.mode)
        for run in placement.runs
    )
    soonest = max(job.release, now)
    return Planned(
        site=placement.site,
        stretches=stretches,
        waits=not stretches or stretches[0].begin - soonest >= horizon.step,
    )


def _outlooks(
    question: Question, outlook: Outlook, problem: Problem, plan: Plan
) -> dict[str, SiteOutlook]:
    serving = Load.of(problem, (), plan.servings)
    specs = {facts.name: facts.spec for facts in question.sites}
    found = {}
    for s, site in enumerate(problem.sites):
        grounds = _grounds(site.name, specs[site.name], outlook, question.taken_at)
        cooling = site.cooling
        found[site.name] = SiteOutlook(
            cap_kw=_rounded(_cap_kw(site, problem.horizon.n_steps)),
            fixed_kw=_rounded(cooling.overhead_kw + cooling.slope * serving.it_kw[s]),
            kw_per_it_kw=_rounded(cooling.slope, 6),
            idle_kw_per_gpu={pool.gpu_type: pool.idle_kw_per_gpu for pool in site.pools},
            free_gpus={
                pool.gpu_type: tuple(
                    int(n) for n in pool.gpus - serving.gpus[problem.pool_number[s, pool.gpu_type]]
                )
                for pool in site.pools
            },
            issued_at=min((at for at, _ in grounds.values()), default=question.start),
            rungs={name: rung for name, (_, rung) in grounds.items()},
        )
    return found


def _services(outlook: Outlook, problem: Problem, plan: Plan) -> dict[str, ServiceOutlook]:
    found = {}
    for service in problem.services:
        demand = outlook.forecasts.demand_rps
        serving = plan.servings[service.name]
        numbers = problem.admissible_sites(service)
        by_site = serving.all_served_rps.sum(axis=0)
        found[service.name] = ServiceOutlook(
            start=problem.horizon.start,
            step_min=round(problem.horizon.step / timedelta(minutes=1)),
            capacity_rps=service.capacity_rps,
            high_rps=_rounded(
                sum(demand[service.name, one].quantile(HIGH) for one in service.regions)
            ),
            replicas={
                problem.sites[s].name: tuple(int(n) for n in serving.all_replicas[s])
                for s in numbers
            },
            rps={problem.sites[s].name: _rounded(by_site[s]) for s in numbers},
            open_sites=tuple(
                name
                for name in (problem.sites[s].name for s in numbers)
                if all(service.reaches(region, name) for region in service.regions)
            ),
            survives_site_loss=service.survives_site_loss,
        )
    return found


def _unreachable(problem: Problem) -> dict[str, Trouble]:
    """Services with a region that no site may answer in time."""
    found = {}
    for service in problem.services:
        names = [problem.sites[s].name for s in problem.admissible_sites(service)]
        for region in service.regions:
            if any(service.reaches(region, name) for name in names):
                continue
            trips = {name: service.rtt_ms.get((region, name)) for name in names}
            told = ", ".join(f"{name} {ms:g} ms" for name, ms in trips.items() if ms is not None)
            left_ms = service.latency_budget_ms - service.service_time_ms
            found[service.name] = Trouble(
                reason=Reason.NO_ADMISSIBLE_SITE,
                message=(
                    f"latencyBudgetMs: leaves {left_ms:g} ms beside serviceTimeMs, less than every "
                    f"round trip from {region} ({told or 'none is known'}); allow more, or answer "
                    "nearer to it"
                ),
            )
    return found


def _grounds(
    name: str, spec: Mapping[str, Any], outlook: Outlook, now: datetime
) -> dict[str, tuple[datetime, str]]:
    """What each forecast of a site rests on: its issue and its rung; the oldest first.

    A series that says when it was forecast is a forecast somebody else publishes. Past the age the
    Site allows it is all that is still known, and no longer called more than that.
    """
    forecasts, stated = outlook.forecasts, issues(spec)
    most = parse_duration(spec.get("forecastMaxAge", USUAL_MAX_AGE))
    found = {}
    known: tuple[tuple[Mapping[str, Forecast], tuple[str, ...]], ...] = (
        (forecasts.wind_kw, ("wind", "availableKw")),
        (forecasts.pv_kw, ("pv", "availableKw")),
        (forecasts.temperature_c, ()),
        (forecasts.carbon_g_per_kwh, ("grid", "carbon", "gPerKwh")),
    )
    for by_site, path in known:
        if name in by_site:
            one = by_site[name]
            found[one.variable] = one.provenance.issued_at, one.provenance.rung
            if (at := stated.pop(path, None)) is not None:
                found[one.variable] = at, _rung(now - at, most)
    for path, at in stated.items():
        found[".".join(path)] = at, _rung(now - at, most)
    return dict(sorted(found.items(), key=lambda one: one[1][0]))


def _rung(age: timedelta, most: timedelta) -> str:
    return PUBLISHED if age <= most else OUTDATED


def _cap_kw(site: Site, n_steps: int) -> Any:
    """All that the facility may draw: meter, plants, battery and generator together. [kW]"""
    cap = np.zeros(n_steps)
    if site.grid is not None:
        cap = cap + site.grid.import_limit_kw
    for plant in site.plants:
        cap = cap + plant.available_kw
    if site.battery is not None:
        cap = cap + site.battery.power_kw
    if site.generator is not None:
        cap = cap + site.generator.power_kw
    return cap


def _rounded(values: Any, digits: int = DIGITS) -> tuple[float, ...]:
    return tuple(round(float(one), digits) for one in values)


def _before(question: Question, problem: Problem) -> Start | None:
    """The last plan, where it is on the same steps; any other is of no use and passed over."""
    path = Path(question.before) if question.before else None
    if path is None or not path.is_file():
        return None
    try:
        before, solution = pickle.loads(path.read_bytes())
        return Start.of(before, solution, problem)
    except (ValueError, pickle.UnpicklingError, EOFError, AttributeError, ImportError):
        path.unlink(missing_ok=True)
        return None


def _keep(question: Question, problem: Problem, solution: Solution) -> None:
    if question.before:
        path = Path(question.before)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(pickle.dumps((problem, solution)))
        scratch.replace(path)


def main() -> None:
    """Answer one question after another, until there are no more."""
    # Whatever a library prints is no part of the answer.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    rehearsed = answer(rehearsal())
    if rehearsed.failed:
        raise RuntimeError(f"the planner cannot plan here: {rehearsed.failed}")
    while (asked := read_frame(sys.stdin.buffer)) is not None:
        found = msgspec.msgpack.encode(answer(msgspec.msgpack.decode(asked, type=Question)))
        out.write(frame(found))
        out.flush()


if __name__ == "__main__":
    main()
