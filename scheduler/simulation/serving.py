"""Requests of one step, answered where the plan sends them, by replicas that follow the demand.

The plan says which sites answer which region and how many replicas stand; an autoscaler adds what
turns out to be missing, as long as GPUs are free, and requests that still find no room go to the
next site in reach. What the plan holds for a service no other takes, and who has the fewest sites
to go to is answered first.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from optimizer.plan import Serving
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.work import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One service in one step.

    Attributes:
        replicas: By site, shape (S,).
        served_rps: By region and site, shape (R, S). [1/s]
    """

    replicas: IntArray
    served_rps: FloatArray


def answer_all(
    problem: Problem,
    demand_rps: Mapping[str, FloatArray],
    *,
    planned: Mapping[str, Serving],
    expected_rps: Mapping[str, FloatArray],
    at: int,
    free_gpus: IntArray,
) -> dict[str, Answered]:
    """What becomes of the requests to every service in step `at` of the plan.

    Args:
        problem: The problem.
        demand_rps: What comes, by service, each of shape (R,). [1/s]
        planned: The plan's replicas and routes.
        expected_rps: What the plan was made for, by service, each of shape (R,). [1/s]
        at: The plan's step.
        free_gpus: By pool, shape (K,), beside all jobs; taken from, in place.
    """
    turn = sorted(problem.services, key=lambda one: _choice(problem, one))
    standing = {}
    for service in turn:
        with _at_sites(problem, service, free_gpus) as mine:
            standing[service.name] = _held(service, planned[service.name], at, mine)
    answered = {}
    for service in turn:
        with _at_sites(problem, service, free_gpus) as mine:
            answered[service.name] = _answer(
                problem,
                service,
                demand_rps=demand_rps[service.name],
                planned=planned[service.name],
                expected_rps=expected_rps[service.name],
                at=at,
                replicas=standing[service.name],
                free_gpus=mine,
            )
    return answered


def _choice(problem: Problem, service: Service) -> tuple[int, bool]:
    """How many sites a service may go to, and whether it needs one only."""
    return len(problem.admissible_sites(service)), not service.survives_site_loss


@contextmanager
def _at_sites(problem: Problem, service: Service, free_gpus: IntArray) -> Iterator[IntArray]:
    """GPUs of the service's type by site, shape (S,); what is taken is gone from `free_gpus`."""
    sites = range(len(problem.sites))
    pools = np.array([problem.pool_number.get((s, service.gpu_type), -1) for s in sites])
    mine = np.where(pools >= 0, free_gpus[pools], 0)
    yield mine
    free_gpus[pools[pools >= 0]] = mine[pools >= 0]


def _held(service: Service, planned: Serving, at: int, free_gpus: IntArray) -> IntArray:
    """Replicas that stand as planned, shape (S,); `free_gpus` by site is taken from, in place."""
    per = service.gpus_per_replica
    replicas: IntArray = np.minimum(planned.replicas[:, at], np.maximum(0, free_gpus) // per)
    free_gpus -= replicas * per
    return replicas


def _answer(
    problem: Problem,
    service: Service,
    *,
    demand_rps: FloatArray,
    planned: Serving,
    expected_rps: FloatArray,
    at: int,
    replicas: IntArray,
    free_gpus: IntArray,
) -> Answered:
    """What becomes of `demand_rps`, shape (R,), in step `at` of the plan.

    Args:
        problem: The problem.
        service: One of its services.
        demand_rps: What comes.
        planned: The plan's replicas and routes.
        expected_rps: What the plan was made for, shape (R,). [1/s]
        at: The plan's step.
        replicas: That stand already, shape (S,); added to, in place.
        free_gpus: Of the service's type by site, beside all else; taken from, in place.
    """
    per = service.gpus_per_replica
    split = planned.served_rps[:, :, at] / np.maximum(expected_rps, 1e-9)[:, None]
    wanted = split * demand_rps[:, None]
    missing = np.ceil(wanted.sum(axis=0) / service.capacity_rps - 1e-9).astype(np.int64) - replicas
    _add(replicas, missing, free_gpus, per)
    room = replicas * service.capacity_rps
    share = np.minimum(1.0, room / np.maximum(wanted.sum(axis=0), 1e-9))
    served = wanted * share
    room = np.maximum(0.0, room - served.sum(axis=0))
    admissible = problem.admissible_sites(service)
    for r, region in enumerate(service.regions):
        left = max(0.0, float(demand_rps[r] - served[r].sum()))
        for s in _near(problem, service, region):
            if left <= 1e-9 * demand_rps[r]:
                break
            more = np.zeros_like(replicas)
            more[s] = int(np.ceil(max(0.0, left - room[s]) / service.capacity_rps - 1e-9))
            before = replicas[s]
            _add(replicas, more, free_gpus, per)
            room[s] += (replicas[s] - before) * service.capacity_rps
            taken = min(left, room[s])
            served[r, s] += taken
            room[s] -= taken
            left -= taken
    if service.survives_site_loss:
        for lost in admissible:
            _stand_by(problem, service, lost, replicas=replicas, served=served, free_gpus=free_gpus)
    return Answered(replicas=replicas, served_rps=served)


def _stand_by(
    problem: Problem,
    service: Service,
    lost: int,
    *,
    replicas: IntArray,
    served: FloatArray,
    free_gpus: IntArray,
) -> None:
    """Add replicas elsewhere, in place, that would take over what `lost` answers."""
    spare = np.maximum(0.0, replicas * service.capacity_rps - served.sum(axis=0))
    for r, region in enumerate(service.regions):
        orphaned = float(served[r, lost])
        for s in _near(problem, service, region):
            if s == lost or orphaned <= 0:
                continue
            more = np.zeros_like(replicas)
            more[s] = int(np.ceil(max(0.0, orphaned - spare[s]) / service.capacity_rps - 1e-9))
            before = replicas[s]
            _add(replicas, more, free_gpus, service.gpus_per_replica)
            spare[s] += (replicas[s] - before) * service.capacity_rps
            taken = min(orphaned, float(spare[s]))
            spare[s] -= taken
            orphaned -= taken


def _near(problem: Problem, service: Service, region: str) -> list[int]:
    """Sites that may answer a region in time, the nearest first."""
    names = {s: problem.sites[s].name for s in problem.admissible_sites(service)}
    reached = [s for s, name in names.items() if service.reaches(region, name)]
    return sorted(reached, key=lambda s: service.rtt_ms[region, names[s]])


def _add(replicas: IntArray, missing: IntArray, free_gpus: IntArray, per: int) -> None:
    """Add what is `missing`, as far as GPUs are free, in place."""
    more = np.clip(missing, 0, np.maximum(0, free_gpus) // per)
    replicas += more
    free_gpus -= more * per
