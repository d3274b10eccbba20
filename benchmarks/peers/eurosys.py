"""The published optima of temporal shifting (Sukprasert et al., EuroSys 2024), computed again.

A job of 1 kW arrives in every hour of 2022 and has a slack. The optimum in one run is computed for
every slack published; that of a job that may pause for slacks up to a week, where each window is
looked at once.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.sources import read_all
from optimizer.site import FloatArray

LONGEST_WINDOW_H = 400
DECIMALS = 4
_MEANS = ("run_now", "best_contiguous", "best_interruptible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How our optima agree with the published ones.

    Attributes:
        compared: Published means that were computed again.
        differing: Of them, those that differ in the fourth decimal by more than rounding.
        saving_percent: Mean saving of a job that may pause, over the rows computed. [%]
        published_percent: The same from the published means. [%]
    """

    compared: int
    differing: int
    saving_percent: float
    published_percent: float


def match(data: Path) -> Match:
    """Every published row of the zones that are there."""
    folder = "carbon_shifting_eurosys24"
    value = "ci_lifecycle_gco2eq_per_kwh"
    hourly = read_all(data, f"{folder}/ci_hourly_2022*.parquet", ["time_utc", "zone", value])
    columns = [f"mean_{name}_gco2eq_per_kw" for name in _MEANS]
    published = read_all(
        data,
        f"{folder}/published_optima_mean*.csv",
        ["zone", "job_length_h", "slack_h", "n_arrivals", *columns],
    )
    series = {
        zone: rows.sort_values("time_utc")[value].to_numpy(dtype=np.float64)
        for zone, rows in hourly.groupby("zone")
    }
    compared = differing = 0
    ours, theirs = [], []
    for row in published.itertuples(index=False):
        zone, length_h, slack_h, n_arrivals, *means = row
        found = optima(series[zone], int(length_h), int(slack_h), int(n_arrivals))
        for mine, mean in zip(found, means, strict=True):
            if mine is not None:
                compared += 1
                differing += abs(mine - mean) > 0.5 * 10**-DECIMALS + 1e-9 * mean
        if found[2] is not None:
            ours.append(100 * (1 - found[2] / found[0]))
            theirs.append(100 * (1 - means[2] / means[0]))
    return Match(
        compared=compared,
        differing=int(differing),
        saving_percent=float(np.mean(ours)),
        published_percent=float(np.mean(theirs)),
    )


def optima(
    carbon: FloatArray, length_h: int, slack_h: int, n_arrivals: int
) -> tuple[float, float, float | None]:
    """Means over the arrivals: at once, best in one run, best with pauses (None: too long). [g]"""
    n = n_arrivals
    sums = np.append(0.0, np.cumsum(carbon))
    runs = sums[length_h:] - sums[:-length_h]
    # The window ends with the year.
    padded = np.append(runs, np.full(slack_h, np.inf))
    contiguous = _least_ahead(padded, slack_h + 1)[:n]
    paused = None
    if length_h + slack_h <= LONGEST_WINDOW_H:
        window = np.append(carbon, np.full(length_h + slack_h, np.inf))
        views = np.lib.stride_tricks.sliding_window_view(window, length_h + slack_h)[:n]
        paused = float(np.partition(views, length_h - 1, axis=1)[:, :length_h].sum(axis=1).mean())
    return float(runs[:n].mean()), float(contiguous.mean()), paused


def _least_ahead(values: FloatArray, width: int) -> FloatArray:
    """Least of the `width` values from each on, by doubling."""
    least, reach = values.copy(), 1
    while reach < width:
        step = min(reach, width - reach)
        least[:-step] = np.minimum(least[:-step], least[step:])
        reach += step
    return least
