"""With every feature a site may have, plan and bound close in on the truth.

Less so than without: a generator that starts as a whole opens a gap no price can close.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.exact import optimum
from optimizer.plan import Prices
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer.features import SEEDS, featured, solved

NOTHING = 1e-5


@cache
def least_of(seed):
    return optimum(featured(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_then_optimum_then_plan(seed):
    world = solved(seed)
    proof, least = world.solution.proof, least_of(seed)
    slip = NOTHING * (1 + abs(least))
    assert verify(world.problem, world.solution.plan) == ()
    assert proof.bound <= least + slip
    assert least <= proof.objective + slip


def test_nine_plans_of_ten_are_within_two_percent_of_the_optimum_and_none_beyond_ten():
    above = [
        (solved(seed).solution.proof.objective - least_of(seed)) / (1 + abs(least_of(seed)))
        for seed in SEEDS
    ]
    assert np.quantile(above, 0.9) <= 0.02
    assert max(above) <= 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_run_now_keeps_every_rule_and_costs_no_less_than_the_optimum(seed):
    problem = featured(seed)
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    assert tally(problem, plan).objective >= solved(seed).solution.proof.bound


@st.composite
def worlds_with_prices(draw):
    problem = featured(draw(st.integers(0, 500)))
    sites = (len(problem.sites), problem.horizon.n_steps)

    def values(least, most, shape):
        return draw(arrays(np.float64, shape, elements=st.floats(least, most, width=32)))

    return problem, Prices(
        power_per_kwh=values(-5, draw(st.sampled_from([5, 1000])), sites),
        gpu_per_gpu_h=values(-1, 20, problem.pool_gpus.shape),
        stored_per_kwh=values(-5, 50, sites),
        peak_per_kw=values(-1, 5, sites),
        carbon_per_kg=draw(st.floats(-1, 8)),
    )


@settings(max_examples=60)
@given(world=worlds_with_prices())
def test_arbitrary_prices_give_a_bound_that_run_now_does_not_undercut(world):
    problem, prices = world
    objective = tally(problem, run_now(problem)).objective
    assert lower_bound(problem, prices) <= objective + NOTHING * (1 + abs(objective))


@pytest.mark.parametrize(
    "occurs",
    [
        pytest.param(lambda p, x: p.objective.carbon_budget_kg is not None, id="budget"),
        pytest.param(lambda p, x: x.excess_carbon_kg > 0, id="above the budget"),
        pytest.param(lambda p, x: (p.least_gpu_price < 0).any(), id="lease with a commitment"),
        pytest.param(
            lambda p, x: p.objective.carbon_budget_kg is not None and x.excess_carbon_kg == 0,
            id="inside the budget",
        ),
    ],
)
def test_the_worlds_have_budgets_and_leases_often(occurs):
    accounts = [(w.problem, tally(w.problem, w.solution.plan)) for w in map(solved, SEEDS)]
    assert sum(occurs(*one) for one in accounts) >= 4


@pytest.mark.parametrize(
    "occurs",
    [
        pytest.param(lambda g: g.min_load_kw > 0, id="minimum load"),
        pytest.param(lambda g: g.start_cost > 0, id="start cost"),
        pytest.param(lambda g: g.min_up_h > 0, id="minimum up time"),
        pytest.param(lambda g: g.min_down_h > 0, id="minimum down time"),
        pytest.param(lambda g: g.runs_at_start, id="running at the start"),
        pytest.param(lambda g: g.hours_so_far == 0, id="switched just before"),
    ],
)
def test_the_generators_of_the_worlds_have_every_rule_often(occurs):
    generators = [s.generator for seed in SEEDS for s in featured(seed).sites if s.generator]
    assert sum(occurs(one) for one in generators) >= 5
