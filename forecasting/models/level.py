"""Demand in its first days: exponential smoothing of the level and of a day seen twice.

From two days on there is a daily course to repeat, and too little to fit anything finer. The model
is that of statsmodels, on the logarithm, with its own variance of each lead.
"""

import warnings

import numpy as np
import pandas as pd

from forecasting.steps import Array

LEAST_H = 48
"""Hours of history from which this model speaks. [h]"""

_DAY = 24


def smoothed_quantiles(log_history: Array, horizon_h: int, levels: Array) -> Array:
    """Quantiles of the logarithm of the hours after a history, shape (Q, horizon).

    Args:
        log_history: Hourly, the last one just over; NaN where unknown.
        horizon_h: Hours ahead.
        levels: Quantile levels.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - a third of a second of start-up
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415 - seconds

    if log_history.size < LEAST_H:
        raise ValueError(
            f"level: history must hold {LEAST_H} h, got {log_history.size}; use a lower rung"
        )
    filled = pd.Series(log_history).interpolate(limit_direction="both")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit of few days that stops early still serves
        fitted = ETSModel(
            filled, error="add", trend=None, seasonal="add", seasonal_periods=_DAY
        ).fit(disp=False)
        ahead = fitted.get_prediction(start=filled.size, end=filled.size + horizon_h - 1)
    spread = np.sqrt(np.asarray(ahead.forecast_variance, dtype=np.float64))
    middle = np.asarray(ahead.predicted_mean, dtype=np.float64)
    found: Array = middle[None] + ndtri(levels)[:, None] * spread[None]
    return found
