"""The Philly trace as jobs of a scenario.

The trace tells when a job was submitted, how long it ran and on how many GPUs. It does not tell
which jobs could pause, change width or run elsewhere: that is drawn from a hash, the same for the
same seed, whatever else is asked for.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.traces import PHILLY, S_PER_H, whole_hours
from scheduler.errors import DataUnavailable

PATTERN = PHILLY.pattern
COLUMNS = (*PHILLY.columns, "gpu_time_s")
# Not stated with the trace, believed by its readers.
TIME_ZONE = "America/Los_Angeles"
SHORTEST_H, LONGEST_H = 1, 72
HARD_GRACE_H = 24
WEEK = pd.Timedelta(days=7)

# Nobody published which training jobs can do what; shares as in the built-in worlds.
KIND_SHARES = {"contiguous": 0.3, "checkpointable": 0.4, "elastic": 0.3}
HOME_SHARES = {"farm": 0.75, "city": 0.25}
RESUME_H = 0.25
POWER_KW_PER_GPU = 1.2
TWICE_AS_WIDE_SPEED = 1.8
CAPPED_SPEED, CAPPED_POWER_KW_PER_GPU = 0.85, 0.84


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The jobs of one local calendar week, by length.

    Attributes:
        planned: 1 to 72 h: jobs of the scenario.
        short: Below 1 h: background.
        long: Above 72 h: left out, and counted.
    """

    planned: pd.DataFrame
    short: pd.DataFrame
    long: pd.DataFrame


def week_of(trace: pd.DataFrame, monday: pd.Timestamp) -> Week:
    """Jobs submitted in the seven local days from `monday` (naive, the trace's own clock).

    Raises:
        DataUnavailable: Where the trace does not span the week.
    """
    times = trace["submit_time_naive"]
    first, last = times.min(), times.max()
    if not (first <= monday and monday + WEEK <= last):
        raise DataUnavailable(
            f"{PATTERN}: wanted jobs submitted {monday:%Y-%m-%d} to {monday + WEEK:%Y-%m-%d}; "
            f"the trace covers {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
        )
    inside = trace[(times >= monday) & (times < monday + WEEK)].copy()
    inside["submit_utc"] = utc(inside["submit_time_naive"])
    hours = inside["duration_s"] / S_PER_H
    return Week(
        planned=inside[(hours >= SHORTEST_H) & (hours <= LONGEST_H)],
        short=inside[hours < SHORTEST_H],
        long=inside[hours > LONGEST_H],
    )


def utc(naive: pd.Series) -> pd.Series:
    """The trace's local times in UTC; the hour that occurs twice in autumn is its first."""
    local = naive.dt.tz_localize(TIME_ZONE, ambiguous=True, nonexistent="shift_forward")
    converted: pd.Series = local.dt.tz_convert("UTC")
    return converted


def hashed(seed: int, number: int, purpose: str) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{seed}:{purpose}:{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def drawn(shares: dict[str, float], at: float) -> str:
    """The name whose part of [0, 1) holds `at`.

    >>> drawn({"contiguous": 0.3, "checkpointable": 0.4, "elastic": 0.3}, 0.69)
    'checkpointable'
    """
    names = list(shares)
    edges = np.cumsum(list(shares.values()))
    return names[min(int(np.searchsorted(edges, at, side="right")), len(names) - 1)]


def job_table(planned: pd.DataFrame, start: pd.Timestamp, slack_h: int, seed: int) -> pd.DataFrame:
    """One job a row, columns named as a scenario's job file wants them.

    Release is the submission rounded up to the hour, work the run time rounded up to whole hours;
    due = release + work + slack, the hard deadline a day later. Hours count from `start`.
    """
    since = (planned["submit_utc"] - start) / pd.Timedelta(hours=1)
    release_h = np.ceil(since.to_numpy(dtype=np.float64))
    work_h = whole_hours(planned["duration_s"])
    gpus = planned["num_gpus"].to_numpy(dtype=np.int64)
    numbers = [int(number) for number in planned.index]
    kinds = [drawn(KIND_SHARES, hashed(seed, number, "kind")) for number in numbers]
    return pd.DataFrame(
        {
            "name": [f"philly-{number:06d}" for number in numbers],
            "kind": kinds,
            "gpus": gpus,
            "work_h": work_h,
            "power_kw_per_gpu": POWER_KW_PER_GPU,
            "release_h": release_h,
            "due_h": release_h + work_h + slack_h,
            "deadline_h": release_h + work_h + slack_h + HARD_GRACE_H,
            "resume_h": [RESUME_H if kind == "checkpointable" else 0.0 for kind in kinds],
            "modes": [
                modes(int(width)) if kind == "elastic" else None
                for kind, width in zip(kinds, gpus, strict=True)
            ],
            "home": [drawn(HOME_SHARES, hashed(seed, number, "home")) for number in numbers],
        }
    )


def modes(gpus: int) -> str:
    """Other ways to run an elastic job: twice as wide, and capped to 70 % of its power.

    >>> modes(4)
    '8:1.8:1.2;4:0.85:0.84'
    """
    return (
        f"{2 * gpus}:{TWICE_AS_WIDE_SPEED}:{POWER_KW_PER_GPU};"
        f"{gpus}:{CAPPED_SPEED}:{CAPPED_POWER_KW_PER_GPU}"
    )


def busy_gpus(short: pd.DataFrame, start: pd.Timestamp, n_hours: int) -> npt.NDArray[np.float64]:
    """Mean GPUs busy in each hour with jobs that start when submitted, shape (n_hours,)."""
    begin = ((short["submit_utc"] - start) / pd.Timedelta(hours=1)).to_numpy(dtype=np.float64)
    end = begin + short["duration_s"].to_numpy(dtype=np.float64) / S_PER_H
    gpus = short["num_gpus"].to_numpy(dtype=np.float64)
    busy = np.zeros(n_hours)
    for hour in range(n_hours):
        shared_h = np.minimum(end, hour + 1) - np.maximum(begin, hour)
        busy[hour] = float((np.maximum(shared_h, 0.0) * gpus).sum())
    return busy
