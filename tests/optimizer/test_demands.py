"""With everything a job may ask for, plan and bound close in on the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.load import reserved_gpus
from optimizer.plan import Prices
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer.demands import SEEDS, demanding, least_of, solved

NOTHING = 1e-5


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
    problem = demanding(seed)
    plan, least = run_now(problem), least_of(seed)
    assert verify(problem, plan) == ()
    assert tally(problem, plan).objective >= least - NOTHING * (1 + abs(least))


@pytest.mark.parametrize(
    "occurs",
    [
        pytest.param(lambda p: any(job.priority > 1 for job in p.jobs), id="high priority"),
        pytest.param(lambda p: any(job.priority < 1 for job in p.jobs), id="low priority"),
        pytest.param(lambda p: any(job.only_goes_on for job in p.jobs), id="goes on or ends"),
        pytest.param(
            lambda p: any(job.running_at and job.resume_h for job in p.jobs), id="running, resumes"
        ),
        pytest.param(
            lambda p: any(job.origin != job.home for job in p.jobs), id="running away from home"
        ),
        pytest.param(
            lambda p: any(
                reserved_gpus(p, job, s, 0) > job.base.gpus
                for job in p.jobs
                for s in p.admissible_sites(job)
            ),
            id="GPUs reserved and not used",
        ),
    ],
)
def test_the_worlds_hold_every_demand_often(occurs):
    assert sum(occurs(demanding(seed)) for seed in SEEDS) >= 5


@st.composite
def worlds_with_prices(draw):
    problem = demanding(draw(st.integers(0, 500)))
    sites = (len(problem.sites), problem.horizon.n_steps)

    def values(least, most, shape):
        return draw(arrays(np.float64, shape, elements=st.floats(least, most, width=32)))

    return problem, Prices(
        power_per_kwh=values(-5, draw(st.sampled_from([5, 1000])), sites),
        gpu_per_gpu_h=values(-1, 20, problem.pool_gpus.shape),
        stored_per_kwh=values(-5, 50, sites),
        peak_per_kw=values(-1, 5, sites),
    )


@settings(max_examples=60)
@given(world=worlds_with_prices())
def test_arbitrary_prices_give_a_bound_that_run_now_does_not_undercut(world):
    problem, prices = world
    objective = tally(problem, run_now(problem)).objective
    assert lower_bound(problem, prices) <= objective + NOTHING * (1 + abs(objective))
