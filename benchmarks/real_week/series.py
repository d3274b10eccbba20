"""Carbon, prices, wind, sun and requests, each as one hourly series in UTC.

Quirks of a source (hour-ending stamps, another hemisphere, a clock without a date) are met here and
nowhere else.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.sources import read_all
from benchmarks.weeks import left_edge, shifted
from scheduler.errors import DataUnavailable

CARBON = "carbon_electricitymaps_hourly/ES_*.parquet"
PRICE = "energy_spain_*/spain_hourly_*.parquet"
WIND = "wind_gefcom2014/wind_*.parquet"
SOLAR = "solar_gefcom2014/solar_*.parquet"
REQUESTS = "inference_servegen_2025/m_large_total_rate_*.csv"

# South-east Australia: solar noon at about 02 UTC, and summer when it is winter in Spain.
SOLAR_SHIFT_H, SOLAR_SHIFT_WEEKS = 10, 26
WINDOWS_AN_HOUR = 6


def _hourly(folder: Path, pattern: str, time: str, column: str) -> pd.Series:
    """The mean of `column` by instant: over zones, or of rows that stand in two files."""
    frame = read_all(folder, pattern, [time, column])
    series: pd.Series = frame.groupby(time)[column].mean().sort_index()
    return series


def carbon_g_per_kwh(folder: Path) -> pd.Series:
    """Life-cycle carbon intensity. [g/kWh]"""
    return _hourly(folder, CARBON, "time_utc", "ci_lifecycle_gco2eq_per_kwh")


def price_eur_per_mwh(folder: Path) -> pd.Series:
    """Day-ahead price. [EUR/MWh]"""
    return _hourly(folder, PRICE, "time_utc", "price_day_ahead_eur_per_mwh")


def wind_share(folder: Path) -> pd.Series:
    """Power of the mean wind zone, left edges. [0..1]"""
    return left_edge(_hourly(folder, WIND, "time_utc", "power_norm"))


def solar_share(folder: Path) -> pd.Series:
    """Power of the mean solar zone, left edges, day and season moved to Spain's. [0..1]"""
    australian = left_edge(_hourly(folder, SOLAR, "valid_time_utc", "power_share_of_capacity"))
    return shifted(australian, hours=SOLAR_SHIFT_H, weeks=SOLAR_SHIFT_WEEKS)


def request_rps(folder: Path, n_hours: int) -> npt.NDArray[np.float64]:
    """Mean request rate of the trace's first hours, shape (n_hours,). [1/s]

    Raises:
        DataUnavailable: Where the trace is shorter.
    """
    time, rate = "window_start_s", "total_request_rate_per_s"
    frame = read_all(folder, REQUESTS, [time, rate]).sort_values(time)
    rates = frame[rate].to_numpy(dtype=np.float64)
    means = hourly_means(rates)
    if len(means) < n_hours:
        raise DataUnavailable(
            f"{REQUESTS}: wanted {n_hours} h of requests, the trace covers {len(means)} h"
        )
    return means[:n_hours]


def hourly_means(rates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Means over six ten-minute windows; what is left of an hour at the end is dropped."""
    whole = len(rates) // WINDOWS_AN_HOUR * WINDOWS_AN_HOUR
    means: npt.NDArray[np.float64] = rates[:whole].reshape(-1, WINDOWS_AN_HOUR).mean(axis=1)
    return means
