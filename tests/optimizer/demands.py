"""The random worlds of `tiny` with what not every job asks for.

Priorities; jobs that are running when the horizon begins; jobs on whole nodes.

Each is drawn from the world's seed, apart from the world itself.
"""

from dataclasses import replace

import numpy as np

from optimizer.problem import Problem
from optimizer.work import Job, JobKind
from tests.optimizer.tiny import tiny

SEEDS = range(40)


def demanding(seed: int) -> Problem:
    """The world of `seed` with what its jobs draw of each demand."""
    rng = np.random.default_rng([seed, 2])
    problem = tiny(seed)
    return with_nodes(rng, with_running(rng, with_priorities(rng, problem)))


def with_priorities(rng: np.random.Generator, problem: Problem) -> Problem:
    """Half of the jobs are worth less or more than the others."""
    jobs = (replace(job, priority=float(rng.choice([0.3, 1, 1, 4]))) for job in problem.jobs)
    return replace(problem, jobs=tuple(jobs))


def with_running(rng: np.random.Generator, problem: Problem) -> Problem:
    """A third of the jobs are running where they may, and most of them may pause."""

    def drawn(job: Job) -> Job:
        sites = [problem.sites[s].name for s in problem.admissible_sites(job)]
        if rng.random() < 2 / 3:
            return job
        resume_h = 0.5 * problem.horizon.step_h * float(rng.integers(4))
        contiguous = job.kind is JobKind.CONTIGUOUS
        return replace(
            job,
            running_at=str(rng.choice(sites)),
            release=problem.horizon.start - problem.horizon.step,
            resume_h=0.0 if contiguous else resume_h,
        )

    return replace(problem, jobs=tuple(drawn(job) for job in problem.jobs))


def with_nodes(rng: np.random.Generator, problem: Problem) -> Problem:
    """Nodes of one to three GPUs, and a third of the jobs on whole ones."""
    sites = tuple(
        replace(site, pools=(replace(site.pools[0], gpus_per_node=int(rng.integers(1, 4))),))
        for site in problem.sites
    )
    jobs = tuple(replace(job, whole_nodes=bool(rng.random() < 1 / 3)) for job in problem.jobs)
    return replace(problem, sites=sites, jobs=jobs)


def chained(seed: int) -> Problem:
    """The world of `seed` with its demands, its jobs released early and waiting for others."""
    rng = np.random.default_rng([seed, 3])
    problem = demanding(seed)
    jobs: list[Job] = []
    for job in problem.jobs:
        before = [one.name for one in jobs if rng.random() < 0.4]
        waits = replace(job, release=problem.horizon.start, after=tuple(before))
        jobs.append(waits if job.running_at is None else job)
    return replace(problem, jobs=tuple(jobs[::-1]))
