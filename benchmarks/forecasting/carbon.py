"""Carbon intensity of each grid four days ahead, issued at 00 UTC, over the last 181 days.

Models are fitted anew each week on the past only. Bands are calibrated on the forecasts issued in
the weeks before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.metrics import COVERAGE, MAE_G, MAPE
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from benchmarks.sources import existing_folder
from forecasting.calibration import AdaptiveBand
from forecasting.models.intensity import (
    EXPERTS,
    HORIZON_H,
    REFIT_DAYS,
    IntensityDays,
    IntensityExperts,
    intensity_days,
)
from forecasting.steps import Array
from scheduler.errors import DataUnavailable

CASE = "carbon"
PATTERN = "carbon_ensembleci/*.parquet"
INTENSITY = "carbon_intensity"
TEST_DAYS = 181
CALIBRATION_DAYS = 60
_DAY = 24
_BAND = np.array([0.05, 0.95])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replayed:
    """One grid's forecasts and truths, shape (D, H). [g/kWh]"""

    forecast: Array
    truth: Array
    low: Array
    high: Array

    def mape(self, first: int = 0, last: int = HORIZON_H) -> float:
        """Mean absolute percentage error of leads from `first` to before `last`. [%]"""
        return mape(self.forecast[:, first:last], self.truth[:, first:last])

    @property
    def inside(self) -> float:
        """Share of truths in the band."""
        return float(((self.truth >= self.low) & (self.truth <= self.high)).mean())


def mape(forecast: Array, truth: Array) -> float:
    """Mean absolute percentage error. [%]

    >>> mape(np.array([90.0, 220.0]), np.array([100.0, 200.0]))
    10.0
    """
    return float(np.mean(np.abs(forecast - truth) / truth) * 100)


def grids(data: Path) -> Iterator[tuple[str, IntensityDays]]:
    """Each grid's record, by the name of its file."""
    paths = sorted(existing_folder(data).glob(PATTERN))
    if not paths:
        raise DataUnavailable(f"no file {PATTERN} in {data}; name another folder with --data DIR")
    for path in paths:
        frame = pd.read_parquet(path).set_index("time_utc").sort_index()
        if INTENSITY not in frame:
            raise DataUnavailable(f"{path.name}: no column {INTENSITY}")
        sky = [name for name in frame.columns if name.startswith("forecast_")]
        mix = frame.columns.difference([INTENSITY, *sky], sort=False)
        yield path.stem, intensity_days(frame[INTENSITY], frame[sky], frame[mix])


def tested_days(record: IntensityDays) -> range:
    """Numbers of the last days whose hours ahead are all known."""
    whole = np.flatnonzero(np.isfinite(record.log_after).all(axis=1))
    last = int(whole[-1])
    return range(max(last - TEST_DAYS + 1, 0), last + 1)


def replay(record: IntensityDays, *, weather_days: int = 4) -> Replayed:
    """Every tested day as it would have been issued, bands from those issued before it."""
    days = tested_days(record)
    reach = min(weather_days, HORIZON_H // _DAY)
    choices = tuple(dict.fromkeys((penalty, min(one, reach)) for penalty, one in EXPERTS))
    experts, band = IntensityExperts(record=record, choices=choices), AdaptiveBand()
    kept: dict[int, Array] = {}
    rows: list[tuple[Array, Array, Array]] = []
    for day in range(days[0] - CALIBRATION_DAYS, days[-1] + 1):
        kept[day] = experts.log_ahead(day)
        over = day - HORIZON_H // _DAY
        if over in kept:
            band.learn(record.log_after[over] - kept[over])
        if day in days:
            low, high = kept[day] + band.quantiles(_BAND)
            rows.append((kept[day], low, high))
    log, low, high = (np.stack(part) for part in zip(*rows, strict=True))
    truth = np.exp(record.log_after[list(days)])
    return Replayed(forecast=np.exp(log), truth=truth, low=np.exp(low), high=np.exp(high))


def references(record: IntensityDays) -> dict[str, Array]:
    """Daily persistence, and the mean of the same hour over three weeks, shape (D, H). [g/kWh]"""
    days = tested_days(record)
    value = np.exp(record.log_after[:, :_DAY])
    repeat = HORIZON_H // _DAY
    yesterday = np.stack([np.tile(value[day - 1], repeat) for day in days])
    usual = np.stack([np.tile(value[day - 21 : day].mean(axis=0), repeat) for day in days])
    return {"daily_persistence": yesterday, "same_hour_3_weeks": usual}


def lines(data: Path, say: Callable[[str], None]) -> Iterator[Line]:
    """Lines of every grid, then of their mean."""
    whole, found = Meter(), []
    for grid, record in grids(data):
        meter = Meter()
        ours = replay(record)
        bare = replay(record, weather_days=1)
        beside = {name: mape(value, ours.truth) for name, value in references(record).items()}
        beside["weather_of_day_1_only"] = bare.mape()
        found.append((ours, beside))
        where: dict[str, str | float | bool] = {
            "zone": grid,
            "days": "1-4",
            "refit_days": REFIT_DAYS,
        }
        say(f"{CASE} {grid}: {ours.mape():.2f} % {beside}")
        yield line_of(
            CASE, MAPE, ours.mape(), cost=meter.read(), conditions=where, n=ours.truth.size,
            references=beside,
        )  # fmt: skip
        yield line_of(
            CASE, COVERAGE, ours.inside, cost=meter.read(), conditions=where, n=ours.truth.size
        )
        for number in range(HORIZON_H // _DAY):
            some = slice(number * _DAY, (number + 1) * _DAY)
            for with_weather, one in ((True, ours), (False, bare)):
                error = float(np.abs(one.forecast[:, some] - one.truth[:, some]).mean())
                yield line_of(
                    CASE,
                    MAE_G,
                    error,
                    cost=meter.read(),
                    conditions={
                        "zone": grid,
                        "days": str(number + 1),
                        "weather_of_days_2_to_4": with_weather,
                    },
                    n=one.truth[:, some].size,
                )
    everywhere: dict[str, str | float | bool] = {
        "zone": "mean",
        "days": "1-4",
        "refit_days": REFIT_DAYS,
    }
    mean = {name: float(np.mean([b[name] for _, b in found])) for name in found[0][1]}
    for metric, value, beside in (
        (MAPE, float(np.mean([one.mape() for one, _ in found])), mean),
        (COVERAGE, float(np.mean([one.inside for one, _ in found])), {}),
    ):
        yield line_of(
            CASE,
            metric,
            value,
            cost=whole.read(),
            conditions={**everywhere, "zones": len(found)},
            n=sum(one.truth.size for one, _ in found),
            references=beside,
        )
