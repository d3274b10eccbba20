"""A generator is on or off, and stays what it is as long as it must."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.commitment import breach, follow, least_cost, n_starts
from optimizer.dispatcher import Dispatcher, Router
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.merit_order import MeritOrder
from optimizer.packing import Packing
from optimizer.plan import Commitment, Prices
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds

N_STEPS = 6
GENERATORS = st.builds(
    worlds.generator,
    min_load_kw=st.sampled_from([0, 4]),
    start_cost=st.sampled_from([0, 5]),
    min_up_h=st.integers(0, 4),
    min_down_h=st.integers(0, 4),
    runs_at_start=st.booleans(),
    hours_so_far=st.sampled_from([0, 1, 2, np.inf]),
)


@settings(max_examples=60)
@given(generator=GENERATORS, cost=arrays(np.float64, N_STEPS, elements=st.integers(-9, 9)))
def test_no_allowed_way_to_be_on_and_off_costs_less_than_the_least(generator, cost):
    allowed = [
        on
        for on in map(np.array, product([0.0, 1.0], repeat=N_STEPS))
        if breach(generator, on, 1) is None
    ]
    costs = [on @ cost + n_starts(generator, on) * generator.start_cost for on in allowed]
    assert least_cost(generator, cost, 1) == pytest.approx(min(costs))


@settings(max_examples=100)
@given(generator=GENERATORS, wanted=arrays(np.bool_, N_STEPS))
def test_whoever_is_on_shift_breaks_no_rule(generator, wanted):
    on = follow(generator, wanted, 1)
    assert breach(generator, on, 1) is None


def test_a_short_pause_is_run_through_and_a_long_one_is_not():
    # Standing takes 2 h at least: the pause of one hour is no pause, that of two is.
    generator = worlds.generator(min_load_kw=1, min_down_h=2)
    wanted = np.array([True, False, True, False, False, True])
    assert follow(generator, wanted, 1).tolist() == [1, 1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("rules", "on", "broken"),
    [
        pytest.param({"min_up_h": 3}, [0, 1, 1, 0, 0, 0], ("minimum up time", 3), id="up"),
        pytest.param({"min_up_h": 3}, [0, 0, 0, 0, 1, 1], None, id="cut short by the end"),
        pytest.param({"min_down_h": 2}, [1, 0, 1, 1, 1, 1], ("minimum down time", 2), id="down"),
        pytest.param({"min_up_h": 1.5}, [0, 1, 0, 0, 0, 0], ("minimum up time", 2), id="rounded"),
        pytest.param(
            {"min_up_h": 3, "runs_at_start": True, "hours_so_far": 1},
            [1, 0, 0, 0, 0, 0],
            ("minimum up time", 1),
            id="running for one hour of three",
        ),
        pytest.param(
            {"min_up_h": 3, "runs_at_start": True}, [0] * 6, None, id="running for long enough"
        ),
        pytest.param(
            {"min_down_h": 3, "hours_so_far": 2},
            [1, 1, 1, 1, 1, 1],
            ("minimum down time", 0),
            id="stopped two hours ago of three",
        ),
    ],
)
def test_a_switch_too_early_is_found(rules, on, broken):
    generator = worlds.generator(start_cost=1, **rules)
    assert breach(generator, np.array(on, dtype=float), 1) == broken


def test_a_start_is_paid_and_the_load_bank_takes_what_nobody_does():
    # An island draws 1 kW in hours 1 and 2. The generator starts for 7, gives 4 kW at 3, 3 of them
    # to the load bank: 7 + 2 x 12 = 31, against 2 x 20 unmet.
    problem = island([0, 1, 1, 0], min_load_kw=4, start_cost=7)
    solution = solve(problem, limits=Limits(gap=1e-4))
    flow = solution.plan.dispatch["home"]
    assert flow.commitment.on.tolist() == [0, 1, 1, 0]
    assert flow.generator_kw == pytest.approx([0, 4, 4, 0])
    assert flow.load_bank_kw == pytest.approx([0, 3, 3, 0])
    account = tally(problem, solution.plan)
    assert (account.total("start_cost"), account.total("fuel_cost")) == pytest.approx((7, 24))
    assert account.objective == pytest.approx(31) == optimum(problem)
    assert verify(problem, solution.plan) == ()


def test_a_start_dearer_than_what_it_saves_is_not_made():
    # 2 x 1 kWh unmet at 20, against a start at 30 and 2 x 12 of fuel.
    problem = island([0, 1, 1, 0], min_load_kw=4, start_cost=30)
    plan = solve(problem, limits=Limits(gap=1e-4)).plan
    assert tally(problem, plan).objective == pytest.approx(40)
    assert not plan.dispatch["home"].commitment.on.any()


def test_a_generator_that_must_run_on_runs_though_nobody_needs_it():
    # Two hours of its three are left: 2 x 4 kWh at 3, all burnt in the load bank.
    problem = island([0] * 4, min_load_kw=4, min_up_h=3, runs_at_start=True, hours_so_far=1)
    plan = solve(problem, limits=Limits(gap=1e-4)).plan
    assert plan.dispatch["home"].load_bank_kw == pytest.approx([4, 4, 0, 0])
    assert tally(problem, plan).objective == pytest.approx(24) == optimum(problem)
    assert lower_bound(problem, prices(problem, 0)) == pytest.approx(24)


def test_the_bound_counts_a_whole_start():
    # At 20 a kWh a running generator earns 17 on each of 10 kW: 2 h of load at 20 are 40, each of
    # 4 running hours earns 170 and the start costs 7. At 3 a kWh nothing is earned, nor started.
    problem = island([0, 1, 1, 0], start_cost=7)
    assert lower_bound(problem, prices(problem, 20)) == pytest.approx(40 - 4 * 170 + 7)
    assert lower_bound(problem, prices(problem, 3)) == pytest.approx(6)


def test_run_now_runs_the_generator_as_long_as_it_must():
    # 6 kW of load, 4 of import: 2 kW are missing in hour 0 alone, when the wind stands still. The
    # generator gives 3 at least, for two hours: first for import, then for wind.
    site = worlds.site(
        n_steps=3,
        overhead=6,
        grid=worlds.grid(3, limit=4),
        plants=(worlds.plant([0, 5, 6], 3),),
        generator=worlds.generator(min_load_kw=3, min_up_h=2),
    )
    problem = worlds.problem(site)
    plan = run_now(problem)
    flow = plan.dispatch["home"]
    assert flow.generator_kw.tolist() == [3, 3, 0]
    assert flow.grid_import_kw.tolist() == [3, 0, 0]
    assert flow.plant_used_kw.tolist() == [[0, 3, 6]]
    assert verify(problem, plan) == ()


def test_run_now_waits_with_a_job_until_the_generator_may_start():
    site = worlds.site(generator=worlds.generator(min_load_kw=1, min_down_h=2, hours_so_far=0))
    problem = worlds.problem(site, jobs=[worlds.job()])
    assert run_now(problem).placements[0].runs[0].first_step == 2


def test_the_next_kilowatt_of_a_running_generator_costs_fuel_above_its_minimum_load():
    # Running: 4 of 10 kW are burnt anyway, the rest at 3. Standing: each of 10 kW for 2 h bears
    # its part of the start, 40 / 20 = 2, on 3 of fuel.
    problem = island([0, 0], min_load_kw=4, start_cost=40, min_up_h=2)
    dispatch = Dispatcher(problem).finish(np.zeros((1, 2)), time_limit_s=10)["home"]
    commitment = Commitment(on=np.array([1.0, 0.0]), load_bank_kw=np.zeros(2))
    order = MeritOrder.of(problem, {"home": worlds.changed(dispatch, commitment=commitment)})
    assert order.cost(np.full((1, 2), 4.0)).tolist() == [[0, 20]]
    assert order.cost(np.full((1, 2), 6.0)).tolist() == [[6, 30]]


def test_parts_of_a_generator_are_for_prices_only():
    # 1 kW of load is a tenth of the generator: a tenth of the start. Whole, all of it is paid.
    problem = island([1, 1], start_cost=7)
    dispatcher, load_kw = Dispatcher(problem), np.ones((1, 2))
    cost, relaxed, _ = dispatcher.solve(load_kw, time_limit_s=10)
    whole = dispatcher.finish(load_kw, time_limit_s=10)
    assert cost == pytest.approx(6 + 0.7)
    assert relaxed["home"].commitment.on == pytest.approx([0.1, 0.1])
    assert whole["home"].commitment.on.tolist() == [1, 1]
    assert dispatcher.solve(load_kw, time_limit_s=10)[0] == pytest.approx(cost)


def test_without_time_to_choose_the_generator_runs_when_parts_of_it_would():
    # A tenth of it is on for 1 kW of load, so all of it is, above its minimum load.
    problem = island([0, 1, 1, 0], min_load_kw=4, start_cost=7)
    packing = Packing.of_plan(problem, run_now(problem))
    router = Router(problem)
    plan = router.finish(packing, time_limit_s=1e-9)
    assert plan.dispatch["home"].commitment.on.tolist() == [0, 1, 1, 0]
    assert router.cut_short


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        pytest.param({"generator_kw": [0, 3, 4, 0]}, "minimum load", id="below minimum load"),
        pytest.param({"generator_kw": [1, 4, 4, 0]}, "off without power", id="power while off"),
        pytest.param({"on": [0, 1, 0.5, 0]}, "on or off", id="half on"),
        pytest.param({"load_bank": [0, 5, 3, 0]}, "load bank", id="more than it must give"),
        pytest.param({"load_bank": [0, np.nan, 3, 0]}, "finite numbers", id="no number"),
        pytest.param({"on": [0, 1, 0, 0]}, "minimum up time", id="stopped too early"),
    ],
)
def test_a_broken_rule_of_a_generator_is_found(broken, rule):
    problem = island([0, 1, 1, 0], min_load_kw=4, min_up_h=2)
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    commitment = plan.dispatch["home"].commitment
    changes = {
        "generator_kw": np.array(broken.get("generator_kw", [0, 4, 4, 0]), dtype=float),
        "commitment": Commitment(
            on=np.array(broken.get("on", commitment.on), dtype=float),
            load_bank_kw=np.array(broken.get("load_bank", commitment.load_bank_kw), dtype=float),
        ),
    }
    found = verify(problem, worlds.with_dispatch(plan, "home", **changes))
    assert rule in {violation.rule for violation in found}


def test_a_plan_that_does_not_say_when_the_generator_runs_is_refused():
    problem = island([0, 1, 1, 0], min_load_kw=4)
    plan = worlds.with_dispatch(run_now(problem), "home", commitment=None)
    assert "on or off" in {violation.rule for violation in verify(problem, plan)}


def test_a_load_bank_without_a_generator_that_feeds_it_is_refused():
    problem = worlds.problem(worlds.site(grid=worlds.grid()))
    commitment = Commitment(on=np.ones(6), load_bank_kw=np.ones(6))
    plan = worlds.with_dispatch(
        run_now(problem), "home", commitment=commitment, grid_import_kw=np.ones(6)
    )
    assert "load bank" in {violation.rule for violation in verify(problem, plan)}


def test_a_minimum_load_above_the_rating_is_refused():
    with pytest.raises(ValueError, match="min_load_kw must be between 0 and power_kw 10, got 11"):
        worlds.generator(min_load_kw=11)


def test_a_rule_counts_in_the_fingerprint_only_where_it_is_said():
    plain = worlds.generator()
    assert fingerprint(plain) == fingerprint(worlds.generator(min_up_h=0.0))
    assert fingerprint(plain) != fingerprint(worlds.generator(min_up_h=1.0))
    assert fingerprint(plain) != fingerprint(worlds.generator(hours_so_far=1.0))


def island(load_kw, **rules):
    """A site that draws `load_kw` by hour, with nothing but a generator of 10 kW at 3."""
    n_steps = len(load_kw)
    site = worlds.site(
        n_steps=n_steps,
        gpus=1,
        idle=1,
        slope=load_kw,
        generator=worlds.generator(**rules),
    )
    problem = worlds.problem(site)
    assert Load.idle(problem).facility_kw(problem)[0].tolist() == load_kw
    return problem


def prices(problem, power):
    shape = (1, problem.horizon.n_steps)
    return Prices(
        power_per_kwh=np.full(shape, float(power)),
        gpu_per_gpu_h=np.zeros(shape),
        stored_per_kwh=np.zeros(shape),
        peak_per_kw=np.zeros(shape),
    )
