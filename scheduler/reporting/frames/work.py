"""What runs where and when, in the plan and at once: jobs, their runs, services."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from optimizer.plan import Placement, Plan, Serving
from optimizer.problem import Problem
from optimizer.quality import mean_quality
from optimizer.tally import unserved_rps
from optimizer.timing import finish_h, is_finished, late_h, resumes
from optimizer.work import Job, Service
from scheduler.planning.document import job_emissions_kg
from scheduler.planning.run import PlannedRun
from scheduler.reporting.frames import MAX_ROWS, PLAN, RUN_NOW

NEVER = pd.Timestamp("NaT")


def jobs(run: PlannedRun) -> pd.DataFrame:
    """One row a job, by site and start; `row` numbers them within a site."""
    problem = run.problem
    ours = job_emissions_kg(problem, run.plan)
    theirs = job_emissions_kg(problem, run.baseline)
    rows = []
    triples = zip(problem.jobs, run.plan.placements, run.baseline.placements, strict=True)
    for job, placed, baseline in triples:
        start, end = _span(problem, job, placed)
        baseline_start, baseline_end = _span(problem, job, baseline)
        both = bool(placed.runs and baseline.runs)
        rows.append(
            {
                "site": placed.site,
                "job": job.name,
                "kind": job.kind.value,
                "gpu_type": job.gpu_type,
                "gpus": job.base.gpus,
                "work_h": job.work_h,
                "home": job.home,
                "release_utc": job.release,
                "due_utc": job.due,
                "deadline_utc": job.deadline,
                "start_utc": start,
                "end_utc": end,
                "finished": is_finished(problem, job, placed),
                "wait_h": (start - job.release) / timedelta(hours=1) if placed.runs else np.nan,
                "pauses": resumes(job, placed),
                "late_h": late_h(problem, job, placed),
                "run_now_site": baseline.site,
                "run_now_start_utc": baseline_start,
                "run_now_end_utc": baseline_end,
                "run_now_finished": is_finished(problem, job, baseline),
                "run_now_late_h": late_h(problem, job, baseline),
                "emissions_kg": ours[job.name] if placed.runs else np.nan,
                "saves_kg": theirs[job.name] - ours[job.name] if both else np.nan,
            }
        )
    columns = ["site", "job", "start_utc"] if not rows else list(rows[0])
    frame = pd.DataFrame(rows, columns=columns)
    frame["place"] = frame["site"].map(problem.site_number)
    frame = frame.sort_values(["place", "start_utc", "job"], ignore_index=True)
    frame.insert(0, "row", frame.groupby("site").cumcount())
    return frame.drop(columns="place")


def _span(problem: Problem, job: Job, placed: Placement) -> tuple[Any, Any]:
    """First start and exact end; where it is not finished, the end of its last run."""
    if not placed.runs:
        return NEVER, NEVER
    horizon = problem.horizon
    start = horizon.instant(placed.runs[0].first_step)
    if is_finished(problem, job, placed):
        return start, horizon.start + timedelta(hours=finish_h(problem, job, placed))
    return start, horizon.instant(placed.runs[-1].end_step)


def runs(run: PlannedRun, of_jobs: pd.DataFrame) -> pd.DataFrame:
    """One row an unbroken run; `site` is the plan's, so that both plans share a job's row.

    What `of_jobs` says of a job in its column `why` stands beside the plan's runs.

    Where there would be too many, the jobs with the most GPU-hours are kept.
    """
    problem, horizon = run.problem, run.problem.horizon
    place = of_jobs.set_index("job")[["site", "row", "why"]].to_dict("index")
    rows = []
    for name, plan in ((RUN_NOW, run.baseline), (PLAN, run.plan)):
        for job, placed in zip(problem.jobs, plan.placements, strict=True):
            for one in placed.runs:
                mode = job.modes[one.mode]
                rows.append(
                    {
                        "plan": name,
                        "site": place[job.name]["site"],
                        "row": place[job.name]["row"],
                        "job": job.name,
                        "kind": job.kind.value,
                        "runs_at": placed.site,
                        "start_utc": horizon.instant(one.first_step),
                        "end_utc": horizon.instant(one.end_step),
                        "gpus": mode.gpus,
                        "power_kw": mode.power_kw,
                        "speed": mode.speed,
                        "why": place[job.name]["why"] if name == PLAN else "",
                        "gpu_hours": job.gpu_hours,
                    }
                )
    frame = pd.DataFrame(rows, columns=None if rows else ["plan", "site", "row", "gpu_hours"])
    if len(frame) > MAX_ROWS:
        sizes = frame.groupby("job", sort=False).agg(n=("row", "size"), big=("gpu_hours", "first"))
        order = sizes.sort_values(["big"], ascending=False, kind="stable")
        kept = order.index[order["n"].cumsum() <= MAX_ROWS]
        frame = frame[frame["job"].isin(kept)].reset_index(drop=True)
    return frame.drop(columns="gpu_hours")


def services(run: PlannedRun) -> pd.DataFrame:
    """One row a plan and service."""
    problem = run.problem
    seconds = problem.horizon.step_s
    rows = []
    for service in problem.services:
        for name, plan in ((PLAN, run.plan), (RUN_NOW, run.baseline)):
            serving = plan.servings[service.name]
            served = serving.all_served_rps.sum(axis=(0, 2)) * seconds
            hours = serving.all_replicas.sum(axis=1) * problem.horizon.step_h
            asked = float(service.demand_rps.sum()) * seconds
            rows.append(
                {
                    "service": service.name,
                    "plan": name,
                    "home": service.home,
                    "requests": asked,
                    "unserved_requests": float(unserved_rps(service, serving).sum()) * seconds,
                    "replica_h": float(hours.sum()),
                    "mean_quality": mean_quality(service, serving),
                    "models": _models(service, serving),
                    **{
                        f"share_at_{site.name}": float(served[s]) / asked if asked else np.nan
                        for s, site in enumerate(problem.sites)
                    },
                }
            )
    return pd.DataFrame(rows)


def _models(service: Service, serving: Serving) -> dict[str, float]:
    """Share of the requests answered by each model that answers any."""
    answered = float(serving.all_served_rps.sum())
    pairs = zip(service.models, serving.parts, strict=False)
    rates = {model.name: float(part.served_rps.sum()) for model, part in pairs}
    return {name: rate / answered for name, rate in rates.items() if rate > 0}


def met(problem: Problem, plan: Plan) -> int:
    """How many jobs are done by their soft deadline."""
    return sum(
        is_finished(problem, job, placed) and late_h(problem, job, placed) == 0
        for job, placed in zip(problem.jobs, plan.placements, strict=True)
    )
