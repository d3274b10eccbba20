"""What usually happens at this hour in this season: the forecast that knows no news.

Every other model has to beat it, and where none does it is the forecast. It sees observations
only, each at the left edge of its hour.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.steps import Array

DAYS_A_YEAR = 365.25
SEASON_DAYS = 45
"""Days on either side of the season that count as alike."""

_LEAST_SAMPLE = 30
_DAYS_A_CELL = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Climatology:
    """Observations, ready to be asked for an hour and a season.

    Attributes:
        values: Known observations.
        hour_utc: Of each. [0..23]
        day_of_year: Of each. [1..366]
    """

    values: Array
    hour_utc: NDArray[np.int64]
    day_of_year: NDArray[np.int64]

    @classmethod
    def of(cls, history: pd.Series) -> "Climatology":
        """From an hourly series by left edge in UTC; gaps are left out."""
        known = history.dropna()
        if known.empty:
            raise ValueError("climatology: history must hold a value, got none; use rung 0")
        index = pd.DatetimeIndex(known.index)
        return cls(
            values=known.to_numpy(dtype=np.float64),
            hour_utc=index.hour.to_numpy(),
            day_of_year=index.day_of_year.to_numpy(),
        )

    def quantiles(
        self, index: pd.DatetimeIndex, levels: Array, *, season_days: float = SEASON_DAYS
    ) -> Array:
        """Same hour of the day, season within `season_days`, shape (Q, n).

        Where that leaves fewer than 30 observations the season widens to the whole year, and then
        the hour to the whole day.
        """
        days = (index.day_of_year - 1) // _DAYS_A_CELL
        cells, which = np.unique(np.stack([index.hour, days], axis=1), axis=0, return_inverse=True)
        table = np.empty((levels.size, len(cells)))
        for number, (hour, day) in enumerate(cells):
            middle = day * _DAYS_A_CELL + 1 + _DAYS_A_CELL // 2
            sample = self._sample(int(hour), int(middle), season_days)
            table[:, number] = np.quantile(sample, levels, method="hazen")
        found: Array = table[:, which.ravel()]
        return found

    def all_hours(self, n: int, levels: Array) -> Array:
        """Quantiles of everything ever observed, for each of `n` hours, shape (Q, n)."""
        column = np.quantile(self.values, levels, method="hazen")
        return np.repeat(column[:, None], n, axis=1)

    def _sample(self, hour: int, day: int, season_days: float) -> Array:
        apart = np.abs(self.day_of_year - day)
        apart = np.minimum(apart, DAYS_A_YEAR - apart)
        same_hour = self.hour_utc == hour
        for chosen in (same_hour & (apart <= season_days), same_hour):
            if chosen.sum() >= _LEAST_SAMPLE:
                sample: Array = self.values[chosen]
                return sample
        return self.values
