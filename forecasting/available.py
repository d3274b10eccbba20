"""Available power, not delivered power: what a plant could have given, as a share of what stood.

A plant that is told to hold back, or stands still for repair, says nothing of the wind; a plant
that grew gives more in the same wind. Whoever learns from delivered power learns his own
curtailment, so every model here learns from what this module leaves.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd


def available(
    delivered: pd.Series,
    *,
    curtailed: pd.Series | None = None,
    capacity_since: Mapping[pd.Timestamp, float] | None = None,
) -> pd.Series:
    """Power to learn from: NaN in marked hours, and over the capacity of its time if that is said.

    >>> hours = pd.date_range("2025-01-01", periods=3, freq="h", tz="UTC")
    >>> held = pd.Series([False, True, False], index=hours)
    >>> grown = {hours[0]: 10.0, hours[2]: 20.0}
    >>> available(
    ...     pd.Series([5.0, 1.0, 5.0], index=hours), curtailed=held, capacity_since=grown
    ... ).tolist()
    [0.5, nan, 0.25]

    Args:
        delivered: Hourly by left edge in UTC.
        curtailed: Whether an hour was held back or out of order, on the same index.
        capacity_since: Capacity from each instant on, in the unit of `delivered`; the first also
            holds before it. None leaves the unit as it is.
    """
    learnt = delivered.astype(np.float64)
    if curtailed is not None:
        if not curtailed.index.equals(delivered.index):
            raise ValueError(
                "available: curtailed must share the hours of delivered, got "
                f"{len(curtailed)} and {len(delivered)}; reindex it"
            )
        learnt = learnt.mask(curtailed.astype(bool))
    if capacity_since is None:
        return learnt
    return learnt / capacity_at(pd.DatetimeIndex(delivered.index), capacity_since)


def capacity_at(index: pd.DatetimeIndex, capacity_since: Mapping[pd.Timestamp, float]) -> pd.Series:
    """Capacity of the plant in each hour."""
    if not capacity_since or min(capacity_since.values()) <= 0:
        raise ValueError(
            "available: capacity_since must hold capacities above zero, got "
            f"{dict(capacity_since)}; name the plant's capacity and when it changed"
        )
    steps = pd.Series(dict(capacity_since)).sort_index()
    place = np.maximum(steps.index.searchsorted(index, side="right") - 1, 0)
    return pd.Series(steps.to_numpy(dtype=np.float64)[place], index=index)
