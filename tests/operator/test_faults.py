"""Whatever breaks: no Job is started twice, none lost, none late, and never do two write.

Nothing schedules pods here. Jobs are released at their latest start, which no plan is needed for;
after each fault the promises are checked from the API server's own audit log.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from datetime import timedelta

import pytest
import yaml

from k8s_operator import names
from k8s_operator.connection import Connection
from k8s_operator.operator import Operator
from k8s_operator.settings import Clock, LeaseSettings, OperatorSettings, WatchSettings
from tests.controlplane.api import Api, ApiError
from tests.controlplane.controlplane import Options, control_plane
from tests.operator.conftest import minor_of
from tests.operator.etcd import compact
from tests.operator.objects import WORLD, job, policy
from tests.operator.proxy import Wire
from tests.operator.replica import NAMESPACE, install, until
from tests.operator.scene import OPERATOR, ORIGIN, SPEED, furnish, releases

pytestmark = pytest.mark.slow
START_S = 120
PLANS = "/apis/alize.dev/v1alpha1/energyplans"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/alize-operator"
#: A tenth of three minutes.
OUTAGE_S = 18


@pytest.fixture(scope="module")
def stage(tools):
    with control_plane(Options(schedules=False), tools=tools) as plane:
        install(plane, minor=minor_of(plane))
        furnish(plane, nodes=20)
        yield plane


def wait_of(wall_s):
    """A policy's longest wait that lasts so many seconds of wall time."""
    return f"{round(wall_s * SPEED / 60)}m"


def trains(count):
    return [f"train-{number}" for number in range(count)]


def held_jobs(scene, count, **spec):
    scene.create_held(*(job(name, scene.namespace, **spec) for name in trains(count)))


def all_released(scene, count):
    held = {
        one["metadata"]["name"]
        for one in scene.plane.admin.get(scene.path)["items"]
        if one["spec"].get("suspend")
    }
    return not held & set(trains(count))


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
            until("it writes nothing", lambda: not one.leads, 30)
        finally:
            scene.plane.start_api_server()
        until("what is overdue is released", lambda: all_released(scene, 20), 60)
        assert one.process.poll() is None
    assert scene.broken_promises(OUTAGE_S / 2, trains(20), grace_s=OUTAGE_S + 90) == []


def test_a_watch_that_is_swallowed_is_noticed_by_its_silence_and_taken_up_again(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with (
        Wire(scene.plane.url) as wire,
        scene.replica("one", url=wire.url, WATCH__SILENCE_S=5, WATCH__ENDS_AFTER_S=60) as one,
    ):
        until("one leads", lambda: one.leads, START_S)
        wire.swallow_open()
        held_jobs(scene, 5)
        restarts = 'alize_watch_restarts_total{reason="inactivity",resource="jobs"}'
        until("it notices", lambda: one.metric("alize_watch_restarts_total").get(restarts), 90)
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


@contextlib.contextmanager
def one_seat(plane):
    """The operator's account may have one request at a time; what is more is refused."""
    root = "/apis/flowcontrol.apiserver.k8s.io/v1"
    limited = {"nominalConcurrencyShares": 1, "borrowingLimitPercent": 0, "lendablePercent": 0}
    plane.admin.post(
        f"{root}/prioritylevelconfigurations",
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": "one-seat"},
            "spec": {"type": "Limited", "limited": limited | {"limitResponse": {"type": "Reject"}}},
        },
    )
    account = {"namespace": NAMESPACE, "name": "alize-operator"}
    everything = {
        "verbs": ["*"],
        "apiGroups": ["*"],
        "resources": ["*"],
        "clusterScope": True,
        "namespaces": ["*"],
    }
    plane.admin.post(
        f"{root}/flowschemas",
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {"name": "one-seat"},
            "spec": {
                "priorityLevelConfiguration": {"name": "one-seat"},
                "matchingPrecedence": 2,
                "distinguisherMethod": {"type": "ByUser"},
                "rules": [
                    {
                        "subjects": [{"kind": "ServiceAccount", "serviceAccount": account}],
                        "resourceRules": [everything],
                    }
                ],
            },
        },
    )
    try:
        yield
    finally:
        plane.admin.delete(f"{root}/flowschemas/one-seat")
        plane.admin.delete(f"{root}/prioritylevelconfigurations/one-seat")


@contextlib.contextmanager
def noise(plane, path, *, threads):
    """Lists without end under the operator's account."""
    file = plane.kubeconfig_of(NAMESPACE, "alize-operator")
    token = yaml.safe_load(file.read_text())["users"][0]["user"]["token"]
    over = threading.Event()

    def work():
        hand = Api(plane.url, str(plane.ca), token)
        while not over.is_set():
            with contextlib.suppress(ApiError, OSError):
                hand.get(path)
        hand.close()

    crowd = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for one in crowd:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in crowd:
            one.join(timeout=30)


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


def test_who_fights_over_suspend_wins_and_both_the_job_and_its_policy_say_so(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    held_jobs(scene, 1)
    over = threading.Event()

    def flip():
        """Every half second, a tenth of five, for as long as the test lasts."""
        while not over.wait(0.5):
            if not scene.is_held("train-0"):
                scene.plane.admin.merge(f"{scene.path}/train-0", {"spec": {"suspend": True}})

    with scene.replica("one") as one:
        until("it is released", lambda: all_released(scene, 1), START_S)
        fighter = threading.Thread(target=flip, daemon=True)
        fighter.start()
        try:
            until("the policy says so", lambda: conflicted(scene)["status"] == "True", 60)
            until("the Job says so", lambda: "EnergyConflicted" in scene.told("train-0"), 60)
            # A tenth of ten minutes would be a minute; each turn is a chance to fight.
            turns = [one.metric("alize_apply_total")]
            time.sleep(10)
            turns.append(one.metric("alize_apply_total"))
        finally:
            over.set()
            fighter.join(timeout=30)
    jobs = 'alize_apply_total{resource="jobs",result="ok"}'
    assert turns[0][jobs] == turns[1][jobs], "it goes on writing"
    assert "train-0" in conflicted(scene)["message"]
    assert len(releases(scene.writes("train-0", OPERATOR))) <= 3
    assert scene.told("train-0").count("EnergyConflicted") == 1
    assert scene.broken_promises(3, trains(1)) == []


def conflicted(scene):
    path = f"/apis/alize.dev/v1alpha1/namespaces/{scene.namespace}/energypolicies/all"
    conditions = scene.plane.admin.get(path)["status"]["conditions"]
    return next(one for one in conditions if one["type"] == "Conflicted")


def test_a_job_deleted_while_its_release_is_in_flight_is_not_made_anew(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    with scene.replica("one", WRITES_PER_S=20, WRITE_BURST=1) as one:
        until("one leads", lambda: one.leads, START_S)
        held_jobs(scene, 60)
        until("the release is on", lambda: not scene.is_held("train-0"), 60)
        gone = [name for name in reversed(trains(60)) if scene.is_held(name)][:30]
        for name in gone:
            scene.plane.admin.delete(f"{scene.path}/{name}", propagationPolicy="Background")
        rest = sorted(set(trains(60)) - set(gone))
        until("the others are released", lambda: not any(map(scene.is_held, rest)), 90)
        until("nothing is left to do", lambda: quiet(one), 60)
    left = {one["metadata"]["name"] for one in scene.plane.admin.get(scene.path)["items"]}
    assert left == set(rest)
    assert scene.broken_promises(3, rest, grace_s=90) == []


def quiet(replica, for_s=3.0):
    """Whether it writes no Job for a while."""
    series = "alize_apply_total"
    before = {k: v for k, v in replica.metric(series).items() if 'resource="jobs"' in k}
    time.sleep(for_s)
    return before == {k: v for k, v in replica.metric(series).items() if 'resource="jobs"' in k}


def test_a_release_that_is_refused_is_tried_less_and_less_until_it_is_let_through(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay=wait_of(3)))
    root = "/apis/admissionregistration.k8s.io/v1"
    paths = [f"{root}/validatingadmission{one}/refuse" for one in ("policybindings", "policies")]
    refuse_releases(scene)
    try:
        # What refuses may take a moment to be in force.
        probe = job("probe", scene.namespace)
        probe["spec"]["suspend"] = True
        scene.create(probe)
        until("it refuses", lambda: is_refused(scene, "probe"), 60)
        with scene.replica("one") as one:
            held_jobs(scene, 1)
            until("it is refused", lambda: len(attempts(scene, "train-0")) >= 4, START_S)
            assert one.get("/livez") == "ok"
            for path in paths:
                scene.plane.admin.delete(path)
            until("it is released", lambda: all_released(scene, 1), 90)
    finally:
        for path in paths:
            with contextlib.suppress(ApiError):
                scene.plane.admin.delete(path)
    at = [one["requestReceivedTimestamp"] for one in attempts(scene, "train-0")]
    assert len(at) < 40
    assert scene.broken_promises(3, trains(1), grace_s=180) == []


def refuse_releases(scene):
    """The API server itself answers 422 to every release in this namespace."""
    updates = {
        "apiGroups": ["batch"],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["jobs"],
    }
    match = {
        "resourceRules": [updates],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": scene.namespace}},
    }
    rule = {"expression": "object.spec.suspend == true", "message": "not yet", "reason": "Invalid"}
    refusal = {"failurePolicy": "Fail", "matchConstraints": match, "validations": [rule]}
    binding = {"policyName": "refuse", "validationActions": ["Deny"]}
    meta = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "refuse"}}
    scene.plane.apply({**meta, "kind": "ValidatingAdmissionPolicy", "spec": refusal})
    scene.plane.apply({**meta, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})


def is_refused(scene, name):
    try:
        scene.plane.admin.merge(f"{scene.path}/{name}", {"spec": {"suspend": False}}, dryRun="All")
    except ApiError as refused:
        return refused.code == 422
    return False


def attempts(scene, name):
    """Patches of a Job by the operator, refused ones too."""
    return [
        one
        for one in scene.plane.audit()
        if one["objectRef"].get("name") == name
        and one["objectRef"].get("namespace") == scene.namespace
        and one["verb"] == "patch"
        and one["user"]["username"] == OPERATOR
    ]


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


def test_a_planner_killed_for_its_memory_is_started_anew_and_the_cause_is_told(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="20h"))
    held_jobs(scene, 2)
    with scene.replica("one", REPLAN_EVERY_S=1) as one:
        until("there is a plan", lambda: plans_by(one)[0] >= 1, 240)
        made, failed = plans_by(one)
        # As the kernel does when memory is short.
        os.kill(one.planner(), signal.SIGKILL)
        until("it is noticed", lambda: plans_by(one)[1] > failed, 60)
        until("another plans", lambda: plans_by(one)[0] > made, 240)
        # And as its own limit does: the next question finds no room.
        subprocess.run(["prlimit", f"--pid={one.planner()}", "--data=1"], check=True)
        made, failed = plans_by(one)
        until("it is told", lambda: plans_by(one)[1] > failed, 120)
        until("another plans", lambda: plans_by(one)[0] > made, 240)
    assert "the planner ended with -9: it was killed" in one.log
    assert scene.broken_promises(20 * 36, trains(2)) == []
