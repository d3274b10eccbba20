"""No plan costs less than the bound, whatever prices it is computed from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer.baselines import run_now, self_consumption
from optimizer.bound import lower_bound
from optimizer.load import Load
from optimizer.plan import Placement, Plan, Prices, Serving
from optimizer.tally import tally
from tests.optimizer import worlds
from tests.optimizer.tiny import tiny


def idle_plan(problem):
    """No job runs and no request is answered; services hold their floor at home."""
    servings = {}
    for service in problem.services:
        shape = (len(problem.sites), problem.horizon.n_steps)
        replicas = np.zeros(shape, dtype=np.int64)
        replicas[problem.site_number[service.home]] = service.min_replicas
        served = np.zeros((len(service.regions), *shape))
        servings[service.name] = Serving(replicas=replicas, served_rps=served)
    placements = tuple(Placement.none(job) for job in problem.jobs)
    facility_kw = Load.of(problem, placements, servings).facility_kw(problem)
    dispatch = self_consumption(problem, facility_kw)
    return Plan(placements=placements, servings=servings, dispatch=dispatch)


@st.composite
def worlds_with_prices(draw):
    problem = tiny(draw(st.integers(0, 500)))
    sites = (len(problem.sites), problem.horizon.n_steps)

    def values(least, most, shape):
        return draw(arrays(np.float64, shape, elements=st.floats(least, most, width=32)))

    return problem, Prices(
        power_per_kwh=values(-5, 1000, sites),
        gpu_per_gpu_h=values(0, 20, problem.pool_gpus.shape),
        stored_per_kwh=values(-5, 50, sites),
        peak_per_kw=values(0, 5, sites),
    )


@pytest.mark.parametrize(
    "plan_of", [pytest.param(run_now, id="run-now"), pytest.param(idle_plan, id="nothing done")]
)
@settings(max_examples=30)
@given(world=worlds_with_prices())
def test_arbitrary_prices_give_a_bound_no_plan_undercuts(plan_of, world):
    problem, prices = world
    objective = tally(problem, plan_of(problem)).objective
    assert lower_bound(problem, prices) <= objective + 1e-6 * (1 + abs(objective))


def test_requests_dearer_than_their_loss_are_left_unanswered_in_the_bound():
    # One replica must be held, at no power. Answering 1 request/s for an hour draws 10 kWh at 10
    # each; leaving 3600 requests unanswered at 0.01 costs 36. So a plan of 36 an hour exists.
    problem = worlds.problem(
        worlds.site(n_steps=2, grid=worlds.grid(2, price=10)),
        services=[worlds.service(n_steps=2, demand=1, replica_kw=0, kw_per_rps=10)],
    )
    prices = Prices(
        power_per_kwh=np.full((1, 2), 10.0),
        gpu_per_gpu_h=np.zeros((1, 2)),
        stored_per_kwh=np.zeros((1, 2)),
        peak_per_kw=np.zeros((1, 2)),
    )
    assert tally(problem, idle_plan(problem)).objective == pytest.approx(72)
    assert lower_bound(problem, prices) == pytest.approx(72)


def test_the_bound_of_a_lone_job_is_its_cheapest_hour():
    # Prices 3, 1, 2 by hour; a 2 kW job of one hour costs 2 kWh at 1, at best.
    problem = worlds.problem(
        worlds.site(n_steps=3, grid=worlds.grid(3, price=[3, 1, 2])),
        jobs=[worlds.job(hours=1, due=3)],
    )
    prices = Prices(
        power_per_kwh=np.array([[3.0, 1.0, 2.0]]),
        gpu_per_gpu_h=np.zeros((1, 3)),
        stored_per_kwh=np.zeros((1, 3)),
        peak_per_kw=np.zeros((1, 3)),
    )
    assert lower_bound(problem, prices) == pytest.approx(2)
