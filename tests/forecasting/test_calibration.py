"""What became of issued forecasts moves the next ones, and the newest hour moves the nearest."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.available import available, capacity_at
from forecasting.calibration import IssuedPits, recalibrated
from forecasting.dependence import JOINT_YEAR_DAYS, Dependence, joint, most_alike, shuffled
from forecasting.newest import corrected

NOW = datetime(2025, 6, 1, tzinfo=UTC)
LEVELS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])


def issued(levels, lead_h=3):
    """One truth an hour, the last an hour ago."""
    pits = IssuedPits()
    for back, level in zip(range(len(levels), 0, -1), levels, strict=True):
        pits.learn(NOW - timedelta(hours=back), lead_h, level)
    return pits


def test_bands_that_were_too_narrow_are_read_further_out():
    # Half the truths fell in the outer fifths: what was met a quarter of the time is the tenth.
    half = np.linspace(0, 0.1, 300)
    met = np.concatenate([half, 1 - half, np.linspace(0.1, 0.9, 600)])
    read = issued(np.random.default_rng(0).permutation(met)).read_at(LEVELS, 3, NOW)
    assert read[1] == pytest.approx(0.1, abs=0.01)
    assert read[2] == pytest.approx(0.5, abs=0.01)
    assert (np.diff(read) > 0).all()


def test_honest_forecasts_are_left_where_they_are():
    read = issued(np.random.default_rng(1).permutation(np.linspace(0, 1, 1000))).read_at(
        LEVELS, 3, NOW
    )
    np.testing.assert_allclose(read, LEVELS, atol=0.01)


@pytest.mark.parametrize(
    ("n", "later"),
    [
        pytest.param(499, timedelta(0), id="too few truths"),
        pytest.param(1000, timedelta(days=70), id="truths of long ago"),
    ],
)
def test_little_evidence_moves_nothing(n, later):
    read = issued(np.full(n, 0.9)).read_at(LEVELS, 3, NOW + later)
    np.testing.assert_array_equal(read, LEVELS)


def test_truths_yet_to_come_are_not_known():
    pits = IssuedPits()
    for hour in range(600):
        pits.learn(NOW + timedelta(hours=hour), 3, 0.99)
    np.testing.assert_array_equal(pits.read_at(LEVELS, 3, NOW), LEVELS)


def test_levels_come_back_from_a_file(tmp_path):
    pits = issued(np.linspace(0, 1, 600))
    pits.write(tmp_path / "pits.json")
    assert IssuedPits.read(tmp_path / "pits.json") == pits
    assert pits.coverage(0.9, NOW) == pytest.approx(0.9, abs=0.01)


def test_recalibrated_quantiles_are_those_of_the_levels_read():
    quantiles = np.repeat(LEVELS[:, None] * 100, 2, axis=1)
    found = recalibrated(quantiles, LEVELS, issued(np.linspace(0.3, 0.7, 600)), NOW)
    assert found[2, 0] == pytest.approx(50, abs=0.5)
    assert found[0, 0] == pytest.approx(34, abs=1)


def test_an_hour_that_came_in_high_lifts_the_next_and_not_those_of_tomorrow():
    quantiles = np.repeat(LEVELS[:, None] * 10, 24, axis=1)
    found = corrected(quantiles, LEVELS, 0.9, hours_since=0, memory=0.75)
    # Score 1.28 · 0.75 = 0.96: the median is read at level 0.83.
    assert found[2, 0] == pytest.approx(np.interp(0.8314, LEVELS, LEVELS * 10), abs=0.01)
    assert found[2, 0] > found[2, 3] > quantiles[2, 3]
    np.testing.assert_array_equal(found[:, -1], quantiles[:, -1])


def test_scenarios_take_the_order_of_the_trajectories_they_follow():
    template = np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 3.0]])[..., None]
    quantiles = np.repeat(np.linspace(0, 1, 5)[:, None], 2, axis=1)[..., None]
    drawn = shuffled(template, quantiles, LEVELS)[..., 0]
    assert np.argsort(drawn[:, 0]).tolist() == [1, 2, 0]
    assert np.argsort(drawn[:, 1]).tolist() == [0, 1, 2]


def test_a_joint_year_lends_its_most_alike_days_and_less_leaves_the_copula():
    rng = np.random.default_rng(0)
    past = rng.uniform(size=(JOINT_YEAR_DAYS, 4, 2))
    past[7] = 0.5
    quantiles = np.repeat(np.linspace(0.3, 0.7, 5)[:, None, None], 4, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(most_alike(past, quantiles, LEVELS, 1)[0], past[7])
    copula = Dependence.independent(4, 2)
    given = {"dependence": copula, "n_scenarios": 20, "seed": 0}
    shuffle = joint(quantiles, LEVELS, past=past, **given)
    drawn = joint(quantiles, LEVELS, past=past[1:], **given)
    assert shuffle.shape == drawn.shape == (20, 4, 2)
    # Each rank once, which no twenty independent draws do.
    assert (np.sort(shuffle, axis=0)[:, :1] == np.sort(shuffle, axis=0)).all()
    assert not (np.sort(drawn, axis=0)[:, :1] == np.sort(drawn, axis=0)).all()


def test_curtailed_hours_are_unknown_and_new_turbines_are_not_more_wind():
    hours = pd.date_range("2025-01-01", periods=4, freq="h", tz="UTC")
    held = pd.Series([False, True, False, False], index=hours)
    found = available(
        pd.Series([5.0, 1.0, 5.0, 5.0], index=hours),
        curtailed=held,
        capacity_since={hours[0]: 10.0, hours[3]: 20.0},
    )
    np.testing.assert_array_equal(found, [0.5, np.nan, 0.5, 0.25])


def test_a_plant_without_capacity_is_refused():
    hours = pd.date_range("2025-01-01", periods=4, freq="h", tz="UTC")
    with pytest.raises(ValueError, match="above zero"):
        capacity_at(hours, {hours[0]: 0.0})
