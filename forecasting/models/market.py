"""Day-ahead prices of a market day from the days before, and from forecasts of load and renewables.

Ridges over several memories are averaged: long ones know the seasons, short ones the market of this
month. Prices may be negative and have spikes, so they are learnt as asinh of their distance from
the usual, in units of their usual spread. The features are those of LEAR (Lago et al., "Forecasting
day-ahead electricity prices", Applied Energy 293, 2021), the penalty is not.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting.models.experts import lately_best
from forecasting.models.ridge import FittedRidge, Ridge
from forecasting.steps import Array

MEMORY_DAYS = (60.0, 180.0, 1500.0)
PENALTIES = (0.02, 0.2, 1.0, 5.0)
REFIT_DAYS = 7
WEIGHED_DAYS = 60
_LEAST_WEIGHED = 14

_DAY = 24
_LAGS_DAYS = (1, 2, 3, 7)
_DRIVER_LAGS_DAYS = (0, 1, 7)
_LEAST_DAYS = 60
_MAD_TO_SIGMA = 1.4826
_LEARN_AT_MOST_DAYS = 1500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketDays:
    """A market's record, a row for each day of 24 hours of its own clock.

    Attributes:
        days: Midnights.
        prices: Shape (D, 24); NaN where not yet known.
        drivers: Forecasts published for each day before its auction, shape (D, 24, V).
    """

    days: pd.DatetimeIndex
    prices: Array
    drivers: Array


def market_days(price: pd.Series, drivers: pd.DataFrame | None = None) -> MarketDays:
    """Cut hourly series of the market's regular clock, 24 h each day, into days."""
    index = pd.DatetimeIndex(price.index)
    days = pd.date_range(index[0].ceil("D"), index[-1].floor("D"), freq="D")
    hours = pd.date_range(days[0], periods=len(days) * _DAY, freq="h")
    known = np.empty((len(days), _DAY, 0))
    if drivers is not None and drivers.shape[1]:
        known = drivers.reindex(hours).to_numpy(dtype=np.float64).reshape(len(days), _DAY, -1)
    prices = price.reindex(hours).to_numpy(dtype=np.float64).reshape(-1, _DAY)
    return MarketDays(days=days, prices=prices, drivers=known)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedMarket:
    """Ridges of each memory, and the scale they were learnt in.

    Attributes:
        ridges: One a memory.
        middle: Usual price.
        spread: Usual distance from it.
    """

    ridges: tuple[FittedRidge, ...]
    middle: float
    spread: float

    def prices(self, record: MarketDays, day: int) -> Array:
        """The 24 prices of one day, from what is known the day before, shape (24,)."""
        row = _rows(record, self.middle, self.spread)[[day]]
        if not np.isfinite(row).all():
            raise ValueError(
                f"market: {record.days[day]:%Y-%m-%d} must have its drivers and a week of prices, "
                "got gaps; use a lower rung"
            )
        each = np.mean([ridge.predict(row)[0] for ridge in self.ridges], axis=0) + row[0, :_DAY]
        found: Array = self.middle + self.spread * np.sinh(each)
        return found


def fit_market(record: MarketDays, day: int, *, penalty: float) -> FittedMarket:
    """Learn from the days before `day` how a day differs from the one before it."""
    begin = max(day - _LEARN_AT_MOST_DAYS, 0)
    past = record.prices[begin:day]
    middle = float(np.nanmedian(past))
    spread = float(np.nanmedian(np.abs(past - middle)) * _MAD_TO_SIGMA) or 1.0
    rows = _rows(record, middle, spread)[begin:day]
    target = np.arcsinh((past - middle) / spread) - rows[:, :_DAY]
    whole = np.isfinite(rows).all(axis=1) & np.isfinite(target).all(axis=1)
    if whole.sum() < _LEAST_DAYS:
        raise ValueError(
            f"market: must have {_LEAST_DAYS} days to learn from, got {int(whole.sum())}; "
            "use a lower rung"
        )
    ridges = [
        Ridge(penalty=penalty, memory_rows=memory).fit(rows[whole], target[whole])
        for memory in MEMORY_DAYS
    ]
    return FittedMarket(ridges=tuple(ridges), middle=middle, spread=spread)


@dataclass(slots=True, kw_only=True)
class MarketExperts:
    """Fits of every penalty side by side, weighed by how the prices they issued turned out.

    Attributes:
        record: Of the market.
        penalties: One an expert; the harder, the nearer to yesterday's prices.
    """

    record: MarketDays
    penalties: tuple[float, ...] = PENALTIES
    _fits: tuple[FittedMarket, ...] = ()
    _fitted_on: int = -1
    _issued: dict[int, Array] = field(default_factory=dict)

    def prices(self, day: int) -> Array:
        """The 24 prices of one day, shape (24,). Days must be asked in order."""
        if not self._fits or day - self._fitted_on >= REFIT_DAYS:
            self._fits = tuple(
                fit_market(self.record, day, penalty=penalty) for penalty in self.penalties
            )
            self._fitted_on = day
        self._issued[day] = np.stack([fit.prices(self.record, day) for fit in self._fits])
        past = [one for one in range(day - WEIGHED_DAYS, day) if one in self._issued]
        weights = np.full(len(self.penalties), 1 / len(self.penalties))
        if len(past) >= _LEAST_WEIGHED:
            issued = np.stack([self._issued[one] for one in past])
            weights = lately_best(issued, self.record.prices[past])
        found: Array = weights @ self._issued[day]
        return found


def _rows(record: MarketDays, middle: float, spread: float) -> Array:
    """Prices of 1, 2, 3 and 7 days ago, drivers of the day, 1 and 7 days ago, the weekday."""
    scaled = np.arcsinh((record.prices - middle) / spread)
    n_days = scaled.shape[0]

    def back(values: Array, by: int) -> Array:
        moved = np.full_like(values, np.nan)
        moved[by:] = values[: n_days - by]
        return moved

    columns = [back(scaled, lag) for lag in _LAGS_DAYS]
    columns += [
        back(record.drivers[:, :, v], lag)
        for v in range(record.drivers.shape[2])
        for lag in _DRIVER_LAGS_DAYS
    ]
    week = np.mean([back(scaled, lag) for lag in range(1, 8)], axis=0)
    yesterday = back(scaled, 1)
    columns += [week, np.stack([yesterday.min(axis=1), yesterday.max(axis=1)], axis=1)]
    columns.append(np.eye(7)[record.days.day_of_week])
    return np.concatenate(columns, axis=1)
