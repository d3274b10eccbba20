"""Who waits where not everybody can be on time."""

import pytest

from optimizer.baselines import run_now
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.solve import solve
from optimizer.tally import tally
from tests.optimizer import worlds


def two_jobs(**priorities):
    """One GPU, and two jobs of an hour that are both due after the first of two."""
    site = worlds.site(n_steps=2, gpus=1, grid=worlds.grid(2))
    jobs = [
        worlds.job(name, gpus=1, hours=1, due=1, deadline=2, priority=priority)
        for name, priority in priorities.items()
    ]
    return worlds.problem(site, jobs=jobs)


def first_steps(plan):
    return {one.job: one.runs[0].first_step for one in plan.placements}


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [
        pytest.param({"one": 1, "other": 2}, {"one": 1, "other": 0}, id="the second"),
        pytest.param({"one": 2, "other": 1}, {"one": 0, "other": 1}, id="the first"),
    ],
)
def test_the_job_of_higher_priority_is_on_time(priorities, expected):
    # 2 kWh at 1, and the other is an hour late at 5.
    problem = two_jobs(**priorities)
    solution = solve(problem, limits=Limits(gap=1e-4))
    assert first_steps(solution.plan) == expected
    assert first_steps(run_now(problem)) == expected
    assert solution.proof.objective == pytest.approx(2 + 5)
    assert optimum(problem) == pytest.approx(2 + 5)


def test_priority_multiplies_what_lateness_and_unfinished_work_cost():
    # Three jobs of one GPU-hour for two hours: one in time, one late at 5 x 2, one undone at 20.
    problem = two_jobs(low=1, middle=2, high=3)
    account = tally(problem, run_now(problem))
    assert (account.late_gpu_h, account.unfinished_gpu_h) == (1, 1)
    assert (account.late_cost, account.unfinished_cost) == (5 * 2, 20 * 1)
    assert account.objective == pytest.approx(2 + 10 + 20)
    assert optimum(problem) == pytest.approx(2 + 10 + 20)


def test_a_job_that_says_no_priority_keeps_its_fingerprint():
    assert fingerprint(worlds.job(priority=1.0)) == fingerprint(worlds.job())
    assert fingerprint(worlds.job(priority=2.0)) != fingerprint(worlds.job())


@pytest.mark.parametrize("priority", [0, -1, float("inf"), float("nan")])
def test_a_priority_is_positive_and_finite(priority):
    with pytest.raises(ValueError, match="job job: priority must be positive and finite, got"):
        worlds.job(priority=priority)
