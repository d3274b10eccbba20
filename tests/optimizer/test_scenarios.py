"""Weighted futures: what they may say, and how their costs become one figure."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.stochastic.scenarios import Risk, Scenario, StochasticProblem
from tests.optimizer import worlds


def world():
    site = worlds.site(grid=worlds.grid(price=2), plants=(worlds.plant(3),))
    return worlds.problem(site, jobs=[worlds.job()])


def futures(*weights, **first):
    rest = [Scenario(weight=weight) for weight in weights[1:]]
    return StochasticProblem(
        problem=world(), scenarios=(Scenario(weight=weights[0], **first), *rest)
    )


@pytest.mark.parametrize(
    ("weights", "first", "complaint"),
    [
        pytest.param((0.5, 0.4), {}, "add up to 1, got 0.9", id="weights short of 1"),
        pytest.param((1.0, 0.0), {}, "above 0, got 0.0", id="a weight of nothing"),
        pytest.param(
            (1.0,),
            {"available_kw": {("home", "wind"): np.ones(6)}},
            "the base problem has",
            id="a plant nobody has",
        ),
        pytest.param(
            (1.0,),
            {"import_price_per_kwh": {"home": np.ones(5)}},
            r"shape \(6,\), got \(5,\)",
            id="a step too few",
        ),
        pytest.param(
            (1.0,),
            {"available_kw": {("home", "pv"): np.full(6, -1.0)}},
            "at least 0",
            id="a plant below nothing",
        ),
        pytest.param(
            (1.0,),
            {"carbon_intensity_g_per_kwh": {"home": np.full(6, np.nan)}},
            "finite",
            id="not a number",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(weights, first, complaint):
    with pytest.raises(ValueError, match=complaint):
        futures(*weights, **first)


@pytest.mark.parametrize(
    ("weight", "level", "complaint"),
    [
        pytest.param(1.1, 0.9, "cvar_weight", id="more than all"),
        pytest.param(0.3, 1.0, "cvar_level", id="a tail of nothing"),
    ],
)
def test_a_risk_beyond_its_limits_is_refused(weight, level, complaint):
    with pytest.raises(ValueError, match=complaint):
        Risk(cvar_weight=weight, cvar_level=level)


def test_a_scenario_changes_what_it_mentions_and_nothing_else():
    problem = futures(
        0.25,
        0.75,
        available_kw={("home", "pv"): np.full(6, 7.0)},
        import_price_per_kwh={"home": np.full(6, 4.0)},
        carbon_intensity_g_per_kwh={"home": np.full(6, 9.0)},
    )
    changed, same = (one.sites[0] for one in problem.problems)
    assert changed.plants[0].available_kw[0] == 7
    assert changed.grid.import_price_per_kwh[0] == 4
    assert changed.grid.carbon_intensity_g_per_kwh[0] == 9
    assert same == problem.problem.sites[0]
    mean = problem.mean.sites[0]
    assert mean.plants[0].available_kw[0] == 0.25 * 7 + 0.75 * 3
    assert mean.grid.import_price_per_kwh[0] == 0.25 * 4 + 0.75 * 2
    assert mean.grid.carbon_intensity_g_per_kwh[0] == 0.25 * 9


def test_the_tail_takes_the_dearest_scenarios_up_to_their_weights():
    # Worst fifth of weights 0.5, 0.3, 0.1, 0.1: all of the two of 0.1 would be the dearest 0.2.
    weights, costs = np.array([0.5, 0.3, 0.1, 0.1]), np.array([1.0, 4.0, 10.0, 6.0])
    risk = Risk(cvar_weight=0.5, cvar_level=0.8)
    np.testing.assert_allclose(risk.tail(weights, costs), [0, 0, 0.5, 0.5])
    assert risk.cvar(weights, costs) == pytest.approx(8)
    mean = 0.5 + 1.2 + 1 + 0.6
    assert risk.of(weights, costs) == pytest.approx(0.5 * mean + 0.5 * 8)


def test_a_tail_wider_than_the_worst_scenario_takes_part_of_the_next():
    # Worst 0.4: 0.1 at 10 and 0.3 of the 0.9 at 2, so (1 + 0.6) / 0.4.
    risk = Risk(cvar_level=0.6)
    assert risk.cvar(np.array([0.9, 0.1]), np.array([2.0, 10.0])) == pytest.approx(4)


def test_at_level_0_the_tail_is_everything():
    weights, costs = np.array([0.7, 0.3]), np.array([1.0, 2.0])
    assert Risk(cvar_level=0).cvar(weights, costs) == pytest.approx(1.3)


@st.composite
def tails(draw):
    n = draw(st.integers(1, 6))
    weights = np.array([draw(st.integers(1, 9)) for _ in range(n)], dtype=float)
    tail = np.array([draw(st.floats(-1, 2)) for _ in range(n)])
    costs = np.array([draw(st.floats(-50, 50)) for _ in range(n)])
    level = draw(st.sampled_from([0.0, 0.3, 0.5, 0.9, 0.99]))
    return Risk(cvar_weight=1, cvar_level=level), weights / weights.sum(), tail, costs


@given(tails())
def test_any_tail_is_made_admissible_and_none_is_worth_more_than_the_cvar(world):
    risk, weights, tail, costs = world
    shares = risk.admissible(weights, tail)
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()
    assert (shares <= risk.most(weights) + 1e-12).all()
    assert shares @ costs <= risk.cvar(weights, costs) + 1e-9


@given(tails())
def test_the_cvar_is_the_least_of_rockafellar_and_uryasev(world):
    # Their function of the threshold is convex and piecewise linear: its least is at a cost.
    risk, weights, _, costs = world
    excess = np.maximum(0, costs[None, :] - costs[:, None])
    least = (costs + excess @ weights / (1 - risk.cvar_level)).min()
    assert risk.cvar(weights, costs) == pytest.approx(least, abs=1e-7)


def test_an_admissible_tail_stays_as_it_is():
    risk, weights = Risk(cvar_level=0.5), np.array([0.25, 0.25, 0.5])
    for tail in product([0, 0.25, 0.5], repeat=3):
        if sum(tail) == 1:
            np.testing.assert_allclose(risk.admissible(weights, np.array(tail)), tail)
