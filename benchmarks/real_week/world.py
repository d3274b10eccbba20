"""The scenario of one real week, with the files it names, in a folder that lives for one run.

The data may not be redistributed, so the scenario is in the repository and its tables are written
where it is loaded from: the loader and its checks see them as they see a user's.
"""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.real_week import jobs, series
from benchmarks.sources import read_all
from benchmarks.traces import S_PER_H
from benchmarks.weeks import HOUR, borrow
from scheduler.scenario import Scenario, load

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "real-week.yaml"
HOURS_A_DAY = 24
HOURS_A_WEEK = 168
WIND_CAPACITY_KW = 1000.0
PV_CAPACITY_KW = 1800.0
KIND_SEED = 2017


@dataclass(frozen=True, slots=True, kw_only=True)
class RealWeek:
    """A scenario made of real data, and what to say about it.

    Attributes:
        scenario: Loaded and checked.
        jobs_in_week: Jobs of 1 to 72 h in the trace's week.
        jobs_planned: How many of them the scenario holds.
        work_gpu_h: Of those, as the trace has them. [GPU-h]
        short_gpu_h: Of shorter jobs, carried as background. [GPU-h]
        long_left_out: Longer jobs, not in the scenario.
        paired: First hour of each borrowed series in its own data.
    """

    scenario: Scenario
    jobs_in_week: int
    jobs_planned: int
    work_gpu_h: float
    short_gpu_h: float
    long_left_out: int
    paired: dict[str, str]


def horizon_days(start: pd.Timestamp, monday: pd.Timestamp, slack_h: int) -> int:
    """Whole days from `start` until the last job of the week is past its hard deadline. [d]

    The last may be submitted as the local week ends, run 72 h, and have its slack and a day.
    """
    end_of_week = jobs.utc(pd.Series([monday + jobs.WEEK]))[0]
    hours = (end_of_week - start) / HOUR + jobs.LONGEST_H + slack_h + jobs.HARD_GRACE_H
    return int(np.ceil(hours / HOURS_A_DAY))


def evenly(frame: pd.DataFrame, n: int | None) -> pd.DataFrame:
    """About `n` rows, evenly spread; all of them with None."""
    if n is None or n >= len(frame):
        return frame
    at = np.unique(np.linspace(0, len(frame) - 1, n).astype(np.int64))
    return frame.iloc[at]


def real_week(
    data: Path, folder: Path, *, week: date, slack_h: int, n_jobs: int | None = None
) -> RealWeek:
    """The scenario of the week from `week`, a Monday, its files written into `folder`.

    Args:
        data: The folder of public data.
        folder: Empty; where scenario and tables go.
        week: First local day of the trace's week.
        slack_h: Hours between the earliest end of a job and its soft deadline.
        n_jobs: Take only so many jobs; None takes all.

    Raises:
        DataUnavailable: Where a file is absent or does not cover the span.
    """
    monday = pd.Timestamp(week)
    start = monday.tz_localize("UTC")
    n_days = horizon_days(start, monday, slack_h)
    n_hours = n_days * HOURS_A_DAY
    found = jobs.week_of(read_all(data, jobs.PATTERN, jobs.COLUMNS), monday)
    kept = evenly(found.planned, n_jobs)
    paired: dict[str, str] = {}

    def borrowed(values: pd.Series, what: str) -> npt.NDArray[np.float64]:
        one = borrow(values, start, n_hours, what)
        paired[what.partition("/")[0]] = f"{one.original_start:%Y-%m-%d}"
        return one.values.to_numpy(dtype=np.float64)

    table = pd.DataFrame(
        {
            "time_utc": pd.date_range(start, periods=n_hours, freq=HOUR),
            "carbon_g_per_kwh": borrowed(series.carbon_g_per_kwh(data), series.CARBON),
            "day_ahead_eur_per_mwh": borrowed(series.price_eur_per_mwh(data), series.PRICE),
            "wind_kw": WIND_CAPACITY_KW * borrowed(series.wind_share(data), series.WIND),
            "pv_kw": PV_CAPACITY_KW * borrowed(series.solar_share(data), series.SOLAR),
            "inference_rps": series.request_rps(data, n_hours),
            # One request is one GPU busy for one second.
            "short_jobs_rps": jobs.busy_gpus(found.short, start, n_hours),
        }
    )
    table.to_parquet(folder / "series.parquet", index=False)
    jobs.job_table(kept, start, slack_h, KIND_SEED).to_csv(folder / "jobs.csv", index=False)
    shutil.copy(SCENARIO, folder / SCENARIO.name)
    return RealWeek(
        scenario=load(folder / SCENARIO.name, start=start.to_pydatetime(), days=n_days),
        jobs_in_week=len(found.planned),
        jobs_planned=len(kept),
        work_gpu_h=float(kept["gpu_time_s"].sum()) / S_PER_H,
        short_gpu_h=float(found.short["gpu_time_s"].sum()) / S_PER_H,
        long_left_out=len(found.long),
        paired=paired,
    )
