"""A straight line, and around it the errors the line made in the most similar past hours.

The plainest model of PV power that knows physics: power is nearly linear in the light on the
panels. The whole of it runs in a tenth of a second, and each forecast can be checked by hand.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.models.analogs import AnalogEnsemble, FittedAnalogs
from forecasting.models.regression import require_rows
from forecasting.quantiles import of_sample
from forecasting.steps import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearAnalogs:
    """The recipe.

    Attributes:
        terms: Columns of the features that enter the line; all when empty.
        likeness: Columns, with weights, that similar hours share; all, equally, when empty.
        n_neighbours: How many past hours speak for each new one.
        lower: Least possible value.
        upper: Largest possible value.
    """

    terms: tuple[int, ...] = ()
    likeness: tuple[tuple[int, float], ...] = ()
    n_neighbours: int = 60
    lower: float = 0.0
    upper: float = 1.0

    @property
    def name(self) -> str:
        """Short, for reports."""
        return "linear"

    def fit(self, features: Array, target: Array) -> "FittedLinearAnalogs":
        """Least squares, and the memory of its errors."""
        require_rows("linear.fit", features, target)
        design = self._design(features)
        coefficients, *_ = np.linalg.lstsq(design, target, rcond=None)
        analogs = AnalogEnsemble(n_neighbours=self.n_neighbours, columns=self.likeness)
        return FittedLinearAnalogs(
            recipe=self,
            coefficients=np.asarray(coefficients, dtype=np.float64),
            errors=analogs.fit(features, target - design @ coefficients),
        )

    def _design(self, features: Array) -> Array:
        columns = list(self.terms) if self.terms else slice(None)
        return np.column_stack([np.ones(features.shape[0]), features[:, columns]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLinearAnalogs:
    """The line, and who erred how."""

    recipe: LinearAnalogs
    coefficients: Array
    errors: FittedAnalogs

    def quantiles(self, features: Array, levels: Array) -> Array:
        """Shape (Q, n)."""
        require_rows("linear.quantiles", features)
        middle = self.recipe._design(features) @ self.coefficients
        _, row = self.errors.nearest(features)
        draws = middle[:, None] + self.errors.target[row]
        draws = np.clip(draws, self.recipe.lower, self.recipe.upper)
        return of_sample(draws, np.ones_like(draws), levels)
