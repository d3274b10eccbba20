"""The planner hangs, is killed, or grows too large: the last plan is followed, and it is told."""

import contextlib
import os
import signal
import subprocess

import pytest

from k8s_operator import names
from tests.operator.conftest import furnished
from tests.operator.objects import policy
from tests.operator.replica import until
from tests.operator.scene import held_jobs, trains

PLANS = "/apis/alize.dev/v1alpha1/energyplans"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools, nodes=20) as plane:
        yield plane


def plans_by(replica):
    """Plans made and plans that failed."""
    found = replica.metric("alize_plans_total")
    failed = found.pop('alize_plans_total{result="failed"}', 0)
    return sum(found.values()), failed


def active(scene):
    return next(
        one
        for one in scene.plane.admin.get(PLANS)["items"]
        if one["metadata"]["labels"][names.ACTIVE] == "true" and "status" in one
    )


def test_a_planner_that_hangs_is_ended_and_the_last_plan_is_followed_meanwhile(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="20h"))
    held_jobs(scene, 2)
    with scene.replica("one", REPLAN_EVERY_S=1, KILL_AFTER_S=60) as one:
        until("there is a plan", lambda: plans_by(one)[0] >= 1, 240)
        _, failed = plans_by(one)
        hung = one.planner()
        os.kill(hung, signal.SIGSTOP)
        before = active(scene)["metadata"]["name"]
        until("it is ended", lambda: plans_by(one)[1] > failed, 120)
        assert one.get("/livez") == "ok"
        assert one.leads
        assert active(scene)["metadata"]["name"] == before
        made, _ = plans_by(one)
        until("another plans", lambda: plans_by(one)[0] > made, 240)
        assert one.planner() != hung
    assert "gave no answer in 60 s and was ended" in one.log
    assert scene.broken_promises(20 * 36, trains(2)) == []


def killed(replica):
    """Its planner is killed, if there is one just now."""
    if (pid := replica.planner()) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return True


def test_a_planner_killed_for_its_memory_is_started_anew_and_the_cause_is_told(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="20h"))
    held_jobs(scene, 2)
    with scene.replica("one", REPLAN_EVERY_S=1) as one:
        until("there is a plan", lambda: plans_by(one)[0] >= 1, 240)
        made, failed = plans_by(one)
        # As the kernel does when memory is short; one that has nothing to do is only replaced.
        until("it is noticed", lambda: killed(one) and plans_by(one)[1] > failed, 60)
        until("another plans", lambda: plans_by(one)[0] > made, 240)
        # And as its own limit does: the next question finds no room.
        subprocess.run(["prlimit", f"--pid={one.planner()}", "--data=1"], check=True)
        made, failed = plans_by(one)
        until("it is told", lambda: plans_by(one)[1] > failed, 120)
        until("another plans", lambda: plans_by(one)[0] > made, 240)
    assert "the planner ended with -9: it was killed" in one.log
    assert scene.broken_promises(20 * 36, trains(2)) == []
