"""What one case of the peers measured, before it becomes a line."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One figure of ours with those of others beside it.

    Attributes:
        values: One a seed.
        references: By name: `peer` is to beat, `bound` cannot be beaten.
        conditions: Under which it holds.
        n: Jobs, starts or hours behind it.
    """

    metric: str
    values: tuple[float, ...]
    references: Mapping[str, float]
    conditions: Mapping[str, str | float | bool] = field(default_factory=dict)
    n: int


def saving_percent(ours: float, run_now: float) -> float:
    """How much less than run-now. [%]

    >>> saving_percent(75.0, 100.0)
    25.0
    """
    return 100 * (1 - ours / run_now)
