"""Routes and energy flows for given replicas, and nothing kept from the packing before."""

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.dispatcher import Router
from optimizer.packing import Packing
from optimizer.plan import Placement, Run
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds
from tests.optimizer.tiny import tiny

N_STEPS = 2


def two_sites(**service):
    """Power costs 1 at home and 2 away; a request a second draws 1 kW, an empty replica nothing."""
    rtt = {(region, site): 10.0 for region in "ab" for site in ("home", "away")}
    asked = worlds.service(
        n_steps=N_STEPS, **({"rtt": rtt, "replica_kw": 0, "kw_per_rps": 1} | service)
    )
    return worlds.problem(
        worlds.site("home", N_STEPS, grid=worlds.grid(N_STEPS, price=1)),
        worlds.site("away", N_STEPS, grid=worlds.grid(N_STEPS, price=2)),
        jobs=[worlds.job(gpus=1, hours=1, due=N_STEPS)],
        services=[asked],
    )


def packing(problem, replicas, *runs):
    """Replicas by site in both steps, and the job at home where it is given a run."""
    placement = Placement(job="job", site="home", runs=runs)
    held = np.array([replicas] * N_STEPS, dtype=np.int64)
    return Packing.of(problem, [placement], [held], [np.zeros(held.shape)])


def finished(router, one):
    """The plan, and the requests a second it answers at each site, by step."""
    plan = router.finish(one, time_limit_s=10)
    return plan, plan.servings["service"].served_rps.sum(axis=0).T


def test_the_cheap_site_is_filled_and_the_dear_one_takes_the_rest():
    # 3 requests/s, one replica of 2 at each site: 2 at home at 1 and 1 away at 2, an hour each.
    # The job's GPU draws 1 kW for an hour at 1. Twice 2 + 2, and 1.
    problem = two_sites(demand=3)
    plan, served = finished(Router(problem), packing(problem, [1, 1], Run(first_step=1, n_steps=1)))
    assert served == pytest.approx(np.array([[2, 1], [2, 1]]))
    assert plan.dispatch["home"].grid_import_kw == pytest.approx([2, 3])
    assert plan.dispatch["away"].grid_import_kw == pytest.approx([1, 1])
    assert tally(problem, plan).objective == pytest.approx(2 * (2 * 1 + 1 * 2) + 1)


def test_a_region_that_only_the_cheap_site_reaches_comes_first_there():
    # 2 requests/s from each region and 2 at each site: b must go home, so a goes away.
    rtt = {("a", "home"): 10.0, ("a", "away"): 10.0, ("b", "home"): 10.0}
    problem = two_sites(demand=[[2] * N_STEPS, [2] * N_STEPS], rtt=rtt)
    plan, _ = finished(Router(problem), packing(problem, [1, 1], Run(first_step=0, n_steps=1)))
    by_region = plan.servings["service"].served_rps[:, :, 0]
    assert by_region == pytest.approx(np.array([[0, 2], [2, 0]]))


def test_what_the_replicas_cannot_carry_is_left_unanswered():
    # One replica of 2 for 3 requests/s: 3600 requests an hour at 0.01 are lost, 2 kWh cost 2.
    problem = two_sites(demand=3)
    plan, served = finished(Router(problem), packing(problem, [1, 0], Run(first_step=0, n_steps=1)))
    assert served == pytest.approx(np.array([[2, 0], [2, 0]]))
    assert tally(problem, plan).objective == pytest.approx(2 * (36 + 2) + 1)


def test_a_request_dearer_than_its_loss_is_left_unanswered():
    # 50 kW a request/s: an hour costs 50 at home and 100 away, losing 3600 requests costs 36.
    problem = two_sites(demand=1, kw_per_rps=50)
    _, served = finished(Router(problem), packing(problem, [1, 1], Run(first_step=0, n_steps=1)))
    assert not served.any()


def test_a_second_packing_finds_nothing_left_of_the_first():
    problem = two_sites(demand=3)
    router = Router(problem)
    finished(router, packing(problem, [2, 0], Run(first_step=0, n_steps=1)))
    after = packing(problem, [0, 1])
    plan, served = finished(router, after)
    fresh, served_afresh = finished(Router(problem), after)
    # One replica away: 2 of 3 requests/s, at 2 a kWh, and no power at home where the job was.
    assert served == pytest.approx(np.array([[0, 2], [0, 2]]))
    assert served == pytest.approx(served_afresh)
    for name, flow in plan.dispatch.items():
        assert flow.grid_import_kw == pytest.approx(fresh.dispatch[name].grid_import_kw)
    assert plan.placements == fresh.placements


def reduced(problem):
    """Run-now, and run-now with half of its jobs out and a replica less where there are two."""
    everything = Packing.of_plan(problem, run_now(problem))
    held = [np.where(one > 1, one - 1, one) for one in everything.replicas]
    less = Packing.of(problem, everything.placements, held, everything.served_rps)
    for j in range(0, len(problem.jobs), 2):
        less.take_out(j)
    return everything, less


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 6, 10])
def test_packings_in_turn_cost_what_each_does_with_a_router_of_its_own(seed):
    problem = tiny(seed)
    router = Router(problem)
    for one in (*reduced(problem), *reduced(problem)):
        plan = router.finish(one, time_limit_s=10)
        fresh = Router(problem).finish(one, time_limit_s=10)
        assert tally(problem, plan).objective == pytest.approx(tally(problem, fresh).objective)
        assert verify(problem, plan) == verify(problem, fresh) == ()
