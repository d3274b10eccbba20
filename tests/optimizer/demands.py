"""The random worlds of `tiny` with what not every job asks for.

Priorities.

Each is drawn from the world's seed, apart from the world itself.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from optimizer.exact import optimum
from optimizer.problem import Problem
from optimizer.solve import Limits, solve
from tests.optimizer.tiny import Solved, tiny

SEEDS = range(40)


@cache
def solved(seed: int) -> Solved:
    problem = demanding(seed)
    return Solved(problem=problem, solution=solve(problem, limits=Limits(gap=1e-4)))


@cache
def least_of(seed: int) -> float:
    return optimum(demanding(seed))


def demanding(seed: int) -> Problem:
    """The world of `seed` with what its jobs draw of each demand."""
    rng = np.random.default_rng([seed, 2])
    problem = tiny(seed)
    return with_priorities(rng, problem)


def with_priorities(rng: np.random.Generator, problem: Problem) -> Problem:
    """Half of the jobs are worth less or more than the others."""
    jobs = (replace(job, priority=float(rng.choice([0.3, 1, 1, 4]))) for job in problem.jobs)
    return replace(problem, jobs=tuple(jobs))
