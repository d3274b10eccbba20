"""Where money is short, nodes sleep and islands hold a reserve, plan and bound stay close."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.plan import ReservePrices
from optimizer.reserve import needs_reserve
from tests.optimizer import oracle
from tests.optimizer.scarce import FEW_SEEDS, MORE_SEEDS, scarce


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_bound_then_optimum_then_a_plan_within_five_percent(seed):
    oracle.check_order(scarce, seed)
    assert oracle.above_optimum(scarce, seed) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_of_more_worlds_too(seed):
    oracle.check_order(scarce, seed)
    assert oracle.above_optimum(scarce, seed) <= 0.05


@pytest.mark.parametrize(
    "occurs",
    [
        pytest.param(lambda p: p.objective.cost_budget is not None, id="a cost budget"),
        pytest.param(lambda p: p.sleeping, id="nodes that sleep"),
        pytest.param(
            lambda p: any(needs_reserve(s, p.horizon.n_steps).any() for s in p.sites),
            id="an island with a reserve",
        ),
    ],
)
def test_the_worlds_have_each_often(occurs):
    assert sum(bool(occurs(scarce(seed))) for seed in MORE_SEEDS) >= 6


@settings(max_examples=40)
@given(data=st.data(), seed=st.integers(0, 500))
def test_arbitrary_prices_give_a_bound_that_run_now_does_not_undercut(data, seed):
    problem = scarce(seed)
    by_step = arrays(
        np.float64,
        (len(problem.sites), problem.horizon.n_steps),
        elements=st.floats(-1, 3, width=32),
    )
    prices = oracle.any_prices(
        problem,
        money_premium=st.floats(-1, 8),
        reserve=st.builds(ReservePrices, power_per_kw=by_step, energy_per_kw=by_step),
    )
    oracle.check_bound_at(problem, data.draw(prices))
