"""Where there is too little for everyone, a plan still exists and still breaks no rule."""

import pytest

from optimizer.baselines import run_now
from optimizer.exact import optimum
from optimizer.limits import Limits
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds

EVERYWHERE = {("a", "home"): 10.0, ("a", "away"): 10.0}
N_STEPS = 2


def world(*services, gpus, jobs=()):
    """Sites with so many GPUs, and power for everything."""
    sites = [
        worlds.site(name, N_STEPS, gpus=number, grid=worlds.grid(N_STEPS, limit=1e5))
        for name, number in zip(("home", "away"), gpus, strict=False)
    ]
    return worlds.problem(*sites, services=services, jobs=jobs)


def service(name, demand, **rest):
    return worlds.service(name, N_STEPS, demand=demand, **rest)


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(
            world(service("x", 8000), service("y", 8000), gpus=[5000]),
            id="two large services and GPUs for one",
        ),
        pytest.param(
            world(*(service(v, 8000, rtt=EVERYWHERE) for v in "xyz"), gpus=[3000, 3000]),
            id="three large services and two sites",
        ),
        pytest.param(
            world(service("x", 8), service("y", 1), gpus=[4]),
            id="a service that would leave no room for the floor of another",
        ),
        pytest.param(
            world(service("x", 0, rtt=EVERYWHERE, min_replicas=2), gpus=[0, 8]),
            id="a floor that home cannot hold",
        ),
        pytest.param(
            world(service("x", 5), gpus=[4], jobs=[worlds.job(gpus=3, hours=1, due=2)]),
            id="a service and a job",
        ),
        pytest.param(
            world(service("x", 8, rtt=EVERYWHERE, survives_site_loss=True), gpus=[3, 3]),
            id="too little to survive a loss",
        ),
    ],
)
@pytest.mark.parametrize(
    "limits", [pytest.param(Limits(), id="in time"), pytest.param(Limits(time_s=0), id="no time")]
)
def test_a_plan_exists_and_breaks_no_rule(problem, limits):
    baseline = run_now(problem)
    solution = solve(problem, limits=limits)
    assert verify(problem, baseline) == ()
    assert verify(problem, solution.plan) == ()
    assert solution.proof.bound <= solution.proof.objective + 1e-6
    assert solution.proof.objective <= tally(problem, baseline).objective


def test_what_does_not_fit_is_left_unserved_at_its_price():
    # Four replicas answer 8 of the 9 requests/s: 1 x 3600 x 0.01 an hour, and 4 kW at 1.
    problem = world(service("x", 8), service("y", 1), gpus=[4])
    solution = solve(problem, limits=Limits(gap=1e-4))
    # One of the four must be the floor of y, so x answers 6 and y 1: 2 x 36 + 4, twice.
    assert solution.proof.objective == pytest.approx(2 * (2 * 36 + 4))
    assert optimum(problem) == pytest.approx(2 * (2 * 36 + 4))
