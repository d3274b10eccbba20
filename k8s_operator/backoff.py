"""Waiting longer after each failure, and never in step with others."""

import random
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Full jitter between half and all of a span that doubles up to `most_s`.

    Attributes:
        first_s: Longest wait after the first failure. [s]
        most_s: Longest wait there is. [s]
    """

    first_s: float = 0.5
    most_s: float = 30.0
    draw: random.Random = field(default_factory=random.Random)
    failures: int = 0

    def next_s(self) -> float:
        """How long to wait now. [s]"""
        span = min(self.most_s, self.first_s * 2.0 ** min(self.failures, 20))
        self.failures += 1
        return span * self.draw.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: the next failure is a first one."""
        self.failures = 0
