"""Inference requests a day ahead, from an origin every six hours once a week is known.

The reference is what a planner would do without a model: the quantiles of the same hour over the
last seven days.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.metrics import COVERAGE, NCRPS, NCRPS_CHANGE
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from benchmarks.sources import existing_folder
from forecasting.models.load import LoadModel
from forecasting.models.load_bands import AdaptiveLoad
from forecasting.quantiles import PERCENTILES
from forecasting.scores import pinball
from forecasting.steps import Array
from scheduler.errors import DataUnavailable

CASE = "demand"
PATTERN = "inference_servegen_2025/*_total_rate_*.csv"
WINDOW, RATE = "window_start_s", "total_request_rate_per_s"
FIRST_ORIGIN_H = 7 * 24
ORIGIN_EVERY_H = 6
HORIZON_H = 24
_WINDOWS_AN_HOUR = 6
_LOW, _HIGH = 4, 94


def hourly_rates(path: Path) -> Array:
    """Mean request rate of every whole hour. [1/s]"""
    frame = pd.read_csv(path)
    for column in (WINDOW, RATE):
        if column not in frame:
            raise DataUnavailable(f"{path.name}: no column {column}")
    rates = frame.sort_values(WINDOW)[RATE].to_numpy(dtype=np.float64)
    whole = rates.size // _WINDOWS_AN_HOUR * _WINDOWS_AN_HOUR
    hourly: Array = rates[:whole].reshape(-1, _WINDOWS_AN_HOUR).mean(axis=1)
    return hourly


def same_hour(history: Array) -> Array:
    """Quantiles of the same hour over the last seven days, shape (99, horizon)."""
    days = history[-FIRST_ORIGIN_H:].reshape(7, 24)
    quantiles: Array = np.quantile(days, PERCENTILES, axis=0)
    return quantiles


def scores(rates: Array, forecast: Callable[[Array], Array]) -> tuple[Array, Array]:
    """CRPS and whether the truth was in the band, by origin and lead."""
    crps, inside = [], []
    for origin in range(FIRST_ORIGIN_H, rates.size - HORIZON_H + 1, ORIGIN_EVERY_H):
        quantiles, truth = forecast(rates[:origin]), rates[origin : origin + HORIZON_H]
        crps.append(2 * pinball(truth, quantiles, PERCENTILES).mean(axis=0))
        inside.append((truth >= quantiles[_LOW]) & (truth <= quantiles[_HIGH]))
    return np.array(crps), np.array(inside)


def lines(data: Path, say: Callable[[str], None]) -> Iterator[Line]:
    """Lines of every trace of two weeks or more."""
    paths = sorted(existing_folder(data).glob(PATTERN))
    traces = {path.name.split("_total_rate")[0]: hourly_rates(path) for path in paths}
    long = {n: rates for n, rates in traces.items() if rates.size >= 2 * FIRST_ORIGIN_H}
    if not long:
        raise DataUnavailable(f"no file {PATTERN} of 14 days in {data}; name another with --data")
    for name, rates in long.items():
        meter = Meter()
        model = AdaptiveLoad(model=LoadModel(horizon_h=HORIZON_H), every_h=ORIGIN_EVERY_H)
        ours, inside = scores(rates, partial(model.quantiles, levels=PERCENTILES))
        usual, usual_inside = scores(rates, same_hour)
        mean = float(rates[FIRST_ORIGIN_H:].mean())
        value, reference = float(ours.mean() / mean), float(usual.mean() / mean)
        say(f"{CASE} {name}: {value:.4f}, same-hour quantiles {reference:.4f}")
        for metric, figure, beside in (
            (NCRPS_CHANGE, 100 * (value / reference - 1), {}),
            (NCRPS, value, {"same_hour": reference}),
            (COVERAGE, float(inside.mean()), {"same_hour": float(usual_inside.mean())}),
        ):
            yield line_of(
                CASE,
                metric,
                figure,
                cost=meter.read(),
                conditions={"trace": name, "origins": len(ours)},
                n=ours.size,
                references=beside,
            )
