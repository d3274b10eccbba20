"""Requests find what the plan holds for them, whoever else wants more than was expected."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.plan import Serving
from scheduler.planning.actual import actual
from scheduler.scenario import load
from scheduler.simulation.serving import answer_all

DAKHLA, PARIS = 0, 2


def two_services(gpus):
    """Two like services, one of them bound to the law of Paris, the last site."""
    truth, _ = actual(load("dakhla", days=1))
    first = truth.services[0]
    bound = replace(
        first, name="bound", residency=frozenset({"FR"}), home="paris", gpus_per_replica=1
    )
    free = replace(first, name="free", gpus_per_replica=1)
    pools = np.zeros(len(truth.pools), dtype=np.int64)
    for s, count in gpus.items():
        pools[truth.pool_number[s, first.gpu_type]] = count
    return replace(truth, services=(free, bound)), pools


def serving(truth, service, site, rps):
    replicas = np.zeros((len(truth.sites), 1), dtype=np.int64)
    replicas[site, 0] = int(np.ceil(rps / service.capacity_rps))
    served = np.zeros((len(service.regions), len(truth.sites), 1))
    served[0, site, 0] = rps
    return Serving(replicas=replicas, served_rps=served)


def test_more_requests_than_expected_take_no_replica_that_the_plan_holds_for_another():
    truth, gpus = two_services({DAKHLA: 4, PARIS: 4})
    free, bound = truth.services
    rps = free.capacity_rps

    def of_first_region(amount):
        demand = np.zeros(len(free.regions))
        demand[0] = amount
        return demand

    answered = answer_all(
        truth,
        {"free": of_first_region(4 * rps), "bound": of_first_region(2 * rps)},
        planned={
            "free": serving(truth, free, PARIS, 2 * rps),
            "bound": serving(truth, bound, PARIS, 2 * rps),
        },
        expected_rps={"free": of_first_region(2 * rps), "bound": of_first_region(2 * rps)},
        at=0,
        free_gpus=gpus,
    )
    assert answered["bound"].replicas[PARIS] == 2
    assert answered["bound"].served_rps.sum() == pytest.approx(2 * rps)
    # What was not expected goes where there is room.
    assert answered["free"].replicas[[DAKHLA, PARIS]].tolist() == [2, 2]
    assert answered["free"].served_rps.sum() == pytest.approx(4 * rps)
    assert gpus.sum() == 2
