"""Bands that hold what they promise, learnt from the errors of forecasts once issued.

A model's own residuals flatter it: only what it got wrong out of sample tells how wrong it is.
Here errors are kept as they come, and the next band is read from the last ones, a little wider
after misses and a little narrower after hits (Gibbs and Candès, "Adaptive conformal inference under
distribution shift", NeurIPS 2021).
"""

from dataclasses import dataclass, field

import numpy as np

from forecasting.steps import Array

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


def _outwards(sample: Array, levels: Array) -> Array:
    """Quantiles of a small sample, each as if the next value were to be ranked among them."""
    n = sample.size
    if n == 0:
        return np.zeros_like(levels)
    places = np.arange(1, n + 1) / (n + 1)
    ordered = np.sort(sample)
    found: Array = np.interp(levels, places, ordered)
    return found
