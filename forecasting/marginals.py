"""From standard normal numbers to weather: the laws of wind, sun and temperature at a place.

Everything random here is Gaussian until this module: synthetic truth, forecasts and scenarios all
pass through the same maps, so a forecast with no information is exactly the climatology. It draws
nothing itself.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from math import gamma

import numpy as np

from forecasting.climate import MONTHS, Climate, month_position
from forecasting.sky import Sky, sky_over
from forecasting.steps import Array, Steps

VARIABLES = ("wind", "sun", "temperature")
"""Order of the latent Gaussian variables along their axis."""

_MOST_INDEX = 1.08
_FOG_INDEX = (0.15, 0.50)
_FOG_LIFTS_LOCAL_H = 10.0
_LEAST_HUMIDITY, _MOST_HUMIDITY = 5.0, 99.0
_Z_RANGE = 5.0
_Z_POINTS = 401
_MIXTURE_POINTS = 4000
_LEAST_HEIGHT_M = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weather:
    """Weather over equal steps at a place; arrays of shape (..., T), means over the step.

    Attributes:
        climate: The place.
        start: Left edge of the first step, UTC.
        step: Length of a step.
        wind_speed_m_s: At the climate's reference height. [m/s]
        clear_sky_index: Share of the clear-sky irradiation that arrives.
        ghi_w_m2: Global horizontal irradiance, 0 at night. [W/m²]
        dni_w_m2: Direct normal irradiance, 0 at night. [W/m²]
        dhi_w_m2: Diffuse horizontal irradiance, 0 at night. [W/m²]
        temperature_c: Air temperature, dry bulb. [°C]
        relative_humidity_percent: Relative humidity. [%]
        wet_bulb_c: Wet-bulb temperature. [°C]
    """

    climate: Climate
    start: datetime
    step: timedelta
    wind_speed_m_s: Array
    clear_sky_index: Array
    ghi_w_m2: Array
    dni_w_m2: Array
    dhi_w_m2: Array
    temperature_c: Array
    relative_humidity_percent: Array
    wet_bulb_c: Array

    @property
    def steps(self) -> Steps:
        """The steps of the last axis."""
        return Steps(start=self.start, step=self.step, n_steps=self.wind_speed_m_s.shape[-1])

    @property
    def sky(self) -> Sky:
        """The sun and the clear sky over these steps."""
        place = self.climate
        return sky_over(place.latitude_deg, place.longitude_deg, place.altitude_m, self.steps)

    def warmer(self, by_k: Array) -> "Weather":
        """This weather with air warmer by `by_k`, shape (T,), its vapour what it was.

        Relative humidity falls as the saturation pressure rises; wet bulb follows both.
        """
        temperature = self.temperature_c + by_k
        drier = _saturation_pressure_hpa(self.temperature_c) / _saturation_pressure_hpa(temperature)
        humidity = np.clip(self.relative_humidity_percent * drier, _LEAST_HUMIDITY, _MOST_HUMIDITY)
        return replace(
            self,
            temperature_c=temperature,
            relative_humidity_percent=humidity,
            wet_bulb_c=wet_bulb_c(temperature, humidity),
        )

    def wind_speed_at_m_s(self, height_m: float) -> Array:
        """Wind at another height, by the power law of the place, shape (..., T). [m/s]

        v(z) = v(reference) · (z / reference)^α, α smaller by day, when the air mixes.
        """
        if height_m < _LEAST_HEIGHT_M:
            raise ValueError(
                f"weather.wind_speed_at_m_s: height_m must be at least 1, got {height_m}; "
                "give metres above ground"
            )
        ratio = height_m / self.climate.wind_reference_height_m
        return self.wind_speed_m_s * ratio ** self.climate.shear_exponent(self.steps.mid_hours)


def weather_from_latent(climate: Climate, latent: Array, steps: Steps) -> Weather:
    """Weather from standard normals of shape (..., 3, T), in the order of `VARIABLES`."""
    mid_hours = steps.mid_hours
    wind = _wind_m_s(climate, latent[..., 0, :], mid_hours)
    index = _clear_sky_index(climate, latent[..., 1, :], mid_hours)
    temperature = (
        climate.mean_temperature_c(mid_hours) + climate.temperature_spread_k * latent[..., 2, :]
    )
    humidity = _relative_humidity_percent(climate, temperature, mid_hours)
    sky = sky_over(climate.latitude_deg, climate.longitude_deg, climate.altitude_m, steps)
    ghi, dni, dhi = _irradiance(index, sky)
    return Weather(
        climate=climate,
        start=steps.start,
        step=steps.step,
        wind_speed_m_s=wind,
        clear_sky_index=index,
        ghi_w_m2=ghi,
        dni_w_m2=dni,
        dhi_w_m2=dhi,
        temperature_c=temperature,
        relative_humidity_percent=humidity,
        wet_bulb_c=wet_bulb_c(temperature, humidity),
    )


def wet_bulb_c(temperature_c: Array, relative_humidity_percent: Array) -> Array:
    """Wet-bulb temperature at sea-level pressure. [°C]

    The fit of Stull, "Wet-bulb temperature from relative humidity and air temperature", Journal of
    Applied Meteorology and Climatology 50 (2011): within 1 K for humidity of 5 to 99 %.

    >>> wet_bulb_c(np.array([20.0]), np.array([50.0])).round(1)
    array([13.7])
    """
    t, rh = temperature_c, relative_humidity_percent
    wet: Array = (
        t * np.arctan(0.151977 * np.sqrt(rh + 8.313659))
        + np.arctan(t + rh)
        - np.arctan(rh - 1.676331)
        + 0.00391838 * rh**1.5 * np.arctan(0.023101 * rh)
        - 4.686035
    )
    return np.minimum(wet, t)


def _wind_m_s(climate: Climate, z: Array, mid_hours: Array) -> Array:
    """Weibull quantile of Φ(z), its scale set by the mean of the season and hour."""
    from scipy.special import log_ndtr  # noqa: PLC0415 - a third of a second of start-up

    k = climate.weibull_k_hourly
    scale = climate.mean_wind_m_s(mid_hours) / gamma(1 + 1 / k)
    wind: Array = scale * (-log_ndtr(-z)) ** (1 / k)
    return wind


def _relative_humidity_percent(climate: Climate, temperature_c: Array, mid_hours: Array) -> Array:
    """The day's vapour kept while temperature moves: hot hours are dry ones."""
    mean = climate.mean_temperature_c(mid_hours)
    day = mean - climate.temperature_diurnal_amplitude_k * np.cos(
        2 * np.pi * (climate.local_hour(mid_hours) - climate.temperature_peak_local_h) / 24
    )
    ratio = _saturation_pressure_hpa(day) / _saturation_pressure_hpa(temperature_c)
    percent: Array = np.clip(
        100 * climate.relative_humidity * ratio, _LEAST_HUMIDITY, _MOST_HUMIDITY
    )
    return percent


def _saturation_pressure_hpa(temperature_c: Array) -> Array:
    """Magnus formula with the coefficients of Alduchov and Eskridge (1996). [hPa]"""
    pressure: Array = 6.1094 * np.exp(17.625 * temperature_c / (temperature_c + 243.04))
    return pressure


def _irradiance(index: Array, sky: Sky) -> tuple[Array, Array, Array]:
    """GHI, and its split into DNI and DHI by Erbs, Klein and Duffie (1982). [W/m²]"""
    from pvlib import irradiance  # noqa: PLC0415 - heavy, and only needed where there is sun

    ghi = index * sky.clear_ghi_w_m2
    dni, dhi = np.zeros_like(ghi), np.zeros_like(ghi)
    up = sky.daylight
    if up.any():
        split = irradiance.erbs(ghi[..., up], sky.zenith_deg[up], sky.day_of_year[up])
        dni[..., up], dhi[..., up] = split["dni"], split["dhi"]
    return ghi, dni, dhi


def _clear_sky_index(climate: Climate, z: Array, mid_hours: Array) -> Array:
    """Beta quantile of Φ(z), with fog in the low tail of the morning.

    Read from a table over months and z; between months the quantiles move linearly, and with them
    the mean.
    """
    table = _index_table(
        climate.clear_sky_index_month, climate.clear_sky_index_spread, climate.fog_share
    )
    position = month_position(mid_hours)
    month = np.floor(position).astype(np.int64)
    month_share = position - month
    foggy = (climate.local_hour(mid_hours) < _FOG_LIFTS_LOCAL_H).astype(np.int64)

    cell = (np.clip(z, -_Z_RANGE, _Z_RANGE) + _Z_RANGE) * ((_Z_POINTS - 1) / (2 * _Z_RANGE))
    low = np.minimum(cell.astype(np.int64), _Z_POINTS - 2)
    share = cell - low
    index = np.zeros(z.shape)
    for months, weight in ((month, 1 - month_share), (month + 1, month_share)):
        below = table[foggy, months % MONTHS, low]
        above = table[foggy, months % MONTHS, low + 1]
        index += weight * ((1 - share) * below + share * above)
    return index


@lru_cache(maxsize=64)
def _index_table(monthly: tuple[float, ...], spread: float, fog_share: float) -> Array:
    """Quantiles of the clear-sky index over (clear or foggy morning, month, z), (2, 12, Z)."""
    from scipy.special import betaincinv, ndtr  # noqa: PLC0415 - a third of a second of start-up

    probability = ndtr(np.linspace(-_Z_RANGE, _Z_RANGE, _Z_POINTS))
    fine = (np.arange(_MIXTURE_POINTS) + 0.5) / _MIXTURE_POINTS
    fog = _FOG_INDEX[0] + (_FOG_INDEX[1] - _FOG_INDEX[0]) * fine
    weight = np.repeat([fog_share, 1 - fog_share], _MIXTURE_POINTS) / _MIXTURE_POINTS
    table = np.empty((2, MONTHS, _Z_POINTS))
    for month, level in enumerate(monthly):
        mean = level / _MOST_INDEX
        variance = (spread / _MOST_INDEX) ** 2
        concentration = mean * (1 - mean) / variance - 1
        if not 0 < mean < 1 or concentration <= 0:
            raise ValueError(
                f"climate.clear_sky_index_month: a mean of {level} with spread {spread} fits no "
                f"distribution on [0, {_MOST_INDEX}], got them together; lower the spread"
            )
        a, b = mean * concentration, (1 - mean) * concentration
        table[0, month] = _MOST_INDEX * betaincinv(a, b, probability)
        values = np.concatenate([fog, _MOST_INDEX * betaincinv(a, b, fine)])
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(weight[order]) - weight[order] / 2
        table[1, month] = np.interp(probability, reached, values[order])
    table.setflags(write=False)
    return table
