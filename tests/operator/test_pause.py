"""Pausing, going on, and moving: pods are made, run and end, on kwok's nodes.

Energy turns dirty and clean by what the Sites say, at a clock that runs as the wall's does, so
that a busy machine takes longer and sees the same.
"""

from datetime import timedelta

import pytest

from k8s_operator import names
from tests.operator.conftest import peopled
from tests.operator.objects import job, policy, site
from tests.operator.replica import until
from tests.operator.scene import HOURLY, ORIGIN

pytestmark = pytest.mark.slow
PLAN_S = 300
CLEAN = 20
#: Dirty for three hours, then clean: whoever can wait does.
DIRTY_NOW = [900.0] * 3 + [20.0] * 30
DIRTY = 900
PAUSE = {"enabled": True, "minRun": "1s", "cooldown": "1s", "maxPauses": 1}
SITES = ("here", "there")


@pytest.fixture(scope="module")
def stage(tools):
    with peopled(tools, *SITES) as plane:
        yield plane


@pytest.fixture(autouse=True)
def clean_again(stage):
    """What one test said of the Sites is nothing to the next."""
    for name in SITES:
        says(stage, name, CLEAN)


def says(plane, name, carbon):
    plane.apply(site(name, carbon_g_per_kwh=carbon, start=ORIGIN, step_min=60))


def train(scene, name="train", **said):
    deadline = (ORIGIN + timedelta(hours=11)).isoformat()
    words = {"CHECKPOINTABLE": "true", "DEADLINE": deadline} | said
    return job(name, scene.namespace, pods=2, run_time="4h", **words)


def status(scene, name):
    return scene.job(name)["status"]


def runs(scene, name, pods=2):
    return status(scene, name).get("active", 0) == pods


def is_paused(scene, name):
    found = status(scene, name)
    left = found.get("active", 0) + found.get("terminating", 0)
    told = {one["type"]: one["status"] for one in found.get("conditions", ())}
    return told.get("Suspended") == "True" and left == 0


def pods(scene, name):
    path = f"/api/v1/namespaces/{scene.namespace}/pods"
    return scene.plane.admin.get(path, labelSelector=f"job-name={name}")["items"]


def test_a_deficit_pauses_who_may_be_paused_and_they_go_on_when_energy_is_clean(scene):
    scene.plane.apply(policy("all", scene.namespace, sites=["here"], maxDelay="1s", pause=PAUSE))
    chosen = {"matchLabels": {"new": "yes"}}
    slow = policy("new", scene.namespace, sites=["here"], maxDelay="1s", selector=chosen,
                  pause=PAUSE | {"minRun": "10h"})  # fmt: skip
    scene.plane.apply(slow)
    new = train(scene, "new")
    new["metadata"]["labels"] |= {"new": "yes"}
    scene.create_held(train(scene), train(scene, "rigid", CHECKPOINTABLE="false"))
    scene.create_held(new, by="new")
    with scene.replica(**HOURLY):
        until("all run", lambda: all(runs(scene, n) for n in ("train", "rigid", "new")), PLAN_S)
        # One index is done before the pause, and stays so.
        complete(scene, next(one for one in pods(scene, "train") if index(one) == "0"))
        until("an index is done", lambda: status(scene, "train").get("succeeded") == 1, 60)
        says(scene.plane, "here", DIRTY_NOW)
        until("it is paused", lambda: is_paused(scene, "train"), PLAN_S)
        assert runs(scene, "rigid")
        assert runs(scene, "new")
        says(scene.plane, "here", CLEAN)
        until("it goes on", lambda: runs(scene, "train", 1), PLAN_S)
        assert status(scene, "train")["succeeded"] == 1
        # It was paused as often as it may be.
        says(scene.plane, "here", DIRTY_NOW)
        until("the reason is told", lambda: said(scene, "train") == "PauseNotAllowed", PLAN_S)
        assert runs(scene, "train", 1)
    assert scene.said("train", names.PAUSES) == "1"
    assert {scene.said(name, names.PAUSES) for name in ("rigid", "new")} == {None}
    running = [one for one in pods(scene, "train") if one["status"]["phase"] == "Running"]
    assert {index(one) for one in running} == {"1"}
    assert scene.broken_promises(1, ["train", "rigid", "new"], grace_s=PLAN_S) == []


def index(pod):
    return pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]


def said(scene, name):
    return scene.said(name, names.REASON)


def complete(scene, pod):
    """As if its first index had done its work."""
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{pod['metadata']['name']}"
    done = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    container = {"name": "train", "image": "train", "imageID": "", "restartCount": 0,
                 "ready": False, "state": done}  # fmt: skip
    words = {"status": {"phase": "Succeeded", "containerStatuses": [container]}}
    scene.plane.admin.merge(f"{path}/status", words)


def test_a_paused_job_goes_on_at_the_other_site_and_keeps_nothing_of_the_first(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="1s", pause=PAUSE | {"maxPauses": 4}))
    says(scene.plane, "there", DIRTY)
    scene.create_held(train(scene, HOME="here"))
    with scene.replica(**HOURLY):
        until("it runs", lambda: runs(scene, "train"), PLAN_S)
        first = scene.site_of("train")
        other = next(name for name in SITES if name != first)
        says(scene.plane, first, DIRTY)
        says(scene.plane, other, CLEAN)
        until("it was paused", lambda: scene.said("train", names.PAUSES) == "1", PLAN_S)
        until("it goes on there", lambda: runs(scene, "train") and moved(scene, other), PLAN_S)
    running = [one for one in pods(scene, "train") if one["status"]["phase"] == "Running"]
    assert {one["spec"]["nodeName"] for one in running} == {f"{other}-0"}
    assert {tuple(one["spec"]["nodeSelector"].items()) for one in running} == {
        ((names.SITE, other),)
    }
    assert scene.broken_promises(1, ["train"], grace_s=PLAN_S) == []


def moved(scene, other):
    return scene.site_of("train") == other


def test_a_namespace_of_two_hundred_held_jobs_goes_without_an_operator(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="24h"))
    scene.create_held(*(job(f"train-{n}", scene.namespace) for n in range(200)))
    path = f"/api/v1/namespaces/{scene.namespace}"
    assert all("finalizers" not in one["metadata"] for one in scene.plane.admin.items(scene.path))
    scene.plane.admin.delete(path)
    until("it is gone", lambda: not exists(scene.plane, path), 180)


def exists(plane, path):
    name = path.rsplit("/", 1)[-1]
    spaces = plane.admin.get("/api/v1/namespaces")["items"]
    return any(one["metadata"]["name"] == name for one in spaces)
