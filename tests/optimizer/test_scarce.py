"""Where money is short, nodes sleep and islands hold a reserve, plan and bound stay close."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.plan import Prices, ReservePrices
from optimizer.reserve import needs_reserve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer.scarce import FEW_SEEDS, MORE_SEEDS, least_of, scarce, solved

NOTHING = 1e-5


def check(seed):
    world = solved(seed)
    proof, least = world.solution.proof, least_of(seed)
    slip = NOTHING * (1 + abs(least))
    assert verify(world.problem, world.solution.plan) == ()
    assert proof.bound <= least + slip
    assert least <= proof.objective + slip
    assert proof.objective <= least + 0.05 * (1 + abs(least))


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_bound_then_optimum_then_a_plan_within_five_percent(seed):
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_of_more_worlds_too(seed):
    check(seed)


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


@st.composite
def worlds_with_prices(draw):
    problem = scarce(draw(st.integers(0, 500)))
    sites = (len(problem.sites), problem.horizon.n_steps)

    def values(least, most, shape):
        return draw(arrays(np.float64, shape, elements=st.floats(least, most, width=32)))

    return problem, Prices(
        power_per_kwh=values(-5, draw(st.sampled_from([5, 1000])), sites),
        gpu_per_gpu_h=values(-1, 20, problem.pool_gpus.shape),
        stored_per_kwh=values(-5, 50, sites),
        peak_per_kw=values(-1, 5, sites),
        money_premium=draw(st.floats(-1, 8)),
        reserve=ReservePrices(
            power_per_kw=values(-1, 3, sites), energy_per_kw=values(-1, 3, sites)
        ),
    )


@settings(max_examples=40)
@given(world=worlds_with_prices())
def test_arbitrary_prices_give_a_bound_that_run_now_does_not_undercut(world):
    problem, prices = world
    objective = tally(problem, run_now(problem)).objective
    assert lower_bound(problem, prices) <= objective + NOTHING * (1 + abs(objective))
