"""How long work waited and requests took: percentiles, not means that hide the tail."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.timing import finish_h, is_finished, late_h
from optimizer.units import SECONDS_PER_HOUR

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTimes:
    """Of the jobs that were finished; by percentile, empty where none was.

    Attributes:
        delay_h: End less release less the work at full speed in its base mode. [h]
        late_h: Of those that ended after their soft deadline. [h]
    """

    finished: int
    late: int
    delay_h: dict[int, float]
    late_h: dict[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTimes:
    """Of one service's requests.

    Attributes:
        latency_ms: Round trip and time in the replica of what was answered, by percentile; empty
            where nothing was. [ms]
        budget_ms: What was asked for. [ms]
        kept_share: Of all requests, answered within the budget. [0..1]
    """

    service: str
    latency_ms: dict[int, float]
    budget_ms: float
    kept_share: float


def job_times(problem: Problem, plan: Plan) -> JobTimes:
    """Delay and lateness of the finished jobs."""
    delays, late = [], []
    for job, placement in zip(problem.jobs, plan.placements, strict=True):
        if not is_finished(problem, job, placement):
            continue
        released = (job.release - problem.horizon.start).total_seconds() / SECONDS_PER_HOUR
        shortest = job.work_h / job.modes[0].speed
        delays.append(max(0.0, finish_h(problem, job, placement) - max(0.0, released) - shortest))
        if (hours := late_h(problem, job, placement)) > 0:
            late.append(hours)
    return JobTimes(
        finished=len(delays),
        late=len(late),
        delay_h=_percentiles(delays, np.ones(len(delays))),
        late_h=_percentiles(late, np.ones(len(late))),
    )


def service_times(problem: Problem, plan: Plan) -> tuple[ServiceTimes, ...]:
    """Latency of every service's requests, each weighed by how many there were."""
    found = []
    for service in problem.services:
        answered = plan.servings[service.name].all_served_rps.sum(axis=2)
        latencies, requests = [], []
        for r, region in enumerate(service.regions):
            for s, site in enumerate(problem.sites):
                if answered[r, s] > 0:
                    latencies.append(service.rtt_ms[region, site.name] + service.service_time_ms)
                    requests.append(answered[r, s])
        weights = np.array(requests)
        in_time = weights[np.array(latencies) <= service.latency_budget_ms] if requests else weights
        asked = float(service.demand_rps.sum())
        found.append(
            ServiceTimes(
                service=service.name,
                latency_ms=_percentiles(latencies, weights),
                budget_ms=service.latency_budget_ms,
                kept_share=min(1.0, float(in_time.sum()) / asked) if asked > 0 else 1.0,
            )
        )
    return tuple(found)


def _percentiles(values: Sequence[float], weights: FloatArray) -> dict[int, float]:
    """Least value that so many percent of the weight do not exceed."""
    if not len(values):
        return {}
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    last = len(order) - 1
    return {
        one: float(values[order[min(last, int(np.searchsorted(reached, one / 100 - 1e-9)))]])
        for one in PERCENTILES
    }
