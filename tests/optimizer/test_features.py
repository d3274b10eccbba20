"""With every feature a site may have, plan and bound close in on the truth as they do without."""

import pytest

from optimizer.baselines import run_now
from optimizer.exact import optimum
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer.features import SEEDS, featured, solved

NOTHING = 1e-5


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_then_optimum_then_plan_within_five_percent(seed):
    world = solved(seed)
    proof, least = world.solution.proof, optimum(world.problem)
    slip = NOTHING * (1 + abs(least))
    assert verify(world.problem, world.solution.plan) == ()
    assert proof.bound <= least + slip
    assert least <= proof.objective + slip
    assert proof.objective <= least + 0.05 * abs(least) + slip


@pytest.mark.parametrize("seed", SEEDS)
def test_run_now_keeps_every_rule_and_costs_no_less_than_the_optimum(seed):
    problem = featured(seed)
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    assert tally(problem, plan).objective >= solved(seed).solution.proof.bound


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
