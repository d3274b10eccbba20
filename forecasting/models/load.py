"""Requests to come, from a few weeks of requests: the usual day, and how far we are from it now.

Two weeks of history know no season and no growth, so the model is small: a daily profile in which
recent days count most, and a distance from it that fades with the lead as it has done before. Its
spread is that of errors made on days it was not fitted to; in-sample errors promise far too much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.steps import Array

_DAY = 24
_PROFILE_DAYS = 7
_CHOICES = tuple((decay, penalty) for decay in (0.75, 0.9, 1.0) for penalty in (5.0, 50.0))
"""How much a day counts against the next one, and how hard distances are held down."""

_FLOOR_SHARE = 0.05
_FIRST_ORIGIN_H = 72
_FOLDS = 4
_BAND_EDGE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadModel:
    """The recipe.

    Attributes:
        horizon_h: Longest lead.
    """

    horizon_h: int = 24

    def quantiles(self, history: Array, levels: Array) -> Array:
        """Of the hours after `history`, learnt from it alone, shape (Q, horizon).

        Args:
            history: Hourly values, the last one just over; NaN where unknown. At least 5 days.
            levels: Quantile levels.
        """
        least = _FIRST_ORIGIN_H + 2 * _DAY
        if history.size < least:
            raise ValueError(
                f"load: history must hold {least} h, got {history.size}; use a lower rung"
            )
        floor = max(_FLOOR_SHARE * float(np.nanmedian(history)), 1e-9)
        log = np.log(np.maximum(np.where(np.isfinite(history), history, np.nan), floor))
        now = log.size
        origins = np.arange(_FIRST_ORIGIN_H, now + 1)
        fits = [_Fit.of(log, origins, self.horizon_h, decay, cost) for decay, cost in _CHOICES]
        best = min(fits, key=lambda fit: fit.held_out)
        widen = _widening(now // _DAY - _FIRST_ORIGIN_H // _DAY, best.decay)
        found = np.empty((levels.size, self.horizon_h))
        for lead, errors in enumerate(best.errors):
            places = np.arange(1, errors.size + 1) / (errors.size + 1)
            spread = widen * np.interp(levels, places, np.sort(errors))
            found[:, lead] = np.exp(best.middle[lead] + spread)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """One choice of decay and penalty, fitted to a history.

    Attributes:
        decay: The choice.
        middle: Log forecast by lead.
        errors: Held-out errors by lead.
        held_out: Their mean size, by which choices are compared.
    """

    decay: float
    middle: Array
    errors: tuple[Array, ...]
    held_out: float

    @classmethod
    def of(
        cls, log: Array, origins: NDArray[np.int64], horizon_h: int, decay: float, penalty: float
    ) -> "_Fit":
        away = _distances(log, origins, decay)
        middle, errors = np.empty(horizon_h), []
        for lead in range(1, horizon_h + 1):
            usual = _profile(log, origins, lead, decay)
            at = origins + lead - 1
            after = np.where(at < log.size, log[np.minimum(at, log.size - 1)], np.nan)
            rows = np.isfinite(after) & np.isfinite(usual) & np.isfinite(away).all(axis=1)
            x, y = away[rows], (after - usual)[rows]
            errors.append(_held_out_errors(x, y, penalty))
            now = np.nan_to_num(away[-1])
            middle[lead - 1] = usual[-1] + now @ _coefficients(x, y, penalty)
        size = float(np.mean([np.abs(one).mean() for one in errors]))
        return cls(decay=decay, middle=middle, errors=tuple(errors), held_out=size)


def _widening(n_days: int, decay: float) -> float:
    """By how much errors seen on a few days understate those to come, above 1.

    The hours of a day err together, so the sample is days. Student's t with a degree of freedom for
    each day but one, over the normal at the edge of the 90 % band; and the profile is itself a mean
    of few days, which adds the root of one more share.

    >>> round(_widening(4, 1.0), 2), round(_widening(11, 1.0), 2), round(_widening(1000, 1.0), 2)
    (1.53, 1.18, 1.07)
    """
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - a third of a second of start-up

    shares = decay ** np.arange(_PROFILE_DAYS)
    effective = shares.sum() ** 2 / (shares**2).sum()
    ratio = stdtrit(max(n_days - 1, 1), _BAND_EDGE) / ndtri(_BAND_EDGE)
    return float(ratio * np.sqrt(1 + 1 / effective))


def _profile(log: Array, origins: NDArray[np.int64], lead: int, decay: float) -> Array:
    """Weighted mean of the same hour over the days before each origin, recent days first."""
    at = origins + lead - 1
    first = -(-lead // _DAY)
    total, weight = np.zeros(at.size), np.zeros(at.size)
    for day in range(first, first + _PROFILE_DAYS):
        place = at - _DAY * day
        value = np.where(place >= 0, log[np.maximum(place, 0)], np.nan)
        known = np.isfinite(value)
        share = decay ** (day - first)
        total += np.where(known, share * np.nan_to_num(value), 0.0)
        weight += share * known
    mean: Array = np.divide(total, weight, out=np.full(at.size, np.nan), where=weight > 0)
    return mean


def _distances(log: Array, origins: NDArray[np.int64], decay: float) -> Array:
    """Of the last hour, the last three and the last day from the profile, shape (n, 3)."""
    hours = np.arange(_FIRST_ORIGIN_H - _DAY, log.size)
    apart = np.full(log.size, np.nan)
    apart[hours] = log[hours] - _profile(log, hours, 1, decay)

    def mean_of_last(n: int) -> Array:
        ends = origins
        windows = np.stack([apart[ends - back] for back in range(1, n + 1)])
        known = np.isfinite(windows)
        total = np.where(known, windows, 0.0).sum(axis=0)
        count = known.sum(axis=0)
        mean: Array = np.divide(total, count, out=np.full(ends.size, np.nan), where=count > 0)
        return mean

    return np.stack([mean_of_last(1), mean_of_last(3), mean_of_last(_DAY)], axis=1)


def _coefficients(x: Array, y: Array, penalty: float) -> Array:
    gram = x.T @ x + penalty * float(np.mean(x**2) or 1.0) * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, x.T @ y), dtype=np.float64)


def _held_out_errors(x: Array, y: Array, penalty: float) -> Array:
    """Errors on each quarter of the past by what was learnt from the other three."""
    block = np.arange(y.size) * _FOLDS // max(y.size, 1)
    errors = [
        y[block == fold]
        - x[block == fold] @ _coefficients(x[block != fold], y[block != fold], penalty)
        for fold in range(_FOLDS)
    ]
    return np.concatenate(errors)
