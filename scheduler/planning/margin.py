"""Time kept in hand: planned against what is expected, work would come late as often as not.

Wind and sun fall short of what was expected about every other time, and a late hour costs hundreds
of times what moving the work costs. So a plan aims to be done a little before each soft deadline.
"""

from dataclasses import replace
from datetime import timedelta

from optimizer.problem import Problem
from optimizer.work import Job


def with_margin(problem: Problem, margin_h: float) -> Problem:
    """`problem` with soft deadlines `margin_h` earlier, as far as each job can then be on time."""
    return replace(problem, jobs=tuple(_earlier(problem, job, margin_h) for job in problem.jobs))


def _earlier(problem: Problem, job: Job, margin_h: float) -> Job:
    horizon = problem.horizon
    shortest_h = job.work_h / max(mode.speed for mode in job.modes)
    first_end = max(horizon.start, job.release) + timedelta(hours=shortest_h) + horizon.step
    aimed = max(job.due - timedelta(hours=margin_h), first_end)
    return replace(job, due=min(job.due, aimed))
