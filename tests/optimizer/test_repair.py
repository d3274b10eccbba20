"""What repair thinks a packing costs, what it makes of one, and copies that stay apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.baselines import run_now
from optimizer.dispatcher import Dispatcher, Router
from optimizer.load import Load
from optimizer.marginal import Marginal
from optimizer.merit_order import MeritOrder
from optimizer.packing import (
    Packing,
    by_work,
    choose_replicas,
    place_cheapest,
    rechoose_short_steps,
)
from optimizer.plan import Placement, Run
from optimizer.repair import Repair
from optimizer.replicas import Choices, shortfall_rps
from optimizer.supply import SureSupply
from optimizer.tally import tally
from optimizer.terms import terms_of
from tests.optimizer import worlds
from tests.optimizer.tiny import tiny

WITHOUT_SERVICES = [seed for seed in range(54) if not tiny(seed).services][:8]
WITH_SERVICES = [seed for seed in range(54) if tiny(seed).services][:6]
N_TRIES = 40


def repair_of(problem):
    return Repair(
        problem=problem,
        terms=terms_of(problem),
        choices=tuple(Choices.of(problem, service) for service in problem.services),
        supply=SureSupply(problem=problem, dispatcher=Dispatcher(problem)),
        left_s=lambda: 10.0,
    )


def baseline(problem):
    return Packing.of_plan(problem, run_now(problem))


def swept(problem, repair):
    """Run-now after one sweep around its own prices."""
    packing = baseline(problem)
    marginal = marginal_of(repair, packing)
    for v, one in enumerate(repair.choices):
        choose_replicas(packing, v, one, marginal)
    for j in by_work(problem):
        place_cheapest(packing, j, repair.terms[j], marginal)
    return packing


def marginal_of(repair, packing):
    facility_kw = packing.load.facility_kw(repair.problem)
    _, dispatch, _ = repair.supply.dispatcher.solve(facility_kw, time_limit_s=10)
    return Marginal.of(repair.problem, MeritOrder.of(repair.problem, dispatch))


def accounted(problem, packing):
    """The account of the plan that a packing becomes."""
    plan = Router(problem).finish(packing, time_limit_s=10)
    return tally(problem, plan).objective


def unplaced(problem):
    """No job runs."""
    placements = [Placement.none(job) for job in problem.jobs]
    return Packing.of(problem, placements, [], [])


@pytest.mark.parametrize("seed", WITHOUT_SERVICES)
def test_a_packing_costs_what_the_account_of_its_plan_says(seed):
    problem = tiny(seed)
    repair = repair_of(problem)
    for packing in (unplaced(problem), baseline(problem), swept(problem, repair)):
        assert repair.cost(packing)[0] == pytest.approx(accounted(problem, packing))


def test_a_packing_with_a_service_at_one_site_costs_what_its_account_says():
    # Requests: 1, 3 and 6 a second on two replicas of 2, so 2 of the 6 are lost at 36 an hour.
    problem = worlds.problem(
        worlds.site(n_steps=3, lease=0.5, idle=0.1, water=2, overhead=1, grid=worlds.grid(3)),
        jobs=[worlds.job(hours=1, due=3)],
        services=[worlds.service(n_steps=3, demand=[[1, 3, 6]], kw_per_rps=0.2)],
        prices=worlds.objective(water=0.1),
    )
    held, served = np.array([[1], [2], [2]]), np.array([[1.0], [3.0], [4.0]])
    placement = Placement(job="job", site="home", runs=(Run(first_step=1, n_steps=1),))
    packing = Packing.of(problem, [placement], [held], [served])
    # 1 kW of overhead, 0.8 kW of idle GPUs; 0.9 kW more for each replica, 0.2 for each request/s,
    # 1.8 for the job: kWh at 1, IT kWh with 2 l at 0.1, GPU-hours at 0.5.
    it_kwh = 3 * 0.8 + 5 * 0.9 + 8 * 0.2 + 1.8
    expected = (3 * 1 + it_kwh) * 1 + it_kwh * 0.2 + (5 + 2) * 0.5 + 2 * 36
    assert repair_of(problem).cost(packing)[0] == pytest.approx(expected)
    assert accounted(problem, packing) == pytest.approx(expected)


def test_a_packing_with_a_late_job_away_from_home_costs_what_its_account_says():
    # 2 GPUs for an hour: 2 kWh at 1, 100 GB moved at 0.3 each, two hours late at 2 x 5 each.
    sites = [worlds.site(name, grid=worlds.grid()) for name in ("home", "away")]
    job = worlds.job(hours=1, due=2, deadline=6, data_gb=100)
    links = worlds.link("home", "away", gbps=10, cost=0.3)
    problem = worlds.problem(*sites, jobs=[job], links=links)
    placement = Placement(job="job", site="away", runs=(Run(first_step=3, n_steps=1),))
    packing = Packing.of(problem, [placement], [], [])
    assert repair_of(problem).cost(packing)[0] == pytest.approx(2 + 30 + 20)
    assert accounted(problem, packing) == pytest.approx(2 + 30 + 20)


@pytest.mark.parametrize("seed", [*WITHOUT_SERVICES, *WITH_SERVICES])
def test_repair_never_returns_something_costlier(seed):
    problem = tiny(seed)
    repair = repair_of(problem)
    packing = baseline(problem)
    for round_seed in range(3):
        before, _ = repair.cost(packing)
        packing = repair.improve(packing, np.random.default_rng(round_seed), N_TRIES)
        assert repair.cost(packing)[0] <= before + 1e-9 * abs(before)
        assert (packing.load.gpus <= problem.pool_gpus).all()


@pytest.mark.parametrize("seed", [*WITHOUT_SERVICES, *WITH_SERVICES])
def test_a_round_of_repair_leaves_the_packing_it_was_given_alone(seed):
    problem = tiny(seed)
    packing = baseline(problem)
    before = everything(packing)
    repair_of(problem).improve(packing, np.random.default_rng(0), N_TRIES)
    assert everything(packing) == before


def test_repair_moves_a_job_to_the_cheap_hour():
    # 2 kWh at 9 in the first hour, where run-now starts it, or at 1 in the last.
    site = worlds.site(grid=worlds.grid(price=[9, 9, 9, 9, 9, 1]))
    problem = worlds.problem(site, jobs=[worlds.job(hours=1)])
    repair = repair_of(problem)
    packing = baseline(problem)
    assert repair.cost(packing)[0] == pytest.approx(18)
    better = repair.improve(packing, np.random.default_rng(0), n_tries=5)
    assert better.placements[0].runs == (Run(first_step=5, n_steps=1),)
    assert repair.cost(better)[0] == pytest.approx(2)


def test_repair_makes_room_for_a_late_job_where_another_can_wait():
    # One GPU, one hour each: the first can run any time, the second is due in the first hour.
    site = worlds.site(n_steps=2, gpus=1, grid=worlds.grid(2))
    jobs = [
        worlds.job("patient", gpus=1, hours=1, due=2),
        worlds.job("urgent", gpus=1, hours=1, due=1, deadline=2),
    ]
    problem = worlds.problem(site, jobs=jobs)
    repair = repair_of(problem)
    packing = baseline(problem)
    # An hour late at 5, and 1 kWh each.
    assert repair.cost(packing)[0] == pytest.approx(5 + 2)
    better = repair.improve(packing, np.random.default_rng(0), n_tries=40)
    assert repair.cost(better)[0] == pytest.approx(2)


def everything(packing):
    """All that a packing holds, by value."""
    load = packing.load
    return (
        tuple(packing.placements),
        tuple(held.tobytes() for held in packing.replicas),
        tuple(served.tobytes() for served in packing.served_rps),
        load.gpus.tobytes(),
        load.it_kw.tobytes(),
    )


@settings(max_examples=20)
@given(seed=st.sampled_from(WITH_SERVICES), data=st.data())
def test_what_is_done_to_a_copy_is_not_done_to_the_packing(seed, data):
    problem = tiny(seed)
    packing = baseline(problem)
    before = everything(packing)
    copy = packing.copy()
    assert everything(copy) == before
    j = data.draw(st.integers(0, len(problem.jobs) - 1))
    v = data.draw(st.integers(0, len(problem.services) - 1))
    steps = np.arange(data.draw(st.integers(1, problem.horizon.n_steps)))
    copy.take_out(j)
    copy.put(
        j,
        Placement(
            job=problem.jobs[j].name,
            site=problem.jobs[j].home,
            runs=(Run(first_step=0, n_steps=problem.horizon.n_steps),),
        ),
    )
    copy.add_service(v, -1)
    copy.set_service(v, steps, packing.replicas[v][steps] + 1, packing.served_rps[v][steps] + 0.5)
    assert everything(packing) == before
    other = baseline(problem)
    other.become(copy)
    assert everything(other) == everything(copy) != before


def test_a_packing_taken_apart_and_put_back_draws_what_it_drew():
    problem = tiny(WITH_SERVICES[0])
    packing = baseline(problem)
    before = packing.copy()
    for j, placement in enumerate(before.placements):
        packing.take_out(j)
        packing.put(j, placement)
    for v in range(len(problem.services)):
        packing.add_service(v, -1)
        packing.add_service(v)
    assert np.array_equal(packing.load.gpus, before.load.gpus)
    assert packing.load.it_kw == pytest.approx(before.load.it_kw)


def two_services():
    """Two GPUs; a replica answers 2 requests/s and either service asks for 2 or fewer."""
    site = worlds.site(n_steps=3, gpus=2, grid=worlds.grid(3))
    services = [
        worlds.service("hog", 3, demand=1, capacity=2),
        worlds.service("needy", 3, demand=2, capacity=2),
    ]
    problem = worlds.problem(site, services=services)
    return problem, repair_of(problem)


def test_a_service_that_hogs_gpus_gives_one_to_the_service_that_is_short():
    problem, repair = two_services()
    held = [np.array([[1], [2], [1]]), np.array([[1], [0], [1]])]
    served = [np.ones((3, 1)), np.array([[2.0], [0.0], [2.0]])]
    packing = Packing.of(problem, [], held, served)
    # In the middle hour 2 requests/s are lost: 2 x 36. Then 2 replicas for 3 hours, 1 kWh each.
    assert repair.cost(packing)[0] == pytest.approx(6 + 72)
    marginal = marginal_of(repair, packing)
    assert rechoose_short_steps(packing, repair.choices, marginal)
    assert [one[:, 0].tolist() for one in packing.replicas] == [[1, 1, 1], [1, 1, 1]]
    assert [one[:, 0].tolist() for one in packing.served_rps] == [[1, 1, 1], [2, 2, 2]]
    assert packing.load.gpus.tolist() == [[2, 2, 2]]
    assert repair.cost(packing)[0] == pytest.approx(6)
    assert not rechoose_short_steps(packing, repair.choices, marginal)


def test_where_no_service_is_short_nothing_is_chosen_again():
    # The hog holds a GPU too many in every hour, but nobody lacks it.
    problem, repair = two_services()
    held, served = [np.full((3, 1), 2)] * 2, [np.ones((3, 1)), np.full((3, 1), 2.0)]
    packing = Packing.of(problem, [], held, served)
    before = everything(packing)
    assert not rechoose_short_steps(packing, repair.choices, marginal_of(repair, packing))
    assert everything(packing) == before


def test_a_packing_is_completed_with_the_job_and_the_service_it_lacks():
    problem = worlds.problem(
        worlds.site(gpus=3, grid=worlds.grid(price=[3, 3, 1, 3, 3, 3])),
        jobs=[worlds.job(hours=1)],
        services=[worlds.service(demand=2)],
    )
    nothing = np.zeros((worlds.N_STEPS, 1))
    no_job = Placement(job="job", site="home", runs=())
    packing = Packing.of(problem, [no_job], [nothing.astype(np.int64)], [nothing])
    complete = repair_of(problem).complete(packing)
    assert complete is packing
    assert packing.placements[0].runs == (Run(first_step=2, n_steps=1),)
    assert (packing.replicas[0] == 1).all()
    short = shortfall_rps(problem, problem.services[0], packing.replicas[0], packing.served_rps[0])
    assert not short.any()
    assert np.array_equal(
        packing.load.gpus, Load.idle(problem).gpus + 1 + 2 * (np.arange(worlds.N_STEPS) == 2)
    )
