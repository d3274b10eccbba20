"""A record of known make is said to be made so, and forecast so."""

import numpy as np
import pandas as pd
import pytest

from forecasting.models.harmonic import HarmonicRegression
from forecasting.models.load import LoadModel
from forecasting.models.load_bands import AdaptiveLoad

N = 24 * 60
HOURS = pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC")
LEVELS = np.array([0.05, 0.5, 0.95])


def record(memory=0.9, swing=5.0, seed=0):
    """A day of a known swing, and around it departures that fade by a tenth an hour."""
    noise = np.random.default_rng(seed).normal(size=N)
    away = np.zeros(N)
    for t in range(1, N):
        away[t] = memory * away[t - 1] + noise[t]
    return pd.Series(20 + swing * np.sin(np.arange(N) * 2 * np.pi / 24) + away, index=HOURS)


@pytest.fixture(scope="module")
def fitted():
    return HarmonicRegression().fit(record())


def test_the_diagnosis_finds_the_day_its_memory_and_noise(fitted):
    found = fitted.diagnosis()
    day, week = found.parts
    # Variances: 25 / 2 of the day; 1 / (1 − 0.81) = 5.3 around it.
    assert day.share == pytest.approx(12.5 / 17.8, abs=0.1)
    assert day.p_value < 1e-6
    assert week.share < 0.1
    # Half of 0.9^n is gone at n = 6.6.
    assert found.memory_h == pytest.approx(7, abs=2)
    assert found.box_p_value > 0.01
    assert "of its variance is the day" in found.in_words()


def test_a_forecast_follows_the_day_and_forgets_the_departure(fitted):
    history = record()
    found = fitted.quantiles(history, (1, 24, 72), LEVELS)
    course = 20 + 5 * np.sin(np.array([N, N + 23, N + 71]) * 2 * np.pi / 24)
    away = history.iloc[-1] - 20 - 5 * np.sin((N - 1) * 2 * np.pi / 24)
    np.testing.assert_allclose(found[1], course + away * 0.9 ** np.array([1, 24, 72]), atol=1)
    width = found[2] - found[0]
    # One hour: 2 · 1.645; far ahead the spread of the departures, 2 · 1.645 · 2.29.
    assert width[0] == pytest.approx(3.3, abs=0.4)
    assert width[2] == pytest.approx(7.5, abs=1.5)


def test_bounded_values_stay_inside_and_gaps_are_no_matter():
    share = (record() - 10) / 25
    share.iloc[300:340] = np.nan
    share.iloc[-1] = np.nan
    found = (
        HarmonicRegression(lower=0, upper=1).fit(share.clip(0, 1)).quantiles(share, (1, 6), LEVELS)
    )
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_too_short_a_record_is_refused():
    with pytest.raises(ValueError, match="must have 48 known hours"):
        HarmonicRegression().fit(record().iloc[:40])


def requests(days=12, seed=0):
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    return 50 * (1.5 + np.sin(hours * 2 * np.pi / 24)) * np.exp(rng.normal(0, 0.1, hours.size))


def test_a_fit_of_demand_answers_for_hours_after_it_without_being_fitted_anew():
    rates = requests()
    fitted = LoadModel().fit(rates[:-6])
    found = fitted.quantiles(rates, LEVELS)
    assert found.shape == (3, 24)
    course = 50 * (1.5 + np.sin((rates.size + np.arange(24)) * 2 * np.pi / 24))
    np.testing.assert_allclose(found[1], course, rtol=0.15)


def test_a_week_ahead_in_the_second_week_has_a_forecast_at_every_hour():
    found = LoadModel(horizon_h=168).quantiles(requests(days=8), LEVELS)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=0) >= 0).all()


def test_bands_widen_after_misses():
    rates = requests(days=14)
    calm, wild = AdaptiveLoad(), AdaptiveLoad()
    jumpy = rates.copy()
    jumpy[24 * 8 :] *= np.exp(np.random.default_rng(5).normal(0, 0.8, rates.size - 24 * 8))
    for origin in range(24 * 7, rates.size, 6):
        calm.quantiles(rates[:origin], LEVELS)
        wild.quantiles(jumpy[:origin], LEVELS)
    assert wild._width > 1.1 * calm._width


def test_requests_to_come_change_no_band():
    rates = requests(days=14)
    changed = rates.copy()
    changed[24 * 10 :] = 1.0
    found = [AdaptiveLoad().quantiles(one[: 24 * 10], LEVELS) for one in (rates, changed)]
    np.testing.assert_array_equal(*found)


def test_three_days_of_requests_are_repeated_with_a_spread():
    found = LoadModel().quantiles(requests(days=3), LEVELS)
    course = 50 * (1.5 + np.sin(np.arange(24) * 2 * np.pi / 24))
    np.testing.assert_allclose(found[1], course, rtol=0.3)
    assert (found[0] < found[1]).all()
    assert (found[1] < found[2]).all()


def test_a_day_of_requests_is_too_little():
    with pytest.raises(ValueError, match="use a lower rung"):
        LoadModel().quantiles(requests(days=1), LEVELS)
