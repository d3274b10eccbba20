"""How far figures may come out from what is expected: the pair between which most futures lie.

Knows figures and probabilities; which futures they were computed in is for the caller to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from optimizer.site import FloatArray
from scheduler.accounting.kpis import Kpis

LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One figure in the futures weighed, in its own unit.

    Attributes:
        low: One future in ten brings less.
        high: One future in ten brings more.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Every figure's range, for the plan and for run-now alike.

    Attributes:
        n_scenarios: How many futures were weighed.
        plan: By name of the figure.
        baseline: Likewise.
    """

    n_scenarios: int
    plan: Mapping[str, Range]
    baseline: Mapping[str, Range]


def ranges_of(kpis: Sequence[Kpis], weights: FloatArray) -> dict[str, Range]:
    """The range of each figure over `kpis`, one a future, with their probabilities."""
    ranges = {}
    for name in (one.name for one in fields(Kpis) if one.name != "currency"):
        values = np.array([getattr(one, name) for one in kpis], dtype=np.float64)
        low, high = (quantile(values, weights, level) for level in (LOW, HIGH))
        ranges[name] = Range(low=low, high=high)
    return ranges


def quantile(values: FloatArray, weights: FloatArray, level: float) -> float:
    """The value at `level`, each value at the middle of its weight and linear between them.

    With equal weights this is Hazen's rule, that of the quantiles of a forecast.

    >>> quantile(np.array([30.0, 10.0, 20.0, 40.0]), np.full(4, 0.25), 0.25)
    15.0
    """
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weights[order])
    return float(np.interp(level, ends - weights[order] / 2, values[order]))
