"""Who leads may be killed, frozen, cloned or given a mad clock: the promises hold.

Nothing schedules pods here. Jobs are released at their latest start, which no plan is needed for;
after each fault the promises are checked from the API server's own audit log.
"""

import asyncio
import contextlib
import signal
import threading
from datetime import timedelta

import pytest

from k8s_operator import names
from k8s_operator.connection import Connection
from k8s_operator.operator import Operator
from k8s_operator.settings import Clock, LeaseSettings, OperatorSettings, WatchSettings
from tests.operator.conftest import furnished
from tests.operator.objects import WORLD, job, policy
from tests.operator.replica import NAMESPACE, until
from tests.operator.scene import (
    ORIGIN,
    SPEED,
    START_S,
    all_released,
    held_jobs,
    trains,
    wait_of,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools, nodes=20) as plane:
        yield plane


def test_a_leader_killed_mid_release_is_followed_and_no_job_is_late_or_started_twice(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    slow = {"WRITES_PER_S": 10, "WRITE_BURST": 1}
    with scene.replica("one", **slow) as one:
        until("one leads", lambda: one.leads, START_S)
        with scene.replica("two", **slow) as two:
            two.wait_ready(START_S)
            held_jobs(scene, 100)
            until("the release is on", lambda: not scene.is_held("train-0"), START_S)
            one.signal(signal.SIGKILL)
            assert not all_released(scene, 100), "the leader was done before it was killed"
            until("two leads", lambda: two.leads, 60)
            until("all are released", lambda: all_released(scene, 100), START_S)
    assert scene.broken_promises(3, trains(100), grace_s=START_S, writes_per_s=10, burst=1) == []


def test_a_leader_frozen_and_woken_writes_nothing_more(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with scene.replica("one") as one:
        until("one leads", lambda: one.leads, START_S)
        with scene.replica("two") as two:
            two.wait_ready(START_S)
            one.signal(signal.SIGSTOP)
            until("two leads", lambda: two.leads, 60)
            held_jobs(scene, 10)
            until("two releases them", lambda: all_released(scene, 10), 60)
            one.signal(signal.SIGCONT)
            until("one knows", lambda: one.metric("alize_leader") == {"alize_leader": 0.0}, 60)
    assert scene.broken_promises(3, trains(10)) == []


def test_of_two_operators_told_the_same_name_one_leads_and_the_other_says_why_not(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with scene.replica("one") as one:
        until("one leads", lambda: one.leads, START_S)
        with scene.replica("other", IDENTITY="one") as other:
            other.wait_ready(START_S)
            held_jobs(scene, 10)
            until("all are released", lambda: all_released(scene, 10), 60)
            until("it is said", lambda: "give each replica an identity" in other.log, 30)
            assert not other.leads
            assert one.leads
    assert scene.broken_promises(3, trains(10)) == []


class Jumping(Clock):
    """A clock that a test sets forward and back."""

    off = timedelta(0)

    def now(self):
        return super().now() + self.off


@contextlib.contextmanager
def operator_in_a_thread(scene, clock, settings):
    """The operator itself, in this process, with a clock that can be set."""
    ready, over = threading.Event(), threading.Event()
    kubeconfig = scene.plane.kubeconfig_of(NAMESPACE, "alize-operator")

    async def work():
        connection = await Connection.load(
            kubeconfig, timeout_s=5, user_agent=f"alize-operator/{settings.identity}"
        )
        operator = Operator(connection, settings, WORLD, clock=clock)
        task = asyncio.create_task(operator.run())
        ready.set()
        while not over.is_set() and not task.done():
            await asyncio.sleep(0.1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await operator.end()
        await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        over.set()
        thread.join(timeout=60)


def test_a_clock_that_jumps_a_day_and_back_starts_nothing_twice_and_nothing_late(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    labels = {names.MANAGED: "true", "patient": "yes"}
    chosen = {"matchLabels": {"patient": "yes"}}
    scene.plane.apply(policy("patient", scene.namespace, maxDelay="24h", selector=chosen))
    settings = OperatorSettings(
        identity="one",
        clock_origin=ORIGIN,
        clock_wall=scene.began,
        clock_speed=SPEED,
        decide_every_s=0.3,
        step_min=5,
        horizon_h=4,
        lease=LeaseSettings(lasts_s=3, renews_within_s=2, retries_every_s=0.4),
        watch=WatchSettings(ends_after_s=10, silence_s=15),
    )
    clock = Jumping(settings)
    with operator_in_a_thread(scene, clock, settings):
        scene.create_held(job("patient", scene.namespace, labels=labels), by="patient")
        held_jobs(scene, 3)
        until("those that are due go", lambda: all_released(scene, 3), START_S)
        assert scene.is_held("patient")
        clock.off = timedelta(hours=30)
        until("by its clock all are due", lambda: not scene.is_held("patient"), 60)
        clock.off = timedelta(0)
        scene.create_held(job("after", scene.namespace))
        until("the next is on time", lambda: not scene.is_held("after"), 60)
    assert scene.broken_promises(3, [*trains(3), "after", "patient"], grace_s=START_S) == []
