"""The analog ensemble: the past hours whose weather forecast was most like this one.

Nothing is trained, a new site needs no tuning, and a forecast explains itself by the hours it
names (Delle Monache et al., "Probabilistic weather prediction with an analog ensemble", Monthly
Weather Review 141, 2013).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.models.regression import require_rows
from forecasting.quantiles import of_sample
from forecasting.steps import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalogEnsemble:
    """The recipe.

    Attributes:
        n_neighbours: How many past hours speak for each new one.
        columns: Which features the likeness is measured in, with the weight of each; all, equally,
            when empty.
    """

    n_neighbours: int = 80
    columns: tuple[tuple[int, float], ...] = ()

    @property
    def name(self) -> str:
        """Short, for reports."""
        return "analogs"

    def fit(self, features: Array, target: Array) -> "FittedAnalogs":
        """Remember the past."""
        from scipy.spatial import cKDTree  # noqa: PLC0415 - a third of a second of start-up

        require_rows("analogs.fit", features, target)
        chosen = self.columns or tuple((i, 1.0) for i in range(features.shape[1]))
        columns = np.array([column for column, _ in chosen])
        past = features[:, columns]
        spread = past.std(axis=0)
        scale = np.array([weight for _, weight in chosen]) / np.where(spread > 0, spread, 1.0)
        return FittedAnalogs(
            columns=columns,
            scale=scale,
            tree=cKDTree(past * scale),
            target=target,
            n_neighbours=min(self.n_neighbours, target.size),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedAnalogs:
    """The past, laid out so that its nearest hours are found at once."""

    columns: NDArray[np.int64]
    scale: Array
    tree: object
    target: Array
    n_neighbours: int

    def nearest(self, features: Array) -> tuple[Array, NDArray[np.int64]]:
        """Distance to, and row of, the most alike past hours, each of shape (n, K)."""
        distance, row = self.tree.query(  # type: ignore[attr-defined]  # scipy has no types
            features[:, self.columns] * self.scale, k=self.n_neighbours
        )
        shape = (features.shape[0], self.n_neighbours)
        return np.reshape(distance, shape), np.reshape(row, shape)

    def quantiles(self, features: Array, levels: Array) -> Array:
        """Of the target in the nearest hours, the nearer counting more, shape (Q, n)."""
        require_rows("analogs.quantiles", features)
        distance, row = self.nearest(features)
        widest = np.maximum(distance[:, -1:], np.finfo(np.float64).tiny)
        weights = 1.0 - 0.75 * (distance / widest) ** 2
        return of_sample(self.target[row], weights, levels)
