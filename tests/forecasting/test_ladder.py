"""A site is always forecast, on the best rung there is, and says which and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.climate import Climate
from forecasting.ladder import RUNG_COORDINATES, RUNG_WEATHER_FORECAST, forecast_site
from forecasting.plants.cooling import CoolingPlant
from forecasting.plants.pv import PvPlant
from forecasting.plants.wind import WindPlant
from forecasting.scores import crps_from_quantiles
from forecasting.steps import HOUR
from forecasting.truth import actual_site, yearly_mean
from forecasting.weather import SyntheticFeed, SyntheticWeather

DAKHLA = Climate.dakhla()
WORLD = SyntheticWeather(climate=DAKHLA, seed=11)
NOW = datetime(2026, 5, 4, 6, tzinfo=UTC)
PLANTS = {
    "pv": PvPlant(capacity_kw=800),
    "wind": WindPlant(capacity_kw=1000),
    "cooling": CoolingPlant(),
}


def site(feed=None, **changes):
    asked = PLANTS | {"issued_at": NOW, "start": NOW, "step": HOUR, "n_steps": 48}
    return forecast_site(DAKHLA, feed=feed, **(asked | changes))


@pytest.mark.parametrize(
    ("feed", "rung", "reason"),
    [
        pytest.param(None, RUNG_COORDINATES, "no weather forecast is configured", id="no feed"),
        pytest.param(
            SyntheticFeed(world=WORLD),
            RUNG_WEATHER_FORECAST,
            "a weather forecast 0 h old is at hand",
            id="live feed",
        ),
        pytest.param(
            SyntheticFeed(world=WORLD, run_at=NOW - 12 * HOUR),
            RUNG_WEATHER_FORECAST,
            "12 h old is at hand",
            id="as old as is allowed",
        ),
        pytest.param(
            SyntheticFeed(world=WORLD, run_at=NOW - 13 * HOUR),
            RUNG_COORDINATES,
            "13 h old, more than the 12 h",
            id="too old",
        ),
    ],
)
def test_the_ladder_takes_the_freshest_and_says_why(feed, rung, reason):
    forecast = site(feed)
    assert forecast.provenance.rung == rung
    assert reason in forecast.provenance.reason
    for part in forecast.forecasts:
        assert part.provenance is forecast.provenance


def test_the_age_of_the_feed_is_kept():
    feed = SyntheticFeed(world=WORLD, run_at=NOW - 5 * HOUR)
    assert site(feed).provenance.feed_age_h == {"weather forecast": 5}


def test_a_synthetic_world_says_so():
    assert site(SyntheticFeed(world=WORLD)).provenance.kind == "synthetic"
    assert site().provenance.kind == "estimated"


def test_hours_beyond_the_weather_forecast_are_named():
    far = site(SyntheticFeed(world=WORLD), n_steps=300)
    assert "more than 240 h after it rest on coordinates only" in far.provenance.reason


def test_without_a_feed_nothing_of_the_world_is_known():
    stale = [
        SyntheticFeed(world=replace(WORLD, seed=seed), run_at=NOW - 20 * HOUR) for seed in (1, 2)
    ]
    first, second = (site(feed).wind_power for feed in stale)
    assert first.quantiles.tolist() == second.quantiles.tolist()
    assert first.scenarios.tolist() == second.scenarios.tolist()


def test_an_issued_forecast_is_not_changed_by_what_is_issued_later():
    before = site(SyntheticFeed(world=WORLD, run_at=NOW)).wind_power.expected
    site(SyntheticFeed(world=WORLD), issued_at=NOW + 6 * HOUR, start=NOW + 6 * HOUR)
    read_later = site(SyntheticFeed(world=WORLD, run_at=NOW), issued_at=NOW + 6 * HOUR)
    assert before.tolist() == read_later.wind_power.expected.tolist()


@settings(max_examples=15, deadline=None)
@given(
    hours=st.integers(-20_000, 20_000),
    minutes=st.sampled_from([5, 15, 30, 60, 120, 360]),
    n_steps=st.integers(1, 30),
    age_h=st.sampled_from([None, 0, 3, 11.5, 40]),
)
def test_a_forecast_is_whole_wherever_and_whenever_it_is_asked(hours, minutes, n_steps, age_h):
    now = NOW + hours * HOUR
    feed = None if age_h is None else SyntheticFeed(world=WORLD, run_at=now - age_h * HOUR)
    step = timedelta(minutes=minutes)
    forecast = site(feed, issued_at=now, start=now, step=step, n_steps=n_steps, n_scenarios=4)
    assert forecast.provenance.reason
    for part in forecast.forecasts:
        assert part.n_steps == n_steps
        assert part.step == step
        assert np.isfinite(part.scenarios).all()
        if part.capacity is not None:
            assert part.quantiles.min() >= 0
            assert part.expected.min() >= 0
            assert part.expected.max() <= part.capacity
            assert part.scenarios.max() <= part.capacity


def test_the_same_question_has_the_same_answer():
    feed = SyntheticFeed(world=WORLD)
    first, second = site(feed), site(feed)
    for one, other in zip(first.forecasts, second.forecasts, strict=True):
        assert one.quantiles.tolist() == other.quantiles.tolist()
        assert one.scenarios.tolist() == other.scenarios.tolist()


def test_the_seed_moves_scenarios_and_not_expectations():
    first, second = site(seed=1).wind_power, site(seed=2).wind_power
    assert first.expected.tolist() == second.expected.tolist()
    assert first.scenarios.tolist() != second.scenarios.tolist()


def test_expected_power_is_not_the_power_of_the_expected_wind():
    # Gusts above 13 m/s add nothing, so the mean over them lies below the curve at the mean.
    forecast = site(n_scenarios=400)
    mean = forecast.wind_power.scenarios.mean(axis=0)
    assert forecast.wind_power.expected == pytest.approx(mean, rel=0.1)
    assert forecast.wind_power.expected.max() < 0.95 * forecast.wind_power.quantile(0.5).max()


def test_few_scenarios_already_have_the_expected_energy():
    forecast = site(n_steps=168)
    drawn_kwh = forecast.wind_power.scenarios.sum(axis=1) @ forecast.wind_power.weights
    assert drawn_kwh == pytest.approx(forecast.wind_power.expected.sum(), rel=0.06)


def test_scenarios_belong_together_across_variables():
    # Warm scenarios are those in which cooling costs more.
    forecast = site(n_scenarios=60, start=NOW + 7 * HOUR, n_steps=3)
    warm = forecast.temperature.scenarios.mean(axis=1)
    costly = forecast.pue_slope.scenarios.mean(axis=1)
    assert np.corrcoef(warm, costly)[0, 1] > 0.9


def test_panels_rest_at_night():
    forecast = site(SyntheticFeed(world=WORLD), start=NOW.replace(hour=22), n_steps=6)
    assert forecast.pv_power.quantiles.max() == 0
    assert forecast.pv_power.scenarios.max() == 0


def test_three_hour_steps_are_the_mean_of_hours():
    feed = SyntheticFeed(world=WORLD)
    hourly, coarse = site(feed).wind_power, site(feed, step=3 * HOUR, n_steps=16).wind_power
    assert coarse.expected == pytest.approx(hourly.at(3 * HOUR).expected)
    truth = actual_site(WORLD, **PLANTS, start=NOW, step=3 * HOUR, n_steps=16)
    fine = actual_site(WORLD, **PLANTS, start=NOW, step=HOUR, n_steps=48)
    assert truth.pv_power_kw == pytest.approx(fine.pv_power_kw.reshape(16, 3).mean(axis=1))


def test_plants_that_are_not_there_are_not_forecast():
    bare = site(pv=None, wind=None, cooling=None)
    assert bare.wind_power is bare.pv_power is bare.pue_slope is bare.water is None
    assert [part.variable for part in bare.forecasts] == ["temperature", "wet_bulb"]
    truth = actual_site(WORLD, start=NOW, step=HOUR, n_steps=2)
    assert truth.wind_power_kw is truth.pv_power_kw is truth.pue_slope is None


def test_a_feed_of_another_place_is_refused():
    elsewhere = SyntheticWeather(climate=Climate.casablanca(), seed=1)
    with pytest.raises(ValueError, match="must forecast the site's own place 'Dakhla'"):
        site(SyntheticFeed(world=elsewhere))


def test_day_ahead_power_beats_climatology_by_what_competitions_measured():
    # GEFCom2014, first 24 hours: wind 53 %, sun 38 %; here over 40 issues, of power.
    score = np.zeros((2, 2))
    for i in range(40):
        now = NOW + i * timedelta(hours=217)
        asked = {"issued_at": now, "start": now, "n_steps": 24, "cooling": None}
        truth = actual_site(WORLD, **PLANTS, start=now, step=HOUR, n_steps=24)
        for row, feed in enumerate((SyntheticFeed(world=WORLD), None)):
            forecast = site(feed, **asked)
            for column, (part, real) in enumerate(
                (
                    (forecast.wind_power, truth.wind_power_kw),
                    (forecast.pv_power, truth.pv_power_kw),
                )
            ):
                score[row, column] += crps_from_quantiles(real, part.quantiles, part.levels).sum()
    skill = 1 - score[0] / score[1]
    assert skill == pytest.approx([0.53, 0.38], abs=0.09)


def test_a_mean_year_at_dakhla():
    year = yearly_mean(
        DAKHLA,
        pv=PvPlant(capacity_kw=800),
        wind=WindPlant(capacity_kw=1000),
        cooling=CoolingPlant(),
    )
    assert 0.48 <= year.wind_power_kw / 1000 <= 0.56
    assert year.pv_power_kw * 8760 / (800 * 1.25) == pytest.approx(1670, rel=0.06)
    assert year.renewable_kwh == pytest.approx((year.wind_power_kw + year.pv_power_kw) * 8760)
    assert 1.08 <= year.pue <= 1.15
    assert year.water_l_per_kwh == 0


def test_synthetic_years_bring_the_climates_energy():
    # Years differ by about 3 % in wind and 2 % in sun; four of them by half as much.
    hours = 4 * 8760
    truth = actual_site(WORLD, **PLANTS, start=NOW, step=HOUR, n_steps=hours)
    mean = yearly_mean(DAKHLA, pv=PLANTS["pv"], wind=PLANTS["wind"])
    assert truth.wind_power_kw.mean() == pytest.approx(mean.wind_power_kw, rel=0.045)
    assert truth.pv_power_kw.mean() == pytest.approx(mean.pv_power_kw, rel=0.03)
