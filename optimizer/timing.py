"""When a placement ends: progress step by step, the exact finish, lateness.

progress = sum over steps of speed x step_h; each resume repeats resume_h of it
finish   = start of the last step + what was left then / speed of its mode
"""

from typing import Protocol

import numpy as np

from optimizer.horizon import Horizon
from optimizer.plan import Placement
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.work import Job

TOLERANCE_H = 1e-6


class Timed(Protocol):
    """What has a horizon: a problem, or the terms of one of its jobs."""

    @property
    def horizon(self) -> Horizon:
        """Steps of equal length."""
        ...


def resumes(job: Job, placement: Placement) -> int:
    """How often `job` starts again after a pause, one more where it ran and does not go on."""
    if job.running_at is None or not placement.runs:
        return placement.resumes
    goes_on = placement.site == job.running_at and placement.runs[0].first_step == 0
    return placement.resumes + (not goes_on)


def progress_h(timed: Timed, job: Job, placement: Placement) -> float:
    """Base-mode hours done, less what resumes repeat. [h]"""
    step_h = timed.horizon.step_h
    done = sum(run.n_steps * step_h * job.modes[run.mode].speed for run in placement.runs)
    return done - resumes(job, placement) * job.resume_h


def is_finished(timed: Timed, job: Job, placement: Placement) -> bool:
    """Whether the work is done."""
    return bool(placement.runs) and (progress_h(timed, job, placement) >= job.work_h - TOLERANCE_H)


def finish_h(timed: Timed, job: Job, placement: Placement) -> float:
    """Exact end of the work, counted from the horizon's start. [h]

    The last step is held to its end but the work in it is done at the speed of its mode.
    """
    step_h = timed.horizon.step_h
    last = placement.runs[-1]
    speed = job.modes[last.mode].speed
    surplus_h = progress_h(timed, job, placement) - job.work_h
    return last.end_step * step_h - max(0.0, surplus_h) / speed


def late_h(timed: Timed, job: Job, placement: Placement) -> float:
    """Hours after the soft deadline; 0 when on time or unfinished. [h]"""
    if not is_finished(timed, job, placement):
        return 0.0
    due_h = timed.horizon.steps_until(job.due) * timed.horizon.step_h
    over = finish_h(timed, job, placement) - due_h
    return float(over) if over > TOLERANCE_H else 0.0


def late_gpu_h(problem: Problem, placements: tuple[Placement, ...]) -> FloatArray:
    """Lateness of every job times its base GPUs, shape (J,). [GPU-h]"""
    pairs = zip(problem.jobs, placements, strict=True)
    return np.array([late_h(problem, job, placed) * job.base.gpus for job, placed in pairs])
