"""The sun's path and the clear sky over a place: everything about light that is not weather.

It is deterministic and the dearest part of a PV forecast, so it is computed once a calendar month
and step length and kept. The physics is pvlib's: the solar position algorithm of NREL (Reda and
Andreas 2004), the clear sky of Ineichen and Perez (2002) with the Linke turbidity maps that ship
with pvlib, no network needed. It knows no clouds and no panels.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecasting.climate import month_position
from forecasting.steps import Array, Steps

_HORIZON_DEG = 90.0
_LEAP_YEAR = 2024
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sky:
    """The sun and the clear sky at the middle of every step; all of shape (T,).

    Attributes:
        zenith_deg: Angle between the zenith and the sun. [deg]
        apparent_zenith_deg: The same as seen through the air. [deg]
        azimuth_deg: Direction of the sun, clockwise from north. [deg]
        day_of_year: 1 on the first of January.
        dni_extra_w_m2: Irradiance outside the atmosphere. [W/m²]
        clear_ghi_w_m2: Horizontal irradiance under a clear sky, 0 at night. [W/m²]
    """

    zenith_deg: Array
    apparent_zenith_deg: Array
    azimuth_deg: Array
    day_of_year: Array
    dni_extra_w_m2: Array
    clear_ghi_w_m2: Array

    @property
    def daylight(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether the sun is up at the middle of the step, shape (T,)."""
        return self.clear_ghi_w_m2 > 0

    def at(self, places: NDArray[np.int64]) -> "Sky":
        """The sky of some of these steps, by their numbers."""
        return Sky(**{name: getattr(self, name)[places] for name in _FIELDS})


_FIELDS = (
    "zenith_deg",
    "apparent_zenith_deg",
    "azimuth_deg",
    "day_of_year",
    "dni_extra_w_m2",
    "clear_ghi_w_m2",
)


def sky_over(latitude_deg: float, longitude_deg: float, altitude_m: float, steps: Steps) -> Sky:
    """The sky over a place; steps must divide the hour."""
    steps = steps.hourly_or_finer()
    place = (latitude_deg, longitude_deg, altitude_m)
    midnight = steps.start.replace(hour=0, minute=0, second=0, microsecond=0)
    offset = (steps.start - midnight) % steps.step
    parts: list[dict[str, Array]] = []
    year, month = steps.start.year, steps.start.month
    begin, left = steps.start, steps.n_steps
    while left:
        block_start = datetime(year, month, 1, tzinfo=UTC) + offset
        block = _month(place, year, month, steps.step, offset)
        first = (begin - block_start) // steps.step
        taken = min(left, block["zenith_deg"].size - first)
        parts.append({name: values[first : first + taken] for name, values in block.items()})
        begin, left = begin + taken * steps.step, left - taken
        year, month = (year, month + 1) if month < _MONTHS_A_YEAR else (year + 1, 1)
    return Sky(**{name: np.concatenate([part[name] for part in parts]) for name in _FIELDS})


@lru_cache(maxsize=96)
def _month(
    place: tuple[float, float, float], year: int, month: int, step: timedelta, offset: timedelta
) -> dict[str, Array]:
    """The sky of one calendar month over (latitude, longitude, altitude), begun `offset` late."""
    import pandas as pd  # noqa: PLC0415 - heavy, and only needed where there is sun
    from pvlib import atmosphere, clearsky, irradiance, solarposition  # noqa: PLC0415

    latitude_deg, longitude_deg, altitude_m = place
    start = datetime(year, month, 1, tzinfo=UTC) + offset
    following = (year, month + 1) if month < _MONTHS_A_YEAR else (year + 1, 1)
    n_steps = (datetime(*following, 1, tzinfo=UTC) - start + step - timedelta.resolution) // step
    steps = Steps(start=start, step=step, n_steps=n_steps)
    times = pd.date_range(start + step / 2, periods=n_steps, freq=step)

    sun = solarposition.spa_python(times, latitude_deg, longitude_deg, altitude=altitude_m)
    zenith = sun["zenith"].to_numpy()
    apparent = sun["apparent_zenith"].to_numpy()
    day_of_year = times.day_of_year.to_numpy().astype(np.float64)
    dni_extra = irradiance.get_extra_radiation(day_of_year)

    clear_ghi = np.zeros(n_steps)
    up = apparent < _HORIZON_DEG
    if up.any():
        pressure_pa = atmosphere.alt2pres(altitude_m)
        airmass = atmosphere.get_absolute_airmass(
            atmosphere.get_relative_airmass(apparent[up]), pressure_pa
        )
        turbidity = np.interp(
            month_position(steps.mid_hours) % _MONTHS_A_YEAR,
            np.arange(_MONTHS_A_YEAR + 1),
            _turbidity(latitude_deg, longitude_deg),
        )
        clear_ghi[up] = clearsky.ineichen(
            apparent[up], airmass, turbidity[up], altitude_m, dni_extra[up]
        )["ghi"]
    block = {
        "zenith_deg": zenith,
        "apparent_zenith_deg": apparent,
        "azimuth_deg": sun["azimuth"].to_numpy(),
        "day_of_year": day_of_year,
        "dni_extra_w_m2": np.asarray(dni_extra, dtype=np.float64),
        "clear_ghi_w_m2": clear_ghi,
    }
    for values in block.values():
        values.setflags(write=False)
    return block


@lru_cache(maxsize=256)
def _turbidity(latitude_deg: float, longitude_deg: float) -> Array:
    """Linke turbidity of the twelve months and, once more, of the first, shape (13,)."""
    import pandas as pd  # noqa: PLC0415 - heavy, and only needed where there is sun
    from pvlib import clearsky  # noqa: PLC0415

    months = pd.date_range(datetime(_LEAP_YEAR, 1, 1, tzinfo=UTC), periods=12, freq="MS")
    turbidity = clearsky.lookup_linke_turbidity(
        months, latitude_deg, longitude_deg, interp_turbidity=False
    ).to_numpy(dtype=np.float64)
    return np.append(turbidity, turbidity[0])
