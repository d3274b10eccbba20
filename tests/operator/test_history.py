"""What nobody states is learnt from Jobs that were like it, with room to spare at its deadline."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from k8s_operator.history import run_times
from k8s_operator.policies import read_policy
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.state import managed
from k8s_operator.views import PolicyView
from tests.operator.objects import job, job_view, policy

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CLOCK = Clock(OperatorSettings())


def ended(name, hours, **options):
    """A Job that took so long."""
    view = job_view(job(name, run_time=None, **options), created=NOW - timedelta(days=2))
    start = NOW - timedelta(days=1)
    status = msgspec.convert(
        {
            "startTime": start.isoformat(),
            "completionTime": (start + timedelta(hours=hours)).isoformat(),
            "conditions": [{"type": "Complete", "status": "True"}],
        },
        type(view.status),
    )
    return msgspec.structs.replace(view, status=status)


def waiting(**options):
    return job_view(job("new", **({"run_time": None} | options)), created=NOW)


def facts_of(new, *before, **spec):
    manifest = policy(maxDelay="48h", **spec)
    policies = [read_policy(msgspec.convert(manifest, PolicyView))]
    found, _ = managed([*before, new], policies, CLOCK, NOW)
    [one] = found
    return one.facts


TEN = [ended(f"old-{hours}", hours) for hours in range(1, 11)]


def test_the_median_is_planned_and_the_latest_start_kept_by_nine_of_ten():
    """Ten Jobs took 1 h to 10 h: 5.5 h is typical, 9 h is long."""
    deadline = NOW + timedelta(hours=30)
    facts = facts_of(waiting(DEADLINE=deadline.isoformat()), *TEN)
    assert facts.work_h == pytest.approx(5.5)
    assert facts.latest_start == deadline - timedelta(hours=9)
    assert facts.run_time_by == "history"


@pytest.mark.parametrize(
    ("new", "spec", "hours", "source"),
    [
        pytest.param(waiting(run_time="2h"), {}, 2, "annotation", id="the Job's own word"),
        pytest.param(waiting(), {"defaults": {"runTime": "3h"}}, 3, "policy", id="its policy's"),
        pytest.param(waiting(gpus=2), {}, 1, "assumed", id="none with as many GPUs"),
    ],
)
def test_what_is_stated_goes_before_history(new, spec, hours, source):
    facts = facts_of(new, *TEN, **spec)
    assert (facts.work_h, facts.run_time_by) == (hours, source)


def test_two_jobs_or_paused_ones_teach_nothing():
    paused = [ended(f"paused-{n}", 4, PAUSES="1") for n in range(5)]
    assert run_times([*TEN[:2], *paused], CLOCK) == {}


def test_another_namespace_teaches_nothing():
    assert facts_of(waiting(), *(ended(f"o-{n}", 5, namespace="b") for n in range(5))).work_h == 1
