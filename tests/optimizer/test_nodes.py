"""Jobs that take whole nodes."""

import pytest

from optimizer.baselines import run_now
from optimizer.exact import optimum
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds

EXACT = Limits(gap=1e-4)


def site(name="home", *, gpus_per_node, n_steps=2, **rest):
    """A site whose pool has nodes."""
    one = worlds.site(name, n_steps, grid=worlds.grid(n_steps), **rest)
    (pool,) = one.pools
    return worlds.changed(one, pools=(worlds.changed(pool, gpus_per_node=gpus_per_node),))


@pytest.mark.parametrize(
    ("gpus", "reserved"),
    [
        pytest.param(1, 4, id="one GPU takes a node"),
        pytest.param(4, 4, id="a full node"),
        pytest.param(5, 8, id="one GPU more takes a second"),
    ],
)
def test_a_job_on_whole_nodes_reserves_all_their_gpus(gpus, reserved):
    assert site(gpus_per_node=4).pools[0].on_whole_nodes(gpus) == reserved


def test_reserved_gpus_that_are_not_used_draw_what_idle_ones_do():
    # 8 GPUs of 0.1 kW idle; 5 of them draw 1 kW each for an hour: 0.3 + 5, and 0.8 in the other.
    job = worlds.job(gpus=5, hours=1, due=2, whole_nodes=True)
    problem = worlds.problem(site(gpus_per_node=4, idle=0.1), jobs=[job])
    plan = run_now(problem)
    load = Load.of(problem, plan.placements, plan.servings)
    assert load.gpus.tolist() == [[8, 0]]
    assert load.it_kw[0] == pytest.approx([5.3, 0.8])


def test_the_lease_is_that_of_the_reserved_gpus():
    # 5 kWh at 1, and 8 GPUs for an hour at 2.
    job = worlds.job(gpus=5, hours=1, due=2, whole_nodes=True)
    problem = worlds.problem(site(gpus_per_node=4, lease=2), jobs=[job])
    solution = solve(problem, limits=EXACT)
    assert optimum(problem) == pytest.approx(5 + 16)
    assert (solution.proof.bound, solution.proof.objective) == pytest.approx((21, 21))


def test_two_jobs_that_need_a_node_each_take_turns_where_there_is_one():
    # 4 GPUs, both due after the first hour: one is an hour late with its 2 GPUs at 5.
    jobs = [
        worlds.job(name, hours=1, due=1, deadline=2, whole_nodes=True) for name in ("one", "other")
    ]
    problem = worlds.problem(site(gpus_per_node=4, gpus=4), jobs=jobs)
    solution = solve(problem, limits=EXACT)
    assert optimum(problem) == pytest.approx(4 + 10)
    assert solution.proof.objective == pytest.approx(14)
    assert tally(problem, run_now(problem)).objective == pytest.approx(14)


def test_a_job_that_does_not_ask_for_nodes_is_counted_in_gpus():
    jobs = [worlds.job(name, hours=1, due=1, deadline=2) for name in ("one", "other")]
    problem = worlds.problem(site(gpus_per_node=4, gpus=4), jobs=jobs)
    assert solve(problem, limits=EXACT).proof.objective == pytest.approx(4)


def test_a_job_goes_where_its_nodes_fit():
    # At home nodes of 4 make 2 GPUs into 4, of which there are 3; away nodes of 2 fit.
    sites = [site(gpus_per_node=4, gpus=3), site("away", gpus_per_node=2, gpus=3)]
    problem = worlds.problem(*sites, jobs=[worlds.job(hours=1, due=2, whole_nodes=True)])
    assert solve(problem, limits=EXACT).plan.placements[0].site == "away"
    assert run_now(problem).placements[0].runs == ()


def test_half_a_node_beside_another_job_is_found():
    # 4 GPUs on nodes of 4: a job of 2 on whole nodes leaves none for the other.
    jobs = [worlds.job("whole", hours=1, due=1, whole_nodes=True), worlds.job("other", due=2)]
    problem = worlds.problem(site(gpus_per_node=4, gpus=4), jobs=jobs)
    loose = worlds.changed(problem, jobs=(worlds.changed(jobs[0], whole_nodes=False), jobs[1]))
    (violation,) = verify(problem, run_now(loose))
    assert (violation.rule, violation.message) == ("GPUs in service", "6 reserved of 4")


def test_a_node_has_at_least_one_gpu():
    with pytest.raises(ValueError, match="pool gpu: gpus_per_node must be at least 1, got 0"):
        site(gpus_per_node=0)
