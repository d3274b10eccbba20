"""Day-ahead prices against the published LEAR ensemble, which is a reference and never an input.

Where forecasts of load and renewables are at hand the whole published span is scored, learnt from
the years before; elsewhere the first year of prices is learnt from and the second one scored.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.metrics import COVERAGE, LEAR_RATIO, MAE_PRICE
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from benchmarks.sources import existing_folder
from forecasting.calibration import AdaptiveBand
from forecasting.models.market import REFIT_DAYS, MarketDays, MarketExperts, market_days
from forecasting.steps import Array
from scheduler.errors import DataUnavailable

CASE = "price"
PATTERN = "price_epf_benchmark/*_price_and_published_forecasts.parquet"
HISTORY = "price_epf_benchmark/{zone}_*_price_and_day_ahead_fcsts.parquet"
TIME, PRICE, LEAR = "time_local_naive", "price_actual_per_mwh", "fcst_lear_ensemble_per_mwh"
CALIBRATION_DAYS = 60
_DAYS_A_YEAR = 364
_LEAST_PAST = 180
"""Days before the first one scored: a week of features, two months of fits and of bands."""

_BAND = np.array([0.05, 0.95])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zone:
    """One market.

    Attributes:
        name: As its files are called.
        record: Prices, and the drivers published before each auction if any.
        tested: Numbers of the days scored.
        published: Forecasts of others for those days, shape (D, 24), by name.
        basis: What is known beside prices.
    """

    name: str
    record: MarketDays
    tested: range
    published: Mapping[str, Array]
    basis: str


def zones(data: Path) -> Iterator[Zone]:
    """Every market of which forecasts were published."""
    paths = sorted(existing_folder(data).glob(PATTERN))
    if not paths:
        raise DataUnavailable(f"no file {PATTERN} in {data}; name another folder with --data DIR")
    for path in paths:
        name = path.name.split("_")[0]
        frame = pd.read_parquet(path).set_index(TIME).sort_index()
        histories = sorted(data.glob(HISTORY.format(zone=name)))
        yield zone_of(name, frame, pd.read_parquet(histories[0]) if histories else None)


def zone_of(name: str, frame: pd.DataFrame, history: pd.DataFrame | None) -> Zone:
    """One market from its published test set, and its longer history where there is one."""
    if history is None:
        record = market_days(frame[PRICE])
        tested = range(max(len(record.days) - _DAYS_A_YEAR, _LEAST_PAST), len(record.days))
        basis = "prices only, second year"
    else:
        past = history.set_index(TIME).sort_index()
        drivers = [column for column in past.columns if column.endswith("_fcst_mw")]
        price = next(column for column in past.columns if column.startswith("price_"))
        record = market_days(past[price], past[drivers])
        number = {day: place for place, day in enumerate(record.days)}
        first, last = frame.index[0].ceil("D"), frame.index[-1].floor("D")
        tested = range(number[first], number[last] + 1)
        basis = "prices, forecasts of load and renewables"
    hours = pd.date_range(record.days[tested[0]], periods=len(tested) * 24, freq="h")
    published = {
        column.removeprefix("fcst_").removesuffix("_per_mwh"): frame[column]
        .reindex(hours)
        .to_numpy()
        .reshape(-1, 24)
        for column in frame.columns
        if column.startswith("fcst_") and "ensemble" in column
    }
    return Zone(name=name, record=record, tested=tested, published=published, basis=basis)


def replay(record: MarketDays, tested: range) -> tuple[Array, Array, Array]:
    """Prices of every tested day as forecast the day before, and the 90 % band, (D, 24) each."""
    band, experts = AdaptiveBand(), MarketExperts(record=record)
    last: Array | None = None
    rows = []
    for day in range(tested[0] - CALIBRATION_DAYS, tested[-1] + 1):
        if last is not None:
            band.learn(record.prices[day - 1] - last)
        last = experts.prices(day)
        if day in tested:
            low, high = last + band.quantiles(_BAND)
            rows.append((last, low, high))
    forecast, low, high = (np.stack(part) for part in zip(*rows, strict=True))
    return forecast, low, high


def lines(data: Path, say: Callable[[str], None]) -> Iterator[Line]:
    """Lines of every zone."""
    for zone in zones(data):
        meter = Meter()
        forecast, low, high = replay(zone.record, zone.tested)
        truth = zone.record.prices[list(zone.tested)]
        error = float(np.abs(forecast - truth).mean())
        week_ago = zone.record.prices[[day - 7 for day in zone.tested]]
        yesterday = zone.record.prices[[day - 1 for day in zone.tested]]
        beside = {
            "naive_week": float(np.abs(week_ago - truth).mean()),
            "naive_day": float(np.abs(yesterday - truth).mean()),
            **{n: float(np.nanmean(np.abs(v - truth))) for n, v in zone.published.items()},
        }
        say(f"{CASE} {zone.name}: MAE {error:.3f} {beside}")
        ratio = error / beside["lear_ensemble"] if "lear_ensemble" in beside else None
        inside = float(((truth >= low) & (truth <= high)).mean())
        for metric, value, others in (
            (LEAR_RATIO, ratio, {"naive_week": beside["naive_week"] / beside["lear_ensemble"]})
            if ratio is not None
            else (LEAR_RATIO, None, {}),
            (MAE_PRICE, error, beside),
            (COVERAGE, inside, {}),
        ):
            yield line_of(
                CASE,
                metric,
                value,
                cost=meter.read(),
                conditions={"zone": zone.name, "basis": zone.basis, "refit_days": REFIT_DAYS},
                n=truth.size,
                references=others,
            )
