"""The contract of a forecast: what it refuses, and that changing its steps keeps its energy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.forecast import LEVELS, Forecast, Provenance

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def provenance(**changes):
    values = {
        "kind": "published",
        "source": "a table",
        "issued_at": START,
        "rung": "0 known",
        "reason": "it is given",
    }
    return Provenance(**(values | changes))


def known(values, step=HOUR, **changes):
    return Forecast.known(
        variable="pv_power",
        unit="kW",
        start=START,
        step=step,
        values=values,
        provenance=provenance(),
        **changes,
    )


def spread(expected, step=HOUR):
    """Quantiles at 10, 50 and 90 % of value − 1, value, value + 1; two scenarios a unit apart."""
    middle = np.array(expected, dtype=float)
    return Forecast(
        variable="wind_power",
        unit="kW",
        issued_at=START,
        start=START,
        step=step,
        levels=np.array([0.1, 0.5, 0.9]),
        quantiles=np.stack([middle - 1, middle, middle + 1]),
        expected=middle,
        scenarios=np.stack([middle - 0.5, middle + 0.5]),
        weights=np.array([0.25, 0.75]),
        capacity=None,
        provenance=provenance(),
    )


def test_default_levels_are_the_nineteen_twentieths_and_one_percent_at_each_end():
    assert len(LEVELS) == 21
    assert LEVELS[:3] == (0.01, 0.05, 0.10)
    assert LEVELS[-2:] == (0.95, 0.99)


def test_a_known_series_is_certain():
    forecast = known([3, 5])
    assert forecast.n_steps == 2
    assert forecast.weights.tolist() == [1]
    assert forecast.scenarios.tolist() == [[3, 5]]
    assert forecast.quantile(0.1).tolist() == forecast.quantile(0.9).tolist() == [3, 5]


def test_steps_are_labelled_by_their_left_edge_in_utc():
    index = known([3, 5], step=timedelta(minutes=30)).index
    assert index[0] == START
    assert index[1] == START + timedelta(minutes=30)
    assert str(index.tz) == "UTC"


@pytest.mark.parametrize(
    ("level", "value"),
    [
        pytest.param(0.5, 7, id="a held level"),
        pytest.param(0.3, 6.5, id="half way between two"),
        pytest.param(0.01, 6, id="below the lowest the lowest"),
        pytest.param(0.99, 8, id="above the highest the highest"),
    ],
)
def test_a_quantile_is_linear_between_the_levels_held(level, value):
    assert spread([7]).quantile(level) == pytest.approx([value])


def test_two_hours_become_their_mean():
    coarse = spread([2, 4, 10, 20]).at(2 * HOUR)
    assert coarse.expected.tolist() == [3, 15]
    assert coarse.scenarios.tolist() == [[2.5, 14.5], [3.5, 15.5]]
    assert coarse.quantiles[0].tolist() == [2, 14]
    assert coarse.step_h == 2


def test_half_hours_repeat_their_hour():
    fine = known([2, 4]).at(timedelta(minutes=30))
    assert fine.expected.tolist() == [2, 2, 4, 4]


def test_half_hours_follow_a_shape_with_the_mean_of_the_hour():
    fine = known([2, 4]).at(timedelta(minutes=30), shape=[1, 3, 0, 0])
    assert fine.expected.tolist() == [1, 3, 4, 4]


@given(
    values=st.lists(st.floats(0, 1e6), min_size=1, max_size=8),
    parts=st.sampled_from([1, 2, 3, 4, 12]),
    data=st.data(),
)
def test_changing_the_step_creates_no_energy(values, parts, data):
    shape = data.draw(
        st.lists(
            st.floats(0, 1e3).filter(lambda x: x == 0 or x > 1e-3),
            min_size=len(values) * parts,
            max_size=len(values) * parts,
        )
    )
    hourly = known(values)
    fine = hourly.at(HOUR / parts, shape=shape)
    assert fine.expected.sum() * fine.step_h == pytest.approx(sum(values), abs=1e-6)
    back = fine.at(HOUR)
    assert back.expected == pytest.approx(hourly.expected, abs=1e-6)
    assert back.scenarios == pytest.approx(hourly.scenarios, abs=1e-6)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(timedelta(minutes=45), id="does not divide the step"),
        pytest.param(timedelta(minutes=90), id="is no multiple of the step"),
        pytest.param(2 * HOUR, id="does not fill the span"),
        pytest.param(timedelta(0), id="is no step"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(step):
    with pytest.raises(ValueError, match="choose a"):
        known([1, 2, 3]).at(step)


def test_a_shape_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="shape must hold 4"):
        known([1, 2]).at(HOUR / 2, shape=[1, 1, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"expected": [np.nan, 2]}, "expected: must be finite", id="NaN"),
        pytest.param({"expected": [1, 2, 3]}, "quantiles: must have shape", id="other length"),
        pytest.param({"weights": [0.5, 0.4]}, "weights: must be", id="weights sum to 0.9"),
        pytest.param({"weights": [1.5, -0.5]}, "weights: must be", id="a negative weight"),
        pytest.param({"levels": [0.5, 0.1, 0.9]}, "levels: must increase", id="levels unsorted"),
        pytest.param({"levels": [0.0, 0.5, 0.9]}, "levels: must increase", id="a level of 0"),
        pytest.param(
            {"quantiles": [[3, 3], [2, 2], [4, 4]]}, "quantiles: must not fall", id="crossing"
        ),
        pytest.param({"start": START.replace(tzinfo=None)}, "aware time in UTC", id="naive time"),
        pytest.param({"step": timedelta(0)}, "step: must be positive", id="no step"),
        pytest.param({"scenarios": np.zeros((2, 0))}, "scenarios: must have", id="empty"),
    ],
)
def test_a_broken_forecast_is_refused_with_the_repair(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(spread([1, 2]), **changes)


def test_a_forecast_cannot_be_altered():
    with pytest.raises(ValueError, match="read-only"):
        known([1, 2]).expected[0] = 5


def test_a_forecast_keeps_its_own_copy():
    values = np.array([1.0, 2.0])
    forecast = known(values)
    values[0] = 9
    assert forecast.expected.tolist() == [1, 2]


@pytest.mark.parametrize("field", ["source", "rung", "reason"])
def test_provenance_is_never_silent(field):
    with pytest.raises(ValueError, match=f"provenance.{field}: must not be empty"):
        provenance(**{field: " "})
