"""A replayed record: no look-ahead, and skill where there is something to know."""

import numpy as np
import pandas as pd
import pytest

from forecasting.backtest import LEADS_H, backtest
from forecasting.models.climatology import Climatology
from forecasting.models.recent import sun_ahead, wind_ahead
from forecasting.models.trajectories import TrajectoryForest

LEVELS = np.array([0.1, 0.5, 0.9])
QUICK = TrajectoryForest(n_trees=8)


def gusts(n=24 * 120, memory=0.95, seed=0):
    """Power with a memory of about a day, inside [0, 1]."""
    noise = np.random.default_rng(seed).normal(size=n)
    z = np.empty(n)
    z[0] = 0
    for t in range(1, n):
        z[t] = memory * z[t - 1] + np.sqrt(1 - memory**2) * noise[t]
    index = pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC")
    return pd.Series(1 / (1 + np.exp(-1.5 * z)), index=index)


def noisy_after(series, instant, seed=9):
    changed = series.copy()
    later = changed.index >= instant
    changed[later] = np.random.default_rng(seed).uniform(0, 1, later.sum())
    return changed


def test_power_after_the_issue_changes_no_forecast():
    power = gusts()
    origins = power.index[2000:2001]
    found = [
        wind_ahead(
            series.to_frame("a"), "a", origins, LEADS_H, LEVELS,
            learnt_until=origins[0], recipe=QUICK,
        ).quantiles
        for series in (power, noisy_after(power, origins[0]))
    ]  # fmt: skip
    np.testing.assert_array_equal(*found)


def test_sun_after_the_issue_changes_no_forecast():
    hours = pd.date_range("2024-01-01", periods=24 * 100, freq="h", tz="UTC")
    clear = pd.Series(np.clip(np.sin((hours.hour - 6) / 12 * np.pi), 0, None), index=hours)
    power = clear * np.random.default_rng(0).uniform(0.4, 1, len(hours))
    origins = hours[1930:1931]
    found = [
        sun_ahead(series, clear, origins, LEADS_H, LEVELS, learnt_until=origins[0]).quantiles
        for series in (power, noisy_after(power, origins[0]))
    ]
    np.testing.assert_array_equal(*found)
    assert found[0][:, 0, [hours[1930 + h - 1].hour in {0, 3} for h in LEADS_H]].max() == 0


def test_models_may_not_learn_after_the_first_origin():
    power = gusts()
    with pytest.raises(ValueError, match="may not learn from its future"):
        wind_ahead(
            power.to_frame("a"), "a", power.index[500:501], (1,), LEVELS,
            learnt_until=power.index[501],
        )  # fmt: skip


def test_unknown_last_hours_fall_to_climatology_and_say_so():
    power = gusts()
    power.iloc[1990:2000] = np.nan
    origins = power.index[2000:2001]
    ahead = wind_ahead(
        power.to_frame("a"), "a", origins, (1, 24), LEVELS, learnt_until=origins[0], recipe=QUICK
    )
    assert not ahead.fresh.any()
    usual = Climatology.of(power[power.index < origins[0]])
    np.testing.assert_allclose(ahead.quantiles[:, 0, 0], usual.quantiles(origins, LEVELS)[:, 0])


def test_a_gusty_record_is_forecast_better_than_both_references_at_once():
    found = backtest(gusts(), lower=0, upper=1)
    assert found.skill[LEADS_H.index(6)] > 0.05
    assert found.skill_interval[LEADS_H.index(6), 0] > 0
    assert 0.8 < found.coverage[0.9] <= 0.97
    assert found.skill[-1] > -0.05
    assert found.fresh_share == 1


def test_climatology_asks_the_same_hour_and_season():
    hours = pd.date_range("2024-01-01", periods=24 * 366, freq="h", tz="UTC")
    usual = Climatology.of(pd.Series(hours.hour.to_numpy(dtype=float), index=hours))
    asked = pd.date_range("2025-06-01T05:00Z", periods=2, freq="h")
    assert usual.quantiles(asked, np.array([0.5])).ravel().tolist() == [5, 6]
