"""The climate of Dakhla reproduces the published figures it rests on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecasting.climate import Climate, season
from forecasting.outlook import Outlook
from forecasting.sky import sky_over
from forecasting.steps import HOUR, Steps

DAKHLA = Climate.dakhla()
YEAR = Steps(start=datetime(2025, 1, 1, tzinfo=UTC), step=HOUR, n_steps=8760)
JULY = slice(181 * 24, 212 * 24)


@pytest.fixture(scope="module")
def year():
    return Outlook.of_climate(DAKHLA, YEAR.start, HOUR, 8760).nodes(32)


def test_the_yearly_mean_wind_at_ten_metres_is_7_64_m_s(year):
    assert year.wind_speed_m_s.mean() == pytest.approx(7.64, rel=0.02)


def test_july_is_the_windiest_month_at_10_12_m_s(year):
    assert year.wind_speed_m_s[:, JULY].mean() == pytest.approx(10.12, rel=0.02)


def test_the_wind_carries_462_watts_a_square_metre_in_air_of_1_19(year):
    assert 0.5 * 1.19 * (year.wind_speed_m_s**3).mean() == pytest.approx(462, rel=0.03)


def test_calms_are_below_four_percent(year):
    assert (year.wind_speed_m_s < 1.5).mean() < 0.04


def test_the_wind_is_strongest_at_four_in_the_afternoon_by_the_sun():
    hour = DAKHLA.local_hour(YEAR.mid_hours)
    day = np.array(
        [DAKHLA.mean_wind_m_s(YEAR.mid_hours)[np.floor(hour) == h].mean() for h in range(24)]
    )
    assert int(day.argmax()) in (15, 16)


def test_the_sun_brings_2022_kwh_a_square_metre_a_year(year):
    assert year.ghi_w_m2.mean() * 8.76 == pytest.approx(2022, rel=0.05)


def test_the_clear_sky_would_bring_2342():
    sky = sky_over(23.70, -15.93, 10.0, YEAR)
    assert sky.clear_ghi_w_m2.sum() / 1000 == pytest.approx(2342, rel=0.01)


def test_local_time_follows_the_sun_and_not_the_clock():
    # 15 degrees east are one hour: Dakhla's noon is 63.7 minutes after that of Greenwich
    noon = Steps(start=datetime(2025, 1, 1, 12, tzinfo=UTC), step=HOUR, n_steps=1).mid_hours - 0.5
    assert DAKHLA.local_hour(noon) == pytest.approx([12 - 15.93 / 15])


def test_a_smooth_year_keeps_the_means_of_its_months():
    monthly = (1.0, 5.0, 2.0, 8.0, 3.0, 3.0, 9.0, 1.0, 4.0, 4.0, 7.0, 2.0)
    values = season(monthly, YEAR.mid_hours)
    assert values[JULY].mean() == pytest.approx(9.0, abs=0.05)
    assert values.mean() == pytest.approx(np.mean(monthly), abs=0.1)


def test_the_shear_is_least_by_day():
    shear = DAKHLA.shear_exponent(YEAR.mid_hours)
    assert shear.min() == pytest.approx(0.10, abs=0.001)
    assert shear.max() == pytest.approx(0.14, abs=0.001)


def test_an_hour_spreads_less_than_the_year():
    assert DAKHLA.weibull_k_hourly > DAKHLA.weibull_k
    still = replace(DAKHLA, wind_month_factors=(1.0,) * 12, wind_diurnal_amplitude=0.0)
    assert still.weibull_k_hourly == pytest.approx(2.2)


def test_foggy_mornings_are_dimmer_than_afternoons(year):
    hour = DAKHLA.local_hour(YEAR.mid_hours)
    index = year.clear_sky_index
    assert index[:, (hour > 7) & (hour < 9)].mean() < index[:, (hour > 14) & (hour < 16)].mean()
    assert (index[:, hour < 9] < 0.5).mean() > 2 * (index[:, hour > 12] < 0.5).mean()


@pytest.mark.parametrize(
    ("climate", "january_c", "july_c"),
    [
        pytest.param(Climate.dakhla(), 17, 23.5, id="Dakhla, mild"),
        pytest.param(Climate.casablanca(), 12.7, 23, id="Casablanca, cooler in winter"),
        pytest.param(Climate.western_europe(), 2, 20.7, id="Frankfurt, cold in winter"),
    ],
)
def test_temperature_follows_the_published_months(climate, january_c, july_c):
    mean = climate.mean_temperature_c(YEAR.mid_hours)
    assert mean[: 31 * 24].mean() == pytest.approx(january_c, abs=0.3)
    assert mean[JULY].mean() == pytest.approx(july_c, abs=0.3)
    assert climate.source


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"latitude_deg": 95.0}, "latitude_deg: must lie between", id="beyond a pole"),
        pytest.param({"wind_month_factors": (1.0,) * 11}, "twelve months", id="eleven months"),
        pytest.param({"wind_month_factors": (1.2,) * 12}, "must average 1", id="factors of 1.2"),
        pytest.param({"relative_humidity": 75.0}, "check its unit", id="percent for a share"),
    ],
)
def test_an_impossible_climate_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(DAKHLA, **changes)


def test_the_sky_of_a_window_is_cut_from_the_same_year():
    window = Steps(start=datetime(2025, 1, 31, 20, tzinfo=UTC), step=HOUR, n_steps=10)
    part = sky_over(23.70, -15.93, 10.0, window).zenith_deg
    whole = sky_over(23.70, -15.93, 10.0, YEAR).zenith_deg
    assert part.tolist() == whole[30 * 24 + 20 : 31 * 24 + 6].tolist()


def test_the_sun_stands_overhead_at_dakhla_on_midsummer_noon():
    # latitude 23.70 and declination 23.44: a quarter of a degree from the zenith
    noon = Steps(start=datetime(2025, 6, 21, 13, tzinfo=UTC), step=timedelta(minutes=5), n_steps=12)
    assert sky_over(23.70, -15.93, 10.0, noon).zenith_deg.min() < 0.9
