"""`python -m benchmarks latency`: are the model's replica counts safe, and are they lean?"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks.latency.draws import Draw, draw, requests
from benchmarks.latency.queue import waits_ms
from benchmarks.line import Line, Metric, line_of
from benchmarks.meter import Meter
from optimizer.latency import replicas_for

NAME = "latency"
SUMMARY = "replica counts for a latency percentile, against queues simulated request by request"
#: Of the time told that a simulated percentile may take.
TOLERANCE = 1.02
#: Replicas over the least, as a share of it; one is always allowed.
SPARE_SHARE = 0.1
LEFT_OUT = 50
LOADS = (0.5, 2.0, 10.0, 50.0, 200.0)

METRICS = (
    Metric(
        name="percentile_over_target",
        unit="1",
        better="lower",
        meaning="simulated percentile at the model's replicas / target, the worst case",
    ),
    Metric(
        name="replicas_over_least",
        unit="replicas",
        better="lower",
        meaning="more than the least that keeps the target when simulated, the worst case",
    ),
    Metric(
        name="cases_missed",
        unit="cases",
        better="lower",
        meaning=f"percentile above {TOLERANCE} of the target, or more than max(1, 10 %) spare",
    ),
)
_BY_NAME = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A case, simulated.

    Attributes:
        ratio: Simulated percentile over the target.
        least: Replicas that keep the target when simulated.
    """

    offered: float
    replicas: int
    least: int
    ratio: float

    @property
    def missed(self) -> bool:
        """Whether it is unsafe or fat."""
        spare = self.replicas - self.least
        return self.ratio > TOLERANCE or spare > max(1.0, SPARE_SHARE * self.least)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be asked."""
    parser.add_argument("--cases", type=int, default=200, help="(200)")
    parser.add_argument("--requests", type=int, default=1_000_000, help="of each case (1000000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first case (0)")


def run(options: argparse.Namespace) -> Iterator[Line]:
    """The lines, by load and over all."""
    if options.cases < 1 or options.requests < LEFT_OUT:
        raise SystemExit(f"--cases must be 1 or more and --requests {LEFT_OUT} or more")
    meter, found = Meter(), []
    for seed in range(options.seed, options.seed + options.cases):
        one = held(draw(seed), options.requests, seed)
        found.append(one)
        if one.missed:
            print(f"{NAME}: seed {seed} missed: {one} {draw(seed)}", file=sys.stderr, flush=True)
    bands = [
        (f"{low:g}-{high:g}", [one for one in found if low <= one.offered < high])
        for low, high in pairwise(LOADS)
    ]
    for load, ones in [*bands, ("all", found)]:
        if not ones:
            continue
        for name, value in (
            ("percentile_over_target", max(one.ratio for one in ones)),
            ("replicas_over_least", float(max(one.replicas - one.least for one in ones))),
            ("cases_missed", float(sum(one.missed for one in ones))),
        ):
            yield line_of(
                NAME,
                _BY_NAME[name],
                value,
                cost=meter.read(),
                conditions={"offered_slots": load, "requests": options.requests},
                n=len(ones),
            )


def held(one: Draw, n_requests: int, seed: int) -> Held:
    """The model's count, simulated, and the least count that keeps the target on those requests."""
    arrivals, times = requests(one, n_requests, seed)

    def percentile(replicas: int) -> float:
        """Of all but the first fiftieth, which finds the queue empty. [ms]"""
        slots = replicas * one.slots_per_replica
        total = waits_ms(arrivals, times, slots) + times
        return float(np.quantile(total[n_requests // LEFT_OUT :], one.target.share))

    model = replicas_for(
        one.service, one.target, per_s=one.per_s, slots_per_replica=one.slots_per_replica
    )
    ratio = percentile(model) / one.target.ms
    least = model
    while percentile(least) > one.target.ms:
        least += 1
    while least > 1 and percentile(least - 1) <= one.target.ms:
        least -= 1
    return Held(offered=one.offered, replicas=model, least=least, ratio=ratio)
