"""What was lived through as a plan of the world's own problem, work that came to nothing included.

A plan does all of a job in time or none of it; life may cut one off. What such a job drew stands in
the account as a job of its own, beside the one that was left unfinished; its work is not useful.
"""

from collections.abc import Sequence
from dataclasses import replace

from optimizer.plan import Placement, Plan
from optimizer.problem import Problem
from optimizer.timing import TOLERANCE_H, finish_h, is_finished, progress_h
from optimizer.work import Job, JobKind
from scheduler.accounting.kpis import Kpis, kpis_of

CUT_OFF = " (cut off)"


def with_cut_off(
    problem: Problem, placements: Sequence[Placement], lost: Sequence[Placement] = ()
) -> tuple[Problem, tuple[Placement, ...]]:
    """`problem` and `placements` with what unfinished jobs ran standing apart.

    `lost` is what jobs ran before they had to begin anew.
    """
    whole: list[Placement] = []
    extra: list[tuple[Job, Placement]] = []
    for job, placement in zip(problem.jobs, placements, strict=True):
        if not placement.runs or _is_done_in_time(problem, job, placement):
            whole.append(placement)
            continue
        whole.append(replace(placement, runs=()))
        part = _part(problem, job, placement)
        extra.append((part, replace(placement, job=part.name)))
    jobs_by_name = {job.name: job for job in problem.jobs}
    for number, placement in enumerate(lost, 1):
        job = jobs_by_name[placement.job]
        part = _part(problem, replace(job, name=f"{job.name} lost {number}"), placement)
        extra.append((part, replace(placement, job=part.name)))
    if not extra:
        return problem, tuple(whole)
    jobs = (*problem.jobs, *(job for job, _ in extra))
    return replace(problem, jobs=jobs), (*whole, *(placement for _, placement in extra))


def _is_done_in_time(problem: Problem, job: Job, placement: Placement) -> bool:
    """Whether a job was finished, and by its hard deadline."""
    if not is_finished(problem, job, placement):
        return False
    deadline_h = problem.horizon.steps_until(job.deadline) * problem.horizon.step_h
    return finish_h(problem, job, placement) <= deadline_h + TOLERANCE_H


def _part(problem: Problem, job: Job, placement: Placement) -> Job:
    """What `job` did before it was cut off, as a job without deadlines."""
    return replace(
        job,
        name=job.name + CUT_OFF,
        kind=JobKind.ELASTIC if job.kind is JobKind.ELASTIC else JobKind.CHECKPOINTABLE,
        work_h=max(progress_h(problem, job, placement), 1e-6),
        due=problem.horizon.end,
        deadline=problem.horizon.end,
        after=(),
        running_at=None,
    )


def as_announced(problem: Problem) -> Problem:
    """`problem` without the parts that stand apart: what everyone was asked."""
    return replace(
        problem, jobs=tuple(job for job in problem.jobs if not job.name.endswith(CUT_OFF))
    )


def lived_kpis(problem: Problem, plan: Plan) -> Kpis:
    """The figures of a life; work that was cut off is drawn and paid for, but not useful."""
    kpis = kpis_of(problem, plan)
    lost = sum(job.gpu_hours for job in problem.jobs if job.name.endswith(CUT_OFF))
    return replace(kpis, useful_work_gpu_h=kpis.useful_work_gpu_h - lost)
