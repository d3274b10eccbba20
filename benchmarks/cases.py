"""Every case by name: what it measures, what it may be asked, and how to run it."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.capacity import case as capacity
from benchmarks.forecasting import case as forecasting
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


CASES = (
    Case(
        name=capacity.NAME,
        summary=capacity.SUMMARY,
        metrics=capacity.METRICS,
        add_arguments=capacity.add_arguments,
        run=capacity.run,
    ),
    Case(
        name=operator.NAME,
        summary=operator.SUMMARY,
        metrics=operator.METRICS,
        add_arguments=operator.add_arguments,
        run=operator.run,
    ),
    Case(
        name=optimizer.NAME,
        summary=optimizer.SUMMARY,
        metrics=optimizer.METRICS,
        add_arguments=optimizer.add_arguments,
        run=optimizer.run,
    ),
    Case(
        name=real_week.NAME,
        summary=real_week.SUMMARY,
        metrics=real_week.METRICS,
        add_arguments=real_week.add_arguments,
        run=real_week.run,
    ),
    Case(
        name=peers.NAME,
        summary=peers.SUMMARY,
        metrics=peers.METRICS,
        add_arguments=peers.add_arguments,
        run=peers.run,
    ),
    Case(
        name=forecasting.NAME,
        summary=forecasting.SUMMARY,
        metrics=forecasting.METRICS,
        add_arguments=forecasting.add_arguments,
        run=forecasting.run,
    ),
)
