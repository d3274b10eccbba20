"""Jobs that wait for others."""

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.freedom import stages
from optimizer.limits import Limits
from optimizer.plan import Run
from optimizer.solve import solve
from optimizer.verify import verify
from tests.optimizer import oracle, worlds
from tests.optimizer.demands import SEEDS, chained
from tests.optimizer.oracle import solved

EXACT = Limits(gap=1e-4)
NOTHING = 1e-5


def steps(plan):
    return {
        one.job: [t for run in one.runs for t in range(run.first_step, run.end_step)]
        for one in plan.placements
    }


def world(*jobs, price=1.0, n_steps=6, **site):
    return worlds.problem(
        worlds.site(n_steps=n_steps, grid=worlds.grid(n_steps, price=price), **site), jobs=jobs
    )


def test_a_job_starts_when_those_it_waits_for_have_ended():
    # Both want the hour at 1; the first takes it, or the hour at 2 before it.
    first = worlds.job("first", gpus=1, hours=1)
    second = worlds.job("second", gpus=1, hours=1, after=("first",))
    problem = world(first, second, price=[5, 2, 1, 5, 5, 5])
    solution = solve(problem, limits=EXACT)
    assert steps(solution.plan) == {"first": [1], "second": [2]}
    assert optimum(problem) == pytest.approx(3)
    assert solution.proof.objective == pytest.approx(3)


def test_half_an_hour_of_work_keeps_its_whole_step():
    first = worlds.job("first", gpus=1, hours=1.5)
    second = worlds.job("second", gpus=1, hours=1, after=("first",))
    problem = world(first, second)
    assert steps(run_now(problem)) == {"first": [0, 1], "second": [2]}


def test_run_now_lets_nobody_pass_those_he_waits_for():
    # "b" came first, but waits for "c", which waits for "a".
    problem = world(
        worlds.job("b", gpus=1, hours=1, after=("c",)),
        worlds.job("c", gpus=1, hours=2, release=1, after=("a",)),
        worlds.job("a", gpus=1, hours=1, release=1),
    )
    plan = run_now(problem)
    assert steps(plan) == {"b": [4], "c": [2, 3], "a": [1]}
    assert verify(problem, plan) == ()


def test_a_job_that_waits_for_an_unfinished_one_is_unfinished():
    # The first needs 9 GPUs of 8: 9 and 1 GPU-hours are left at 20.
    first = worlds.job("first", gpus=9, hours=1)
    second = worlds.job("second", gpus=1, hours=1, after=("first",))
    problem = world(first, second)
    solution = solve(problem, limits=EXACT)
    assert steps(run_now(problem)) == steps(solution.plan) == {"first": [], "second": []}
    assert optimum(problem) == pytest.approx(200)
    assert solution.proof.objective == pytest.approx(200)


def test_the_bound_knows_how_early_those_before_can_end():
    # At any price: two hours of the first, then the second at 1 a kWh, or earlier at nothing.
    first = worlds.job("first", gpus=1, hours=2)
    second = worlds.job("second", gpus=1, hours=1, after=("first",))
    problem = world(first, second, price=[0, 0, 1, 1, 1, 1])
    prices = solve(problem, limits=EXACT).prices
    assert lower_bound(problem, prices) == pytest.approx(1)
    free = worlds.changed(problem, jobs=(first, worlds.changed(second, after=())))
    assert lower_bound(free, prices) == pytest.approx(0)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param((Run(first_step=0, n_steps=1),), "starts in step 0, first ends in step 1",
                     id="too early"),
        pytest.param((Run(first_step=1, n_steps=1),), "starts in step 1, first ends in step 1",
                     id="in the last step of the other"),
    ],
)  # fmt: skip
def test_a_job_that_starts_before_those_it_waits_for_is_found(second, message):
    first = worlds.job("first", gpus=1, hours=1.5)
    problem = world(first, worlds.job("second", gpus=1, hours=1, after=("first",)))
    plan = worlds.with_placement(run_now(problem), 1, runs=second)
    found = [one for one in verify(problem, plan) if one.rule == "after the jobs it waits for"]
    assert [(one.where, one.message) for one in found] == [("job second", message)]


def test_a_job_that_runs_though_another_is_unfinished_is_found():
    first = worlds.job("first", gpus=1, hours=1)
    problem = world(first, worlds.job("second", gpus=1, hours=1, after=("first",)))
    plan = worlds.with_placement(run_now(problem), 0, runs=())
    assert "after the jobs it waits for" in {one.rule for one in verify(problem, plan)}


@pytest.mark.parametrize(
    ("after", "message"),
    [
        pytest.param({"a": ("z",)}, "a: after must name jobs of the problem, got z", id="unknown"),
        pytest.param({"a": ("a",)}, "a: after goes in a circle, a <- a;", id="itself"),
        pytest.param(
            {"a": ("b",), "b": ("c",), "c": ("a",)}, "a circle, a <- b <- c <- a;", id="a circle"
        ),
    ],
)
def test_who_waits_for_nobody_known_or_for_himself_is_refused(after, message):
    jobs = [worlds.job(name, after=after.get(name, ())) for name in "abc"]
    with pytest.raises(ValueError, match=message):
        world(*jobs)


def test_a_running_job_waits_for_nobody():
    jobs = [worlds.job("a"), worlds.job("b", after=("a",), running_at="home")]
    with pytest.raises(ValueError, match="b: is running and waits for a; leave out after"):
        world(*jobs)


def test_several_paths_to_one_job_are_no_circle():
    first, left, right, last = (
        worlds.job(name, gpus=1, hours=1, after=after)
        for name, after in (("a", ()), ("b", ("a",)), ("c", ("a",)), ("d", ("b", "c")))
    )
    problem = world(last, right, left, first)
    assert problem.sequence in ((3, 2, 1, 0), (3, 1, 2, 0))
    assert steps(run_now(problem)) == {"a": [0], "b": [1], "c": [1], "d": [2]}


def test_who_waits_for_nobody_keeps_his_fingerprint():
    assert fingerprint(worlds.job(after=())) == fingerprint(worlds.job())
    assert fingerprint(worlds.job(after=("a",))) != fingerprint(worlds.job())


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_then_optimum_then_plan_then_run_now(seed):
    oracle.check_order(chained, seed)
    oracle.check_run_now(chained, seed)


def test_three_plans_of_four_are_within_two_percent_of_the_optimum():
    assert np.quantile([oracle.above_optimum(chained, seed) for seed in SEEDS], 0.75) <= 0.02


@pytest.mark.parametrize("seed", range(6))
def test_every_stage_of_freedom_keeps_the_order(seed):
    problem = chained(seed)
    for name, plan in stages(problem, run_now(problem), solved(chained, seed).solution.plan):
        rules = {one.rule for one in verify(problem, plan)}
        assert "after the jobs it waits for" not in rules, name


def test_the_worlds_have_chains_often():
    assert sum(any(len(job.after) > 0 for job in chained(seed).jobs) for seed in SEEDS) >= 20
    assert sum(any(len(job.after) > 1 for job in chained(seed).jobs) for seed in SEEDS) >= 3
