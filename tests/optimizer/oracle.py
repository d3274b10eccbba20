"""What plan, optimum and bound owe each other, whatever a family of tiny worlds holds.

A family is a function that draws a world from a seed, such as `tiny`. Each world is planned, and
solved whole, once, however many tests look at it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.exact import optimum
from optimizer.limits import Limits
from optimizer.plan import Prices, Solution
from optimizer.problem import Problem
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify

NOTHING = 1e-5

Family = Callable[[int], Problem]


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A world and its plan."""

    problem: Problem
    solution: Solution


@cache
def solved(family: Family, seed: int) -> Solved:
    problem = family(seed)
    return Solved(problem=problem, solution=solve(problem, limits=Limits(gap=1e-4)))


@cache
def least_of(family: Family, seed: int) -> float:
    """The optimum, by enumeration of all that is whole."""
    return optimum(family(seed))


def above_optimum(family: Family, seed: int) -> float:
    """How far the plan's objective is above the optimum, relative to 1 + its size."""
    least = least_of(family, seed)
    return (solved(family, seed).solution.proof.objective - least) / (1 + abs(least))


def check_order(family: Family, seed: int) -> None:
    """The plan keeps the rules; bound <= optimum <= plan."""
    world, least = solved(family, seed), least_of(family, seed)
    slip = NOTHING * (1 + abs(least))
    assert verify(world.problem, world.solution.plan) == ()
    assert world.solution.proof.bound <= least + slip
    assert least <= world.solution.proof.objective + slip


def check_closeness(family: Family, seeds: Iterable[int], *, mostly: float) -> None:
    """Nine plans of ten are this close to the optimum, and none is ten per cent off."""
    above = [above_optimum(family, seed) for seed in seeds]
    assert np.quantile(above, 0.9) <= mostly
    assert max(above) <= 0.1


def check_run_now(family: Family, seed: int) -> None:
    """What anybody would do keeps the rules and costs no less than the optimum."""
    problem, least = family(seed), least_of(family, seed)
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    assert tally(problem, plan).objective >= least - NOTHING * (1 + abs(least))


@st.composite
def any_prices(draw: st.DrawFn, problem: Problem, **more: st.SearchStrategy) -> Prices:
    """Prices of either sign, `more` of those that only some worlds have."""
    sites = (len(problem.sites), problem.horizon.n_steps)

    def values(least: float, most: float, shape: tuple[int, ...]) -> np.ndarray:
        return draw(arrays(np.float64, shape, elements=st.floats(least, most, width=32)))

    return Prices(
        power_per_kwh=values(-5, draw(st.sampled_from([5, 1000])), sites),
        gpu_per_gpu_h=values(-1, 20, problem.pool_gpus.shape),
        stored_per_kwh=values(-5, 50, sites),
        peak_per_kw=values(-1, 5, sites),
        **{name: draw(values) for name, values in more.items()},
    )


def check_bound_at(problem: Problem, prices: Prices) -> None:
    """What the prices prove is no more than what run-now costs."""
    objective = tally(problem, run_now(problem)).objective
    assert lower_bound(problem, prices) <= objective + NOTHING * (1 + abs(objective))
