"""Synthetic weather is one world however asked for; its forecasts err as they say they do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from forecasting.climate import Climate
from forecasting.marginals import wet_bulb_c
from forecasting.noise import Processes
from forecasting.outlook import DAY_AHEAD_SKILL, HORIZON_H, Outlook, information_share
from forecasting.steps import HOUR, Steps
from forecasting.weather import SyntheticFeed, SyntheticWeather

DAKHLA = Climate.dakhla()
WORLD = SyntheticWeather(climate=DAKHLA, seed=7)
START = datetime(2026, 1, 1, tzinfo=UTC)
LEADS = (0, 24, 72)
N_ISSUES = 600


@pytest.fixture(scope="module")
def ten_years():
    steps = Steps(start=START, step=HOUR, n_steps=87_600)
    return WORLD.latent(steps)


@pytest.fixture(scope="module")
def issued(ten_years):
    """Truth and forecast mean, (issue, 3, lead), of issues two days apart, and ρ, (3, lead)."""
    truth = np.empty((N_ISSUES, 3, len(LEADS)))
    mean = np.empty_like(truth)
    for i in range(N_ISSUES):
        hours = 47 * i + np.array(LEADS)
        truth[i] = ten_years[:, hours]
        for j, hour in enumerate(hours):
            mean[i, :, j] = latent_mean(hour - LEADS[j], hour)
    return truth, mean, information_share(np.array(LEADS, dtype=float))


def latent_mean(issued_hour, valid_hour):
    """What the forecast of one hour expects of the latent weather, shape (3,)."""
    return WORLD.outlook(
        START + int(issued_hour) * HOUR, START + int(valid_hour) * HOUR, HOUR, 1
    ).mean[:, 0]


@settings(max_examples=25, deadline=None)
@given(
    offset=st.integers(-3000, 3000),
    n_steps=st.integers(1, 60),
    minutes=st.sampled_from([15, 30, 60]),
)
def test_an_hour_is_the_same_from_whatever_window_it_is_seen(offset, n_steps, minutes):
    step = timedelta(minutes=minutes)
    start = START + offset * step
    window = WORLD.actual(start, step, n_steps)
    wide = WORLD.actual(start - 40 * step, step, n_steps + 100)
    for name in ("wind_speed_m_s", "ghi_w_m2", "dni_w_m2", "temperature_c", "wet_bulb_c"):
        seen, whole = getattr(window, name), getattr(wide, name)[40 : 40 + n_steps]
        assert seen == pytest.approx(whole, abs=1e-9)


def test_one_seed_is_one_world_and_another_seed_another():
    first = WORLD.actual(START, HOUR, 48).wind_speed_m_s
    again = SyntheticWeather(climate=DAKHLA, seed=7).actual(START, HOUR, 48).wind_speed_m_s
    other = SyntheticWeather(climate=DAKHLA, seed=8).actual(START, HOUR, 48).wind_speed_m_s
    assert first.tolist() == again.tolist()
    assert np.abs(first - other).max() > 1


def test_two_places_have_each_their_own_weather():
    here = WORLD.latent(Steps(start=START, step=HOUR, n_steps=2000))
    elsewhere = SyntheticWeather(climate=replace(DAKHLA, longitude_deg=-15.0), seed=7)
    there = elsewhere.latent(Steps(start=START, step=HOUR, n_steps=2000))
    assert abs(np.corrcoef(here[0], there[0])[0, 1]) < 0.4


def test_the_wind_forgets_a_third_of_itself_in_its_correlation_time(ten_years):
    # 20 hours: correlation 1/e = 0.37
    wind = ten_years[0]
    assert np.corrcoef(wind[:-20], wind[20:])[0, 1] == pytest.approx(np.exp(-1), abs=0.05)


def test_the_latent_weather_is_standard_normal_and_correlated_as_stated(ten_years):
    assert ten_years.mean(axis=1) == pytest.approx(np.zeros(3), abs=0.08)
    assert ten_years.std(axis=1) == pytest.approx(np.ones(3), abs=0.05)
    dust = np.corrcoef(ten_years)[1, 2]
    assert dust == pytest.approx(-0.25, abs=0.06)


def test_half_hours_spread_as_much_as_hours():
    steps = Steps(start=START, step=HOUR / 2, n_steps=40_000)
    assert WORLD.latent(steps).std(axis=1) == pytest.approx(np.ones(3), abs=0.08)


def test_copies_do_not_change_when_more_are_asked_for():
    processes = Processes(correlation_h=(5.0,), innovation_correlation=((1.0,),))
    few = processes.hourly((1, 2), 1000, 30, 2)
    many = processes.hourly((1, 2), 1000, 30, 6)
    assert few.tolist() == many[:2].tolist()


def test_the_first_day_of_a_forecast_has_the_stated_skill():
    rho = information_share(np.arange(24.0))
    skill = 1 - np.sqrt(1 - rho**2).mean(axis=1)
    assert skill == pytest.approx(DAY_AHEAD_SKILL, abs=1e-6)


def test_skill_falls_with_lead_to_climatology():
    rho = information_share(np.arange(0.0, 300.0))
    assert (np.diff(rho, axis=1) <= 0).all()
    assert 1 - np.sqrt(1 - rho[0, 168] ** 2) < 0.05
    assert (rho[:, HORIZON_H:] == 0).all()


def test_forecasts_are_calibrated_at_every_lead(issued):
    # The PIT of 600 near-independent issues: each tenth should hold a tenth, give or take
    # four standard deviations of sqrt(0.1 · 0.9 / 600) = 0.012.
    truth, mean, rho = issued
    probability = ndtr((truth - mean) / np.sqrt(1 - rho**2))
    for variable in range(3):
        for lead in range(len(LEADS)):
            share = (
                np.histogram(probability[:, variable, lead], bins=10, range=(0, 1))[0] / N_ISSUES
            )
            assert share == pytest.approx(np.full(10, 0.1), abs=0.05)


def test_what_a_forecast_says_varies_as_much_as_it_knows(issued):
    _, mean, rho = issued
    # Standard deviations of 600 numbers are known to 3 %; four times that is allowed.
    assert mean.std(axis=0) == pytest.approx(rho, rel=0.12)


def test_the_error_of_a_forecast_is_as_large_as_it_says(issued):
    truth, mean, rho = issued
    assert (truth - mean).std(axis=0) == pytest.approx(np.sqrt(1 - rho**2), rel=0.12)


def test_the_newest_issue_says_all_that_older_ones_said(ten_years):
    # Two forecasts of the same hours, 6 and 48 hours ahead: the best weight on the older is nought.
    hours = 100 + 47 * np.arange(500)
    newer = [latent_mean(hour - 6, hour)[0] for hour in hours]
    older = [latent_mean(hour - 48, hour)[0] for hour in hours]
    weights = np.linalg.lstsq(np.array([newer, older]).T, ten_years[0, hours], rcond=None)[0]
    assert weights == pytest.approx([1, 0], abs=0.12)


def test_issues_an_hour_apart_share_their_error(ten_years):
    hours = 100 + 47 * np.arange(250)
    errors = [
        [ten_years[0, hour] - latent_mean(hour - lead, hour)[0] for hour in hours]
        for lead in (23, 24)
    ]
    assert np.corrcoef(errors)[0, 1] > 0.97


def test_a_forecast_does_not_depend_on_how_far_it_is_asked():
    short = WORLD.outlook(START, START + 5 * HOUR, HOUR, 10)
    long = WORLD.outlook(START, START, HOUR, 200)
    assert short.mean == pytest.approx(long.mean[:, 5:15], abs=1e-12)


def test_beyond_ten_days_a_forecast_says_nothing():
    outlook = WORLD.outlook(START, START + 240 * HOUR, HOUR, 24)
    assert (outlook.mean == 0).all()
    assert (outlook.rho == 0).all()


def test_scenarios_err_as_the_forecasts_do_over_time(ten_years):
    # Temperature, linear in the latent weather, 12 and 15 hours ahead, ρ² = 0.77: what is left of
    # the weather (memory 48 h) and the forecasts' noise (3 h) give a correlation of errors of
    # 0.23 · exp(−3/48) + 0.77 · exp(−3/3) = 0.50. Four standard deviations are allowed: 0.15 with
    # 400 issues, 0.07 with 2,000 scenarios.
    errors = []
    for i in range(400):
        now = START + 97 * i * HOUR
        outlook = WORLD.outlook(now, now + 12 * HOUR, HOUR, 4)
        errors.append((ten_years[:, 97 * i + 12 : 97 * i + 16] - outlook.mean)[2, [0, 3]])
    assert np.corrcoef(np.array(errors).T)[0, 1] == pytest.approx(0.50, abs=0.15)
    drawn = outlook.draws(2000, seed=1).temperature_c
    assert np.corrcoef(drawn[:, 0], drawn[:, 3])[0, 1] == pytest.approx(0.50, abs=0.07)


def test_scenarios_meet_the_law_they_are_drawn_from():
    outlook = WORLD.outlook(START, START + 24 * HOUR, HOUR, 1)
    drawn, nodes = outlook.draws(4000, seed=3), outlook.nodes(256)
    for level in (0.1, 0.5, 0.9):
        assert np.quantile(drawn.wind_speed_m_s, level) == pytest.approx(
            np.quantile(nodes.wind_speed_m_s, level), rel=0.05
        )


def test_a_scenario_stays_the_same_when_more_are_drawn_or_the_window_moves():
    climatology = Outlook.of_climate(DAKHLA, START, HOUR, 48)
    later = Outlook.of_climate(DAKHLA, START + HOUR, HOUR, 48)
    few, many = climatology.draws(3, seed=5), climatology.draws(9, seed=5)
    assert few.wind_speed_m_s.tolist() == many.wind_speed_m_s[:3].tolist()
    moved = later.draws(3, seed=5).wind_speed_m_s
    assert few.wind_speed_m_s[:, 1:] == pytest.approx(moved[:, :-1], abs=1e-9)


def test_nodes_fill_the_law_of_each_hour_evenly():
    nodes = Outlook.of_climate(DAKHLA, START, HOUR, 1).nodes(256)
    mean_c = DAKHLA.mean_temperature_c(nodes.steps.mid_hours)
    assert nodes.temperature_c.mean() == pytest.approx(mean_c[0], abs=0.05)
    assert nodes.temperature_c.std() == pytest.approx(DAKHLA.temperature_spread_k, rel=0.03)


def test_irradiance_closes_at_every_step():
    weather = WORLD.actual(START, HOUR, 500)
    cosine = np.cos(np.radians(weather.sky.zenith_deg))
    beam = np.where(weather.dni_w_m2 > 0, weather.dni_w_m2 * cosine, 0)
    assert beam + weather.dhi_w_m2 == pytest.approx(weather.ghi_w_m2, abs=1e-6)


def test_wet_bulb_is_13_7_at_20_degrees_and_half_humidity():
    assert wet_bulb_c(np.array([20.0]), np.array([50.0])) == pytest.approx([13.7], abs=0.05)


@given(temperature=st.floats(-20, 50), humidity=st.floats(5, 99))
def test_wet_bulb_is_never_above_dry_bulb(temperature, humidity):
    assert wet_bulb_c(np.array([temperature]), np.array([humidity]))[0] <= temperature


def test_hub_wind_follows_the_power_law():
    # Least shear 0.10, most 0.14: between 10^0.10 = 1.259 and 10^0.14 = 1.380 times
    weather = WORLD.actual(START, HOUR, 24)
    ratio = weather.wind_speed_at_m_s(100.0) / weather.wind_speed_m_s
    assert ratio.min() >= 10**0.10 - 1e-9
    assert ratio.max() <= 10**0.14 + 1e-9


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(lambda: WORLD.actual(START, 2 * HOUR, 3), "divide an hour", id="two hours"),
        pytest.param(
            lambda: WORLD.actual(START, timedelta(minutes=7), 3), "divide an hour", id="7 minutes"
        ),
        pytest.param(
            lambda: WORLD.actual(START.replace(tzinfo=None), HOUR, 3), "in UTC", id="naive time"
        ),
        pytest.param(
            lambda: SyntheticWeather(climate=DAKHLA, seed=-1), "not be negative", id="seed"
        ),
        pytest.param(
            lambda: Outlook.of_climate(DAKHLA, START, HOUR, 1).nodes(100), "power of two", id="100"
        ),
        pytest.param(
            lambda: Outlook.of_climate(DAKHLA, START, HOUR, 1).draws(0, 1), "at least 1", id="none"
        ),
        pytest.param(
            lambda: SyntheticFeed(world=WORLD, run_at=START + HOUR).age_h(START),
            "before it is made",
            id="a forecast from the future",
        ),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
