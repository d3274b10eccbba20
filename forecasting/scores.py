"""Scores of a forecast against what came true, in plain arithmetic.

A forecast is worth what its scores beat: climatology and persistence, by lead time, never alone.
These functions see arrays only and know neither models nor variables.

References: Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation",
JASA 102 (2007); Messner et al., "Evaluation of wind power forecasts: an up-to-date view",
Wind Energy 23 (2020).
"""

import numpy as np

from forecasting.steps import Array


def pinball(observed: Array, quantiles: Array, levels: Array) -> Array:
    """Pinball loss of every level and step, shape (Q, T).

    loss = (y − q) · level where the truth y is above the quantile q, (q − y) · (1 − level) below.

    >>> pinball(np.array([10.0]), np.array([[6.0], [12.0]]), np.array([0.1, 0.9])).ravel()
    array([0.4, 0.2])
    """
    error = observed[None, :] - quantiles
    loss: Array = np.maximum(levels[:, None] * error, (levels[:, None] - 1) * error)
    return loss


def crps_from_quantiles(observed: Array, quantiles: Array, levels: Array) -> Array:
    """Continuous ranked probability score of every step, shape (T,).

    Twice the integral of the pinball loss over the levels; each level stands for the levels
    nearer to it than to its neighbours, and the outermost for the tails. Compare only scores
    taken on the same levels.
    """
    edges = np.concatenate([[0.0], (levels[:-1] + levels[1:]) / 2, [1.0]])
    score: Array = 2 * (np.diff(edges)[:, None] * pinball(observed, quantiles, levels)).sum(axis=0)
    return score


def pit(
    observed: Array, quantiles: Array, levels: Array, *, rng: np.random.Generator | None = None
) -> Array:
    """Probability the forecast gave to values up to the truth, shape (T,). [0..1]

    Uniform when the forecast is calibrated. Linear between quantiles. Where several levels share
    the observed value (wind at zero or at capacity) it is the middle of their span, or a random
    place in it when `rng` is given; truths outside the quantiles get a place in that tail in the
    same way.
    """
    place = np.full(observed.shape, 0.5) if rng is None else rng.random(observed.shape)
    bounds = np.array(
        [_span(truth, quantiles[:, t], levels) for t, truth in enumerate(observed)]
    ).reshape(-1, 2)
    probability: Array = bounds[:, 0] + place * (bounds[:, 1] - bounds[:, 0])
    return probability


def _span(truth: float, column: Array, levels: Array) -> tuple[float, float]:
    """Lowest and highest probability that one step's quantiles allow for values up to `truth`."""
    first = int(np.searchsorted(column, truth, side="left"))
    last = int(np.searchsorted(column, truth, side="right"))
    if last == 0:
        return 0.0, float(levels[0])
    if first == column.size:
        return float(levels[-1]), 1.0
    if first < last:
        low = 0.0 if first == 0 else float(levels[first])
        return low, 1.0 if last == column.size else float(levels[last - 1])
    between = float(np.interp(truth, column[first - 1 : first + 1], levels[first - 1 : first + 1]))
    return between, between


def coverage(observed: Array, lower: Array, upper: Array) -> float:
    """Share of truths inside the band, edges included. [0..1]

    >>> coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0]))
    0.5
    """
    return float(np.mean((observed >= lower) & (observed <= upper)))
