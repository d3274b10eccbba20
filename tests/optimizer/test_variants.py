"""Services that answer with several models, under a floor on the mean quality."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.baselines import run_now
from optimizer.bound import lower_bound, service_step_costs
from optimizer.covers import covers
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.quality import cheapest_above, mean_quality
from optimizer.replicas import MAX_CHOICES, Choices
from optimizer.solve import solve
from optimizer.stochastic.scenarios import Scenario
from optimizer.stochastic.solution import verify_all
from optimizer.stochastic.solve import solve_stochastic
from optimizer.tally import tally
from optimizer.verify import verify
from optimizer.work import Variant
from tests.optimizer import oracle, worlds
from tests.optimizer.futures import uncertain
from tests.optimizer.oracle import least_of, solved
from tests.optimizer.variants import FEW_SEEDS, SEEDS, varied


def small(quality=0.8, **changes):
    """A variant that answers twice as much for half the power."""
    given = {
        "name": "small",
        "gpus_per_replica": 1,
        "capacity_rps": 4,
        "replica_kw": 0.5,
        "energy_per_request_kwh": 0.0,
        "quality": quality,
    }
    return Variant(**(given | changes))


def one_site(n_steps=4, *, floor=0.9, demand=2, variants=(), **rest):
    """A service whose full model answers 2 requests/s with 1 kW, at 1 a kWh."""
    service = worlds.service(
        n_steps=n_steps,
        demand=demand,
        capacity=2,
        variants=variants or (small(),),
        quality_floor=floor,
        **rest,
    )
    return worlds.problem(
        worlds.site(n_steps=n_steps, grid=worlds.grid(n_steps)), services=[service]
    )


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_bound_then_optimum_then_plan(seed):
    oracle.check_order(varied, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_bound_then_optimum_then_plan_on_more_worlds(seed):
    oracle.check_order(varied, seed)


@pytest.mark.slow
def test_nine_plans_of_ten_are_within_three_percent_of_the_optimum_and_none_beyond_ten():
    oracle.check_closeness(varied, SEEDS, mostly=0.03)


@pytest.mark.parametrize("seed", SEEDS)
def test_run_now_answers_with_the_full_model_alone(seed):
    problem = varied(seed)
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    assert all(serving.variants == () for serving in plan.servings.values())
    assert all(mean_quality(s, plan.servings[s.name]) == 1 for s in problem.services)


@pytest.mark.slow
@pytest.mark.parametrize(
    "occurs",
    [
        pytest.param(lambda v, x: x.variants, id="a variant answers"),
        pytest.param(
            lambda v, x: v.quality_floor > 0 and mean_quality(v, x) < v.quality_floor + 0.01,
            id="the floor binds",
        ),
        pytest.param(
            lambda v, x: any(one.served_rps.any() for one in x.variants) and x.served_rps.any(),
            id="several models answer",
        ),
        pytest.param(lambda v, x: len(v.variants) > 1, id="two variants"),
        pytest.param(lambda v, x: v.survives_site_loss, id="survives a loss"),
    ],
)
def test_the_worlds_hold_every_case_often(occurs):
    worlds_solved = [solved(varied, seed) for seed in SEEDS]
    firsts = [(w.problem.services[0], w.solution.plan) for w in worlds_solved]
    assert sum(bool(occurs(v, plan.servings[v.name])) for v, plan in firsts) >= 4


def test_half_of_the_steps_are_answered_with_a_variant_where_the_floor_is_half_way():
    # 2 requests/s take one replica: 1 kWh with the full model, half of that with the small one.
    # A mean quality of 0.9 is half of the requests at 0.8: two steps of four, 1 + 1 + 0.5 + 0.5.
    problem = one_site(floor=0.9)
    solution = solve(problem, limits=Limits(gap=1e-6))
    serving = solution.plan.servings["service"]
    assert tally(problem, solution.plan).objective == pytest.approx(3)
    assert mean_quality(problem.services[0], serving) == pytest.approx(0.9)
    assert solution.proof.bound == pytest.approx(3)
    # Two steps are spared 0.5 each for 2 x 3600 requests that lose 0.2 each.
    assert solution.prices.quality_per_request == pytest.approx((0.5 / (7200 * 0.2),), rel=1e-2)


@pytest.mark.parametrize(
    ("floor", "cost"),
    [
        pytest.param(1.0, 4.0, id="no quality may be lost"),
        pytest.param(0.0, 2.0, id="any quality will do"),
        pytest.param(0.95, 3.5, id="one step of four"),
    ],
)
def test_the_floor_decides_how_many_steps_pay_for_the_full_model(floor, cost):
    problem = one_site(floor=floor)
    assert solve(problem, limits=Limits(gap=1e-6)).proof.objective == pytest.approx(cost)


def test_requests_are_left_rather_than_answered_below_the_floor():
    # One GPU: the full model answers 2 of 4 requests/s, the small one all of them at 0.8. At a
    # floor of 0.95, 3 of 4 requests must be of the full model: x of 4 steps with the small one
    # answer 4 x at 0.8 and 2 (4 - x) at 1, so 0.2 * 4 x <= 0.05 (8 + 2 x): x = 0.57, whole: none.
    service = worlds.service(
        n_steps=4, demand=4, capacity=2, variants=(small(),), quality_floor=0.95
    )
    site = worlds.site(n_steps=4, gpus=1, grid=worlds.grid(4))
    problem = worlds.problem(site, services=[service])
    solution = solve(problem, limits=Limits(gap=1e-6))
    account = tally(problem, solution.plan)
    assert verify(problem, solution.plan) == ()
    # One step with the small model answers what the mean allows: 0.15 s <= 0.05 * 6, so 2 of 4.
    assert account.unserved_requests == pytest.approx(4 * 2 * 3600)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"quality_floor": 0.95}, "floor on the mean quality", id="quality"),
        pytest.param({"variants": ()}, "known models", id="unknown model"),
        pytest.param(
            {"variants": (small(capacity_rps=1),)}, "replica capacity", id="variant's capacity"
        ),
    ],
)
def test_a_plan_that_breaks_a_rule_of_variants_is_found_out(changes, rule):
    problem = one_site(floor=0.9)
    plan = solve(problem, limits=Limits(gap=1e-6)).plan
    assert verify(problem, plan) == ()
    stricter = replace(problem, services=(replace(problem.services[0], **changes),))
    assert rule in [violation.rule for violation in verify(stricter, plan)]


@settings(max_examples=40)
@given(data=st.data(), seed=st.integers(0, 500))
def test_arbitrary_prices_give_a_bound_that_run_now_does_not_undercut(data, seed):
    problem = varied(seed)
    quality = st.tuples(*(st.floats(-0.01, 0.1) for _ in problem.services))
    prices = oracle.any_prices(problem, quality_per_request=quality)
    oracle.check_bound_at(problem, data.draw(prices))


@settings(max_examples=20, deadline=None)
@given(seed=st.sampled_from(list(FEW_SEEDS)), quality=st.floats(0, 0.05), level=st.floats(0.1, 3))
def test_arbitrary_prices_give_a_bound_that_the_optimum_does_not_undercut(seed, quality, level):
    world = solved(varied, seed)
    problem, found = world.problem, world.solution.prices
    prices = replace(
        found,
        power_per_kwh=level * found.power_per_kwh,
        quality_per_request=(quality,) * len(problem.services),
    )
    least = least_of(varied, seed)
    assert lower_bound(problem, prices) <= least + oracle.NOTHING * (1 + abs(least))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 500),
    replica=st.floats(-2, 5),
    request=st.floats(-20, 40),
    quality=st.floats(0, 0.02),
)
def test_the_relaxed_cost_of_several_models_is_below_that_of_every_choice(
    seed, replica, request, quality
):
    problem = varied(seed)
    choices = Choices.of(problem, problem.services[0])
    rng = np.random.default_rng(seed)
    shape = (len(choices.hosts.gpus), problem.horizon.n_steps)
    gain = choices.hosts.gain[:, None] * quality * 3600
    prices = (replica * rng.random(shape), request * rng.random(shape) - gain)
    least = service_step_costs(choices, *prices)[0].min(axis=1)
    assert (choices.relaxed_cost(*prices) <= least + oracle.NOTHING * (1 + np.abs(least))).all()


def test_a_large_service_is_weighed_by_shares_of_each_model():
    # 800 requests/s at 2 and at 4 a replica: 400 or 200 of them, too many to list one by one.
    problem = one_site(n_steps=6, floor=0.9, demand=800)
    site = worlds.site(n_steps=6, gpus=900, grid=worlds.grid(6, limit=10000))
    problem = replace(problem, sites=(site,))
    solution = solve(problem, limits=Limits(gap=1e-3))
    assert not Choices.of(problem, problem.services[0]).complete
    assert verify(problem, solution.plan) == ()
    # Half of the steps with 400 kW, the others with 100 kW: 3 x 400 + 3 x 100.
    assert solution.proof.objective == pytest.approx(1500)
    assert solution.proof.gap <= 0.01


def test_thinned_choices_keep_the_least_cost_at_any_price_of_quality():
    problem = varied(3)
    choices = Choices.of(problem, problem.services[0])
    assert choices.replicas.shape[1] <= MAX_CHOICES
    shape = (len(choices.hosts.gpus), problem.horizon.n_steps)
    for quality in (0.0, 1.0, 100.0):
        request = choices.hosts.request_kw[:, None] - quality * choices.hosts.gain[:, None]
        prices = np.full(shape, 0.1), request + np.zeros(shape)
        whole, thin = (service_step_costs(one, *prices)[0] for one in (choices, choices.thinned()))
        assert thin.min(axis=1).tolist() == pytest.approx(whole.min(axis=1).tolist())


def test_the_steps_that_keep_a_floor_cost_the_least_there_is():
    # Quality 2 of each of three steps costs 5, 1 and 3 more; 4 in all take the cheaper two.
    cost = np.array([[0.0, 5.0], [0.0, 1.0], [0.0, 3.0]])
    gained = np.array([[0.0, 2.0]] * 3)
    assert cheapest_above(cost, gained, 4.0).tolist() == [0, 1, 1]
    assert cheapest_above(cost, gained, 0.0).tolist() == [0, 0, 0]
    assert cheapest_above(cost, gained, 9.0).tolist() == [1, 1, 1]


def test_a_service_without_variants_has_the_digest_it_had_before_there_were_any():
    service = worlds.service()
    assert fingerprint(replace(service, variants=(), quality_floor=0.0)) == fingerprint(service)
    assert fingerprint(replace(service, variants=(small(),))) != fingerprint(service)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"variants": (small(), small())}, "names of their own", id="twice"),
        pytest.param({"variants": (small(name="full"),)}, "other than full", id="full"),
        pytest.param({"quality_floor": 1.5}, "quality_floor must be in 0..1", id="floor"),
    ],
)
def test_a_service_that_makes_no_sense_is_told(changes, message):
    with pytest.raises(ValueError, match=message):
        worlds.service(**changes)


def test_same_inputs_same_plan_to_the_last_digit():
    problem = varied(1)
    first, again = (solve(problem, limits=Limits(gap=1e-4)) for _ in range(2))
    assert fingerprint(first, without=["seconds"]) == fingerprint(again, without=["seconds"])


def test_covers_are_every_multiset_of_replicas_with_none_to_spare():
    # 5 requests/s at 2 a full replica and 4 a small one: 3 full; 1 full and 1 small; 2 small. One
    # site, so each in one way. 2 requests/s: 1 full, or 1 small; the third is another step's.
    problem = one_site(n_steps=2, demand=5)
    found = covers(problem.hosts["service"], np.array([5.0, 2.0]))
    assert sorted(found[0].tolist()) == [[0, 2], [1, 1], [3, 0]]
    assert sorted(found[1, :2].tolist()) == [[0, 1], [1, 0]]
    assert covers(problem.hosts["service"], np.array([1e6])).shape == (1, 0, 2)


def test_one_first_stage_for_several_prices_keeps_the_floor_too():
    # Energy at 1 or at 3: two of four steps with the full model in either case, 3 kWh at 2 a kWh.
    problem = one_site(floor=0.9)
    futures = [
        Scenario(
            weight=0.5,
            available_kw={},
            import_price_per_kwh={"home": np.full(4, price)},
            carbon_intensity_g_per_kwh={},
        )
        for price in (1.0, 3.0)
    ]
    stochastic = uncertain(problem, *futures, cvar_weight=0.0)
    solution = solve_stochastic(stochastic, limits=Limits(gap=1e-4))
    assert verify_all(stochastic, solution.plan) == ()
    assert solution.proof.objective == pytest.approx(6)
    assert solution.proof.bound == pytest.approx(6, rel=1e-2)
