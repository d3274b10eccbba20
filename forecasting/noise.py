"""Random series that do not depend on where one starts to look.

A synthetic world must give the same wind at an hour whether a day or a year is asked for, and
whether the simulation reached that hour or began there. So every UTC day draws its own noise from
(key, day), and an hour is a fixed weighted sum of the noise of the days before it. Only sums in a
fixed order are used: equal questions give equal bits. This module knows no weather.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.steps import Array

HOURS_A_DAY = 24
_FORGOTTEN = 1e-4
_DAY_OFFSET = 1_000_000
_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Gaussian series of mean 0 and variance 1, each remembering itself exponentially.

        z[v, h] = a[v] · z[v, h−1] + sqrt(1 − a[v]²) · e[v, h],    a[v] = exp(−1 / correlation_h[v])

    with innovations e that are independent over hours and correlated between series; the sum over
    the past is cut where its weight has fallen below 1e-4.

    Attributes:
        correlation_h: Hours after which each series' correlation with itself is 1/e. [h]
        innovation_correlation: Correlation between the series' innovations, row by row.
    """

    correlation_h: tuple[float, ...]
    innovation_correlation: tuple[tuple[float, ...], ...]

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.correlation_h)

    @property
    def hour_correlation(self) -> Array:
        """Each series' correlation with itself an hour later, shape (V,)."""
        return np.exp(-1 / np.array(self.correlation_h))

    @property
    def same_hour_correlation(self) -> Array:
        """Correlation between the series at one hour, shape (V, V).

        Memory of different length makes it smaller than that of the innovations.
        """
        a = self.hour_correlation
        share = np.sqrt(np.outer(1 - a**2, 1 - a**2)) / (1 - np.outer(a, a))
        correlation: Array = np.array(self.innovation_correlation) * share
        return correlation

    def hourly(self, key: Sequence[int], first_hour: int, n_hours: int, n_copies: int = 1) -> Array:
        """Values of hours `first_hour` on (counted from 1970), shape (n_copies, V, n_hours).

        Copies are independent; the first ones do not change when more are asked for.

        Args:
            key: Non-negative whole numbers that name the world, the use and the place.
            first_hour: Hours since 1970-01-01T00:00Z.
            n_hours: How many hours.
            n_copies: How many independent sets of the series.
        """
        first_day = first_hour // HOURS_A_DAY
        n_days = (first_hour + n_hours - 1) // HOURS_A_DAY - first_day + 1
        memory = math.ceil(-math.log(_FORGOTTEN) * max(self.correlation_h) / HOURS_A_DAY)
        noise = self._innovations(key, first_day - memory, n_days + memory, n_copies)

        a = self.hour_correlation
        left_by_day = np.zeros(noise.shape[:-1])
        for hour in range(HOURS_A_DAY):
            left_by_day = left_by_day * a + noise[..., hour]
        state = np.zeros((n_days, *noise.shape[1:-1]))
        for age in range(memory, 0, -1):
            start = memory - age
            state = state * a**HOURS_A_DAY + left_by_day[start : start + n_days]
        values = np.empty((n_days, *noise.shape[1:]))
        for hour in range(HOURS_A_DAY):
            state = state * a + noise[memory:, ..., hour]
            values[..., hour] = state
        values *= np.sqrt(1 - a**2)[:, None]

        series = np.moveaxis(values, 0, 2).reshape(n_copies, self.n_series, -1)
        offset = first_hour - first_day * HOURS_A_DAY
        return series[..., offset : offset + n_hours]

    def _innovations(self, key: Sequence[int], first_day: int, n_days: int, n_copies: int) -> Array:
        white = np.empty((n_days, n_copies, self.n_series, HOURS_A_DAY))
        for i in range(n_days):
            seed = np.random.SeedSequence([*key, first_day + i + _DAY_OFFSET])
            np.random.Generator(np.random.PCG64(seed)).standard_normal(out=white[i])
        root = np.linalg.cholesky(np.array(self.innovation_correlation))
        coloured = np.zeros_like(white)
        for row in range(self.n_series):
            for column in range(row + 1):
                coloured[:, :, row] += root[row, column] * white[:, :, column]
        return coloured


@dataclass(frozen=True, slots=True, kw_only=True)
class HourGrid:
    """The hours around given instants, and how to read hourly series at them.

    An hour's value stands at its middle. Between two middles the series is linear, scaled so that
    its variance stays 1: what is calibrated by the hour is calibrated at any finer step.

    Attributes:
        first_hour: First hour needed, counted from 1970.
        n_hours: Hours needed.
        before: Index of the hour before each instant, shape (T,).
        share: How far each instant is on the way to the next hour, shape (T,). [0..1)
    """

    first_hour: int
    n_hours: int
    before: np.ndarray[tuple[int], np.dtype[np.int64]]
    share: Array

    @classmethod
    def around(cls, mid_hours: Array) -> "HourGrid":
        """The hours needed to read series at `mid_hours` (hours since 1970)."""
        position = np.round(mid_hours - 0.5, _PLACES)
        floor = np.floor(position)
        first = int(floor[0])
        before = (floor - first).astype(np.int64)
        share = position - floor
        n_hours = int(before[-1]) + 1 + int(share.any())
        return cls(first_hour=first, n_hours=n_hours, before=before, share=share)

    def read(self, hourly: Array, hour_correlation: Array) -> Array:
        """Values at the instants, shape (..., V, T), of `hourly`, shape (..., V, n_hours)."""
        now = hourly[..., self.before]
        if not self.share.any():
            return now
        after = hourly[..., np.minimum(self.before + 1, self.n_hours - 1)]
        return self.blend(now, after, hour_correlation)

    def blend(self, now: Array, after: Array, hour_correlation: Array) -> Array:
        """Values between the hour before (`now`) and the next (`after`), both (..., V, T)."""
        share = self.share
        variance = (1 - share) ** 2 + share**2
        variance = variance + 2 * share * (1 - share) * hour_correlation[:, None]
        blended: Array = ((1 - share) * now + share * after) / np.sqrt(variance)
        return blended
