"""What becomes of the pods: controllers, scheduler and kwok's nodes are at work."""

from datetime import timedelta

import pytest

from k8s_operator import names
from tests.controlplane.controlplane import Options, control_plane
from tests.operator.conftest import minor_of
from tests.operator.objects import job, policy, site
from tests.operator.replica import install, until
from tests.operator.scene import DIRTY_STEPS, OPERATOR, ORIGIN, furnish, releases

pytestmark = pytest.mark.slow
PLAN_S = 240


@pytest.fixture(scope="module")
def stage(tools):
    with control_plane(Options(), tools=tools) as plane:
        install(plane, minor=minor_of(plane))
        furnish(plane, schedules=True)
        nodes = "/api/v1/nodes"
        until("nodes are Ready", lambda: all(map(is_ready, plane.admin.get(nodes)["items"])), 60)
        yield plane


def is_ready(node):
    return any(
        one["type"] == "Ready" and one["status"] == "True"
        for one in node["status"].get("conditions", ())
    )


def pods(scene):
    return scene.plane.admin.get(f"/api/v1/namespaces/{scene.namespace}/pods")["items"]


def test_a_held_job_has_no_pod_and_a_released_one_runs_at_its_site_alone(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    scene.create_held(job("train", scene.namespace, pods=3))
    with scene.replica():
        until("a start is planned", lambda: scene.said("train", names.PLANNED_START), PLAN_S)
        assert pods(scene) == []
        until("its pods run", lambda: phases(scene) == ["Running"] * 3, PLAN_S)
    assert scene.world_now() >= ORIGIN + DIRTY_STEPS * timedelta(minutes=5)
    assert {one["spec"]["nodeName"].rsplit("-", 1)[0] for one in pods(scene)} == {"clean"}


def phases(scene):
    return [one["status"]["phase"] for one in pods(scene)]


def test_a_pod_of_kwok_runs_as_long_as_its_annotations_say(scene):
    """The stage cuts a delay that is not said twice to five seconds; here it is said twice."""
    alone = job("minute", scene.namespace, labels={"app": "x"}, pod_runs="20s")
    scene.create(alone)
    until("it runs", lambda: phases(scene) == ["Running"], 60)
    with pytest.raises(TimeoutError):
        until("it ends too soon", lambda: phases(scene) == ["Succeeded"], 10)
    until("it ends", lambda: phases(scene) == ["Succeeded"], 60)


def test_a_checkpointable_job_is_paused_when_energy_gets_dirty_and_goes_on_when_it_is_clean(scene):
    """Clean for 3 h, dirty for 2 h, clean again: 4 h of work do not fit before the dirty hours."""
    carbon = [20.0] * 36 + [900.0] * 24 + [20.0] * 300
    scene.plane.apply(site("swings", carbon_g_per_kwh=carbon, start=ORIGIN))
    label_nodes(scene, "swings")
    pause = {"enabled": True, "minRun": "5m", "cooldown": "5m"}
    scene.plane.apply(policy("all", scene.namespace, maxDelay="1m", sites=["swings"], pause=pause))
    deadline = (ORIGIN + timedelta(hours=12)).isoformat()
    scene.create_held(
        job("train", scene.namespace, run_time="4h", CHECKPOINTABLE="true", DEADLINE=deadline)
    )
    try:
        with scene.replica(HORIZON_H=12):
            until("it runs", lambda: phases(scene) == ["Running"], PLAN_S)
            until("it is paused", lambda: scene.said("train", names.PAUSES) == "1", 400)
            until("its pods are gone", lambda: pods(scene) == [], 60)
            until("nothing of it is left", lambda: left(scene.job("train")) == 0, 30)
            assert 0 < float(scene.said("train", names.DONE)) < 1
            until("it goes on", lambda: phases(scene) == ["Running"], 400)
            until("it is told", lambda: "EnergyResumed" in scene.told("train"), 30)
    finally:
        scene.plane.admin.delete("/apis/alize.dev/v1alpha1/sites/swings")
        label_nodes(scene, "clean")
    assert len(releases(scene.writes("train", OPERATOR))) == 2
    assert {"EnergyReleased", "EnergyPaused", "EnergyResumed"} <= set(scene.told("train"))


def left(one):
    """Pods that run, or have not quite left."""
    return one["status"].get("active", 0) + one["status"].get("terminating", 0)


def label_nodes(scene, site_name):
    """Give the nodes of `clean` to another site, or back."""
    for number in range(2):
        words = {"metadata": {"labels": {names.SITE: site_name}}}
        scene.plane.admin.merge(f"/api/v1/nodes/clean-{number}", words)
