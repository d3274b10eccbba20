"""What decides a job's cost besides the price of its steps, worked out once for a problem.

Where it may run and from when, how its work counts in whole units, what its finish costs.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from optimizer.horizon import Horizon
from optimizer.load import extra_it_kw, reserved_gpus
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.timing import TOLERANCE_H
from optimizer.work import Job, JobKind

MAX_UNITS_PER_STEP = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """A job's times in whole units of progress, so that a table can count them.

    Attributes:
        work: Units to be done.
        gain: Units done in a step, by mode.
        repeat: Units repeated at a resume.
        exact: Whether nothing was rounded.
    """

    work: int
    gain: tuple[int, ...]
    repeat: int
    exact: bool

    @staticmethod
    def of(job: Job, step_h: float, *, optimistic: bool = False) -> "Grain":
        """The coarsest grain that is exact, else the finest allowed, rounded to one side.

        Rounded against the job a schedule keeps its promise; rounded in its favour
        (`optimistic`) the price is a bound.
        """
        speeds = tuple(mode.speed for mode in job.modes)
        return _grain(job.work_h, job.resume_h, speeds, step_h, optimistic=optimistic)


@lru_cache(maxsize=4096)
def _grain(
    work_h: float, resume_h: float, speeds: tuple[float, ...], step_h: float, *, optimistic: bool
) -> Grain:
    hours = np.array([work_h, resume_h, *(speed * step_h for speed in speeds)])
    units, exact = MAX_UNITS_PER_STEP, False
    for candidate in range(1, MAX_UNITS_PER_STEP + 1):
        scaled = hours * candidate / step_h
        if np.abs(scaled - scaled.round()).max() < 1e-9 * max(1.0, scaled.max()):
            units, exact = candidate, True
            break
    up = (lambda x: int(np.ceil(x - 1e-9)), lambda x: int(np.floor(x + 1e-9)))
    need, give = reversed(up) if optimistic else up
    return Grain(
        work=max(1, need(work_h * units / step_h)),
        gain=tuple(give(speed * units) for speed in speeds),
        repeat=need(resume_h * units / step_h),
        exact=exact,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What an exact finish costs.

    Attributes:
        step_h: Length of a step. [h]
        due_h: Soft deadline, from the horizon's start. [h]
        end_h: Hard deadline likewise. [h]
        price_per_h: Of an hour between the two. [money/h]
    """

    step_h: float
    due_h: float
    end_h: float
    price_per_h: float

    def cost(self, finish_h: FloatArray) -> FloatArray:
        """Cost of finishing then, infinite after the hard deadline. [money]"""
        late_h = np.where(finish_h > self.due_h + TOLERANCE_H, finish_h - self.due_h, 0.0)
        return np.where(finish_h > self.end_h + TOLERANCE_H, np.inf, self.price_per_h * late_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One job's terms. The last axes of its arrays follow `sites` and the job's modes.

    Attributes:
        job: Whose they are.
        horizon: Of the problem.
        sites: Numbers of the admissible sites.
        names: Of the same sites.
        pools: Numbers of their pools.
        gpus: Reserved, shape (sites, modes).
        extra_kw: IT power added over idle GPUs, shape (sites, modes). [kW]
        lease_cost: Of the GPUs for a step, shape (sites, modes). [money]
        start_cost: Of choosing a site at all. [money]
        first_step: Earliest step by site.
        end_step: Number of the step after the last.
        n_steps: In a row, where it runs once in its base mode.
        grain: Its work in whole units, rounded against it where it must be.
        running: Position of the site where it is running at the start, -1 for none.
        optimistic_grain: The same rounded in its favour.
        lateness: What its finish costs.
        unfinished_cost: Of leaving it. [money]
    """

    job: Job
    horizon: Horizon
    sites: tuple[int, ...]
    names: tuple[str, ...]
    pools: IntArray
    gpus: IntArray
    extra_kw: FloatArray
    lease_cost: FloatArray
    start_cost: FloatArray
    first_step: IntArray
    end_step: int
    n_steps: int
    grain: Grain
    running: int
    optimistic_grain: Grain
    lateness: Lateness
    unfinished_cost: float

    @staticmethod
    def of(problem: Problem, job: Job) -> "Terms":
        """The terms of `job`, of which `problem` need not know."""
        horizon, price = problem.horizon, problem.objective
        h, sites = horizon.step_h, problem.admissible_sites(job)
        names = tuple(problem.sites[s].name for s in sites)
        pools = [problem.pool_number[s, job.gpu_type] for s in sites]
        modes = range(len(job.modes))
        gpus = np.array(
            [[reserved_gpus(problem, job, s, m) for m in modes] for s in sites], dtype=np.int64
        )
        extra = np.array([[extra_it_kw(problem, job, s, m) for m in modes] for s in sites])
        lease = [[problem.pools[k][1].lease_price_per_gpu_h] for k in pools]
        first = np.array([problem.first_step(job, name) for name in names], dtype=np.int64)
        return Terms(
            job=job,
            horizon=horizon,
            sites=sites,
            names=names,
            pools=np.array(pools, dtype=np.int64),
            gpus=gpus,
            extra_kw=extra,
            lease_cost=np.asarray(np.array(lease) * gpus * h, dtype=np.float64),
            start_cost=np.array([problem.transfer_cost(job, name) for name in names]),
            first_step=np.maximum(first, problem.earliest_step.get(job.name, 0)),
            end_step=problem.end_step(job),
            n_steps=problem.n_steps(job),
            grain=Grain.of(job, h),
            running=-1 if job.running_at is None else names.index(job.running_at),
            optimistic_grain=Grain.of(job, h, optimistic=True),
            lateness=Lateness(
                step_h=h,
                due_h=horizon.steps_until(job.due) * h,
                end_h=horizon.steps_until(min(job.deadline, horizon.end)) * h,
                price_per_h=price.late_price_per_h(job),
            ),
            unfinished_cost=price.unfinished_cost(job),
        )

    def head(self, grain: Grain) -> int:
        """Units of progress that a running job has ahead of one that must resume."""
        return 0 if self.running < 0 else grain.repeat

    @property
    def is_contiguous(self) -> bool:
        """Whether it runs once, without a pause, in its base mode."""
        return self.job.kind is JobKind.CONTIGUOUS


def terms_of(problem: Problem) -> tuple[Terms, ...]:
    """The terms of every job of `problem`."""
    return tuple(Terms.of(problem, job) for job in problem.jobs)
