"""Plants give the energy that published figures lead one to expect, and never break physics."""

from dataclasses import replace
from datetime import UTC, datetime
from math import gamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.climate import Climate
from forecasting.marginals import weather_from_latent
from forecasting.outlook import Outlook
from forecasting.plants.cooling import CoolingPlant
from forecasting.plants.pv import PvPlant
from forecasting.plants.wind import WindPlant
from forecasting.steps import HOUR, Steps
from forecasting.weather import SyntheticWeather

DAKHLA = Climate.dakhla()
START = datetime(2025, 1, 1, tzinfo=UTC)
AIR = 1.225


@pytest.fixture(scope="module")
def year():
    return Outlook.of_climate(DAKHLA, START, HOUR, 8760).nodes(32)


@pytest.fixture(scope="module")
def day():
    return SyntheticWeather(climate=DAKHLA, seed=2).actual(START, HOUR, 48)


def at_temperature(temperature_c, wet_bulb_c=None):
    """A day's weather of one temperature at each step."""
    weather = SyntheticWeather(climate=DAKHLA, seed=2).actual(START, HOUR, len(temperature_c))
    dry = np.array(temperature_c, dtype=float)
    wet = dry - 5 if wet_bulb_c is None else np.array(wet_bulb_c, dtype=float)
    return replace(weather, temperature_c=dry, wet_bulb_c=wet)


@pytest.mark.parametrize(
    ("tracking", "kwh_per_kwp"),
    [
        pytest.param("fixed", 1670, id="fixed at 22 degrees"),
        pytest.param("one-axis", 1890, id="one-axis tracker"),
    ],
)
def test_panels_at_dakhla_give_the_expected_year(year, tracking, kwh_per_kwp):
    plant = PvPlant(capacity_kw=1000, tracking=tracking)
    energy_kwh = plant.power_kw(year).mean() * 8760
    assert energy_kwh / plant.dc_capacity_kwp == pytest.approx(kwh_per_kwp, rel=0.06)


@pytest.mark.parametrize("tracking", ["fixed", "one-axis"])
def test_panels_give_nothing_at_night_and_never_more_than_their_inverter(year, tracking):
    power = PvPlant(capacity_kw=1000, tracking=tracking).power_kw(year)
    assert np.isfinite(power).all()
    assert (power[:, ~year.sky.daylight] == 0).all()
    assert power.min() >= 0
    assert power.max() <= 1000


def test_scenarios_of_sun_give_what_each_gives_alone():
    weather = Outlook.of_climate(DAKHLA, START, HOUR, 48).draws(3, seed=1)
    plant = PvPlant(capacity_kw=10)
    together = plant.power_kw(weather)
    fields = ("wind_speed_m_s", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "temperature_c")
    alone = replace(weather, **{name: getattr(weather, name)[1] for name in fields})
    assert plant.power_kw(alone) == pytest.approx(together[1])


def test_hot_panels_give_less(day):
    plant = PvPlant(capacity_kw=10, dc_ac_ratio=0.8)
    hot = replace(day, temperature_c=day.temperature_c + 10)
    # 10 K at −0.35 %/K: 3.5 % less, a little more than that against warm panels
    ratio = plant.power_kw(hot).sum() / plant.power_kw(day).sum()
    assert ratio == pytest.approx(1 - 0.035, abs=0.006)


@pytest.mark.parametrize(
    ("turbine", "mean_m_s", "k", "gross"),
    [
        pytest.param("V117/3450", 8.5, 2.3, 0.52, id="V117 in a modest wind"),
        pytest.param("V117/3450", 9.3, 2.3, 0.58, id="V117 in a good wind"),
        pytest.param("V117/3450", 9.8, 2.5, 0.63, id="V117 in the developers' wind"),
        pytest.param("SWT130/3600", 8.5, 2.3, 0.55, id="SWT130 in a modest wind"),
    ],
)
def test_a_turbine_has_the_expected_gross_capacity_factor(turbine, mean_m_s, k, gross):
    probability = (np.arange(5000) + 0.5) / 5000
    wind = mean_m_s / gamma(1 + 1 / k) * (-np.log(1 - probability)) ** (1 / k)
    plant = WindPlant(capacity_kw=1, turbine=turbine)
    assert plant.gross_share(wind, AIR).mean() == pytest.approx(gross, abs=0.005)


@pytest.mark.parametrize(
    ("wind_m_s", "share"),
    [
        pytest.param(0, 0, id="calm"),
        pytest.param(2.9, 0, id="below the curve"),
        pytest.param(3, 22 / 3450, id="first point of the curve"),
        pytest.param(7.25, (1006 + 1247) / 2 / 3450, id="between two points"),
        pytest.param(13, 1, id="nominal"),
        pytest.param(24.9, 1, id="just below the cut-out"),
        pytest.param(25, 0, id="at the cut-out"),
        pytest.param(40, 0, id="storm"),
    ],
)
def test_the_power_curve_is_the_published_one(wind_m_s, share):
    plant = WindPlant(capacity_kw=1)
    assert plant.gross_share(np.array([float(wind_m_s)]), AIR) == pytest.approx([share], abs=1e-9)


def test_thin_air_carries_less():
    # Half the density is the power of a wind weaker by the cube root of a half: 10 → 7.937 m/s
    plant = WindPlant(capacity_kw=1)
    thin = plant.gross_share(np.array([10.0]), AIR / 2)
    assert thin == pytest.approx(plant.gross_share(np.array([10.0 * 0.5 ** (1 / 3)]), AIR))


def test_a_farm_gives_its_share_less_losses(day):
    farm = WindPlant(capacity_kw=900, losses=0.15).power_kw(day)
    lossless = WindPlant(capacity_kw=900, losses=0.0).power_kw(day)
    assert farm == pytest.approx(0.85 * lossless)
    assert lossless.max() <= 900


def test_an_unknown_turbine_is_answered_with_near_ones():
    with pytest.raises(ValueError, match="V117/3450"):
        WindPlant(capacity_kw=1, turbine="V117/3455")


@pytest.mark.parametrize(
    ("temperature_c", "slope"),
    [
        # 27 − 6 = 21 °C: all free, 1 + 0.03
        pytest.param(21, 1.03, id="cool air takes all"),
        # half the way to 33 °C: half to a chiller of COP 10 − 0.2 · 12 = 7.6
        pytest.param(27, 1.03 + 0.5 / 7.6, id="warm air takes half"),
        # beyond 33 °C all to a chiller of COP 10 − 0.2 · 25 = 5
        pytest.param(40, 1.03 + 1 / 5, id="hot air takes none"),
        # COP never below 3
        pytest.param(60, 1.03 + 1 / 3, id="never worse than a third"),
    ],
)
def test_dry_cooling_costs_by_the_outside_air(temperature_c, slope):
    assert CoolingPlant().slope(at_temperature([temperature_c])) == pytest.approx([slope])


@given(low=st.floats(-10, 50), warmer=st.floats(0, 20))
def test_warmer_air_never_cools_cheaper(low, warmer):
    for kind in ("dry", "evaporative", "sea"):
        first, second = CoolingPlant(kind=kind).slope(at_temperature([low, low + warmer]))
        assert 1 <= first <= second + 1e-12


def test_only_evaporation_drinks():
    weather = at_temperature([15.0, 30.0])
    assert CoolingPlant(kind="dry").water_l_per_kwh(weather).tolist() == [0, 0]
    assert CoolingPlant(kind="sea").water_l_per_kwh(weather).tolist() == [0, 0]
    # 27 − 4 = 23 °C is cool enough dry; at 29 °C half of 1.03 kW of heat is wetted away
    warm = at_temperature([23.0, 29.0], wet_bulb_c=[15.0, 18.0])
    water = CoolingPlant(kind="evaporative").water_l_per_kwh(warm)
    assert water == pytest.approx([0, 0.5 * 1.03 / 0.68])


@pytest.mark.parametrize("kind", ["dry", "evaporative", "sea"])
def test_pue_on_the_coast_lies_between_1_08_and_1_15(year, kind):
    plant = CoolingPlant(kind=kind)
    assert 1.08 <= plant.slope(year).mean() + plant.overhead_share <= 1.15


@pytest.mark.parametrize(
    ("build", "message"),
    [
        pytest.param(lambda: PvPlant(capacity_kw=-1), "must not be negative", id="negative PV"),
        pytest.param(lambda: PvPlant(capacity_kw=1, losses=14), "give a share", id="14 for 14 %"),
        pytest.param(lambda: PvPlant(capacity_kw=1, tracking="two-axis"), "pick one", id="tracker"),
        pytest.param(lambda: WindPlant(capacity_kw=-1), "must not be negative", id="negative farm"),
        pytest.param(lambda: CoolingPlant(kind="ice"), "must be one of", id="unknown cooling"),
        pytest.param(lambda: CoolingPlant(return_c=20), "above supply_c", id="cold return"),
    ],
)
def test_an_impossible_plant_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_polar_night_gives_no_power():
    arctic = replace(Climate.western_europe(), latitude_deg=80.0)
    steps = Steps(start=START, step=HOUR, n_steps=24)
    weather = weather_from_latent(arctic, np.zeros((3, 24)), steps)
    assert PvPlant(capacity_kw=5).power_kw(weather).tolist() == [0] * 24
