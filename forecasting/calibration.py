"""Bands that hold what they promise, learnt from the errors of forecasts once issued.

A model's own residuals flatter it: only what it got wrong out of sample tells how wrong it is.
Here errors are kept as they come, and the next band is read from the last ones, a little wider
after misses and a little narrower after hits (Gibbs and Candès, "Adaptive conformal inference under
distribution shift", NeurIPS 2021).
"""

import json
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from forecasting.steps import Array

LEAD_BUCKETS_H = (6, 24)
"""Leads up to 6 h, up to 24 h and beyond err differently. [h]"""

LEAST_PITS = 500
PIT_MEMORY = timedelta(days=60)

_LEAST, _MOST = 0.002, 0.5


@dataclass(slots=True, kw_only=True)
class AdaptiveBand:
    """Errors of the last forecasts at several leads, and the tail each lead has earned.

    Attributes:
        level: Share of truths the band is to hold. [0..1]
        window: Errors kept of each lead.
        rate: How far a hit or a miss moves the tail.
    """

    level: float = 0.9
    window: int = 60
    rate: float = 0.02
    _errors: list[Array] = field(default_factory=list)
    _tail: Array | None = None

    @property
    def n_errors(self) -> int:
        """Forecasts learnt from."""
        return len(self._errors)

    def quantiles(self, levels: Array) -> Array:
        """Quantiles of the next error by lead, shape (Q, leads); spread by what was earned."""
        if not self._errors or self._tail is None:
            raise ValueError("calibration: there must be an error to learn from, got none")
        past = np.stack(self._errors)
        nominal = (1 - self.level) / 2
        # A tail half as likely as nominal is reached by reading every level that much further out.
        stretch = np.log(2 * self._tail) / np.log(2 * nominal)
        found = np.empty((levels.size, past.shape[1]))
        side = np.minimum(levels, 1 - levels)
        for lead in range(past.shape[1]):
            away = np.clip(2 * side, 1e-9, 1.0) ** stretch[lead] / 2
            read = np.where(levels < 0.5, away, 1 - away)  # noqa: PLR2004 - the middle
            known = past[np.isfinite(past[:, lead]), lead]
            found[:, lead] = _outwards(known, np.clip(read, 0, 1))
        return found

    def learn(self, error: Array) -> None:
        """Take in the errors of one forecast by lead, truth less forecast; NaN where unknown."""
        nominal = (1 - self.level) / 2
        if self._tail is None:
            self._tail = np.full(error.size, nominal)
        elif len(self._errors) >= self.window // 3:
            band = self.quantiles(np.array([nominal, 1 - nominal]))
            known = np.isfinite(error)
            miss = (error < band[0]) | (error > band[1])
            step = self.rate * ((1 - self.level) - miss) / 2
            moved = np.clip(self._tail + step, _LEAST, _MOST / 2)
            self._tail = np.where(known, moved, self._tail)
        self._errors.append(np.array(error, dtype=np.float64))
        del self._errors[: -self.window]


def bucket(lead_h: float) -> int:
    """Number of the bucket a lead belongs to.

    >>> bucket(6), bucket(7), bucket(25)
    (0, 1, 2)
    """
    return bisect_left(LEAD_BUCKETS_H, lead_h)


@dataclass(slots=True, kw_only=True)
class IssuedPits:
    """What became of issued forecasts: the level at which each truth fell, by lead.

    A forecast that promises a tail of 5 % and meets it 10 % of the time is read at other levels
    from then on: where a share p of the truths fell below level g(p), the quantile at p is read
    at g(p). The map g is the quantile function of the levels kept, so it never falls.

    Attributes:
        kept: Instant the truth belongs to, lead bucket and level.
    """

    kept: list[tuple[datetime, int, float]] = field(default_factory=list)

    def learn(self, valid_at: datetime, lead_h: float, level: float) -> None:
        """Keep what came of a forecast once its hour is over; the oldest are let go."""
        if not 0 <= level <= 1:
            raise ValueError(f"calibration: a level must lie in [0, 1], got {level}; use a share")
        self.kept.append((valid_at, bucket(lead_h), float(level)))
        if valid_at - self.kept[0][0] > 2 * PIT_MEMORY:
            self.kept = [one for one in self.kept if valid_at - one[0] <= PIT_MEMORY]

    def read_at(self, levels: Array, lead_h: float, now: datetime) -> Array:
        """Where to read a forecast's quantiles so that they hold what `levels` promise.

        The levels themselves while fewer than 500 truths of the last 60 days are known.
        """
        return self.moved(levels, now)[bucket(lead_h)]

    def moved(self, levels: Array, now: datetime) -> tuple[Array, ...]:
        """Where to read `levels` in each bucket of leads."""
        lately = [one for one in self.kept if timedelta(0) < now - one[0] <= PIT_MEMORY]
        every = np.array([level for _, _, level in lately])
        number = np.array([which for _, which, _ in lately], dtype=np.int64)
        found = []
        for which in range(len(LEAD_BUCKETS_H) + 1):
            own = every[number == which]
            enough = own if own.size >= LEAST_PITS else every
            known = enough.size >= LEAST_PITS
            found.append(np.quantile(enough, levels, method="hazen") if known else levels)
        return tuple(found)

    def coverage(self, band: float, now: datetime) -> float | None:
        """Share of the last 60 days' truths inside a central band; None where too few are known."""
        lately = [level for at, _, level in self.kept if timedelta(0) < now - at <= PIT_MEMORY]
        if len(lately) < LEAST_PITS:
            return None
        return float(np.mean(np.abs(np.array(lately) - 0.5) <= band / 2))

    def write(self, path: Path) -> None:
        """Keep them in a file, for the next process."""
        rows = [[at.isoformat(), number, level] for at, number, level in self.kept]
        path.write_text(json.dumps(rows), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "IssuedPits":
        """From such a file."""
        rows = json.loads(path.read_text(encoding="utf-8"))
        return cls(kept=[(datetime.fromisoformat(at), int(n), float(p)) for at, n, p in rows])


def recalibrated(
    quantiles: Array, levels: Array, issued: IssuedPits, now: datetime, *, first_lead_h: int = 1
) -> Array:
    """Hourly quantiles, shape (Q, n), read where issued forecasts say they should be."""
    found = np.empty_like(quantiles)
    moved = issued.moved(levels, now)
    for place in range(quantiles.shape[1]):
        at = moved[bucket(first_lead_h + place)]
        found[:, place] = np.interp(at, levels, quantiles[:, place])
    return found


def _outwards(sample: Array, levels: Array) -> Array:
    """Quantiles of a small sample, each as if the next value were to be ranked among them."""
    n = sample.size
    if n == 0:
        return np.zeros_like(levels)
    places = np.arange(1, n + 1) / (n + 1)
    ordered = np.sort(sample)
    found: Array = np.interp(levels, places, ordered)
    return found
