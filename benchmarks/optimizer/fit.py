"""How the CPU seconds of a solve grow with the jobs: the exponent of a power law, fitted."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.line import Line, Metric, line_over_seeds
from benchmarks.optimizer.planned import Planned

SIZES = (250, 500, 1000, 2000)
METRICS = (
    Metric(
        name="exponent",
        unit="1",
        better="lower",
        meaning="of solve_cpu_seconds over jobs, fitted to the sizes of --fit",
    ),
)


def exponent(cpu_seconds: Mapping[int, float]) -> float:
    """Slope of log CPU seconds over log jobs, by least squares.

    >>> round(exponent({100: 1.0, 200: 4.0, 400: 16.0}), 6)
    2.0
    """
    slope, _ = np.polyfit(np.log(list(cpu_seconds)), np.log(list(cpu_seconds.values())), 1)
    return float(slope)


def line(
    case: str,
    by_size: Mapping[int, Sequence[Planned]],
    conditions: Mapping[str, str | float | bool],
) -> Line:
    """The exponent of each seed over all sizes, as a line of `case`."""
    seeds = range(len(next(iter(by_size.values()))))
    return line_over_seeds(
        case,
        METRICS[0],
        [
            exponent({jobs: plans[seed].solve.cpu_seconds for jobs, plans in by_size.items()})
            for seed in seeds
        ],
        costs=[plan.cost for plans in by_size.values() for plan in plans],
        conditions={**conditions, "jobs": " ".join(f"{jobs}" for jobs in by_size)},
        n=len(by_size),
    )
