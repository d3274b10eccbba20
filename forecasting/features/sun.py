"""What PV power follows from: the light that falls on the panels, and how sure the clouds are.

pvlib does the physics (sun position, clear sky, the split into direct and diffuse light, and its
projection on the tilted plane), so that a model is left with what physics does not know: shade,
losses, and how wrong the weather forecast tends to be.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.features.wind import clock_features, moved
from forecasting.sky import Sky, sky_over
from forecasting.steps import HOUR, Array, Steps

TWILIGHT_DEG = -6.0
"""Below this elevation in the middle of an hour no panel gives power. [°]"""

_LEAST_CLEAR_W_M2 = 5.0
_MOST_INDEX = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """Where panels stand and look.

    Attributes:
        latitude_deg: [°]
        longitude_deg: [°]
        tilt_deg: From the horizontal. [°]
        azimuth_deg: From north, clockwise. [°]
        albedo: Share of light the ground reflects. [0..1]
    """

    latitude_deg: float
    longitude_deg: float
    tilt_deg: float
    azimuth_deg: float
    albedo: float = 0.2


def _sky(index: pd.DatetimeIndex, panels: Panels) -> Sky:
    """The sun over an hourly index, in the middle of each hour."""
    start, end = index.min().to_pydatetime(), index.max().to_pydatetime()
    steps = Steps(start=start, step=HOUR, n_steps=int((end - start) / HOUR) + 1)
    place = ((index - index.min()) // pd.Timedelta(HOUR)).to_numpy()
    return sky_over(panels.latitude_deg, panels.longitude_deg, 0.0, steps).at(place)


def _on_plane(sky: Sky, panels: Panels, ghi_w_m2: Array) -> Array:
    """What of horizontal light falls on the panels (Hay and Davies 1980). [W/m²]"""
    from pvlib import irradiance  # noqa: PLC0415 - seconds of start-up

    split = irradiance.erbs(ghi_w_m2, sky.zenith_deg, sky.day_of_year)
    plane = irradiance.get_total_irradiance(
        panels.tilt_deg,
        panels.azimuth_deg,
        sky.apparent_zenith_deg,
        sky.azimuth_deg,
        split["dni"],
        ghi_w_m2,
        split["dhi"],
        dni_extra=sky.dni_extra_w_m2,
        albedo=panels.albedo,
        model="haydavies",
    )
    total: Array = np.nan_to_num(np.asarray(plane["poa_global"], dtype=np.float64))
    return np.maximum(total, 0.0)


def clear_plane(index: pd.DatetimeIndex, panels: Panels) -> pd.Series:
    """What falls on the panels under a clear sky, mean of each hour of left edges. [W/m²]"""
    sky = _sky(index, panels)
    return pd.Series(_on_plane(sky, panels, sky.clear_ghi_w_m2), index=index)


def sun_features(weather: pd.DataFrame, panels: Panels) -> pd.DataFrame:
    """A row for each hour of `weather`, by left edge in UTC.

    Args:
        weather: Hourly, one row an hour without gaps, with at least `ghi_w_m2`, `cloud_share`,
            `temperature_c`, `wind_speed_m_s` and `humidity_percent`; any other column becomes a
            feature as it is.
        panels: The plane.
    """
    index = pd.DatetimeIndex(weather.index)
    sky = _sky(index, panels)
    ghi, clear_ghi = weather["ghi_w_m2"].to_numpy(dtype=np.float64), sky.clear_ghi_w_m2
    hour_index = _share(ghi, clear_ghi)
    day = index.floor("D")
    by_day = pd.DataFrame({"ghi": ghi, "clear": clear_ghi}).groupby(day).transform("sum")
    plane, clear = _on_plane(sky, panels, ghi), _on_plane(sky, panels, clear_ghi)
    columns: dict[str, Array] = {
        "plane_w_m2": plane,
        "clear_plane_w_m2": clear,
        "clear_index": hour_index,
        "day_clear_index": _share(by_day["ghi"].to_numpy(), by_day["clear"].to_numpy()),
        "elevation": 90.0 - sky.zenith_deg,
        "azimuth": sky.azimuth_deg,
    }
    for offset in (-2, -1, 1, 2):
        columns[f"plane_w_m2_{offset:+d}h"] = moved(plane, offset)
        columns[f"cloud_share_{offset:+d}h"] = moved(weather["cloud_share"].to_numpy(), offset)
    for name in weather.columns:
        columns[name] = weather[name].to_numpy(dtype=np.float64)
    clock = clock_features(index)
    columns |= {"season_sin": clock["season_sin"], "season_cos": clock["season_cos"]}
    return pd.DataFrame(columns, index=index)


def _share(part: Array, whole: Array) -> Array:
    """`part / whole`, capped; 0 where there is next to nothing to divide by."""
    share = np.zeros_like(whole)
    np.divide(part, whole, out=share, where=whole > _LEAST_CLEAR_W_M2)
    return np.clip(share, 0.0, _MOST_INDEX)
