"""Requests to come, from a few weeks of requests: the usual day, and how far we are from it now.

Two weeks of history know no season and no growth, so the model is small: a daily profile in which
recent days count most, and a distance from it that fades with the lead as it has done before. Its
spread is that of errors made on days it was not fitted to; in-sample errors promise far too much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.models import level
from forecasting.steps import Array

_DAY = 24
_PROFILE_DAYS = 7
_CHOICES = tuple((decay, penalty) for decay in (0.75, 0.9, 1.0) for penalty in (5.0, 50.0))
"""How much a day counts against the next one, and how hard distances are held down."""

_FLOOR_SHARE = 0.05
_FIRST_ORIGIN_H = 72
LEAST_H = _FIRST_ORIGIN_H + 2 * _DAY
"""Hours of history from which this model speaks. [h]"""

_FOLDS = 4
_LEAST_ERRORS = 24
_BAND_EDGE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadModel:
    """The recipe.

    Attributes:
        horizon_h: Longest lead.
    """

    horizon_h: int = 24

    def fit(self, history: Array) -> "FittedLoad":
        """Learn decay, penalty, coefficients and errors from a history of at least 5 days.

        Args:
            history: Hourly values, the last one just over; NaN where unknown.
        """
        least = LEAST_H
        if history.size < least:
            raise ValueError(
                f"load: history must hold {least} h, got {history.size}; use a lower rung"
            )
        floor = _floor(history)
        log = _log(history, floor)
        origins = np.arange(_FIRST_ORIGIN_H, log.size + 1)
        fits = [_learnt(log, origins, self.horizon_h, choice, floor) for choice in _CHOICES]
        return min(fits, key=lambda fit: fit.held_out)

    def quantiles(self, history: Array, levels: Array) -> Array:
        """Of the hours after `history`, learnt from it alone, shape (Q, horizon).

        From two days to five the day is repeated by exponential smoothing.
        """
        if level.LEAST_H <= history.size < LEAST_H:
            log = _log(history, _floor(history))
            return np.exp(level.smoothed_quantiles(log, self.horizon_h, levels))
        return self.fit(history).quantiles(history, levels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLoad:
    """One choice of decay and penalty, fitted to a history; learnt once a day, asked every hour.

    Attributes:
        decay: The choice.
        floor: Least value that is told apart.
        coefficients: Of the distances from the profile, by lead, shape (H, 3).
        errors: Held-out errors by lead, increasing, each already widened.
        held_out: Their mean size, by which choices are compared.
    """

    decay: float
    floor: float
    coefficients: Array
    errors: tuple[Array, ...]
    held_out: float

    def quantiles(self, history: Array, levels: Array) -> Array:
        """Of the hours after `history`, shape (Q, H)."""
        log = _log(history, self.floor)
        now = np.array([log.size])
        away = np.nan_to_num(_distances(log, now, self.decay)[0])
        found = np.empty((levels.size, len(self.errors)))
        for lead, errors in enumerate(self.errors, start=1):
            middle = _profile(log, now, lead, self.decay)[0] + away @ self.coefficients[lead - 1]
            places = np.arange(1, errors.size + 1) / (errors.size + 1)
            found[:, lead - 1] = np.exp(middle + np.interp(levels, places, errors))
        return found


def _floor(history: Array) -> float:
    return max(_FLOOR_SHARE * float(np.nanmedian(history)), 1e-9)


def _log(history: Array, floor: float) -> Array:
    log: Array = np.log(np.maximum(np.where(np.isfinite(history), history, np.nan), floor))
    return log


def _learnt(
    log: Array,
    origins: NDArray[np.int64],
    horizon_h: int,
    choice: tuple[float, float],
    floor: float,
) -> FittedLoad:
    decay, penalty = choice
    away = _distances(log, origins, decay)
    there = np.isfinite(away).all(axis=1)
    widen = _widening(log.size // _DAY - _FIRST_ORIGIN_H // _DAY, decay)
    coefficients = np.empty((horizon_h, away.shape[1]))
    errors: list[Array] = []
    sizes: list[float] = []
    for lead in range(1, horizon_h + 1):
        usual = _profile(log, origins, lead, decay)
        at = origins + lead - 1
        after = np.where(at < log.size, log[np.minimum(at, log.size - 1)], np.nan)
        rows = there & np.isfinite(after) & np.isfinite(usual)
        x, y = away[rows], (after - usual)[rows]
        if y.size < _LEAST_ERRORS:
            # A week ahead, in the second week: the errors of the longest lead that has some.
            coefficients[lead - 1] = coefficients[lead - 2]
            errors.append(errors[-1])
            continue
        coefficients[lead - 1], missed = _cross_fitted(x, y, penalty)
        sizes.append(float(np.abs(missed).mean()))
        errors.append(widen * np.sort(missed))
    return FittedLoad(
        decay=decay,
        floor=floor,
        coefficients=coefficients,
        errors=tuple(errors),
        held_out=float(np.mean(sizes)),
    )


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


def _cross_fitted(x: Array, y: Array, penalty: float) -> tuple[Array, Array]:
    """Coefficients on the whole past, and errors on each quarter by what the others taught."""
    edges = np.arange(_FOLDS + 1) * y.size // _FOLDS
    folds = [slice(edges[k], edges[k + 1]) for k in range(_FOLDS)]
    grams = np.stack([x[fold].T @ x[fold] for fold in folds])
    moments = np.stack([x[fold].T @ y[fold] for fold in folds])
    sizes = np.array([fold.stop - fold.start for fold in folds])
    squares = np.array([float((x[fold] ** 2).sum()) for fold in folds])
    gram = np.concatenate([grams.sum(axis=0) - grams, grams.sum(axis=0)[None]])
    moment = np.concatenate([moments.sum(axis=0) - moments, moments.sum(axis=0)[None]])
    n_values = np.append(y.size - sizes, y.size) * x.shape[1]
    scale = np.append(squares.sum() - squares, squares.sum()) / np.maximum(n_values, 1)
    cost = penalty * np.where(scale > 0, scale, 1.0)
    solved = np.linalg.solve(gram + cost[:, None, None] * np.eye(x.shape[1]), moment[..., None])[
        ..., 0
    ]
    errors = [y[fold] - x[fold] @ solved[k] for k, fold in enumerate(folds)]
    return solved[-1], np.concatenate(errors)
