"""Carbon intensity of a grid over the next days, from its own past and a weather forecast.

Two ridges on log intensity are averaged: one sees the whole horizon's weather at once and answers
every lead in one solve; one per lead sees the weather of its own hours. Both start from the same
account of the last week. The logarithm keeps intensity positive and errors relative.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting.models.experts import lately_best
from forecasting.models.ridge import FittedRidge, Ridge
from forecasting.steps import Array

HORIZON_H = 96

MEMORY_DAYS = 365.0
"""Days after which one counts 1/e: plants close and open."""

LOCAL_SHARE = 0.2
"""Penalty of the ridge of one block of leads, which has fewer features, over that of the whole."""

EXPERTS = ((0.02, 4), (0.3, 4), (3.0, 4), (0.1, 1))
REFIT_DAYS = 7
WEIGHED_DAYS = 60
_LEAST_WEIGHED = 14
LEAST_DAYS = 60
_DAY = 24
_BLOCK = 6
_WEEK = 7
_FLOOR = 1.0
_COMFORT_K = 288.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntensityDays:
    """A grid's record as days: rows that can be learnt from, or forecast.

    Attributes:
        days: Left edge of each day, when its forecast is issued.
        recent: What the past tells, shape (D, F); NaN before a week is known.
        weather: By day, lead and variable, shape (D, H, V); NaN where none is known.
        log_after: Log intensity of the hours from each day on, shape (D, H); NaN where unknown.
    """

    days: pd.DatetimeIndex
    recent: Array
    weather: Array
    log_after: Array


def intensity_days(
    intensity: pd.Series, weather: pd.DataFrame, mix: pd.DataFrame | None = None
) -> IntensityDays:
    """Cut hourly series in UTC into days.

    Args:
        intensity: Carbon intensity by left edge. [g/kWh]
        weather: Forecast for each hour, any variables; may reach further than `intensity`.
        mix: Generation by source, which is known up to an issue like `intensity`. [MW]
    """
    first = intensity.index[0].ceil("D")
    hours = pd.date_range(first, intensity.index[-1].floor("D") + pd.Timedelta("5D"), freq="h")
    hours = hours[: len(hours) // _DAY * _DAY]
    log = np.log(intensity.clip(lower=_FLOOR)).reindex(hours).to_numpy().reshape(-1, _DAY)
    ahead = weather.reindex(hours).to_numpy(dtype=np.float64)
    n_days = log.shape[0]
    days = hours[::_DAY]
    after = np.full((n_days, HORIZON_H), np.nan)
    known = np.full((n_days, HORIZON_H, ahead.shape[1]), np.nan)
    flat = log.ravel()
    for day in range(n_days):
        start = day * _DAY
        piece = flat[start : start + HORIZON_H]
        after[day, : piece.size] = piece
        sky = ahead[start : start + HORIZON_H]
        known[day, : len(sky)] = sky
    return IntensityDays(
        days=days, recent=_recent(log, mix, hours, days), weather=known, log_after=after
    )


def _recent(
    log: Array, mix: pd.DataFrame | None, hours: pd.DatetimeIndex, days: pd.DatetimeIndex
) -> Array:
    """The last day by hour, the last week by day, this weekday last week, calendar and mix."""
    n_days = log.shape[0]

    def back(values: Array, by: int) -> Array:
        moved = np.full_like(values, np.nan)
        moved[by:] = values[: n_days - by]
        return moved

    means = log.mean(axis=1)
    blocks = log.reshape(n_days, _DAY // _BLOCK, _BLOCK).mean(axis=2)
    week = np.stack([back(means, by) for by in range(1, _WEEK + 1)], axis=1)
    shape = np.stack([back(log, by) for by in range(1, _WEEK + 1)]).mean(axis=0)
    columns = [back(log, 1), week, back(blocks, _WEEK - 1), back(blocks, _WEEK), shape]
    weekday = np.eye(_WEEK)[days.day_of_week]
    year = 2 * np.pi * days.day_of_year.to_numpy() / 365.25
    season = np.stack([f(k * year) for k in (1, 2) for f in (np.sin, np.cos)], axis=1)
    columns += [weekday, season]
    if mix is not None:
        total = mix.sum(axis=1).clip(lower=1.0)
        share = mix.div(total, axis=0).reindex(hours).to_numpy(dtype=np.float64)
        columns.append(back(share.reshape(n_days, _DAY, -1).mean(axis=1), 1))
    return np.concatenate(columns, axis=1)


def _blocks(weather: Array) -> Array:
    """Weather of the whole horizon: six-hour means, and daily ones with their squares."""
    n_days, _, n_variables = weather.shape
    six = weather.reshape(n_days, -1, _BLOCK, n_variables).mean(axis=2)
    daily = weather.reshape(n_days, -1, _DAY, n_variables).mean(axis=2)
    return np.concatenate([part.reshape(n_days, -1) for part in (six, daily, daily**2)], axis=1)


def _around(weather: Array, block: int) -> Array:
    """Weather of one block of leads: its hours, the blocks around it, its day, and squares."""
    begin, end = block * _BLOCK, (block + 1) * _BLOCK
    own = weather[:, begin:end].mean(axis=1)
    near = weather[:, max(begin - _BLOCK, 0) : end + _BLOCK].mean(axis=1)
    day = begin // _DAY * _DAY
    whole = weather[:, day : day + _DAY].mean(axis=1)
    inside = weather[:, begin:end:2].reshape(weather.shape[0], -1)
    return np.concatenate([inside, own**2, near, whole, whole**2], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedIntensity:
    """Ridges learnt from the days before one day.

    Attributes:
        whole: From the whole horizon's weather to every lead.
        each: From the weather of a block of leads to its hours; none without weather.
        weather_days: Days of the weather forecast that are used.
    """

    whole: FittedRidge
    each: tuple[FittedRidge, ...]
    weather_days: int

    def log_ahead(self, record: IntensityDays, day: int) -> Array:
        """Log intensity of the hours from one day on, shape (H,)."""
        rows = slice(day, day + 1)
        usual = _usual(record.recent[rows])[0]
        seen = record.weather[rows, : self.weather_days * _DAY]
        predicted = self.whole.predict(_whole_rows(record.recent[rows], seen))[0]
        if self.each:
            slim = _slim(record.recent[rows])
            blocks = [
                ridge.predict(np.concatenate([slim, _around(seen, block)], axis=1))[0]
                for block, ridge in enumerate(self.each)
            ]
            local = np.concatenate(blocks)
            predicted[: local.size] = (predicted[: local.size] + local) / 2
        ahead: Array = usual + predicted
        return ahead


def fit_intensity(
    record: IntensityDays, day: int, *, penalty: float, weather_days: int = 4
) -> FittedIntensity:
    """Learn from the days whose hours ahead were all over when `day` began.

    Args:
        record: The days.
        day: Number of the first day to be forecast.
        penalty: Of the ridges.
        weather_days: Days of the weather forecast that are used; the rest counts as not there.
    """
    learnt = max(day - HORIZON_H // _DAY + 1, 0)
    recent, after = record.recent[:learnt], record.log_after[:learnt]
    seen = record.weather[:learnt, : weather_days * _DAY]
    whole = np.isfinite(recent).all(axis=1) & np.isfinite(after).all(axis=1)
    whole &= np.isfinite(seen).reshape(learnt, -1).all(axis=1)
    if whole.sum() < LEAST_DAYS:
        raise ValueError(
            f"intensity: {record.days[day]:%Y-%m-%d} must have {LEAST_DAYS} days to learn from, "
            f"got {int(whole.sum())}; use a lower rung"
        )
    recent, seen = recent[whole], seen[whole]
    # Relative to the usual course of the last week: what is learnt is the change from it.
    change = after[whole] - _usual(recent)
    slim = _slim(recent)
    ridge = Ridge(penalty=penalty, memory_rows=MEMORY_DAYS)
    local = Ridge(penalty=LOCAL_SHARE * penalty, memory_rows=MEMORY_DAYS)
    return FittedIntensity(
        whole=ridge.fit(_whole_rows(recent, seen), change),
        each=tuple(
            local.fit(
                np.concatenate([slim, _around(seen, block)], axis=1),
                change[:, block * _BLOCK : (block + 1) * _BLOCK],
            )
            for block in range(weather_days * _DAY // _BLOCK)
        ),
        weather_days=weather_days,
    )


@dataclass(slots=True, kw_only=True)
class IntensityExperts:
    """Several fits side by side, weighed by how the forecasts they issued turned out.

    How much a grid's weather tells differs from grid to grid and from year to year, so neither the
    penalty nor the weather's reach is set once for all: each stands for itself, and every day the
    weights are those that were best over the last two months, half-way to equal ones.

    Attributes:
        record: Of the grid.
        choices: Penalty and days of weather of each expert.
    """

    record: IntensityDays
    choices: tuple[tuple[float, int], ...] = EXPERTS
    _fits: tuple[FittedIntensity, ...] = ()
    _fitted_on: int = -1
    _issued: dict[int, Array] = field(default_factory=dict)

    def log_ahead(self, day: int) -> Array:
        """Log intensity of the hours from one day on, shape (H,). Days must be asked in order."""
        if not self._fits or day - self._fitted_on >= REFIT_DAYS:
            self._fits = tuple(
                fit_intensity(self.record, day, penalty=penalty, weather_days=reach)
                for penalty, reach in self.choices
            )
            self._fitted_on = day
        self._issued[day] = np.stack([fit.log_ahead(self.record, day) for fit in self._fits])
        ahead: Array = self._weights(day) @ self._issued[day]
        return ahead

    def _weights(self, day: int) -> Array:
        """Of the experts, from forecasts whose hours were all over when `day` began."""
        over = range(day - HORIZON_H // _DAY - WEIGHED_DAYS + 1, day - HORIZON_H // _DAY + 1)
        past = [one for one in over if one in self._issued]
        if len(past) < _LEAST_WEIGHED:
            return np.full(len(self.choices), 1 / len(self.choices))
        issued = np.stack([self._issued[one] for one in past])
        return lately_best(issued, self.record.log_after[past])


def _whole_rows(recent: Array, seen: Array) -> Array:
    return np.concatenate([recent, _blocks(seen)], axis=1) if seen.shape[1] else recent


def _usual(recent: Array) -> Array:
    """Mean log intensity of each hour over the week before, repeated, shape (n, H)."""
    begin = _DAY + _WEEK + 2 * (_DAY // _BLOCK)
    return np.tile(recent[:, begin : begin + _DAY], (1, HORIZON_H // _DAY))


def _slim(recent: Array) -> Array:
    """The last day in six-hour means, and all else."""
    n_rows = recent.shape[0]
    last = recent[:, :_DAY].reshape(n_rows, _DAY // _BLOCK, _BLOCK).mean(axis=2)
    begin = _DAY + _WEEK + 2 * (_DAY // _BLOCK)
    shape = recent[:, begin : begin + _DAY].reshape(n_rows, _DAY // _BLOCK, _BLOCK).mean(axis=2)
    return np.concatenate(
        [recent[:, [_DAY - 1]], last, recent[:, _DAY:begin], shape, recent[:, begin + _DAY :]],
        axis=1,
    )
