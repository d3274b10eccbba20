"""A plan aims to be done before soft deadlines, never before it can be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.planning.actual import actual
from scheduler.planning.margin import with_margin
from scheduler.scenario import load


@pytest.mark.parametrize(
    ("due_h", "aimed_h"),
    [
        pytest.param(12.0, 10.0, id="two hours earlier"),
        # Four hours of work, and the step that a start may have to wait.
        pytest.param(6.0, 5.0, id="as early as it can be done"),
        pytest.param(4.5, 4.5, id="as it is where nothing is to spare"),
    ],
)
def test_a_soft_deadline_is_aimed_at_from_before(due_h, aimed_h):
    problem, _ = actual(load("one-site-one-battery"))
    (job,) = problem.jobs
    start = problem.horizon.start
    job = replace(job, due=start + timedelta(hours=due_h))
    (aimed,) = with_margin(replace(problem, jobs=(job,)), 2.0).jobs
    assert aimed == replace(job, due=start + timedelta(hours=aimed_h))
