"""Faults, one at a time, and what each costs against the clean run.

Gaps, a stuck feed, mixed units and curtailment strike the power feed that is learnt from; lost days
strike the weather forecast of the hours asked for, on the fits of the clean run; a late run leaves
the one before it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting import gefcom2012
from benchmarks.forecasting.gefcom2014 import Track, mean_pinball, wind_track
from benchmarks.forecasting.metrics import LOSS, PINBALL
from benchmarks.forecasting.months import Task, require_span, task
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from forecasting.available import available
from forecasting.door import live
from forecasting.models.blend import SpanFits, fit_span
from forecasting.quantiles import PERCENTILES

CASE = "stress"
GAP_SHARE, GAP_H = 0.4, 72
LOST_SHARE = 0.15
MIXED_SHARE, MIXED_FACTOR = 0.05, 1000.0
STUCK_EVERY_H, STUCK_H = 168, 24
CURTAILED_SHARE, CURTAILED_TO, CURTAILED_H = 0.3, 0.4, 6
RUNS_APART_H = 12
SEED = 0


def with_gaps(power: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Two fifths of the record lost, three days at a time."""
    block = np.arange(power.size) // GAP_H
    lost = rng.random(block[-1] + 1) < GAP_SHARE
    return power.mask(lost[block])


def with_stuck_days(power: pd.Series, rng: np.random.Generator) -> pd.Series:
    """A day in each week at the value before it; the door then sees to it."""
    values = power.to_numpy().copy()
    for week in range(0, values.size - STUCK_EVERY_H, STUCK_EVERY_H):
        begin = week + 1 + int(rng.integers(STUCK_EVERY_H - STUCK_H))
        values[begin : begin + STUCK_H] = values[begin - 1]
    stuck = pd.Series(values, index=power.index)
    return live(stuck, variable="wind", capacity=1.0)[0]


def with_mixed_units(power: pd.Series, rng: np.random.Generator) -> pd.Series:
    """One row in twenty in another unit; the door then sees to it."""
    mixed = power.where(rng.random(power.size) >= MIXED_SHARE, power * MIXED_FACTOR)
    return live(mixed, variable="wind", capacity=1.0)[0]


def with_curtailment(power: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Three hours in ten held at two fifths of what was there, six hours at a time, and marked."""
    curtailed = rng.random(power.size // CURTAILED_H + 1) < CURTAILED_SHARE
    marked = pd.Series(np.repeat(curtailed, CURTAILED_H)[: power.size], index=power.index)
    return available(power.where(~marked, CURTAILED_TO * power), curtailed=marked)


def with_lost_days(track: Track, of: Task, rng: np.random.Generator) -> Track:
    """Days of the month asked for whose weather run never came, for all farms."""
    days = pd.date_range(of.begin, of.end - pd.Timedelta("1D"), freq="D")
    lost = days[rng.random(len(days)) < LOST_SHARE]

    def holed(frame: pd.DataFrame) -> pd.DataFrame:
        gone = np.asarray(pd.DatetimeIndex(frame.index).floor("D").isin(lost))
        return frame.mask(np.repeat(gone[:, None], frame.shape[1], axis=1))

    return replace(track, weather={zone: holed(frame) for zone, frame in track.weather.items()})


_POWER: Mapping[str, Callable[[pd.Series, np.random.Generator], pd.Series]] = {
    "training_gaps_40_percent": with_gaps,
    "power_feed_stuck_a_day_each_week": with_stuck_days,
    "units_mixed_5_percent": with_mixed_units,
    "curtailed_30_percent": with_curtailment,
}


def learnt(track: Track, of: Task) -> SpanFits:
    """Every model of one month."""
    tables = track.tables(of)
    columns = list(next(iter(tables.values())).features.columns)
    return fit_span(tables, track.recipes(columns), begin=of.begin)


def score(fits: SpanFits, track: Track, of: Task, truth: Track) -> float:
    """Pinball of one month with the models weighed equally; truths are the clean ones."""
    members = fits.members(track.tables(of), PERCENTILES, end=of.end)
    equal = np.full(len(members.names), 1 / len(members.names))
    return mean_pinball(members.blended(equal), truth.truth(of))


def late_run(data: Path) -> tuple[float, float, int]:
    """CRPS of the newest run and, for the same hours, of the one before it, and how many hours."""
    new, old = [], []
    for farm in gefcom2012.farms(data).values():
        ours, _, _, _ = gefcom2012.scored(farm)
        whole = np.isfinite(farm.speed).all(axis=1)
        early = farm.issues + pd.Timedelta(hours=gefcom2012.HORIZON_H) < gefcom2012.TESTED_FROM
        issues = farm.issues[whole & ~np.asarray(early)]
        place = {issue: row for row, issue in enumerate(issues)}
        for row, issue in enumerate(issues):
            before = place.get(issue - pd.Timedelta(hours=RUNS_APART_H))
            if before is not None:
                new.append(ours[row, :-RUNS_APART_H])
                old.append(ours[before, RUNS_APART_H:])
    first, second = np.concatenate(new), np.concatenate(old)
    known = np.isfinite(first) & np.isfinite(second)
    return float(first[known].mean()), float(second[known].mean()), int(known.sum())


def lines(data: Path, numbers: tuple[int, ...], say: Callable[[str], None]) -> Iterator[Line]:
    """A line of each fault, over all tasks."""
    track, whole = wind_track(data), Meter()
    index = pd.DatetimeIndex(next(iter(track.weather.values())).index)
    for number in numbers:
        require_span(task(track.first_month, number), index)
    found: dict[str, list[float]] = {}
    for number in numbers:
        of = task(track.first_month, number)
        fits = learnt(track, of)
        scores = {"clean": score(fits, track, of, track)}
        blind = with_lost_days(track, of, np.random.default_rng([SEED, number]))
        scores["weather_days_lost_15_percent"] = score(fits, blind, of, track)
        for fault, strike in _POWER.items():
            rng = np.random.default_rng([SEED, number])
            power = {zone: strike(series, rng) for zone, series in track.power.items()}
            struck = replace(track, power=power)
            scores[fault] = score(learnt(struck, of), struck, of, track)
        for fault, value in scores.items():
            found.setdefault(fault, []).append(value)
        say(f"{CASE} task {number}: {scores}")
    clean = float(np.mean(found.pop("clean")))
    over: dict[str, str | float | bool] = {
        "tasks": f"{numbers[0]}-{numbers[-1]}",
        "seed": float(SEED),
    }
    for fault, by_task in found.items():
        value = float(np.mean(by_task))
        for metric, figure in ((LOSS, 100 * (value / clean - 1)), (PINBALL, value)):
            yield line_of(
                CASE,
                metric,
                figure,
                cost=whole.read(),
                conditions={"fault": fault, **over},
                n=len(by_task),
                references={"clean": clean} if metric is PINBALL else None,
            )
    newest, before, n = late_run(data)
    yield line_of(
        CASE,
        LOSS,
        100 * (before / newest - 1),
        cost=whole.read(),
        conditions={"fault": "weather_run_late", "data": gefcom2012.CASE},
        n=n,
    )
