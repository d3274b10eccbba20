"""Equal half-open time steps in UTC: the one clock of this package.

Every series here belongs to steps `[start, start + step)` labelled by their left edge, and what
is evaluated at an instant (the sun's position, a season) is evaluated at the middle of its step.
This module knows nothing of what happens in a step.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Values in float64, the last axis being the steps."""

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def require_utc(where: str, instant: datetime) -> datetime:
    """`instant`, if it is aware and in UTC; a ValueError otherwise."""
    if instant.utcoffset() != timedelta(0):
        raise ValueError(
            f"{where}: must be an aware time in UTC, got {instant.isoformat()}; "
            "convert it with .astimezone(datetime.UTC)"
        )
    return instant


def hours_since_epoch(instant: datetime) -> float:
    """Hours from 1970-01-01T00:00Z to `instant`. [h]"""
    return (instant - EPOCH) / HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """`n_steps` equal half-open steps from `start`, in UTC.

    Attributes:
        start: Left edge of the first step.
        step: Length of a step.
        n_steps: How many.
    """

    start: datetime
    step: timedelta
    n_steps: int

    def __post_init__(self) -> None:
        require_utc("steps.start", self.start)
        if self.step <= timedelta(0):
            raise ValueError(
                f"steps.step: must be positive, got {self.step}; give a timedelta above zero"
            )
        if self.n_steps < 1:
            raise ValueError(
                f"steps.n_steps: must be at least 1, got {self.n_steps}; ask for one step or more"
            )

    @property
    def step_h(self) -> float:
        """Length of a step. [h]"""
        return self.step / HOUR

    @property
    def end(self) -> datetime:
        """Right edge of the last step."""
        return self.start + self.n_steps * self.step

    @property
    def mid_hours(self) -> Array:
        """Middle of every step, in hours since 1970-01-01T00:00Z, shape (n_steps,). [h]"""
        middle: Array = np.arange(self.n_steps, dtype=np.float64) + 0.5
        return hours_since_epoch(self.start) + middle * self.step_h

    def hourly_or_finer(self) -> "Steps":
        """The same span in steps no longer than an hour.

        Weather is hourly here: steps of several hours are means of hourly values, and shorter
        steps must divide the hour.
        """
        if self.step <= HOUR:
            if HOUR % self.step:
                raise ValueError(
                    f"steps.step: must divide an hour, got {self.step}; "
                    "use for example 5, 15, 30 or 60 minutes"
                )
            return self
        if self.step % HOUR:
            raise ValueError(
                f"steps.step: above an hour it must be whole hours, got {self.step}; "
                "use for example 2, 3 or 6 hours"
            )
        return Steps(start=self.start, step=HOUR, n_steps=self.n_steps * (self.step // HOUR))
