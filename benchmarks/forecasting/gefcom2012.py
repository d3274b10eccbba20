"""GEFCom2012 wind: skill by lead, 1 to 48 hours, of forecasts from one weather run.

Learnt from the runs and the power of the years before; the blocks the competition withheld are
never learnt from. Scored on every run of the later years whose 48 hours are complete.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.forecasting.metrics import COVERAGE, CRPS, SKILL
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from benchmarks.sources import read_all
from forecasting.features.wind import clock_features
from forecasting.models.boosted import BoostedQuantiles
from forecasting.models.climatology import Climatology
from forecasting.quantiles import PERCENTILES
from forecasting.scores import pinball
from forecasting.steps import Array

CASE = "gefcom2012-wind"
TESTED_FROM = pd.Timestamp("2011-01-01", tz="UTC")
HORIZON_H = 48
RECIPE = BoostedQuantiles(n_trees=100, n_leaves=31, least_rows=60, row_share=0.5)
_LOW, _HIGH = 4, 94
_AROUND_H = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Farm:
    """One farm's weather runs and power.

    Attributes:
        issues: When runs began.
        speed: Of the wind by run and lead, shape (N, 48). [m/s]
        east: Eastward, likewise. [m/s]
        north: Northward, likewise. [m/s]
        power: Share of capacity by left edge.
        learnable: On the same index, whether it may be learnt from.
    """

    issues: pd.DatetimeIndex
    speed: Array
    east: Array
    north: Array
    power: pd.Series
    learnable: pd.Series


def farms(data: Path) -> dict[str, Farm]:
    """Every farm in `data`."""
    runs = read_all(
        data,
        "wind_gefcom2012/nwp_forecasts_*.parquet",
        ["farm", "issue_time_utc", "lead_time_h", "u_fcst_m_s", "v_fcst_m_s"],
    )
    power = read_all(
        data,
        "wind_gefcom2012/power_*.parquet",
        ["time_utc", "farm", "power_norm", "in_competition_training_set"],
    )
    found = {}
    for farm, rows in runs.groupby("farm"):
        own = power[power["farm"] == farm].set_index("time_utc").sort_index()
        tables = {
            name: rows.pivot_table(
                index="issue_time_utc", columns="lead_time_h", values=name, dropna=False
            )
            for name in ("u_fcst_m_s", "v_fcst_m_s")
        }
        east, north = (tables[name].to_numpy(dtype=np.float64) for name in tables)
        found[str(farm)] = Farm(
            issues=pd.DatetimeIndex(tables["u_fcst_m_s"].index),
            speed=np.hypot(east, north),
            east=east,
            north=north,
            power=own["power_norm"],
            learnable=own["in_competition_training_set"].astype(bool),
        )
    return found


def features(farm: Farm, runs: NDArray[np.int64]) -> Array:
    """Rows of every lead of the chosen runs, run by run, shape (n · 48, F)."""
    speed, east, north = farm.speed[runs], farm.east[runs], farm.north[runs]
    leads = np.arange(HORIZON_H)
    columns = [speed, east, north]
    columns += [speed[:, np.clip(leads + by, 0, HORIZON_H - 1)] for by in _AROUND_H]
    columns.append(np.mean(columns[3:], axis=0))
    columns.append(np.broadcast_to(leads.astype(np.float64), speed.shape))
    clock = clock_features(_valid(farm, runs))
    table = [column.ravel() for column in columns] + list(clock.values())
    return np.stack(table, axis=1)


def _valid(farm: Farm, runs: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Hour of every row: lead 1 is the value stamped an hour after the run began."""
    leads = pd.to_timedelta(np.tile(np.arange(1, HORIZON_H + 1), len(runs)), unit="h")
    return farm.issues[np.repeat(runs, HORIZON_H)] + leads


def scored(farm: Farm) -> tuple[Array, Array, Array, Array]:
    """CRPS of model and climatology, coverage, and truths of every tested run, (n, 48) each."""
    whole = np.isfinite(farm.speed).all(axis=1)
    early = np.asarray(farm.issues + pd.Timedelta(hours=HORIZON_H) < TESTED_FROM)
    learn, test = np.flatnonzero(whole & early), np.flatnonzero(whole & ~early)
    hours = _valid(farm, learn)
    target = farm.power.where(farm.learnable).reindex(hours).to_numpy()
    known = np.isfinite(target)
    fitted = RECIPE.fit(features(farm, learn)[known], target[known])
    ours = fitted.quantiles(features(farm, test), PERCENTILES)
    asked = _valid(farm, test)
    past = farm.power[(farm.power.index < TESTED_FROM) & farm.learnable]
    usual = Climatology.of(past).quantiles(asked, PERCENTILES)
    truth = farm.power.reindex(asked).to_numpy()
    shape = (len(test), HORIZON_H)
    crps = [2 * pinball(truth, q, PERCENTILES).mean(axis=0).reshape(shape) for q in (ours, usual)]
    inside = np.where(np.isfinite(truth), (truth >= ours[_LOW]) & (truth <= ours[_HIGH]), np.nan)
    return crps[0], crps[1], inside.reshape(shape), truth.reshape(shape)


def lines(data: Path, say: Callable[[str], None]) -> Iterator[Line]:
    """A line for every lead over all farms, and over all leads."""
    meter = Meter()
    found = {name: scored(farm) for name, farm in farms(data).items()}
    ours, usual, inside = (
        np.concatenate([one[part] for one in found.values()]) for part in (0, 1, 2)
    )
    skills = []
    for lead in range(HORIZON_H):
        known = np.isfinite(ours[:, lead])
        model, reference = float(ours[known, lead].mean()), float(usual[known, lead].mean())
        skills.append(100 * (1 - model / reference))
        yield line_of(
            CASE,
            SKILL,
            skills[-1],
            cost=meter.read(),
            conditions={"lead_h": str(lead + 1), "farms": len(found)},
            n=int(known.sum()),
        )
    say(f"{CASE}: skill {np.mean(skills):.1f} % on average, {min(skills):.1f} % at least")
    over: dict[str, str | float | bool] = {"lead_h": "1-48", "farms": len(found)}
    for metric, value, beside in (
        (SKILL, float(np.mean(skills)), {"least_of_any_lead": float(min(skills))}),
        (CRPS, float(np.nanmean(ours)), {"climatology": float(np.nanmean(usual))}),
        (COVERAGE, float(np.nanmean(inside)), {}),
    ):
        yield line_of(
            CASE,
            metric,
            value,
            cost=meter.read(),
            conditions=over,
            n=int(np.isfinite(ours).sum()),
            references=beside,
        )
