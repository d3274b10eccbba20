"""The peers' policies time a job as their papers say, and live in the same world as Alizé."""

import numpy as np
import pytest

from optimizer.limits import Limits
from optimizer.work import Mode
from scheduler.scenario import load
from scheduler.simulation.document import document
from scheduler.simulation.rivals import (
    RULES,
    Chance,
    at_once,
    carbon_scaler,
    carbon_time,
    lets_wait_awhile,
    threshold,
)
from scheduler.simulation.run import simulate
from scheduler.simulation.simulate import Pace
from tests.optimizer import worlds

CARBON = np.array([9.0, 8.0, 1.0, 7.0, 2.0, 2.0])


def chance(kind="checkpointable", **rest):
    job = worlds.job(kind=kind, hours=2, **rest)
    return Chance(job=job, carbon=CARBON, earliest=0, latest=6, n_steps=2, step_h=1.0)


@pytest.mark.parametrize(
    ("rule", "kind", "steps"),
    [
        pytest.param(at_once, "contiguous", [0, 1], id="run-now begins at once"),
        pytest.param(lets_wait_awhile, "checkpointable", [2, 4], id="the cleanest steps"),
        pytest.param(lets_wait_awhile, "contiguous", [4, 5], id="the cleanest stretch"),
        # 17 g at once; 8 saved in 3 h from step 1, 9 in 4 h from 2, 13 in 6 h from 4.
        pytest.param(carbon_time, "contiguous", [1, 2], id="most carbon an hour of completion"),
        # Three tenths of the six steps: at most 2 g.
        pytest.param(threshold, "checkpointable", [2, 4], id="what is clean enough"),
        pytest.param(threshold, "contiguous", [2, 3], id="begins when it is clean enough"),
    ],
)
def test_a_rule_chooses_its_steps(rule, kind, steps):
    assert sorted(rule(chance(kind))) == steps


def test_the_greedy_widens_first_where_a_gram_brings_most():
    # Twice the width is 1.5 times as fast: in the cleanest step its second half still brings
    # 0.5 / (2 · 1) a gram, as much as the first of a step of 4 g. Then the steps of 2 g.
    modes = (Mode(gpus=2, power_kw=2), Mode(gpus=4, power_kw=4, speed=1.5))
    timing = carbon_scaler(chance("elastic", modes=modes))
    assert timing[2] == 1
    assert sorted(timing) in ([2, 4], [2, 4, 5], [2, 5])


def test_every_policy_lives_in_one_world_beside_perfect_foresight():
    lived = simulate(
        load("one-site-one-battery"),
        limits=Limits(gap=1e-6),
        pace=Pace(replan_steps=4, window_steps=12),
        rivals=tuple(RULES),
    )
    told = document(lived)["simulation"]["policies"]
    assert [one["policy"] for one in told] == ["alize", *RULES, "perfect foresight"]
    assert {one["kpis"]["useful_work_gpu_h"] for one in told} == {lived.run.kpis.useful_work_gpu_h}
    assert min(one["regret"] for one in told) >= -1e-6
    run_now = told[1]["kpis"]
    assert run_now["cost"] == pytest.approx(lived.run.baseline_kpis.cost)
