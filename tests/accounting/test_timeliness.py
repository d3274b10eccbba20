"""Delays and latencies are told by percentile, each request counting once."""

import numpy as np
import pytest

from optimizer.plan import Placement, Plan, Run, Serving
from scheduler.accounting.timeliness import job_times, service_times
from tests.optimizer import worlds


def test_a_job_that_waits_two_hours_is_delayed_by_two():
    problem = worlds.problem(
        worlds.site(grid=worlds.grid()),
        jobs=(
            worlds.job("prompt", hours=2),
            worlds.job("patient", hours=2, release=1, due=4, deadline=6),
            worlds.job("never"),
        ),
    )
    runs = ((Run(first_step=0, n_steps=2),), (Run(first_step=3, n_steps=2),), ())
    plan = Plan(
        placements=tuple(
            Placement(job=job.name, site="home", runs=one)
            for job, one in zip(problem.jobs, runs, strict=True)
        ),
        servings={},
        dispatch={},
    )
    times = job_times(problem, plan)
    assert (times.finished, times.late) == (2, 1)
    assert times.delay_h == {50: 0.0, 95: 2.0, 99: 2.0}
    assert times.late_h == {50: 1.0, 95: 1.0, 99: 1.0}


def test_the_tail_of_the_latency_is_that_of_the_requests_that_went_far():
    # 90 % answered at 10 + 50 ms, the others at 40 + 50 ms; one request in eleven finds no answer.
    service = worlds.service(demand=11, rtt={("a", "home"): 10.0, ("a", "far"): 40.0})
    sites = (worlds.site(grid=worlds.grid()), worlds.site("far", grid=worlds.grid()))
    problem = worlds.problem(*sites, services=(service,))
    served = np.repeat([[[9.0], [1.0]]], worlds.N_STEPS, axis=2)
    serving = Serving(replicas=np.full((2, worlds.N_STEPS), 5), served_rps=served)
    plan = Plan(placements=(), servings={"service": serving}, dispatch={})
    (times,) = service_times(problem, plan)
    assert times.latency_ms == {50: 60.0, 95: 90.0, 99: 90.0}
    assert times.kept_share == pytest.approx(10 / 11)
