"""What the newest observation says of the next hours, on top of a weather forecast.

A weather forecast that put the last hour too low puts the next one too low as well: levels at which
truths fall correlate from hour to hour. Knowing the last one shifts and narrows the next few hours'
distribution, and says nothing half a day on.
"""

import numpy as np

from forecasting.steps import Array

LEVEL_MEMORY = 0.75
"""Correlation of the normal scores of two consecutive hours."""

_LEAST_SAID = 0.05
_EDGE = 0.005


def corrected(
    quantiles: Array, levels: Array, last_level: float, *, hours_since: int, memory: float
) -> Array:
    """Quantiles of the next hours, shape (Q, n), given the level of the last known hour.

    With z the normal score of `last_level` and r = memory^(hours apart), the score of an hour is
    normal around r · z with variance 1 − r²: an AR(1) of the levels.

    >>> even = np.array([[1.0], [2.0], [3.0]])
    >>> levels = np.array([0.25, 0.5, 0.75])
    >>> corrected(even, levels, 0.5, hours_since=0, memory=0.0).ravel().tolist()
    [1.0, 2.0, 3.0]

    Args:
        quantiles: As the weather forecast has them, from the next hour on.
        levels: Increasing.
        last_level: Probability integral transform of the last known hour. [0..1]
        hours_since: Hours between that hour and the first of these; 0 where it was just over.
        memory: Correlation from hour to hour.
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - a third of a second of start-up

    score = float(ndtri(np.clip(last_level, _EDGE, 1 - _EDGE)))
    normal = ndtri(levels)
    found = quantiles.copy()
    for place in range(quantiles.shape[1]):
        r = memory ** (hours_since + place + 1)
        if r < _LEAST_SAID:
            break
        read = ndtr(r * score + np.sqrt(1 - r * r) * normal)
        found[:, place] = np.interp(read, levels, quantiles[:, place])
    return found
