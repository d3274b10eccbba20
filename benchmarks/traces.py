"""Real jobs of public traces: when each was submitted, how long it ran and on how many GPUs.

A trace is a pattern of files and the names its columns have there; what the cases read is the same
for all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.sources import read_all

S_PER_H = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One public trace.

    Attributes:
        pattern: Of its files in the data folder.
        columns: That are read.
        hours: Of such columns: instant of submission, hours from a midnight; run time. [h]
        gpus: Column of the width.
    """

    pattern: str
    columns: tuple[str, ...]
    hours: Callable[[pd.DataFrame], tuple[pd.Series, pd.Series]]
    gpus: str

    def jobs(self, data: Path) -> pd.DataFrame:
        """Jobs by submission: `submitted_h`, `run_h` and `gpus`; those that never ran left out."""
        frame = read_all(data, self.pattern, self.columns)
        submitted_h, run_h = self.hours(frame)
        found = pd.DataFrame({"submitted_h": submitted_h, "run_h": run_h, "gpus": frame[self.gpus]})
        ran = found[(found["run_h"] > 0) & (found["gpus"] >= 1)]
        return ran.sort_values("submitted_h", kind="stable", ignore_index=True)


def whole_hours(seconds: pd.Series) -> npt.NDArray[np.float64]:
    """Run times rounded up to whole hours, shape (jobs,). [h]"""
    hours: npt.NDArray[np.float64] = np.ceil(seconds.to_numpy(dtype=np.float64) / S_PER_H)
    return hours


def _philly(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    times = frame["submit_time_naive"]
    return (times - times.min().normalize()) / pd.Timedelta(hours=1), frame["duration_s"] / S_PER_H


def _gaia(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return frame["arrival_time_h"], frame["length_h"]


def _openb(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    ran_s = frame["deletion_time_s"] - frame["scheduled_time_s"]
    return frame["creation_time_s"] / S_PER_H, ran_s / S_PER_H


PHILLY = Trace(
    pattern="jobs_philly_2017/jobs_*.parquet",
    columns=("submit_time_naive", "duration_s", "num_gpus"),
    hours=_philly,
    gpus="num_gpus",
)
#: The last counts what its authors call CPUs; one stands for one GPU here.
TRACES: Mapping[str, Trace] = MappingProxyType(
    {
        "philly": PHILLY,
        "alibaba-gpu": Trace(
            pattern="jobs_alibaba_gpu_*/pods_*.csv",
            columns=("creation_time_s", "deletion_time_s", "scheduled_time_s", "num_gpu"),
            hours=_openb,
            gpus="num_gpu",
        ),
        "alibaba-pai": Trace(
            pattern="jobs_gaia_traces/alibaba_pai_*.parquet",
            columns=("arrival_time_h", "length_h", "cpus"),
            hours=_gaia,
            gpus="cpus",
        ),
    }
)
