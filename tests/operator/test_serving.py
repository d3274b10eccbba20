"""A service follows the plan on a real control plane: bounds, weights, a lost site, and back."""

import itertools
import signal
import subprocess
import time
from datetime import timedelta

import pytest

from k8s_operator.serving.words import ANNOTATIONS
from tests.controlplane.gateway import routes
from tests.operator.conftest import MISSING, make_namespace, peopled
from tests.operator.objects import site
from tests.operator.replica import ALIZE, NAMESPACE, clean_environment, until
from tests.operator.scene import HOURLY, ORIGIN, START_S, Scene
from tests.operator.services import Service, profile, steered, target, world

pytestmark = pytest.mark.slow
SHIFTED_S = 180
#: Promised from a node's condition to the route.
FAILOVER_S = 15


@pytest.fixture(scope="module")
def stage(tools):
    definition = routes()
    if definition is None:
        pytest.skip(f"no HTTPRoute: {MISSING}")
    with peopled(tools, "clean", "dirty") as plane:
        plane.apply(site("dirty", carbon_g_per_kwh=900))
        plane.apply_text(definition.read_text())
        until("routes are served", lambda: plane.admin.get("/apis/gateway.networking.k8s.io/v1"))
        yield plane


@pytest.fixture
def scene(stage, request):
    one = Scene(stage, make_namespace(stage, request.node.name))
    yield one
    root = f"/apis/alize.dev/v1alpha1/namespaces/{one.namespace}/inferenceprofiles"
    stage.admin.delete(root)
    stage.admin.delete(f"/api/v1/namespaces/{one.namespace}")


def furnished(scene, *profiles, weights):
    for one in (*steered(scene.namespace, weights), *profiles):
        scene.plane.apply(one)
    return Service(scene.plane, scene.namespace)


def replica(scene, **settings):
    return scene.replica(**(HOURLY | {"WORLD": world(scene.plane)} | settings))


def set_ready(plane, name, status):
    path = f"/api/v1/nodes/{name}-0/status"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    one = {
        "type": "Ready",
        "status": status,
        "reason": "Test",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
    plane.admin.call(
        "PATCH",
        path,
        {"status": {"conditions": [one]}},
        kind="application/strategic-merge-patch+json",
    )


def steps_of(path):
    """Points that each write moved."""
    return [
        sum(abs(after[name] - before[name]) for name in before) // 2
        for before, after in itertools.pairwise(path)
    ]


def test_weights_go_in_steps_come_back_after_a_loss_and_all_is_put_back(scene):
    plane = scene.plane
    service = furnished(scene, profile(scene.namespace), weights={"clean": 0, "dirty": 100})
    with replica(scene) as one:
        one.wait_ready(START_S)
        seen = []

        def arrived():
            weights, ready = service.weights(), service.ready("clean")
            seen.append((weights["clean"], ready))
            return weights == {"clean": 100, "dirty": 0}

        until("requests are where energy is clean", arrived, SHIFTED_S)
        # Ten requests a second a replica, a hundred in all: ready before the weight rose.
        assert all(ready * 10 >= weight for weight, ready in seen)
        path = [{"clean": 0, "dirty": 100}, *service.written_weights()]
        # As many points as replicas are ready for, twenty at most.
        assert max(steps_of(path)) <= 20
        assert path[-1] == {"clean": 100, "dirty": 0}
        planned = len(path) - 1
        assert all(sum(weights.values()) == 100 for weights in path)
        # Either site carries all of it alone, and the autoscaler may go a fifth above.
        until("both stand ready", lambda: service.ready("dirty") >= 10, 60)
        assert service.bounds("clean") == service.bounds("dirty") == (10, 12)
        replicas = [
            entry["manager"]
            for entry in service.deployment("clean")["metadata"]["managedFields"]
            if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
        ]
        assert replicas and not any("alize" in manager for manager in replicas)
        assert service.condition("Ready")[:2] == ("True", "Steered")

        plane.servers["kwok"].process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        set_ready(plane, "clean", "False")
        until("the lost site is empty", lambda: service.weights()["clean"] == 0, FAILOVER_S)
        assert time.monotonic() - begun <= FAILOVER_S
        assert service.weights() == {"clean": 0, "dirty": 100}
        until("it is told", lambda: "InferenceFailedOver" in service.events(), 10)
        shifts = one.metric("alize_route_shifts_total")
        assert shifts == {
            'alize_route_shifts_total{kind="step"}': planned,
            'alize_route_shifts_total{kind="failover"}': 1.0,
        }

        plane.servers["kwok"].process.send_signal(signal.SIGCONT)
        set_ready(plane, "clean", "True")
        begun = time.monotonic()
        until("requests return", lambda: service.weights()["clean"] > 0, SHIFTED_S)
        assert time.monotonic() - begun >= 15 - 1
        until("all of them", lambda: service.weights()["clean"] == 100, SHIFTED_S)
        # Up and never down again, as far as its pods are ready after the loss.
        back = service.written_weights()[planned:]
        assert max(steps_of(back)) <= 20
        assert [one["clean"] for one in back] == sorted(one["clean"] for one in back)
        assert "InferenceReturned" in service.events()
    released = subprocess.run(
        [str(ALIZE), "operator", "release-all", "--namespace", NAMESPACE],
        env=clean_environment() | {"KUBECONFIG": str(plane.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "put back 3 autoscalers and routes" in released.stdout
    assert service.bounds("clean") == service.bounds("dirty") == (2, 40)
    assert service.weights() == {"clean": 0, "dirty": 100}
    for path in (service.route_path, service.hpa_path("clean")):
        assert not set(ANNOTATIONS) & set(plane.admin.get(path)["metadata"].get("annotations", {}))


def test_advice_changes_nothing_and_shows_what_would_be(scene):
    one = profile(scene.namespace, mode="Advise")
    service = furnished(scene, one, weights={"clean": 50, "dirty": 50})
    with replica(scene) as running:
        running.wait_ready(START_S)
        until("it is told", lambda: service.condition("Ready")[1] == "Advised", SHIFTED_S)
        time.sleep(3)
        shown = {row["site"]: row for row in service.profile()["status"]["targets"]}
        assert (shown["clean"]["weight"], shown["clean"]["wantedWeight"]) == (50, 100)
        assert (shown["clean"]["least"], shown["clean"]["most"]) == (10, 12)
        assert service.bounds("clean") == (2, 40)
        assert service.written_weights() == []


def test_bad_targets_are_told_and_what_stands_stays(scene):
    space = scene.namespace
    lonely = profile(space, targets=[target("chat", "clean"), target("gone", "dirty")])
    lonely["spec"]["targets"][1]["backend"] = "chat-dirty"
    service = furnished(scene, lonely, weights={"clean": 0, "dirty": 100})
    second = profile(space, "second", routeRef=None, targets=[target("chat", "clean")])
    time.sleep(1.1)  # The older one has the autoscaler, and ages are whole seconds.
    scene.plane.apply(second)
    other = Service(scene.plane, space, "second")
    with replica(scene) as running:
        running.wait_ready(START_S)
        until("absent", lambda: service.condition("Ready")[1] == "TargetNotFound", SHIFTED_S)
        assert "gone-dirty; create it, or name another" in service.condition("Ready")[2]
        until("shared", lambda: other.condition("Ready")[1] == "Misconfigured", 30)
        assert f"is steered by InferenceProfile {space}/chat" in other.condition("Ready")[2]
        until("both told", lambda: "InferenceNotReady" in service.events() + other.events(), 30)
        assert service.bounds("dirty") == (2, 40)


def test_weights_set_by_hand_are_left_alone_and_told(scene):
    service = furnished(scene, profile(scene.namespace), weights={"clean": 0, "dirty": 100})
    with replica(scene) as running:
        running.wait_ready(START_S)
        until("it has begun", lambda: service.weights()["clean"] > 0, SHIFTED_S)
        rule = "/spec/rules/0/backendRefs"
        hand = [
            {"op": "replace", "path": f"{rule}/{n}/weight", "value": value}
            for n, value in enumerate((7, 93))
        ]
        scene.plane.admin.call(
            "PATCH", service.route_path, hand, kind="application/json-patch+json"
        )
        until("told", lambda: service.condition("Conflicted")[1] == "EditedByHand", 30)
        time.sleep(5)
        assert service.weights() == {"clean": 7, "dirty": 93}
        assert "InferenceConflicted" in service.events()


def test_a_surge_that_a_config_map_tells_raises_the_floor_before_the_next_plan(scene):
    plane, path = scene.plane, f"/api/v1/namespaces/{NAMESPACE}/configmaps"

    def counted(newest):
        rows = [(ORIGIN - timedelta(hours=2), 90), (ORIGIN - timedelta(hours=1), 100)]
        rows += [(ORIGIN + timedelta(minutes=5), newest)]
        text = "\n".join(["time,rps", *(f"{at:%Y-%m-%dT%H:%M:%SZ},{rps}" for at, rps in rows)])
        return {"metadata": {"name": "counted"}, "data": {"requests.csv": text}}

    plane.admin.post(path, counted(100))
    described = [{"name": "coast", "meanRps": "100", "spread": "0"}]
    sources = [{"region": "coast", "configMap": {"name": "counted"}}]
    one = profile(scene.namespace, demand=described, demandSources=sources)
    service = furnished(scene, one, weights={"clean": 100, "dirty": 0})
    with replica(scene, DEMAND_EVERY_S=1, REPLAN_EVERY_S=3600) as running:
        running.wait_ready(START_S)
        until("planned", lambda: service.bounds("clean")[0] == 10, SHIFTED_S)
        assert service.condition("DemandRead")[:2] == ("True", "HoursRead")
        plane.admin.merge(f"{path}/counted", counted(175))
        until("the floor is up", lambda: service.bounds("clean")[0] == 18, 15)
        assert service.condition("SLOFloor")[:2] == ("True", "Surge")
        assert "SLOFloorHit" in service.events()
        plane.admin.merge(f"{path}/counted", counted(-1))
        until("told", lambda: service.condition("DemandRead")[1] == "Unreadable", 15)
        assert service.bounds("clean")[0] == 18
    plane.admin.delete(f"{path}/counted")
