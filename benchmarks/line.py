"""One measured figure, as one line of JSON: the same keys in the same order for every case.

Knows no case. Whoever compares two versions of Alizé joins such lines on `case`, `metric` and
`conditions`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Literal

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is scored.

    Attributes:
        name: Short, as a field name.
        unit: Such as %, EUR or 1.
        better: Which direction is the good one.
        meaning: One line for people.
    """

    name: str
    unit: str
    better: Better
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What it took to compute.

    Attributes:
        cpu_seconds: User and system time of the process. [s]
        wall_seconds: [s]
        peak_rss_mb: Largest resident memory of the process. [MB]
    """

    cpu_seconds: float
    wall_seconds: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure.

    Attributes:
        value: None where it is undefined; `conditions` says why.
        references: Values of others for the same metric, by name.
        conditions: Under which it holds.
        n: Size of the sample.
        seeds: Runs with different seeds behind it.
        spread: Largest less smallest value over the seeds; 0 with one.
    """

    case: str
    metric: str
    value: float | None
    unit: str
    better: Better
    references: Mapping[str, float] = field(default_factory=dict)
    conditions: Mapping[str, str | float | bool] = field(default_factory=dict)
    n: int
    seeds: int
    spread: float
    cpu_seconds: float
    wall_seconds: float
    peak_rss_mb: float

    def __post_init__(self) -> None:
        """Refuse what JSON has no word for."""
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"{self.metric}: value must be finite or None, got {self.value}")

    def json(self) -> str:
        """The line, without its end."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)


def line_of(
    case: str,
    metric: Metric,
    value: float | None,
    *,
    cost: Cost,
    conditions: Mapping[str, str | float | bool],
    n: int,
    references: Mapping[str, float] | None = None,
) -> Line:
    """The line of `metric` measured once, with one seed."""
    return line_over_seeds(
        case, metric, [value], costs=[cost], conditions=conditions, n=n, references=references
    )


def line_over_seeds(
    case: str,
    metric: Metric,
    values: Sequence[float | None],
    *,
    costs: Sequence[Cost],
    conditions: Mapping[str, str | float | bool],
    n: int,
    references: Mapping[str, float] | None = None,
) -> Line:
    """The line of `metric` measured once with each seed: its median, and the median costs."""
    known = [value for value in values if value is not None]
    return Line(
        case=case,
        metric=metric.name,
        value=middle(values),
        unit=metric.unit,
        better=metric.better,
        references=references or {},
        conditions=conditions,
        n=n,
        seeds=len(values),
        spread=max(known) - min(known) if known else 0.0,
        cpu_seconds=round(median(cost.cpu_seconds for cost in costs), 2),
        wall_seconds=round(median(cost.wall_seconds for cost in costs), 2),
        peak_rss_mb=round(median(cost.peak_rss_mb for cost in costs)),
    )


def middle(values: Sequence[float | None]) -> float | None:
    """The median; None unless every value is known, as that of the rest would flatter.

    >>> middle([3.0, 1.0, 2.0])
    2.0
    """
    known = [value for value in values if value is not None]
    return median(known) if len(known) == len(values) else None
