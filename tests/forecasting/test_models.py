"""Carbon intensity and demand without any feed: a mean, a shape, a spread, and the reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecasting.models.carbon import CarbonModel
from forecasting.models.demand import DemandModel
from forecasting.steps import HOUR

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
CARBON = CarbonModel(zone="MA", mean_g_per_kwh=516, source="yearly factor of 2025")
DEMAND = DemandModel(name="chat EU", mean_per_s=100, source="the operator's estimate")
WEEK = {"start": MONDAY, "step": HOUR, "n_steps": 168}
ASKED = WEEK | {"issued_at": MONDAY}


def test_a_flat_carbon_forecast_is_its_yearly_factor_at_every_step():
    forecast = CARBON.forecast(**ASKED)
    assert forecast.expected == pytest.approx(np.full(168, 516))
    assert forecast.unit == "g/kWh"


def test_a_daily_shape_moves_carbon_by_the_sun_of_its_zone():
    # A dip in the solar hour from 12 to 13; 15 degrees west it comes an hour later in UTC.
    shape = tuple(0.5 if hour == 12 else 23.5 / 23 for hour in range(24))
    here = replace(CARBON, daily_shape=shape).forecast(**ASKED)
    west = replace(CARBON, daily_shape=shape, longitude_deg=-15).forecast(**ASKED)
    assert int(here.expected[:24].argmin()) == 12
    assert int(west.expected[:24].argmin()) == 13
    assert here.expected.mean() == pytest.approx(516)


def test_demand_keeps_its_weekly_mean_and_is_lower_at_night_and_on_sunday():
    expected = DEMAND.forecast(**ASKED).expected
    assert expected.mean() == pytest.approx(100)
    assert expected[3] < 0.5 * expected[14]
    assert expected[6 * 24 + 14] == pytest.approx(expected[14] * 0.75 / 1.10)


def test_demand_follows_its_clients_clock():
    here, east = DEMAND, replace(DEMAND, utc_offset_h=3)
    later = {"start": MONDAY + 3 * HOUR, "step": HOUR, "n_steps": 24, "issued_at": MONDAY}
    assert east.forecast(**(later | {"start": MONDAY})).expected == pytest.approx(
        here.forecast(**later).expected
    )


@pytest.mark.parametrize("model", [CARBON, DEMAND], ids=["carbon", "demand"])
def test_the_spread_is_the_stated_one(model):
    forecast = model.forecast(**(ASKED | {"n_scenarios": 4000, "n_steps": 2}))
    relative = forecast.scenarios / forecast.expected
    assert relative.mean() == pytest.approx(1, abs=0.02)
    assert relative.std() == pytest.approx(model.spread, rel=0.08)
    share_below_median = (forecast.scenarios < forecast.quantile(0.5)).mean()
    assert share_below_median == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("model", [CARBON, DEMAND], ids=["carbon", "demand"])
def test_the_lowest_rung_says_that_it_is_one(model):
    provenance = model.forecast(**ASKED).provenance
    assert provenance.kind == "estimated"
    assert provenance.rung.startswith("0")
    assert "is configured for" in provenance.reason
    assert provenance.source == model.source


def test_truth_is_one_world_from_any_window():
    whole = DEMAND.actual_per_s(seed=4, **WEEK)
    part = DEMAND.actual_per_s(seed=4, start=MONDAY + 30 * HOUR, step=HOUR, n_steps=10)
    assert part == pytest.approx(whole[30:40])
    assert whole.tolist() != DEMAND.actual_per_s(seed=5, **WEEK).tolist()


def test_each_name_has_its_own_demand():
    other = replace(DEMAND, name="chat MA").actual_per_s(seed=4, **WEEK)
    same = DEMAND.actual_per_s(seed=4, **WEEK)
    assert other.tolist() != same.tolist()


def test_truth_falls_inside_the_ninety_percent_band_nine_times_in_ten():
    hours = 24 * 365 * 3
    asked = {"start": MONDAY, "step": HOUR, "n_steps": hours}
    truth = CARBON.actual_g_per_kwh(seed=1, **asked)
    band = CARBON.forecast(issued_at=MONDAY, **asked, n_scenarios=1)
    inside = (truth >= band.quantile(0.05)) & (truth <= band.quantile(0.95))
    assert inside.mean() == pytest.approx(0.90, abs=0.02)


def test_six_hour_steps_are_means_of_hours():
    coarse = DEMAND.forecast(**(ASKED | {"step": 6 * HOUR, "n_steps": 28}))
    assert coarse.expected == pytest.approx(DEMAND.forecast(**ASKED).at(6 * HOUR).expected)
    truth = DEMAND.actual_per_s(seed=2, start=MONDAY, step=6 * HOUR, n_steps=28)
    hourly = DEMAND.actual_per_s(seed=2, **WEEK)
    assert truth == pytest.approx(hourly.reshape(28, 6).mean(axis=1))


def test_quarter_hours_are_forecast_too():
    fine = CARBON.forecast(**(ASKED | {"step": timedelta(minutes=15), "n_steps": 96}))
    assert fine.n_steps == 96
    assert (fine.scenarios > 0).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        pytest.param(lambda: replace(CARBON, daily_shape=(1.0,) * 23), "24 non-neg", id="23 hours"),
        pytest.param(lambda: replace(DEMAND, weekly_shape=(2.0,) * 7), "average 1", id="factor 2"),
        pytest.param(lambda: replace(CARBON, mean_g_per_kwh=-1), "not be negative", id="negative"),
        pytest.param(lambda: CARBON.forecast(**ASKED, seed=-1), "seed must be 0", id="seed"),
        pytest.param(
            lambda: CARBON.forecast(**ASKED, n_scenarios=0), "scenarios 1 or more", id="none"
        ),
    ],
)
def test_an_impossible_model_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
