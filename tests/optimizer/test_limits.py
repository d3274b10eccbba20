"""A plan exists however early one stops, with a bound, and says what stopped it."""

from itertools import count

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.limits import Limits
from optimizer.plan import Stage
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import tiny

SEED = 7


@pytest.mark.parametrize(
    ("limits", "stage"),
    [
        pytest.param(Limits(stop=lambda: True), Stage.INTERRUPTED, id="somebody stopped it"),
        pytest.param(Limits(time_s=0), Stage.TIME_LIMIT, id="there was no time"),
    ],
)
def test_stopped_at_once_there_is_a_valid_plan_with_a_bound(limits, stage):
    problem = tiny(SEED)
    solution = solve(problem, limits=limits)
    assert solution.proof.stage is stage
    assert not solution.proof.deterministic
    assert verify(problem, solution.plan) == ()
    assert np.isfinite(solution.proof.bound)
    assert solution.proof.bound <= solution.proof.objective
    assert solution.proof.objective <= tally(problem, run_now(problem)).objective


@pytest.mark.parametrize("asked", [1, 2, 4, 8, 16, 40])
def test_stopped_on_the_way_the_plan_is_valid_and_the_bound_holds(asked):
    world, questions = solved(tiny, SEED), count(1)
    limits = Limits(gap=1e-4, stop=lambda: next(questions) >= asked)
    solution = solve(world.problem, limits=limits)
    assert solution.proof.stage is Stage.INTERRUPTED
    assert verify(world.problem, solution.plan) == ()
    assert solution.proof.bound <= world.solution.proof.objective + 1e-6
    assert solution.proof.objective >= world.solution.proof.bound - 1e-6


def test_a_gap_wide_enough_ends_the_solve():
    proof = solve(tiny(SEED), limits=Limits(gap=10)).proof
    assert proof.stage is Stage.GAP
    assert proof.deterministic


def test_progress_is_told_in_words():
    told = []
    solve(tiny(SEED), limits=Limits(gap=10), progress=told.append)
    assert told[0].startswith("priced: ")
    assert told[1].startswith("swept: ")
