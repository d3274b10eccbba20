"""What becomes of a job that is running when the horizon begins."""

import pytest

from optimizer.baselines import run_now
from optimizer.exact import optimum
from optimizer.limits import Limits
from optimizer.plan import Run
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds

EXACT = Limits(gap=1e-4)


def one_job(*, price, away_price=9, **what):
    """A job of 1 kW and two hours left, running at home, beside a site 450 GB or an hour away."""
    n_steps = len(price)
    sites = [
        worlds.site("home", n_steps, grid=worlds.grid(n_steps, price=price)),
        worlds.site("away", n_steps, grid=worlds.grid(n_steps, price=away_price)),
    ]
    what = {"kind": "checkpointable", "running_at": "home", "resume_h": 1} | what
    job = worlds.job(gpus=1, due=n_steps, release=-5, **what)
    return worlds.problem(*sites, jobs=[job], links=worlds.link("home", "away", cost=0.01))


@pytest.mark.parametrize(
    ("world", "site", "runs", "cost"),
    [
        pytest.param({"price": [1, 1, 1, 1]}, "home", [(0, 2)], 2, id="goes on"),
        pytest.param({"price": [5, 1, 1, 1]}, "home", [(1, 3)], 3, id="pauses and repeats an hour"),
        pytest.param(
            {"price": [2, 1, 1, 1], "resume_h": 0}, "home", [(1, 2)], 2, id="pauses for nothing"
        ),
        pytest.param({"price": [2, 1, 1, 1]}, "home", [(0, 2)], 3, id="would gain nothing later"),
        pytest.param(
            # Data for an hour at 4.5, then two hours at 0.5 and one that is repeated.
            {"price": [9, 9, 9, 9], "away_price": 0.5, "data_gb": 450},
            "away",
            [(1, 3)],
            4.5 + 1.5,
            id="moves, with its data",
        ),
        pytest.param(
            {"price": [9, 1, 1, 1], "kind": "contiguous", "resume_h": 0},
            "home",
            [(0, 2)],
            10,
            id="goes on, or never",
        ),
        pytest.param(
            {"price": [15, 15, 1, 1], "kind": "contiguous", "resume_h": 0, "kw": 2},
            "home",
            [],
            2 * 20,
            id="is given up where that costs less",
        ),
    ],
)
def test_a_running_job_goes_on_or_pays_for_not_doing_so(world, site, runs, cost):
    problem = one_job(**world)
    solution = solve(problem, limits=EXACT)
    (placement,) = solution.plan.placements
    assert optimum(problem) == pytest.approx(cost)
    assert solution.proof.objective == pytest.approx(cost)
    assert solution.proof.bound <= cost + 1e-6
    if placement.runs and world["price"][0] != 2:
        assert placement.site == site
        assert [(run.first_step, run.n_steps) for run in placement.runs] == runs


def test_run_now_lets_running_jobs_keep_their_gpus():
    # One GPU: the job that is running keeps it for two hours though it came last.
    site = worlds.site(gpus=1, grid=worlds.grid())
    jobs = [
        worlds.job("waiting", gpus=1, release=0),
        worlds.job("running", gpus=1, release=1, running_at="home"),
    ]
    problem = worlds.problem(site, jobs=jobs)
    plan = run_now(problem)
    assert [one.runs[0].first_step for one in plan.placements] == [2, 0]
    assert verify(problem, plan) == ()


def test_run_now_resumes_later_what_cannot_go_on():
    # No GPU in the second hour: two hours of work and one repeated, from the third hour on.
    site = worlds.site(gpus=[1, 0, 1, 1, 1, 1], grid=worlds.grid())
    job = worlds.job(gpus=1, kind="checkpointable", running_at="home", resume_h=1)
    problem = worlds.problem(site, jobs=[job])
    plan = run_now(problem)
    assert plan.placements[0].runs == (Run(first_step=2, n_steps=3),)
    assert verify(problem, plan) == ()


def test_running_jobs_leave_the_floors_of_services():
    # Two GPUs, one of them for the replica that must always stand.
    site = worlds.site(gpus=2, grid=worlds.grid())
    problem = worlds.problem(
        site, jobs=[worlds.job(running_at="home")], services=[worlds.service(demand=0)]
    )
    plan = run_now(problem)
    assert plan.placements[0].runs == ()
    assert verify(problem, plan) == ()
    assert tally(problem, plan).unfinished_gpu_h == 4


def test_a_contiguous_job_that_is_started_again_is_found():
    problem = one_job(price=[1, 1, 1, 1], kind="contiguous", resume_h=0)
    plan = worlds.with_placement(run_now(problem), 0, runs=(Run(first_step=1, n_steps=2),))
    assert "a running contiguous job goes on" in {one.rule for one in verify(problem, plan)}


def test_a_resume_that_repeats_nothing_is_found():
    problem = one_job(price=[1, 1, 1, 1])
    plan = worlds.with_placement(run_now(problem), 0, runs=(Run(first_step=1, n_steps=2),))
    assert "all of the work or none" in {one.rule for one in verify(problem, plan)}


@pytest.mark.parametrize(
    ("where", "message"),
    [
        pytest.param("nowhere", "running_at must be a site, got nowhere; name one of", id="name"),
        pytest.param("away", "may not run at where it is running, away", id="law"),
    ],
)
def test_a_job_cannot_be_running_where_it_may_not(where, message):
    with pytest.raises(ValueError, match=message):
        one_job(price=[1, 1], running_at=where, allowed_sites=frozenset(["home"]))
