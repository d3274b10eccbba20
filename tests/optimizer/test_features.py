"""With every feature a site may have, plan and bound close in on the truth.

Less so than without: a generator that starts as a whole opens a gap no price can close.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.tally import tally
from tests.optimizer import oracle
from tests.optimizer.features import SEEDS, featured
from tests.optimizer.oracle import solved


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_then_optimum_then_plan(seed):
    oracle.check_order(featured, seed)


def test_nine_plans_of_ten_are_within_two_percent_of_the_optimum_and_none_beyond_ten():
    oracle.check_closeness(featured, SEEDS, mostly=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_run_now_keeps_every_rule_and_costs_no_less_than_the_optimum(seed):
    oracle.check_run_now(featured, seed)


@settings(max_examples=60)
@given(data=st.data(), seed=st.integers(0, 500))
def test_arbitrary_prices_give_a_bound_that_run_now_does_not_undercut(data, seed):
    problem = featured(seed)
    prices = oracle.any_prices(problem, carbon_per_kg=st.floats(-1, 8))
    oracle.check_bound_at(problem, data.draw(prices))


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
    worlds_solved = [solved(featured, seed) for seed in SEEDS]
    accounts = [(w.problem, tally(w.problem, w.solution.plan)) for w in worlds_solved]
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
