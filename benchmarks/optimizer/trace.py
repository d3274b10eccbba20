"""Jobs of a trace for an instance of a given size.

The trace is cut into spans as long as the horizon, the seed puts them in an order, and as many as
it takes are laid over each other until there are jobs enough; so the hours of the day and the days
of the week keep their rush, and any size can be had. Of the last lot, only as many as are missing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.optimizer.instance import REAL_WIDEST_GPUS, Real, Size, latest_h, longest_h
from scheduler.errors import DataUnavailable

SHORTEST_H = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken of a trace.

    Attributes:
        jobs: As many as the size says, by release.
        spans: Laid over each other; a span counts again where all had been used.
        spans_there: In the trace.
    """

    jobs: tuple[Real, ...]
    spans: int
    spans_there: int


def take(trace: pd.DataFrame, size: Size, seed: int, name: str) -> Taken:
    """Jobs of `trace`, which has the columns of `Trace.jobs`; `name` is for the message.

    Raises:
        DataUnavailable: Where none of its jobs fits such an instance.
    """
    work_h = np.ceil(trace["run_h"].to_numpy(dtype=np.float64))
    submitted_h = np.ceil(trace["submitted_h"].to_numpy(dtype=np.float64))
    gpus = trace["gpus"].to_numpy(dtype=np.int64)
    span, release_h = np.divmod(submitted_h, size.steps)
    latest = np.array([latest_h(size, hours) for hours in work_h])
    fits = (
        (trace["run_h"].to_numpy() >= SHORTEST_H)
        & (work_h <= longest_h(size))
        & (gpus <= REAL_WIDEST_GPUS)
        & (release_h <= latest)
    )
    there = np.unique(span[fits])
    if not len(there):
        raise DataUnavailable(
            f"{name}: no job of {SHORTEST_H} to {longest_h(size):g} h "
            f"on at most {REAL_WIDEST_GPUS} GPUs"
        )
    rng = np.random.default_rng(seed)
    lots: list[np.ndarray] = []
    missing, order = size.jobs, rng.permutation(there)
    while missing:
        lot = np.flatnonzero(fits & (span == order[len(lots) % len(order)]))
        if len(lot) > missing:
            lot = rng.choice(lot, missing, replace=False)
        lots.append(lot)
        missing -= len(lot)
    chosen = np.concatenate(lots)
    chosen = chosen[np.argsort(release_h[chosen], kind="stable")]
    return Taken(
        jobs=tuple(
            Real(release_h=float(release_h[i]), work_h=float(work_h[i]), gpus=int(gpus[i]))
            for i in chosen
        ),
        spans=len(lots),
        spans_there=len(there),
    )
