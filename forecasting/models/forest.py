"""A quantile forest: which past hours fall into the same leaves as this one, and how often.

The trees' averages are not used, only whom they put together (Meinshausen, "Quantile regression
forests", Journal of Machine Learning Research 7, 2006), so one forest answers every level without
crossing. Splits are drawn at random (Geurts, Ernst and Wehenkel, "Extremely randomized trees",
Machine Learning 63, 2006): quick to grow, and smoother than the best split.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.models.leaves import Leaves
from forecasting.models.regression import require_rows
from forecasting.steps import Array

_ROWS_AT_A_TIME = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileForest:
    """The recipe.

    Attributes:
        n_trees: How many.
        least_rows: In a leaf.
        feature_share: Features looked at for each split. [0..1]
        seed: Of the splits.
    """

    n_trees: int = 100
    least_rows: int = 8
    feature_share: float = 0.5
    seed: int = 0

    @property
    def name(self) -> str:
        """Short, for reports."""
        return "forest"

    def fit(self, features: Array, target: Array) -> "FittedForest":
        """Grow the trees and note who shares a leaf."""
        from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415 - seconds of start-up

        require_rows("forest.fit", features, target)
        order = np.argsort(target, kind="stable")
        features, target = features[order], target[order]
        trees = ExtraTreesRegressor(
            n_estimators=self.n_trees,
            min_samples_leaf=self.least_rows,
            max_features=self.feature_share,
            random_state=self.seed,
            n_jobs=1,
        ).fit(features, target)
        return FittedForest(leaves=Leaves.of(trees, features), target=target)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedForest:
    """Grown trees, and the targets of their training rows in increasing order."""

    leaves: Leaves
    target: Array

    def quantiles(self, features: Array, levels: Array) -> Array:
        """Shape (Q, n)."""
        require_rows("forest.quantiles", features)
        found = np.empty((levels.size, features.shape[0]))
        for begin in range(0, features.shape[0], _ROWS_AT_A_TIME):
            some = slice(begin, begin + _ROWS_AT_A_TIME)
            found[:, some] = self._some(features[some], levels)
        return found

    def _some(self, rows: Array, levels: Array) -> Array:
        weight = np.asarray(self.leaves.weights(rows).todense())
        reached = np.cumsum(weight, axis=1) - weight / 2
        found = np.empty((levels.size, rows.shape[0]))
        for row in range(rows.shape[0]):
            inside = weight[row] > 0
            found[:, row] = np.interp(levels, reached[row, inside], self.target[inside])
        return found
