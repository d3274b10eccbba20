"""Daily energy of all wind zones together: scenarios that hang together against independent draws.

Both have the same distributions hour by hour, those of the analog ensemble. How errors hang
together is learnt on the two months before.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.gefcom2014 import Track, wind_track
from benchmarks.forecasting.metrics import ENERGY_CHANGE, ENERGY_CRPS
from benchmarks.forecasting.months import require_span, task
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from forecasting.dependence import Dependence, joint
from forecasting.models.blend import forecast_span
from forecasting.models.farm import wind_analogs
from forecasting.quantiles import PERCENTILES
from forecasting.scores import pit
from forecasting.steps import Array

CASE = "scenarios"
TASKS = (8, 9)
N_SCENARIOS = 300
N_SEEDS = 3
_DAY = 24


def ensemble_crps(sample: Array, truth: Array) -> Array:
    """CRPS of equally likely draws, shape (n,) of (S, n): mean |x − y| − mean |x − x'| / 2.

    >>> ensemble_crps(np.array([[0.0], [2.0]]), np.array([1.0]))
    array([0.5])
    """
    n = sample.shape[0]
    ordered = np.sort(sample, axis=0)
    weight = 2 * np.arange(1, n + 1) - n - 1
    spread = 2 * (weight[:, None] * ordered).sum(axis=0) / n**2
    crps: Array = np.abs(sample - truth).mean(axis=0) - spread / 2
    return crps


def month(track: Track, number: int) -> tuple[Array, Array]:
    """Quantiles (Q, D, T, V) and truths (D, T, V) of one task's whole days."""
    of = task(track.first_month, number)
    tables = track.tables(of)
    columns = list(next(iter(tables.values())).features.columns)
    found = forecast_span(
        tables, [wind_analogs(columns)], PERCENTILES, begin=of.begin, end=of.end
    ).quantiles
    truth = track.truth(of)
    quantiles = np.stack([found[zone][0] for zone in truth], axis=2)
    observed = np.stack(list(truth.values()), axis=1)
    return (
        quantiles.reshape(PERCENTILES.size, -1, _DAY, len(truth)),
        observed.reshape(-1, _DAY, len(truth)),
    )


def issued_pits(track: Track, number: int, rng: np.random.Generator) -> Array:
    """What became of the forecasts of a task, shape (D, T, V)."""
    quantiles, truth = month(track, number)
    flat = truth.ravel()
    known = np.isfinite(flat)
    values = np.full(flat.size, np.nan)
    by_hour = quantiles.reshape(PERCENTILES.size, -1)
    values[known] = pit(flat[known], by_hour[:, known], PERCENTILES, rng=rng)
    return values.reshape(truth.shape)


def joint_days(track: Track, number: int) -> Array:
    """Power of every whole day of all zones before a task, shape (D, T, V)."""
    power = pd.DataFrame(track.power)
    past = power[power.index < task(track.first_month, number).begin]
    hours = pd.date_range(past.index[0].ceil("D"), past.index[-1], freq="h")
    table = past.reindex(hours[: len(hours) // _DAY * _DAY]).to_numpy(dtype=np.float64)
    days: Array = table.reshape(-1, _DAY, table.shape[1])
    return days


def lines(data: Path, say: Callable[[str], None]) -> Iterator[Line]:
    """Lines of both tasks together."""
    track, meter = wind_track(data), Meter()
    index = pd.DatetimeIndex(next(iter(track.weather.values())).index)
    require_span(task(track.first_month, TASKS[-1]), index)
    ours: list[list[float]] = [[] for _ in range(N_SEEDS)]
    alone: list[list[float]] = [[] for _ in range(N_SEEDS)]
    alike: list[list[float]] = [[] for _ in range(N_SEEDS)]
    pits = {
        number: issued_pits(track, number, np.random.default_rng(number))
        for number in range(TASKS[0] - 2, TASKS[-1])
    }
    for number in TASKS:
        known = Dependence.of(np.concatenate([pits[number - 2], pits[number - 1]]))
        quantiles, truth = month(track, number)
        nothing = Dependence.independent(_DAY, truth.shape[2])
        past = joint_days(track, number)
        for seed in range(N_SEEDS):
            for dependence, lent, scores in (
                (known, None, ours[seed]),
                (nothing, None, alone[seed]),
                (known, past, alike[seed]),
            ):
                for day in range(truth.shape[0]):
                    if not np.isfinite(truth[day]).all():
                        continue
                    drawn = joint(
                        quantiles[:, day],
                        PERCENTILES,
                        dependence=dependence,
                        past=lent,
                        n_scenarios=N_SCENARIOS,
                        seed=seed * 1000 + day,
                    )
                    energy = drawn.sum(axis=1).mean(axis=1)[:, None]
                    real = truth[day].sum(axis=0).mean(keepdims=True)
                    scores.append(float(ensemble_crps(energy, real)[0]))
    copula, independent = float(np.mean(ours)), float(np.mean(alone))
    changes = [
        100 * (float(np.mean(a)) / float(np.mean(b)) - 1) for a, b in zip(ours, alone, strict=True)
    ]
    say(f"{CASE}: {copula:.4f} h of full load, independent draws {independent:.4f}")
    for metric, value, beside in (
        (ENERGY_CHANGE, 100 * (copula / independent - 1), {}),
        (ENERGY_CRPS, copula, {"independent": independent, "alike_days": float(np.mean(alike))}),
    ):
        yield line_of(
            CASE,
            metric,
            value,
            cost=meter.read(),
            conditions={
                "tasks": "8-9",
                "scenarios": N_SCENARIOS,
                "spread_of_seeds": round(max(changes) - min(changes), 2),
            },
            n=len(ours[0]),
            references=beside,
        )
