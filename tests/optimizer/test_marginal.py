"""What one more job adds to a step, against the whole account of the plan with and without it."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.bound import service_step_costs
from optimizer.compiled_marginal import compiled_step_costs
from optimizer.dispatcher import Dispatcher
from optimizer.load import Load
from optimizer.marginal import Marginal, numpy_step_costs
from optimizer.merit_order import MeritOrder
from optimizer.plan import Placement, Plan, Run
from optimizer.replicas import Choices
from optimizer.tally import tally
from optimizer.terms import Terms
from optimizer.work import Mode
from tests.optimizer import worlds

N_STEPS = 4
STEP_H = 0.5
both_ways = pytest.mark.parametrize(
    "step_costs",
    [
        pytest.param(numpy_step_costs, id="NumPy"),
        pytest.param(compiled_step_costs, id="machine code"),
    ],
)


def random_site(rng, name):
    """Every kind of supply, none of which remembers: no battery, no demand charge."""
    grid = worlds.grid(
        N_STEPS,
        limit=rng.uniform(2, 8, N_STEPS),
        export=rng.uniform(0, 4, N_STEPS),
        price=rng.uniform(0.5, 2, N_STEPS),
        sale=rng.uniform(0, 0.4, N_STEPS),
        intensity=rng.uniform(0, 600, N_STEPS),
    )
    return worlds.site(
        name,
        N_STEPS,
        gpus=rng.integers(5, 9, N_STEPS),
        idle=0.2,
        lease=float(rng.uniform(0, 2)),
        overhead=float(rng.uniform(0, 2)),
        slope=rng.uniform(1.05, 1.5, N_STEPS),
        water=rng.uniform(0, 2, N_STEPS),
        grid=grid,
        plants=(worlds.plant(rng.uniform(0, 8, N_STEPS), N_STEPS, carbon=40),),
        generator=worlds.generator(2, carbon=800),
    )


def random_world(seed):
    """A job of one step, in one of two modes, beside another that runs all the time."""
    rng = np.random.default_rng(seed)
    wide = Mode(gpus=4, power_kw=3.7, speed=1.5)
    one_step = worlds.job(
        "new", kind="elastic", modes=(Mode(gpus=2, power_kw=2.2), wide), hours=STEP_H, due=2
    )
    beside = worlds.job("old", gpus=1, kw=1.3, hours=N_STEPS * STEP_H, due=2)
    return worlds.problem(
        random_site(rng, "home"),
        random_site(rng, "away"),
        jobs=[beside, one_step],
        step_h=STEP_H,
        prices=worlds.objective(carbon=0.5, water=0.3),
    )


def placed(name, site, *runs):
    return Placement(job=name, site=site, runs=runs)


def least_objective(problem, dispatcher, placements):
    """The account of these placements, their energy flows chosen anew."""
    facility_kw = Load.of(problem, placements, {}).facility_kw(problem)
    _, dispatch, _ = dispatcher.solve(facility_kw, time_limit_s=10)
    return tally(problem, Plan(placements=placements, servings={}, dispatch=dispatch)).objective


@both_ways
@pytest.mark.parametrize("seed", range(4))
def test_a_step_costs_what_the_account_grows_by(seed, step_costs):
    problem = random_world(seed)
    dispatcher = Dispatcher(problem)
    terms = Terms.of(problem, problem.jobs[1])
    old = placed("old", "away", Run(first_step=0, n_steps=N_STEPS))
    load = Load.of(problem, [old], {})
    _, dispatch, _ = dispatcher.solve(load.facility_kw(problem), time_limit_s=10)
    marginal = Marginal.of(problem, MeritOrder.of(problem, dispatch))
    without = replace(problem, jobs=problem.jobs[:1])
    before = least_objective(without, dispatcher, (old,))
    costs = step_costs(marginal, terms, load)
    for position, site in enumerate(terms.names):
        for mode in range(2):
            for t in range(N_STEPS):
                new = placed("new", site, Run(first_step=t, n_steps=1, mode=mode))
                after = least_objective(problem, dispatcher, (old, new))
                assert costs[position, mode, t] == pytest.approx(after - before)


@both_ways
def test_a_step_costs_its_power_its_water_and_its_lease(step_costs):
    # 2 kW on 2 GPUs that would idle at 0.25 kW each: 1.5 kW of IT, 2.25 kW at the meter.
    # Half an hour: 1.125 kWh at 2, 2.25 l of water at 0.1, 1 GPU-h at 0.4.
    grid = worlds.grid(2, price=2)
    site = worlds.site(n_steps=2, idle=0.25, lease=0.4, overhead=7, slope=1.5, water=3, grid=grid)
    problem = worlds.problem(
        site, jobs=[worlds.job(due=1)], step_h=0.5, prices=worlds.objective(water=0.1)
    )
    marginal, terms = at_rest(problem)
    assert step_costs(marginal, terms, Load.idle(problem)) == pytest.approx(
        np.full((1, 1, 2), 1.125 * 2 + 2.25 * 0.1 + 0.4)
    )


@both_ways
def test_a_step_without_room_or_outside_the_jobs_time_costs_infinitely(step_costs):
    # From step 1 to step 4; in step 2 the pool has one GPU for two. The others cost 2 kWh at 1.
    grid = worlds.grid(price=1)
    site = worlds.site(gpus=[2, 2, 1, 2, 2, 2], grid=grid)
    problem = worlds.problem(site, jobs=[worlds.job(release=1, due=4)])
    marginal, terms = at_rest(problem)
    costs = step_costs(marginal, terms, Load.idle(problem))
    assert costs[0, 0].tolist() == [np.inf, 2, np.inf, 2, np.inf, np.inf]


@both_ways
def test_what_others_hold_is_no_room(step_costs):
    # Of 3 GPUs the other job holds 2 in the first step: one is left for two.
    site = worlds.site(n_steps=2, gpus=3, grid=worlds.grid(2))
    problem = worlds.problem(site, jobs=[worlds.job(due=2)])
    marginal, terms = at_rest(problem)
    load = Load.of(problem, [placed("job", "home", Run(first_step=0, n_steps=1))], {})
    assert step_costs(marginal, terms, load)[0, 0].tolist() == [np.inf, 2]


def at_rest(problem):
    """The curves of `problem` with nothing placed, and the terms of its job."""
    idle_kw = Load.idle(problem).facility_kw(problem)
    _, dispatch, _ = Dispatcher(problem).solve(idle_kw, time_limit_s=10)
    order = MeritOrder.of(problem, dispatch)
    return Marginal.of(problem, order), Terms.of(problem, problem.jobs[0])


some_steps = st.lists(st.integers(0, N_STEPS - 1), min_size=1, max_size=N_STEPS, unique=True)
CURVES = random_world(0)
ORDER = at_rest(CURVES)[0].order


@given(steps=some_steps, kw=st.floats(0, 40))
def test_supplies_in_some_steps_cost_there_what_they_cost_in_all(steps, kw):
    facility_kw = kw + np.arange(2.0 * N_STEPS).reshape(2, N_STEPS)
    some = ORDER.at(np.array(steps))
    for name in ("cost", "emissions_kg", "unmet_kwh"):
        whole = getattr(ORDER, name)(facility_kw)[:, steps]
        assert (getattr(some, name)(facility_kw[:, steps]) == whole).all()
        away = getattr(some, name)(facility_kw[1:, steps], (1,))
        assert (away == whole[1:]).all()


def choices():
    """Two sites, two regions; demand, pools and so the choices differ from step to step."""
    rng = np.random.default_rng(0)
    rtt = {("a", "home"): 10.0, ("a", "away"): 10.0, ("b", "away"): 10.0}
    service = worlds.service(
        n_steps=N_STEPS, demand=rng.uniform(0, 4, (2, N_STEPS)), rtt=rtt, survives_site_loss=True
    )
    sites = [
        worlds.site(name, N_STEPS, gpus=rng.integers(1, 4, N_STEPS)) for name in ("home", "away")
    ]
    problem = worlds.problem(*sites, services=[service])
    return Choices.of(problem, service)


CHOICES = choices()
BY_STEP = ("replicas", "shortfall", "allowed", "most")
BY_SUBSET_AND_STEP = ("rank_rps", "flow_rps")


@given(steps=some_steps)
def test_choices_in_some_steps_are_those_of_the_whole_field_by_field(steps):
    some = CHOICES.at(np.array(steps))
    for name in (one.name for one in fields(Choices)):
        got, whole = getattr(some, name), getattr(CHOICES, name)
        if name in BY_STEP:
            assert np.array_equal(got, whole[steps])
        elif name in BY_SUBSET_AND_STEP:
            assert got.known.keys() == whole.known.keys()
            assert all(np.array_equal(got.of(key), whole.of(key)[steps]) for key in whole.known)
        else:
            assert got is whole


@given(steps=some_steps)
def test_choices_in_some_steps_cost_there_what_they_cost_in_all(steps):
    price = np.random.default_rng(1).uniform(0, 40, (2, 2, N_STEPS))
    costs, served = service_step_costs(CHOICES, *price)
    some_costs, some_served = service_step_costs(CHOICES.at(np.array(steps)), *price[..., steps])
    assert np.array_equal(some_costs, costs[steps])
    assert np.array_equal(some_served, served[steps])
