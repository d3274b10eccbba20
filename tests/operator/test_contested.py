"""Others write the same Jobs: who fights wins, what is deleted stays so, a refusal is waited out.

Nothing schedules pods here; the promises are checked from the API server's own audit log.
"""

import contextlib
import threading

import pytest

from tests.controlplane.api import ApiError
from tests.operator.conftest import furnished
from tests.operator.objects import job, policy
from tests.operator.replica import until
from tests.operator.scene import (
    OPERATOR,
    START_S,
    all_released,
    held_jobs,
    releases,
    trains,
    wait_of,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools, nodes=20) as plane:
        yield plane


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
            # A tenth of ten minutes would be a minute; each turn is a chance to fight. The first
            # plan may add a word of its own.
            until("it is left alone", lambda: one.is_quiet(10), 90)
        finally:
            over.set()
            fighter.join(timeout=30)
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
        until("nothing is left to do", one.is_quiet, 60)
    left = {one["metadata"]["name"] for one in scene.plane.admin.get(scene.path)["items"]}
    assert left == set(rest)
    assert scene.broken_promises(3, rest, grace_s=90) == []


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
