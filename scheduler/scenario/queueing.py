"""What a replica carries, where it is not measured but follows from how long requests take.

A request occupies one of a replica's slots for a time with a mean and a spread; the replica carries
as many as leave the promised share of them inside the service's time (optimizer.latency).
"""

from functools import lru_cache
from typing import Annotated

from pydantic import Field, Strict

from scheduler.scenario.fields import Description, NonNegative, Positive, PositiveCount

Percentile = Annotated[float, Strict(), Field(ge=0.5, le=0.9999)]


class Queue(Description):
    """How long a request occupies a slot of a replica."""

    mean_ms: Positive = Field(description="Mean time in a slot, without any wait. [ms]")
    scv: NonNegative = Field(
        default=1.0,
        description="Variance of that time over its mean squared; 0 where all take the same. [1]",
    )
    slots: PositiveCount = Field(
        default=1, description="Requests a replica works on at a time; further ones wait."
    )
    percentile: Percentile = Field(
        default=0.95, description="Share of the requests inside service_time_ms. [0.5..1)"
    )

    def carries_rps(self, service_time_ms: float) -> float:
        """Most requests that a replica answers in time, alone. [1/s]

        Several share a line and carry a little more each; what they lose when one of them stops is
        not reckoned with, so the one alone is the measure.

        Raises:
            ValueError: The time is missed even without a wait.
        """
        return _carried(self.mean_ms, self.scv, self.slots, self.percentile, service_time_ms)


@lru_cache(maxsize=256)
def _carried(
    mean_ms: float, scv: float, slots: int, percentile: float, service_time_ms: float
) -> float:
    from optimizer.latency import Target, capacity_per_s  # noqa: PLC0415 - needs scipy.signal
    from optimizer.service_time import Fixed, Gamma  # noqa: PLC0415 - as above

    times = Gamma(mean_ms=mean_ms, scv=scv) if scv else Fixed(ms=mean_ms)
    target = Target(share=percentile, ms=service_time_ms)
    return capacity_per_s(times, target, slots_per_replica=slots)
