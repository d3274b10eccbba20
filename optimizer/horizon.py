"""The planned span and its equal steps: the only place where instants become step numbers.

Knows nothing of local time; calendars and tariffs are resolved before a problem is stated.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from optimizer.units import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Equal half-open steps [start, start + step), labelled by their left edge, in UTC."""

    start: datetime
    step: timedelta
    n_steps: int

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0):
            raise ValueError(f"start must be in UTC, got {self.start.isoformat()}")
        if self.step <= timedelta(0):
            raise ValueError(f"step must be positive, got {self.step}")
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be at least 1, got {self.n_steps}")

    @property
    def step_h(self) -> float:
        """Length of one step. [h]"""
        return self.step / timedelta(hours=1)

    @property
    def step_s(self) -> float:
        """Length of one step. [s]"""
        return self.step_h * SECONDS_PER_HOUR

    @property
    def end(self) -> datetime:
        """Right edge of the last step."""
        return self.start + self.n_steps * self.step

    @property
    def index(self) -> pd.DatetimeIndex:
        """Left edge of every step, shape (n_steps,)."""
        return pd.date_range(self.start, periods=self.n_steps, freq=self.step)

    def instant(self, step: int) -> datetime:
        """Left edge of step number `step`."""
        return self.start + step * self.step

    def first_step_from(self, instant: datetime) -> int:
        """Number of the first step that starts at or after `instant`, never below 0."""
        return max(0, -((self.start - instant) // self.step))

    def steps_until(self, instant: datetime) -> float:
        """Time from the start to `instant`, in steps, not rounded."""
        return (instant - self.start) / self.step
