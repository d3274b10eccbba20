"""Ridge regression of many targets at once: one solve forecasts every hour ahead.

Linear, so every forecast can be taken apart into what each feature added; quick enough to be
fitted anew each time it is asked.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.steps import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """The recipe.

    Attributes:
        penalty: On squared coefficients of standardised features, per unit of total weight.
        memory_rows: Rows after which an observation counts 1/e; none forgets when infinite.
    """

    penalty: float
    memory_rows: float = float("inf")

    def fit(self, features: Array, targets: Array) -> "FittedRidge":
        """Weighted least squares with the penalty, rows in the order of time.

        Args:
            features: Shape (n, F), finite.
            targets: Shape (n, H), finite.
        """
        if not (np.isfinite(features).all() and np.isfinite(targets).all()):
            raise ValueError("ridge.fit: rows must be finite, got NaN; leave those rows out")
        age = np.arange(features.shape[0])[::-1]
        weight = np.exp(-age / self.memory_rows)
        weight /= weight.sum()
        middle, level = weight @ features, weight @ targets
        spread = np.sqrt(weight @ (features - middle) ** 2)
        scale = np.where(spread > 1e-9, spread, np.inf)  # noqa: PLR2004 - a constant column
        x = (features - middle) / scale
        gram = (x * weight[:, None]).T @ x + self.penalty * np.eye(x.shape[1])
        moment = (x * weight[:, None]).T @ (targets - level)
        return FittedRidge(
            middle=middle,
            scale=scale,
            level=level,
            coefficients=np.asarray(np.linalg.solve(gram, moment), dtype=np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedRidge:
    """Coefficients on standardised features.

    Attributes:
        middle: Of the features, shape (F,).
        scale: Of the features, shape (F,).
        level: Of the targets, shape (H,).
        coefficients: Shape (F, H).
    """

    middle: Array
    scale: Array
    level: Array
    coefficients: Array

    def predict(self, features: Array) -> Array:
        """Targets of every row, shape (n, H)."""
        predicted: Array = self.level + (features - self.middle) / self.scale @ self.coefficients
        return predicted

    def contributions(self, row: Array) -> Array:
        """What each feature of one row adds to each target, shape (F, H), signed."""
        added: Array = ((row - self.middle) / self.scale)[:, None] * self.coefficients
        return added
