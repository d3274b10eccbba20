"""The bound holds at prices that no solver would hand it: negative, or of what is not there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now, self_consumption
from optimizer.bound import lower_bound, respond, service_step_costs
from optimizer.fleet import Roster
from optimizer.load import Load
from optimizer.master import Master
from optimizer.packing import Packing
from optimizer.plan import Placement, Plan, Prices, Run
from optimizer.replicas import Choices
from optimizer.tally import tally
from optimizer.terms import terms_of
from optimizer.verify import verify
from tests.optimizer import worlds
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import tiny

SLIP = 1e-6
# Planned in no time; batteries, demand charges, services and every kind of job among them.
PLANNED_SEEDS = (12, 14, 23, 24, 37, 38, 46, 47)
N_STEPS = 8
RESUMES_H = (0, 0.123, 0.5, 1, 2)


def prices_of(problem, *, power=0.0, gpu=0.0, stored=0.0, peak=0.0):
    """The same price in every step, unless it is given step by step."""
    by_site = (len(problem.sites), problem.horizon.n_steps)
    return Prices(
        power_per_kwh=np.broadcast_to(np.asarray(power, dtype=float), by_site).copy(),
        gpu_per_gpu_h=np.full(problem.pool_gpus.shape, float(gpu)),
        stored_per_kwh=np.broadcast_to(np.asarray(stored, dtype=float), by_site).copy(),
        peak_per_kw=np.full(by_site, float(peak)),
    )


def plan_of(problem, *runs):
    """The world's only job in these runs, its energy flows greedy."""
    placement = Placement(job="job", site="home", runs=runs)
    facility_kw = Load.of(problem, [placement], {}).facility_kw(problem)
    dispatch = self_consumption(problem, facility_kw)
    return Plan(placements=(placement,), servings={}, dispatch=dispatch)


def objective_of(problem, *runs):
    """The account of a plan that breaks no rule."""
    plan = plan_of(problem, *runs)
    assert verify(problem, plan) == ()
    return tally(problem, plan).objective


def test_a_peak_price_where_no_peak_is_billed_proves_nothing():
    # 5 kW for 2 h at 1 cost 10. At a power price of 6 the load is worth 60, and importing the most
    # there is, 5 kW, earns 5 a kWh: 60 - 50. A peak price of 5 would wipe those 50 out.
    problem = worlds.problem(worlds.site(n_steps=2, overhead=5, grid=worlds.grid(2, limit=5)))
    assert tally(problem, run_now(problem)).objective == pytest.approx(10)
    assert lower_bound(problem, prices_of(problem, power=6, peak=5)) == pytest.approx(10)


def test_a_negative_peak_price_proves_what_none_does():
    # 5 kW for 2 h at 1, and 5 kW of peak at 3: 25. Nothing is charged below the peak at 0.
    charge = worlds.demand_charge(3, [0, 0])
    grid = worlds.grid(2, charge=charge)
    problem = worlds.problem(worlds.site(n_steps=2, overhead=5, grid=grid))
    assert tally(problem, run_now(problem)).objective == pytest.approx(25)
    for peak in (0, -1, -100):
        bound = lower_bound(problem, prices_of(problem, power=1, peak=peak))
        assert bound == pytest.approx(10)


def test_a_negative_gpu_price_proves_what_none_does():
    # The lone job's 2 kW for 2 h at 1. A pool of 8 at -1 would prove 8 x 6 more, less 2 x 2.
    problem = worlds.problem(worlds.site(grid=worlds.grid()), jobs=[worlds.job()])
    assert tally(problem, run_now(problem)).objective == pytest.approx(4)
    for gpu in (0, -1, -100):
        assert lower_bound(problem, prices_of(problem, power=1, gpu=gpu)) == pytest.approx(4)


def test_a_stored_kwh_may_be_worth_more_in_one_hour_than_in_the_next():
    # 5 kW at 1, then at 9; the battery takes 4 kW over: 9 x 1 + 1 x 9 = 18. A stored kWh at 5
    # proves just that: 50 less 4 kW x (5 - 1) and 4 kW x (9 - 5). At 3, then 5, the 5 kWh stored
    # may become 10 between the hours: 50 - 4 x 2 - 4 x 4 - 3 x 5 + (3 - 5) x 10 + 5 x 5 = 16.
    battery = worlds.battery(charge=1, discharge=1)
    grid = worlds.grid(2, price=[1, 9])
    problem = worlds.problem(worlds.site(n_steps=2, overhead=5, grid=grid, battery=battery))
    assert lower_bound(problem, prices_of(problem, power=[1, 9], stored=5)) == pytest.approx(18)
    assert lower_bound(problem, prices_of(problem, power=[1, 9], stored=[3, 5])) == pytest.approx(
        16
    )


@st.composite
def worlds_with_prices_around_the_plans(draw):
    """A tiny world, its plan, and the plan's prices shifted by what may turn their sign."""
    one = solved(tiny, draw(st.sampled_from(PLANNED_SEEDS)))

    def near(values, most):
        shift = draw(arrays(np.float64, values.shape, elements=st.floats(-most, most, width=32)))
        return values + shift

    found = one.solution.prices
    most = draw(st.sampled_from([0.125, 2.0, 30.0]))
    return one, Prices(
        power_per_kwh=near(found.power_per_kwh, most),
        gpu_per_gpu_h=near(found.gpu_per_gpu_h, most),
        stored_per_kwh=near(found.stored_per_kwh, most),
        peak_per_kw=near(found.peak_per_kw, most),
    )


@settings(max_examples=60)
@given(world=worlds_with_prices_around_the_plans())
def test_no_plan_costs_less_than_the_bound_at_prices_of_either_sign(world):
    one, prices = world
    planned = tally(one.problem, one.solution.plan).objective
    at_once = tally(one.problem, run_now(one.problem)).objective
    least = min(planned, at_once)
    assert lower_bound(one.problem, prices) <= least + SLIP * (1 + abs(least))


def test_a_job_of_broken_hours_earns_at_a_negative_price_all_the_steps_it_takes():
    # 3.01 h take 4 steps: 8 kWh at -1. No whole twentieth of an hour: rounded down it takes 3,
    # which would earn 6 only. Every step counted, 6 of them earn 12.
    grid = worlds.grid(price=-1)
    job = worlds.job(hours=3.01, kind="checkpointable")
    problem = worlds.problem(worlds.site(grid=grid), jobs=[job])
    assert objective_of(problem, Run(first_step=0, n_steps=4)) == pytest.approx(-8)
    assert lower_bound(problem, prices_of(problem, power=-1)) == pytest.approx(-12)


def test_a_job_that_pauses_to_earn_more_stays_above_the_bound():
    # Two hours repeated at each resume, prices -1 and 0.5 in turn: 2 kW earn 2 or cost 1 an hour.
    price = np.array([-1, 0.5] * 5)
    grid = worlds.grid(10, price=price)
    job = worlds.job(hours=4, kind="checkpointable", resume_h=2, due=10)
    problem = worlds.problem(worlds.site(n_steps=10, grid=grid), jobs=[job])
    bound = lower_bound(problem, prices_of(problem, power=price))
    through = objective_of(problem, Run(first_step=0, n_steps=4))
    assert through == pytest.approx(2 * -2 + 2 * 1)
    # 3 h, a pause over a dear hour, 2 h repeated: 4 - 1 h done, and one more to do.
    pausing = objective_of(problem, Run(first_step=0, n_steps=3), Run(first_step=4, n_steps=3))
    assert pausing == pytest.approx(4 * -2 + 2 * 1)
    assert bound <= pausing


@st.composite
def jobs_with_patterns(draw):
    """A job that may pause, at prices of either sign, and steps in which to run it until it ends.

    Steps that follow the end of its work are left out, so that every pattern is a plan.
    """
    hours, resume_h = draw(st.sampled_from([1, 1.5, 2, 3.01])), draw(st.sampled_from(RESUMES_H))
    job = worlds.job(hours=hours, kind="checkpointable", resume_h=resume_h, due=N_STEPS)
    price = draw(arrays(np.float64, N_STEPS, elements=st.integers(-3, 3)))
    grid = worlds.grid(N_STEPS, price=price)
    problem = worlds.problem(worlds.site(n_steps=N_STEPS, grid=grid), jobs=[job])
    runs, done_h = [], 0.0
    for t in np.flatnonzero(draw(arrays(np.bool_, N_STEPS))).tolist():
        if done_h >= hours:
            break
        if runs and runs[-1].end_step == t:
            runs[-1] = replace(runs[-1], n_steps=runs[-1].n_steps + 1)
            done_h += 1
        else:
            done_h += 1 - (resume_h if runs else 0)
            runs.append(Run(first_step=t, n_steps=1))
    return problem, price, tuple(runs) if done_h >= hours else ()


@settings(max_examples=150)
@given(world=jobs_with_patterns())
def test_no_pattern_of_pauses_costs_less_than_the_bound(world):
    problem, price, runs = world
    bound = lower_bound(problem, prices_of(problem, power=price))
    assert bound <= objective_of(problem, *runs) + SLIP


def test_the_water_of_idle_gpus_is_in_the_master_and_in_the_bound():
    # 8 GPUs idle at 0.1 kW for 6 h: 4.8 kWh at 1 and 14.4 l at 1. The job adds 1.8 kW for 2 h:
    # 3.6 kWh and 10.8 l.
    site = worlds.site(idle=0.1, water=3, grid=worlds.grid())
    prices = worlds.objective(water=1)
    problem = worlds.problem(site, jobs=[worlds.job()], prices=prices)
    terms = terms_of(problem)
    master = Master(problem, terms)
    master.offer(Packing.of_plan(problem, run_now(problem)))
    response = respond(problem, prices_of(problem, power=1), (), Roster.of(terms))
    master.offer_response(response)
    value, _ = master.relax(time_limit_s=10)
    assert response.bound == pytest.approx(4.8 + 14.4 + 3.6 + 10.8)
    assert value == pytest.approx(response.bound)
    assert tally(problem, run_now(problem)).objective == pytest.approx(value)


@st.composite
def services_with_prices(draw):
    """A service at one to three sites that is small enough to list all of its replica counts."""
    names = ("home", "east", "west")[: draw(st.integers(1, 3))]
    n_regions = draw(st.integers(1, 2))
    demand = draw(arrays(np.float64, (n_regions, 1), elements=st.floats(0, 5, width=16)))
    pairs = [(region, name) for region in "ab"[:n_regions] for name in names]
    rtt = {pair: draw(st.sampled_from([10.0, 10.0, 90.0])) for pair in pairs}
    service = worlds.service(
        n_steps=1,
        demand=demand,
        rtt=rtt,
        capacity=draw(st.sampled_from([0.7, 1.0, 2.0, 3.5])),
        gpus=draw(st.integers(1, 2)),
        min_replicas=draw(st.integers(0, 3)),
        survives_site_loss=draw(st.booleans()),
    )
    gpus = st.integers(0, 8)
    problem = worlds.problem(
        *(worlds.site(name, 1, gpus=draw(gpus)) for name in names), services=[service]
    )
    price = st.integers(-60, 60).map(float) | st.floats(-60, 60, width=16)
    shape = (len(names), 1)
    return (
        Choices.of(problem, service),
        draw(arrays(np.float64, shape, elements=price)),
        draw(arrays(np.float64, shape, elements=price)),
    )


@settings(max_examples=300)
@given(world=services_with_prices())
def test_the_relaxed_cost_of_a_service_is_below_that_of_every_choice(world):
    choices, replica, request = world
    assert choices.complete
    costs, _ = service_step_costs(choices, replica, request)
    least = costs.min()
    assert choices.relaxed_cost(replica, request)[0] <= least + SLIP * (1 + abs(least))


def test_the_relaxed_cost_counts_the_part_of_a_replica_that_stays_empty():
    # 3 requests/s at 2 a replica need two whole replicas, not one and a half: 2 x 5.
    service = worlds.service(n_steps=1, demand=3)
    problem = worlds.problem(worlds.site(n_steps=1), services=[service])
    choices = Choices.of(problem, service)
    assert choices.relaxed_cost(np.full((1, 1), 5.0), np.zeros((1, 1))) == pytest.approx([10])


def test_the_relaxed_cost_leaves_requests_where_one_more_replica_costs_more():
    # The third of 3 requests/s is lost at 36: one replica at 60 and 36, not two at 60.
    service = worlds.service(n_steps=1, demand=3)
    problem = worlds.problem(worlds.site(n_steps=1), services=[service])
    choices = Choices.of(problem, service)
    assert choices.relaxed_cost(np.full((1, 1), 60.0), np.zeros((1, 1))) == pytest.approx([96])


def test_surviving_a_loss_is_cheaper_over_three_sites_than_over_two():
    # 4 requests/s at 2 a replica: two replicas at each of two sites, or one at each of three.
    names = ("home", "east", "west")
    rtt = {("a", name): 10.0 for name in names}
    service = worlds.service(n_steps=1, demand=4, rtt=rtt, survives_site_loss=True)
    sites = [worlds.site(name, 1) for name in names]
    choices = Choices.of(worlds.problem(*sites, services=[service]), service)
    replica, request = np.ones((3, 1)), np.zeros((3, 1))
    costs, _ = service_step_costs(choices, replica, request)
    assert costs.min() == pytest.approx(3)
    assert choices.relaxed_cost(replica, request) == pytest.approx([3])


def test_surviving_a_loss_costs_a_spare_share_in_the_relaxed_cost():
    # 4 requests/s at 2 a replica: to lose either of two sites, both hold two replicas, at 3 and 5.
    rtt = {("a", "home"): 10.0, ("a", "away"): 10.0}
    service = worlds.service(n_steps=1, demand=4, rtt=rtt, survives_site_loss=True)
    sites = [worlds.site(name, 1) for name in ("home", "away")]
    replica, request = np.array([[3.0], [5.0]]), np.zeros((2, 1))
    for survives, cost in ((True, 2 * (3 + 5)), (False, 2 * 3)):
        asked = replace(service, survives_site_loss=survives)
        choices = Choices.of(worlds.problem(*sites, services=[asked]), asked)
        assert choices.relaxed_cost(replica, request) == pytest.approx([cost])
