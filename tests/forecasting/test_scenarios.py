"""Fewer scenarios keep the worst, the weights and the choice."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.forecast import Forecast, Provenance
from forecasting.scenarios import reduce, select

START = datetime(2026, 3, 1, tzinfo=UTC)


def forecast(variable, scenarios):
    values = np.array(scenarios, dtype=float)
    n = len(values)
    return Forecast(
        variable=variable,
        unit="kW",
        issued_at=START,
        start=START,
        step=timedelta(hours=1),
        levels=np.array([0.5]),
        quantiles=np.median(values, axis=0, keepdims=True),
        expected=values.mean(axis=0),
        scenarios=values,
        weights=np.full(n, 1 / n),
        capacity=None,
        provenance=Provenance(
            kind="synthetic", source="a test", issued_at=START, rung="0", reason="made up"
        ),
    )


def test_two_clusters_are_kept_by_one_each_with_their_share():
    net = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [9.0, 9.0]])
    chosen = select(net, np.full(4, 0.25), 2)
    assert chosen.kept.tolist() == [0, 3]
    assert chosen.weights.tolist() == [0.75, 0.25]


def test_the_leanest_scenario_stays_even_when_it_is_alone():
    net = np.array([[5.0], [5.1], [5.2], [-40.0]])
    assert 3 in select(net, np.array([0.33, 0.33, 0.33, 0.01]), 1).kept


def test_scenarios_are_told_apart_by_when_their_energy_comes():
    # 0 and 1 hold the same energy, 1 late; 2 is as 0. Two scenarios must keep both shapes.
    net = np.array([[4.0, 0.0], [0.0, 4.0], [4.0, 0.01]])
    assert 1 in select(net, np.full(3, 1 / 3), 2).kept


@given(
    net=arrays(np.float64, (7, 5), elements=st.floats(-1e3, 1e3)),
    raw=arrays(np.float64, 7, elements=st.floats(0.01, 1)),
    n_kept=st.integers(1, 7),
)
def test_any_selection_is_whole_and_repeats(net, raw, n_kept):
    weights = raw / raw.sum()
    chosen = select(net, weights, n_kept)
    assert len(set(chosen.kept.tolist())) == n_kept
    assert chosen.weights.sum() == pytest.approx(1)
    energy = np.cumsum(net, axis=1)[:, -1]
    assert energy[chosen.kept].min() == energy.min()
    again = select(net, weights, n_kept)
    assert again.kept.tolist() == chosen.kept.tolist()
    assert again.weights.tolist() == chosen.weights.tolist()


def test_keeping_all_changes_nothing():
    net = np.array([[1.0, 2.0], [3.0, 4.0], [3.0, 4.0]])
    chosen = select(net, np.array([0.2, 0.3, 0.5]), 3)
    assert chosen.kept.tolist() == [0, 1, 2]
    assert chosen.weights == pytest.approx([0.2, 0.3, 0.5])


def test_reduced_forecasts_share_their_scenarios_and_keep_their_expectation():
    wind = forecast("wind", [[1, 1], [1, 1], [9, 9]])
    demand = forecast("demand", [[2, 2], [2, 2], [3, 3]])
    fewer = reduce({"wind": wind, "demand": demand}, 2, supply=("wind",), load=("demand",))
    assert fewer["wind"].scenarios.tolist() == [[1, 1], [9, 9]]
    assert fewer["demand"].scenarios.tolist() == [[2, 2], [3, 3]]
    assert fewer["wind"].weights == pytest.approx([2 / 3, 1 / 3])
    assert fewer["wind"].expected.tolist() == wind.expected.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"n_kept": 4, "supply": ("wind",)}, "n_kept must be from 1", id="too many"),
        pytest.param({"n_kept": 1, "supply": ()}, "needs a variable", id="no variable"),
        pytest.param({"n_kept": 1, "supply": ("sun",)}, "no forecast of that name", id="unknown"),
    ],
)
def test_an_impossible_reduction_is_refused(arguments, message):
    n_kept = arguments.pop("n_kept")
    with pytest.raises(ValueError, match=message):
        reduce({"wind": forecast("wind", [[1], [2], [3]])}, n_kept, **arguments)


def test_forecasts_drawn_apart_are_refused():
    with pytest.raises(ValueError, match="share their scenarios"):
        reduce(
            {"wind": forecast("wind", [[1], [2]]), "sun": forecast("sun", [[1], [2], [3]])},
            1,
            supply=("wind",),
        )
