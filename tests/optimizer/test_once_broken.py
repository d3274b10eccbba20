"""Worlds that once ended without a plan: round-off in a difference, an empty pool at home."""

import numpy as np
import pytest

from optimizer.bound import lower_bound, service_step_costs
from optimizer.limits import Limits
from optimizer.replicas import Choices
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds

# 0.3 kW on 3 GPUs that idle at 0.1 kW: nothing more, but for 5.6e-17 kW that rounding leaves.
AS_IF_IDLE = {"gpus": 3, "idle_kw": 0.1, "busy_kw": 0.3}
ANSWERED = {"gpus": 3, "replica_kw": 0.3, "kw_per_rps": 0.2, "demand": [[2, 2, 0, 0, 2, 2]]}
WORK = [
    pytest.param([], [worlds.service(**ANSWERED)], 0.2 * 2 * 4, id="service"),
    pytest.param([worlds.job(gpus=3, kw=0.3)], [], 0, id="job"),
    pytest.param(
        [worlds.job(gpus=3, kw=0.3)], [worlds.service(**ANSWERED)], 0.2 * 2 * 4, id="both"
    ),
]


def test_the_difference_that_rounding_leaves_is_there():
    left_kw = AS_IF_IDLE["busy_kw"] - AS_IF_IDLE["gpus"] * AS_IF_IDLE["idle_kw"]
    assert 0 < abs(left_kw) < 1e-15


@pytest.mark.parametrize(("jobs", "services", "request_kwh"), WORK)
def test_work_that_draws_no_more_than_idle_gpus_has_a_plan(jobs, services, request_kwh):
    # 8 GPUs idle at 0.1 kW for 6 h; a request a second draws 0.2 kW, all at 1 a kWh.
    site = worlds.site(idle=0.1, grid=worlds.grid())
    problem = worlds.problem(site, jobs=jobs, services=services)
    solution = solve(problem, limits=Limits(gap=1e-6))
    assert verify(problem, solution.plan) == ()
    expected = 0.8 * 6 + request_kwh
    assert tally(problem, solution.plan).objective == pytest.approx(expected)
    assert solution.proof.bound == pytest.approx(expected)


def large(demand, floor=3):
    """Thousands of replicas, too many to list, at two sites of which home has no GPU."""
    rtt = {("a", "home"): 10.0, ("a", "away"): 10.0}
    service = worlds.service(n_steps=2, demand=demand, rtt=rtt, min_replicas=floor)
    sites = [
        worlds.site(name, 2, gpus=gpus, grid=worlds.grid(2, limit=1e5))
        for name, gpus in (("home", [0, 9000]), ("away", 9000))
    ]
    return worlds.problem(*sites, services=[service])


def test_a_large_service_keeps_its_floor_where_an_hour_asks_nothing_and_home_is_empty():
    problem = large([[0, 8000]])
    choices = Choices.of(problem, problem.services[0])
    assert not choices.complete
    assert choices.allowed.any(axis=1).all()
    allowed = choices.replicas[0][choices.allowed[0]]
    assert {tuple(one) for one in allowed.tolist()} == {(0, 3)}
    # Where power and GPUs cost nothing but replicas 1 each, those three are the cheapest.
    costs, _ = service_step_costs(choices, np.ones((2, 2)), np.zeros((2, 2)))
    assert costs[0].min() == pytest.approx(3)


def test_a_large_service_with_an_empty_hour_has_a_plan():
    # 3 replicas of 1 kW in the empty hour, then 4000 for 8000 requests a second at 2 each.
    problem = large([[0, 8000]])
    solution = solve(problem, limits=Limits(gap=1e-4))
    assert verify(problem, solution.plan) == ()
    assert tally(problem, solution.plan).objective == pytest.approx(3 + 4000)
    assert lower_bound(problem, solution.prices) <= 3 + 4000 + 1e-6
