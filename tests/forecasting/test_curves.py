"""Carbon intensity, price and demand: models of daily curves, their weights and their bands."""

import numpy as np
import pandas as pd
import pytest

from forecasting.calibration import AdaptiveBand
from forecasting.dependence import Dependence, scenarios
from forecasting.models.experts import lately_best
from forecasting.models.intensity import IntensityExperts, fit_intensity, intensity_days
from forecasting.models.load import LoadModel
from forecasting.models.market import MarketExperts, market_days
from forecasting.models.ridge import Ridge

LEVELS = np.array([0.05, 0.5, 0.95])
EDGES = np.array([0.05, 0.95])


def grid(n_days=150, seed=0):
    """Intensity that falls with the wind, which the forecast knows."""
    rng = np.random.default_rng(seed)
    hours = pd.date_range("2022-01-01", periods=24 * n_days, freq="h", tz="UTC")
    wind = np.repeat(rng.uniform(2, 12, n_days), 24)
    shape = 1 + 0.1 * np.sin(2 * np.pi * hours.hour.to_numpy() / 24)
    intensity = pd.Series(500 * np.exp(-0.08 * wind) * shape, index=hours)
    return intensity, pd.DataFrame({"wind_m_s": wind}, index=hours)


def test_weather_tells_carbon_intensity_of_days_to_come():
    record = intensity_days(*grid())
    day = 140
    with_weather = fit_intensity(record, day, penalty=0.01).log_ahead(record, day)
    without = fit_intensity(record, day, penalty=0.01, weather_days=0).log_ahead(record, day)
    truth = record.log_after[day]
    assert np.abs(with_weather - truth).mean() < 0.06
    assert np.abs(with_weather - truth).mean() < 0.5 * np.abs(without - truth).mean()


def test_intensity_after_the_issue_changes_no_forecast():
    intensity, weather = grid()
    changed = intensity.copy()
    changed.iloc[24 * 120 :] = np.random.default_rng(5).uniform(10, 900, 24 * 30)
    found = []
    for series in (intensity, changed):
        experts = IntensityExperts(record=intensity_days(series, weather))
        found.append([experts.log_ahead(day) for day in range(100, 121)])
    np.testing.assert_array_equal(*found)


def test_prices_of_a_day_and_later_change_no_forecast():
    hours = pd.date_range("2022-01-01", periods=24 * 120, freq="h")
    rng = np.random.default_rng(0)
    price = pd.Series(50 + 20 * np.sin(np.arange(24 * 120) / 24) + rng.normal(0, 5, 2880), hours)
    changed = price.copy()
    changed.iloc[24 * 100 :] = rng.uniform(-500, 500, 480)
    found = []
    for series in (price, changed):
        experts = MarketExperts(record=market_days(series))
        found.append([experts.prices(day) for day in range(80, 101)])
    np.testing.assert_array_equal(*found)


def test_a_regular_market_is_forecast_to_the_cent():
    day = 40 + 10 * np.sin(2 * np.pi * np.arange(24) / 24)
    hours = pd.date_range("2022-01-01", periods=24 * 100, freq="h")
    experts = MarketExperts(record=market_days(pd.Series(np.tile(day, 100), hours)))
    assert experts.prices(99) == pytest.approx(day, abs=0.01)


def test_demand_keeps_its_daily_shape_and_its_band_holds():
    rng = np.random.default_rng(1)
    shape = 100 * (2 + np.sin(2 * np.pi * np.arange(24) / 24))
    load = np.tile(shape, 16) * np.exp(rng.normal(0, 0.1, 384))
    found = LoadModel().quantiles(load[:360], LEVELS)
    assert found[1] == pytest.approx(shape, rel=0.15)
    assert 0.75 <= np.mean((load[360:] >= found[0]) & (load[360:] <= found[2])) <= 1


def test_a_day_of_demand_is_too_short_to_learn_from():
    with pytest.raises(ValueError, match="must hold 120 h, got 24; use a lower rung"):
        LoadModel().quantiles(np.ones(24), LEVELS)


def test_weights_go_half_way_to_what_was_right_lately():
    issued = np.array([[[1.0], [3.0]], [[2.0], [9.0]]])
    assert lately_best(issued, np.array([[1.0], [2.0]])) == pytest.approx([0.75, 0.25])


def test_ridge_contributions_add_up_to_the_forecast():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    fitted = Ridge(penalty=0.1).fit(x, x @ np.array([[1.0], [2.0], [0.0]]))
    added = fitted.contributions(x[0]).sum() + fitted.level[0]
    assert added == pytest.approx(fitted.predict(x[:1])[0, 0])


def test_a_band_that_missed_widens_until_it_holds_what_it_says():
    """Errors double in spread half-way; the band must find out."""
    rng = np.random.default_rng(3)
    band, inside = AdaptiveBand(), []
    for number in range(400):
        error = rng.normal(0, 1 if number < 200 else 2, 1)
        if number > 260:
            low, high = band.quantiles(EDGES)
            inside.append(low[0] <= error[0] <= high[0])
        band.learn(error)
    assert 0.84 <= np.mean(inside) <= 0.95


def test_errors_that_hang_together_widen_the_energy_of_a_day():
    rng = np.random.default_rng(0)
    common = rng.uniform(size=(300, 1, 1))
    pits = np.broadcast_to(common, (300, 6, 2))
    together = Dependence.of(pits)
    assert together.over_time.min() > 0.9
    levels = np.arange(1, 100) / 100
    quantiles = np.broadcast_to(levels[:, None, None], (99, 6, 2))
    energy = [
        scenarios(one.draws(2000, seed=1), quantiles, levels).sum(axis=(1, 2)).std()
        for one in (together, Dependence.independent(6, 2))
    ]
    # Twelve uniform hours: a common one varies sqrt(12) times as much as twelve of their own.
    assert energy[0] / energy[1] == pytest.approx(np.sqrt(12), rel=0.1)


def test_scenarios_keep_the_distribution_of_every_hour():
    levels = np.arange(1, 100) / 100
    quantiles = np.broadcast_to(10 * levels[:, None, None], (99, 3, 2))
    drawn = scenarios(Dependence.independent(3, 2).draws(4000, seed=2), quantiles, levels)
    assert np.quantile(drawn, 0.5, axis=0) == pytest.approx(np.full((3, 2), 5.0), abs=0.3)
    assert np.quantile(drawn, 0.9, axis=0) == pytest.approx(np.full((3, 2), 9.0), abs=0.3)
