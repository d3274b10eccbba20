"""Boosted trees, one set for each of a few quantile levels: the sharpest single model of power.

LightGBM does the work. One thread and fixed seeds, so that the same history gives the same
forecast.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.models.regression import require_rows
from forecasting.quantiles import at_levels
from forecasting.steps import Array

NINE_LEVELS = (0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedQuantiles:
    """The recipe.

    Attributes:
        n_trees: For each level.
        n_leaves: Of a tree.
        least_rows: In a leaf.
        learning_rate: Weight of a tree.
        feature_share: Features each tree may look at. [0..1]
        row_share: Rows each tree is grown on. [0..1]
        levels: Quantile levels fitted; others are interpolated.
        lower: Least possible value.
        upper: Largest possible value.
        seed: Of the rows and features drawn.
    """

    n_trees: int = 120
    n_leaves: int = 24
    least_rows: int = 30
    learning_rate: float = 0.08
    feature_share: float = 0.5
    row_share: float = 0.7
    levels: tuple[float, ...] = NINE_LEVELS
    lower: float = 0.0
    upper: float = 1.0
    seed: int = 0

    @property
    def name(self) -> str:
        """Short, for reports."""
        return "boosted"

    def fit(self, features: Array, target: Array) -> "FittedBoosted":
        """Grow the trees of every level."""
        import lightgbm  # noqa: PLC0415 - seconds of start-up

        require_rows("boosted.fit", features, target)
        rows = lightgbm.Dataset(features, label=target, params={"verbosity": -1, "max_bin": 127})
        boosters = []
        for level in self.levels:
            settings = {
                "objective": "quantile",
                "alpha": level,
                "num_leaves": self.n_leaves,
                "min_data_in_leaf": self.least_rows,
                "learning_rate": self.learning_rate,
                "feature_fraction": self.feature_share,
                "bagging_fraction": self.row_share,
                "bagging_freq": 1,
                "lambda_l2": 1.0,
                "seed": self.seed,
                "max_bin": 127,
                "num_threads": 1,
                "deterministic": True,
                "force_col_wise": True,
                "verbosity": -1,
            }
            boosters.append(lightgbm.train(settings, rows, num_boost_round=self.n_trees))
        return FittedBoosted(recipe=self, boosters=tuple(boosters))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedBoosted:
    """Grown trees."""

    recipe: BoostedQuantiles
    boosters: tuple[Any, ...]

    def quantiles(self, features: Array, levels: Array) -> Array:
        """Shape (Q, n)."""
        require_rows("boosted.quantiles", features)
        held = np.stack([booster.predict(features, num_threads=1) for booster in self.boosters])
        return at_levels(
            held,
            np.array(self.recipe.levels),
            levels,
            lower=self.recipe.lower,
            upper=self.recipe.upper,
        )
