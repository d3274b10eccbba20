"""A Job whose width follows the plan: its pods are made and taken away, and it never ends early."""

import json
from datetime import timedelta

import pytest

from k8s_operator import names
from tests.operator.conftest import peopled
from tests.operator.objects import job, policy, site
from tests.operator.replica import until
from tests.operator.scene import HOURLY, OPERATOR, ORIGIN

pytestmark = pytest.mark.slow
PLAN_S = 300
PAUSE = {"enabled": True, "minRun": "1s", "cooldown": "1s"}
#: Three GPUs do three eighths of what eight do.
THREE = [{"gpus": 3, "speed": 0.375, "watts-per-gpu": 1000}]


@pytest.fixture(scope="module")
def stage(tools):
    with peopled(tools, "here") as plane:
        yield plane


def has(scene, gpus):
    """So many GPUs of the site may be used."""
    one = site("here", carbon_g_per_kwh=20)
    one["spec"]["pools"][0]["gpus"] = {"constant": str(gpus)}
    scene.plane.apply(one)


def width(scene):
    """Completions, parallelism, and pods that run."""
    found = scene.job("train")
    spec, status = found["spec"], found["status"]
    return spec["completions"], spec["parallelism"], status.get("active", 0)


def test_an_elastic_job_is_narrowed_to_what_there_is_and_widened_again(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="1s", pause=PAUSE))
    has(scene, 8)
    due = (ORIGIN + timedelta(hours=5)).isoformat()
    deadline = (ORIGIN + timedelta(hours=11)).isoformat()
    scene.create_held(
        job("train", scene.namespace, pods=8, run_time="4h", CHECKPOINTABLE="true",
            ELASTIC_MODES=json.dumps(THREE), DUE=due, DEADLINE=deadline)
    )  # fmt: skip
    with scene.replica(**HOURLY):
        until("eight run", lambda: width(scene) == (8, 8, 8), PLAN_S)
        has(scene, 3)
        until("three run", lambda: width(scene) == (3, 3, 3), PLAN_S)
        assert scene.said("train", names.BASE_GPUS) == "8"
        assert 0 <= float(scene.said("train", names.DONE)) < 0.2
        has(scene, 8)
        until("eight run again", lambda: width(scene) == (8, 8, 8), PLAN_S)
        until("it is told", lambda: scene.told("train").count("EnergyResized") == 2, 60)
    sizes = [
        (one["spec"]["completions"], one["spec"]["parallelism"])
        for one in scene.writes("train", OPERATOR)
        if "completions" in one.get("spec", {})
    ]
    assert list(dict.fromkeys(sizes)) == [(3, 3), (8, 8)]
    states = {one["type"] for one in scene.job("train")["status"].get("conditions", ())}
    assert not {"Complete", "Failed", "SuccessCriteriaMet"} & states
    assert scene.said("train", names.PAUSES) is None
    assert scene.broken_promises(1, ["train"], grace_s=PLAN_S) == []
