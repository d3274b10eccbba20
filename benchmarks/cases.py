"""Every case by name: what it measures, what it may be asked, and how to run it."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.capacity import case as capacity
from benchmarks.forecasting import case as forecasting
from benchmarks.latency import case as latency
from benchmarks.line import Line, Metric
from benchmarks.operator import case as operator
from benchmarks.optimizer import case as optimizer
from benchmarks.peers import case as peers
from benchmarks.real_week import case as real_week


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One benchmark.

    Attributes:
        run: Yields a line for each figure, as soon as it is known.
    """

    name: str
    summary: str
    metrics: tuple[Metric, ...]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Iterator[Line]]


CASES = tuple(
    Case(
        name=module.NAME,
        summary=module.SUMMARY,
        metrics=module.METRICS,
        add_arguments=module.add_arguments,
        run=module.run,
    )
    for module in (operator, optimizer, capacity, latency, real_week, peers, forecasting)
)
