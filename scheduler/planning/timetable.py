"""A plan in steps and numbers as the timetable that decisions are made by."""

from datetime import datetime

import numpy as np

from optimizer.load import Load, reserved_gpus
from optimizer.plan import Placement, Plan
from optimizer.problem import Problem
from optimizer.timing import is_finished
from optimizer.work import Job
from scheduler.planning.reasons import Reason
from scheduler.planning.snapshot import PlannedJob, Stretch, Timetable


def timetable(
    problem: Problem, plan: Plan, *, issued_at: datetime, expires_at: datetime
) -> Timetable:
    """`plan` in instants, with why a job does not start as soon as it may."""
    load = Load.of(problem, plan.placements, plan.servings)
    return Timetable(
        issued_at=issued_at,
        expires_at=expires_at,
        jobs={
            job.name: _planned(problem, load, job, placement)
            for job, placement in zip(problem.jobs, plan.placements, strict=True)
        },
    )


def _planned(problem: Problem, load: Load, job: Job, placement: Placement) -> PlannedJob:
    instant = problem.horizon.instant
    return PlannedJob(
        site=placement.site,
        stretches=tuple(
            Stretch(begin=instant(run.first_step), end=instant(run.end_step), mode=run.mode)
            for run in placement.runs
        ),
        waits_for=_waits_for(problem, load, job, placement),
    )


def _waits_for(problem: Problem, load: Load, job: Job, placement: Placement) -> Reason | None:
    """Why it does not run from the first step in which it may; None where it does."""
    first = problem.first_step(job, placement.site)
    if is_finished(problem, job, placement) and placement.runs[0].first_step <= first:
        return None
    s = problem.site_number[placement.site]
    k = problem.pool_number[s, job.gpu_type]
    needed = reserved_gpus(problem, job, s, 0)
    mine = np.zeros(problem.horizon.n_steps, dtype=np.int64)
    for run in placement.runs:
        mine[run.first_step : run.end_step] += reserved_gpus(problem, job, s, run.mode)
    at_once = slice(first, first + problem.n_steps(job))
    free = (problem.pool_gpus[k] - load.gpus[k] + mine)[at_once]
    if problem.pool_gpus[k].max() < needed:
        return Reason.EXCEEDS_CAPACITY
    if not placement.runs and first + problem.least_steps(job) > problem.end_step(job):
        return Reason.DEADLINE_UNREACHABLE
    if len(free) == 0 or free.min() < needed:
        return Reason.WAITING_FOR_CAPACITY
    return Reason.WAITING_FOR_CLEANER_ENERGY
