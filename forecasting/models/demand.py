"""Demand for inference where no history is at hand: a mean, a day, a week and a wide spread.

The lowest rung. Two weeks of measured demand already give intervals that are far too narrow, so
the spread here is stated, not fitted. It knows neither models nor replicas.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from forecasting.forecast import Forecast
from forecasting.models.spread import (
    HOURS_A_DAY,
    LogNormal,
    as_of,
    daily_factor,
    require_shape,
)
from forecasting.steps import Array, Steps

RUNG = "0 mean and shape"
DAYS_A_WEEK = 7
OFFICE_DAY = (
    *(0.45, 0.38, 0.34, 0.32, 0.34, 0.42),
    *(0.60, 0.85, 1.15, 1.40, 1.50, 1.50),
    *(1.38, 1.38, 1.46, 1.50, 1.46, 1.36),
    *(1.24, 1.18, 1.15, 1.06, 0.88, 0.70),
)
"""An assumed working day of requests with an evening tail, averaging 1."""
OFFICE_WEEK = (1.10, 1.12, 1.12, 1.10, 1.06, 0.75, 0.75)
"""Assumed factors of Monday to Sunday, averaging 1."""
_MONDAY_OFFSET = 3
"""1970-01-01 was a Thursday: three days after Monday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandModel:
    """Requests per second of one client region for one service.

    Attributes:
        name: Whose demand; each name has its own randomness.
        mean_per_s: Mean over a week. [1/s]
        source: Who says so.
        utc_offset_h: Hours the clients' clocks are ahead of UTC. [h]
        daily_shape: Factor of each local hour, averaging 1.
        weekly_shape: Factor of Monday to Sunday, averaging 1.
        spread: Standard deviation of an hour over its mean; assumed where not measured.
        correlation_h: Hours after which a deviation has faded to 1/e. [h]
    """

    name: str
    mean_per_s: float
    source: str
    utc_offset_h: float = 0.0
    daily_shape: tuple[float, ...] = OFFICE_DAY
    weekly_shape: tuple[float, ...] = OFFICE_WEEK
    spread: float = 0.25
    correlation_h: float = 12.0

    def __post_init__(self) -> None:
        if self.mean_per_s < 0 or self.spread < 0:
            raise ValueError(
                f"demand.{self.name}: mean and spread must not be negative, got "
                f"{self.mean_per_s} and {self.spread}; check their sign"
            )
        require_shape(f"demand.{self.name}.daily_shape", self.daily_shape, HOURS_A_DAY)
        require_shape(f"demand.{self.name}.weekly_shape", self.weekly_shape, DAYS_A_WEEK)

    def expected_per_s(self, steps: Steps) -> Array:
        """Mean at the middle of each step, shape (T,). [1/s]"""
        local = steps.mid_hours + self.utc_offset_h
        day = np.floor(local / HOURS_A_DAY).astype(np.int64)
        week = np.array(self.weekly_shape)[(day + _MONDAY_OFFSET) % DAYS_A_WEEK]
        expected: Array = (
            self.mean_per_s * week * daily_factor(self.daily_shape, local % HOURS_A_DAY)
        )
        return expected

    def forecast(
        self,
        *,
        issued_at: datetime,
        start: datetime,
        step: timedelta,
        n_steps: int,
        n_scenarios: int = 20,
        seed: int = 0,
    ) -> Forecast:
        """The forecast of the mean, the day and the week. [1/s]"""
        return self._law.forecast(
            self.expected_per_s,
            Steps(start=start, step=step, n_steps=n_steps),
            variable=f"demand {self.name}",
            unit="1/s",
            n_scenarios=n_scenarios,
            seed=seed,
            provenance=as_of(
                source=self.source,
                issued_at=issued_at,
                rung=RUNG,
                reason=f"no measured demand is configured for {self.name}",
            ),
        )

    def actual_per_s(self, *, seed: int, start: datetime, step: timedelta, n_steps: int) -> Array:
        """What comes true in the synthetic world of a seed, shape (T,). [1/s]"""
        steps = Steps(start=start, step=step, n_steps=n_steps)
        return self._law.actual(self.expected_per_s, steps, seed)

    @property
    def _law(self) -> LogNormal:
        return LogNormal(
            name=f"demand {self.name}", spread=self.spread, correlation_h=self.correlation_h
        )
