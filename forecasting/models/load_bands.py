"""Bands of demand that learn from the forecasts they belonged to.

A week of requests cannot tell how unlike the next one will be. So each forecast issued is held
against what came, and the next one is a little wider after misses and a little narrower after hits
(Angelopoulos, Candès and Tibshirani, "Conformal PID control for time series prediction", NeurIPS
2023, its proportional part). Before the first is issued, the history is replayed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from forecasting.models.load import LEAST_H, FittedLoad, LoadModel
from forecasting.steps import Array

_EDGES = np.array([0.05, 0.5, 0.95])
_MISSED_AS_PROMISED = 0.1
_WIDTH_RANGE = (0.5, 3.0)


@dataclass(slots=True, kw_only=True)
class AdaptiveLoad:
    """A load model that is asked again and again as its history grows.

    Attributes:
        model: Of the load.
        every_h: Hours between the origins replayed before the first forecast. [h]
        rate: How far the width moves, as a logarithm, for each share of hours missed.
    """

    model: LoadModel = field(default_factory=LoadModel)
    every_h: int = 6
    rate: float = 0.25
    _width: float = 1.0
    _open: list[tuple[int, Array]] = field(default_factory=list)
    _begun: bool = False

    @property
    def width(self) -> float:
        """What misses and hits have made of the model's own width, which is 1."""
        return self._width

    def quantiles(self, history: Array, levels: Array) -> Array:
        """Of the hours after `history`, which is that of the last call and more, (Q, horizon)."""
        if not self._begun:
            self._begun = True
            for origin in range(LEAST_H, history.size - self.model.horizon_h + 1, self.every_h):
                self._issue(history[:origin])
        self._settle(history)
        return self._issue(history)(levels)

    def _issue(self, history: Array) -> "Callable[[Array], Array]":
        self._settle(history)
        fitted = self.model.fit(history)
        width = self._width

        def widened(levels: Array) -> Array:
            return widened_by(width, fitted, history, levels)

        self._open.append((history.size, widened(_EDGES)))
        return widened

    def _settle(self, history: Array) -> None:
        """Learn from the forecasts whose hours are all over."""
        waiting = []
        for origin, edges in self._open:
            came = history[origin : origin + self.model.horizon_h]
            if came.size < self.model.horizon_h:
                waiting.append((origin, edges))
                continue
            known = np.isfinite(came)
            if known.any():
                missed = float(((came < edges[0]) | (came > edges[2]))[known].mean())
                moved = self._width * np.exp(self.rate * (missed - _MISSED_AS_PROMISED))
                self._width = float(np.clip(moved, *_WIDTH_RANGE))
        self._open = waiting


def widened_by(width: float, fitted: FittedLoad, history: Array, levels: Array) -> Array:
    """Quantiles of the hours after `history`, `width` times as far from the middle, (Q, H)."""
    log = np.log(fitted.quantiles(history, np.append(levels, 0.5)))
    wide: Array = np.exp(log[-1] + width * (log[:-1] - log[-1]))
    return wide
