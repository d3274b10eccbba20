"""The API server goes, is silent, forgets or refuses: what is due is done when it is back, once.

Nothing schedules pods here. Jobs are released at their latest start, which no plan is needed for;
after each fault the promises are checked from the API server's own audit log.
"""

import time

import pytest

from tests.operator.conftest import furnished
from tests.operator.etcd import compact
from tests.operator.flood import noise, one_seat
from tests.operator.objects import job, policy
from tests.operator.proxy import Wire
from tests.operator.replica import constant, until
from tests.operator.scene import OPERATOR, START_S, all_released, held_jobs, trains, wait_of

OUTAGE_S = constant(180)
#: To notice a silent watch, or a Lease that ended, on a busy machine.
NOTICED_S = 30 + constant(600)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools, nodes=20) as plane:
        yield plane


def test_an_api_server_gone_for_three_minutes_changes_nothing_and_what_is_overdue_goes_after(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(OUTAGE_S / 2)))
    with scene.replica("one") as one:
        until("one leads", lambda: one.leads, START_S)
        held_jobs(scene, 20)
        server = scene.plane.servers["kube-apiserver"]
        server.kill()
        try:
            time.sleep(OUTAGE_S)
            assert one.get("/livez") == "ok"
            until("it writes nothing", lambda: not one.leads, NOTICED_S)
        finally:
            scene.plane.start_api_server()
        until("what is overdue is released", lambda: all_released(scene, 20), 60)
        assert one.process.poll() is None
    assert scene.broken_promises(OUTAGE_S / 2, trains(20), grace_s=OUTAGE_S + 90) == []


def test_a_watch_that_is_swallowed_is_noticed_by_its_silence_and_taken_up_again(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with (
        Wire(scene.plane.url) as wire,
        scene.replica(
            "one", url=wire.url, WATCH__SILENCE_S=constant(75), WATCH__ENDS_AFTER_S=constant(2900)
        ) as one,
    ):
        until("one leads", lambda: one.leads, START_S)
        wire.swallow_open()
        held_jobs(scene, 5)
        restarts = 'alize_watch_restarts_total{reason="inactivity",resource="jobs"}'
        until(
            "it notices", lambda: one.metric("alize_watch_restarts_total").get(restarts), NOTICED_S
        )
        until("all are released", lambda: all_released(scene, 5), 60)
    assert scene.broken_promises(3, trains(5), grace_s=120) == []


def test_an_etcd_that_was_compacted_makes_it_list_anew_and_do_nothing_twice(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with scene.replica("one", WATCH__ENDS_AFTER_S=2) as one:
        until("one leads", lambda: one.leads, START_S)
        held_jobs(scene, 5)
        until("all are released", lambda: all_released(scene, 5), 60)
        scene.plane.servers["kube-apiserver"].kill()
        compact(scene.plane)
        scene.plane.start_api_server()
        more = [f"later-{number}" for number in range(5)]
        scene.create_held(*(job(name, scene.namespace) for name in more))
        until("they are released", lambda: not any(map(scene.is_held, more)), 90)
        restarts = one.metric("alize_watch_restarts_total")
    assert any('reason="gone"' in series for series in restarts)
    assert scene.broken_promises(3, [*trains(5), *more], grace_s=90) == []


def test_a_storm_of_429_is_waited_out_without_a_hot_loop(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with scene.replica("one") as one:
        until("one leads", lambda: one.leads, START_S)
        with one_seat(scene.plane), noise(scene.plane, scene.path, threads=20):
            held_jobs(scene, 30)
            until("it is refused", lambda: refused(scene.plane, scene.began), 60)
            time.sleep(10)
        until("all are released", lambda: all_released(scene, 30), 90)
        assert one.process.poll() is None
    assert scene.broken_promises(3, trains(30), grace_s=120) == []


def refused(plane, since):
    """Writes of the operator that were answered 429."""
    return [
        one
        for one in plane.audit()
        if one["user"]["username"] == OPERATOR
        and one["responseStatus"].get("code") == 429
        and one["requestReceivedTimestamp"] >= since.isoformat()
    ]
