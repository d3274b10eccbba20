"""Weights of several forecasters from how what they issued turned out.

What cannot be set once for all (how far to trust the weather, how hard to shrink) is left to
forecasters that stand side by side. The weights are those that would have been best lately,
half-way to equal ones, since lately is little evidence.
"""

from functools import lru_cache
from itertools import product

import numpy as np

from forecasting.steps import Array

_PARTS = 5


def lately_best(issued: Array, truth: Array) -> Array:
    """Weights, shape (E,), summing to 1, by mean absolute error on a grid of fifths.

    >>> lately_best(np.array([[[1.0], [3.0]]]), np.array([[1.0]]))
    array([0.75, 0.25])

    Args:
        issued: Forecasts by issue, expert and lead, shape (D, E, H).
        truth: What came true, shape (D, H); NaN where unknown.
    """
    n_experts = issued.shape[1]
    best, least = np.full(n_experts, 1 / n_experts), np.inf
    for weights in _grid(n_experts):
        error = float(np.nanmean(np.abs(np.tensordot(issued, weights, (1, 0)) - truth)))
        if error < least:
            best, least = weights, error
    mixed: Array = (best + 1 / n_experts) / 2
    return mixed


@lru_cache(maxsize=8)
def _grid(n_experts: int) -> tuple[Array, ...]:
    return tuple(
        np.array(parts) / _PARTS
        for parts in product(range(_PARTS + 1), repeat=n_experts)
        if sum(parts) == _PARTS
    )
