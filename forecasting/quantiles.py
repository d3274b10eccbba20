"""Distributions held as quantiles: moved between levels, averaged, kept inside their bounds.

Models differ in the levels they are fitted at; whoever compares or blends them needs one grid.
Nothing here knows what the values are of.
"""

from collections.abc import Sequence

import numpy as np

from forecasting.steps import Array

PERCENTILES: Array = np.arange(1, 100) / 100
"""The levels .01, .02, …, .99 on which energy forecasting competitions are scored."""


def at_levels(values: Array, held: Array, wanted: Array, *, lower: float, upper: float) -> Array:
    """Quantiles at `wanted` levels from those at `held` ones, shape (Q, n) to (R, n).

    Linear between levels. Beyond the outermost, linear towards the bounds at levels 0 and 1 when
    they are finite; towards nothing, so held constant, when they are not. Crossings are sorted
    away first.

    >>> at_levels(
    ...     np.array([[0.2], [0.6]]),
    ...     np.array([0.25, 0.75]),
    ...     np.array([0.125, 0.5]),
    ...     lower=0.0,
    ...     upper=1.0,
    ... ).ravel().round(3)
    array([0.1, 0.4])
    """
    ordered = np.clip(np.sort(values, axis=0), lower, upper)
    low = np.full_like(ordered[:1], lower) if np.isfinite(lower) else ordered[:1]
    high = np.full_like(ordered[:1], upper) if np.isfinite(upper) else ordered[-1:]
    table = np.concatenate([low, ordered, high])
    levels = np.concatenate([[0.0], held, [1.0]])
    place = np.interp(wanted, levels, np.arange(levels.size))
    below = np.minimum(place.astype(np.int64), levels.size - 2)
    share = (place - below)[:, None]
    result: Array = (1 - share) * table[below] + share * table[below + 1]
    return result


def averaged(members: Sequence[Array], weights: Sequence[float] | Array) -> Array:
    """The weighted mean of quantiles at equal levels, as sharp as its members are on average.

    Averaging quantiles, rather than probabilities, does not widen a distribution where members
    merely disagree on its place (Lichtendahl, Grushka-Cockayne and Winkler, "Is it better to
    average probabilities or quantiles?", Management Science 59, 2013).
    """
    mean: Array = np.tensordot(np.asarray(weights, dtype=np.float64), np.stack(members), axes=1)
    return mean


def of_sample(sample: Array, weights: Array, levels: Array) -> Array:
    """Quantiles of weighted draws, shape (Q, n): `sample` and `weights` are (n, K).

    A draw of weight w stands at the middle of its share of probability; between draws the
    quantile is linear.
    """
    order = np.argsort(sample, axis=1, kind="stable")
    values = np.take_along_axis(sample, order, axis=1)
    share = np.take_along_axis(np.broadcast_to(weights, sample.shape), order, axis=1)
    reached = np.cumsum(share, axis=1)
    middle = (reached - share / 2) / reached[:, -1:]
    found = np.stack([np.interp(levels, m, v) for m, v in zip(middle, values, strict=True)], axis=1)
    return found
