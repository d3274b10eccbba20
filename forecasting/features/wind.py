"""What wind power follows from: speed, shear and direction at the farm, before and after, around.

Weather forecasts are right about a front and wrong about its hour, so the hours around count; and
what the neighbours are to get says how sure the forecast is of the place.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecasting.steps import Array

AROUND_H = (-6, -4, -3, -2, -1, 1, 2, 3, 4, 6)
COMPONENTS = ("u10", "v10", "u100", "v100")
"""Eastward and northward wind at 10 and 100 m. [m/s]"""


def wind_features(
    weather: Mapping[str, pd.DataFrame], name: str, *, around_h: Sequence[int] = AROUND_H
) -> pd.DataFrame:
    """A row for each hour of `weather[name]`.

    Args:
        weather: Of this farm and its neighbours, by name: `COMPONENTS` on one hourly UTC index.
        name: The farm.
        around_h: Offsets of the other hours looked at; at the ends of the span, and beside gaps,
            the last hour known is repeated. Rows of hours without weather are NaN throughout.
    """
    gaps = [winds[list(COMPONENTS)].isna().any(axis=1) for winds in weather.values()]
    missing = np.logical_or.reduce([gap.to_numpy() for gap in gaps])
    if missing.all():
        raise ValueError("wind_features: there must be an hour with weather, got none; use rung 1")
    if missing.any():
        weather = {
            site: winds.mask(np.repeat(missing[:, None], winds.shape[1], axis=1)).ffill().bfill()
            for site, winds in weather.items()
        }
    own = weather[name]
    u10, v10, u100, v100 = (own[c].to_numpy(dtype=np.float64) for c in COMPONENTS)
    low, high = np.hypot(u10, v10), np.hypot(u100, v100)
    calm = np.maximum(high, 0.1)
    columns: dict[str, Array] = {
        "speed_100": high,
        "speed_10": low,
        "shear": high - low,
        "east": u100 / calm,
        "north": v100 / calm,
        "turning": np.arctan2(u10 * v100 - v10 * u100, u10 * u100 + v10 * v100),
    }
    for offset in around_h:
        columns[f"speed_100_{offset:+d}h"] = moved(high, offset)
    near = np.stack([moved(high, offset) for offset in range(-2, 3)])
    wide = np.stack([moved(high, offset) for offset in range(-3, 4)])
    columns["speed_mean_5h"] = near.mean(axis=0)
    columns["speed_spread_7h"] = wide.std(axis=0)
    for hours in (13, 25):
        around = pd.Series(high).rolling(hours, center=True, min_periods=1)
        columns[f"speed_mean_{hours}h"] = around.mean().to_numpy()
    columns |= {"east_m_s": u100, "north_m_s": v100}
    for offset in (-2, 2):
        columns[f"speed_10_{offset:+d}h"] = moved(low, offset)
    columns |= clock_features(pd.DatetimeIndex(own.index))
    columns |= _around(weather)
    for other, winds in weather.items():
        if other != name:
            columns[f"speed_100_at_{other}"] = np.hypot(
                winds["u100"].to_numpy(dtype=np.float64), winds["v100"].to_numpy(dtype=np.float64)
            )
    table = pd.DataFrame(columns, index=own.index)
    return (
        table.mask(np.repeat(missing[:, None], table.shape[1], axis=1)) if missing.any() else table
    )


def _around(weather: Mapping[str, pd.DataFrame]) -> dict[str, Array]:
    """The wind over all farms: the front, less the detail that no forecast gets right."""
    east = np.stack([winds["u100"].to_numpy(dtype=np.float64) for winds in weather.values()])
    north = np.stack([winds["v100"].to_numpy(dtype=np.float64) for winds in weather.values()])
    speed = np.hypot(east, north)
    mean = speed.mean(axis=0)
    return {
        "region_speed": mean,
        "region_speed_-2h": moved(mean, -2),
        "region_speed_+2h": moved(mean, 2),
        "region_spread": speed.std(axis=0),
        "region_east": east.mean(axis=0),
        "region_north": north.mean(axis=0),
    }


def clock_features(index: pd.DatetimeIndex) -> dict[str, Array]:
    """Hour of the day and season, each as a place on a circle."""
    day = 2 * np.pi * index.hour.to_numpy() / 24
    year = 2 * np.pi * index.day_of_year.to_numpy() / 365.25
    return {
        "hour_sin": np.sin(day),
        "hour_cos": np.cos(day),
        "season_sin": np.sin(year),
        "season_cos": np.cos(year),
    }


def moved(values: Array, offset: int) -> Array:
    """`values` of `offset` rows later, the ends repeated."""
    place = np.clip(np.arange(values.size) + offset, 0, values.size - 1)
    later: Array = values[place]
    return later
