"""Carbon intensity, jobs and profiles of the peers' cases, out of the public data folder."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sources import read_all
from optimizer.site import FloatArray
from scheduler.errors import DataUnavailable


def lwa_carbon(data: Path, zone: str) -> FloatArray:
    """Carbon intensity of 2020 and the days after it, at :00 and :30. [g/kWh]"""
    value = "carbon_intensity_gco2_per_kwh"
    frame = read_all(
        data, f"carbon_lets_wait_awhile_2020/ci_{zone}_2020.parquet", ["time_utc", value]
    )
    steps = pd.date_range("2020-01-01", "2021-01-10", freq="30min", tz="UTC", inclusive="left")
    series = frame.drop_duplicates("time_utc").set_index("time_utc")[value].reindex(steps)
    if series.isna().mean() > 1e-3:  # noqa: PLR2004 - the published series lacks one step
        raise DataUnavailable(f"ci_{zone}_2020: {int(series.isna().sum())} steps are missing")
    return series.ffill().to_numpy(dtype=np.float64)


def steam_carbon(data: Path, zone: str) -> FloatArray:
    """Hourly carbon intensity of 2022. [g/kWh]"""
    value = "carbon_intensity_gco2_per_kwh"
    columns = ["time_utc", "zone", value]
    frame = read_all(data, "carbon_steam_2022/ci_hourly_*.parquet", columns)
    series = frame[frame["zone"] == zone].sort_values("time_utc")[value]
    if series.empty:
        raise DataUnavailable(f"carbon_steam_2022: no zone {zone}; take one that is there")
    return series.to_numpy(dtype=np.float64)


def google_load(data: Path) -> FloatArray:
    """Utilisation of a cluster by hour of a year. [0..1]"""
    frame = read_all(data, "utilisation_google_cluster/*.csv", ["hour", "cpu_load"])
    return frame.sort_values("hour")["cpu_load"].to_numpy(dtype=np.float64)


def gaia_jobs(data: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Arrival [h], length [h] and CPUs of GAIA's thousand jobs."""
    frame = read_all(data, "jobs_gaia_traces/alibaba_pai_1k.csv", ["arrival_s", "length_s", "cpus"])
    values = frame.to_numpy(dtype=np.float64)
    return values[:, 0] / 3600, values[:, 1] / 3600, values[:, 2]


def profile(data: Path, model: str) -> tuple[FloatArray, FloatArray]:
    """Power [kW] and throughput [1/h] of a model on 1, 2, … replicas."""
    columns = ["model", "replicas", "power_w", "throughput_per_h"]
    frame = read_all(data, "elastic_scaling_profiles/*.csv", columns)
    rows = frame[frame["model"] == model].sort_values("replicas")
    if rows.empty:
        raise DataUnavailable(f"elastic_scaling_profiles: no model {model}")
    power_kw = rows["power_w"].to_numpy(dtype=np.float64) / 1000
    return power_kw, rows["throughput_per_h"].to_numpy(dtype=np.float64)
