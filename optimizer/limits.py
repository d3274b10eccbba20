"""When a solve ends: by its gap, by the clock, or by a person.

Knows nothing of problems or plans.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from optimizer.plan import Stage

Progress = Callable[[str], None]
#: To finish a plan with, however late it is. [s]
LEAST_TIME_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop.

    Attributes:
        gap: Relative gap that ends the solve, as `Proof.gap` defines it.
        time_s: Wall time that ends it. [s]
        stop: Asked between stages; True ends the solve with the best plan so far.
    """

    gap: float = 0.03
    time_s: float = 120.0
    stop: Callable[[], bool] = field(default=lambda: False)


class Ended(Exception):
    """A limit was reached; carries which."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage


class Watch:
    """Time and interruption, asked between stages.

    Attributes:
        cut_short: Whether the clock has decided anything that a solve went on from.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits, self.started_s, self.cut_short = limits, time.monotonic(), False

    @property
    def seconds(self) -> float:
        """Since the start. [s]"""
        return time.monotonic() - self.started_s

    @property
    def finish_s(self) -> float:
        """For what must be finished, however late it is. [s]"""
        return max(LEAST_TIME_S, self.limits.time_s - self.seconds)

    def left_s(self, share: float = 1.0) -> float:
        """Until that share of the limit, at least some; raises `Ended` where there is none. [s]"""
        if self.limits.stop():
            raise Ended(Stage.INTERRUPTED)
        left = share * self.limits.time_s - self.seconds
        if left <= 0:
            raise Ended(Stage.TIME_LIMIT)
        return left

    @contextmanager
    def part(self) -> Iterator[None]:
        """Let the clock end what is done here, and go on from what it reached."""
        try:
            yield
        except Ended as ended:
            if ended.stage is not Stage.TIME_LIMIT:
                raise
            self.cut_short = True

    def stage(self, reached: Stage) -> Stage:
        """What ended a solve that thinks it was `reached`: the clock, where that decided."""
        return Stage.TIME_LIMIT if self.cut_short and reached is not Stage.INTERRUPTED else reached
