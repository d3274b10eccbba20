"""The one interface of models that learn a distribution from features: fit, then quantiles.

A recipe is a plain value that can be stored and compared; fitting it makes something that
answers for new rows. Rows without complete features are refused here, at the door: a tree sends
a missing value down some branch in silence, and its forecast is then worse than climatology.
"""

from typing import Protocol

import numpy as np

from forecasting.steps import Array


class Fitted(Protocol):
    """A model that has seen its training rows."""

    def quantiles(self, features: Array, levels: Array) -> Array:
        """Quantiles of the target, non-decreasing along levels, shape (Q, n) of (n, F)."""
        ...


class Recipe(Protocol):
    """A model that has seen nothing yet."""

    @property
    def name(self) -> str:
        """Short, for reports."""
        ...

    def fit(self, features: Array, target: Array) -> Fitted:
        """Learn the target, shape (n,), from features, shape (n, F), all finite."""
        ...


def require_rows(where: str, features: Array, target: Array | None = None) -> None:
    """Raise a ValueError unless all features, and the target, are finite and as many."""
    if features.ndim != 2 or features.size == 0:  # noqa: PLR2004 - a table
        raise ValueError(f"{where}: features must be a table of rows, got shape {features.shape}")
    bad = ~np.isfinite(features).all(axis=1)
    if bad.any():
        raise ValueError(
            f"{where}: features must be finite, got {int(bad.sum())} rows with gaps, the first "
            f"row {int(np.argmax(bad))}; send rows without weather to a lower rung"
        )
    if target is None:
        return
    if target.shape != features.shape[:1]:
        raise ValueError(
            f"{where}: target must have a value a row, got {target.shape} for {features.shape[0]}"
        )
    if not np.isfinite(target).all():
        raise ValueError(f"{where}: target must be finite, got NaN; leave those rows out")
