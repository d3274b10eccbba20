"""The same question has the same answer, and a small change of it changes little.

Nothing schedules pods here. The operator keeps its last plan in a folder, as its pod does.
"""

import itertools
import math
from datetime import UTC, datetime, timedelta

import pytest

from k8s_operator import names
from k8s_operator.instants import instant_text
from tests.operator.conftest import furnished
from tests.operator.objects import job, policy, site
from tests.operator.replica import until
from tests.operator.scene import HOURLY, OPERATOR, ORIGIN

pytestmark = pytest.mark.slow
PLAN_S = 300
JOBS = 200
REPLANS = 10
PLANS = "/apis/alize.dev/v1alpha1/energyplans"
#: A step of an hour takes six seconds.
QUICK = {
    "CLOCK_SPEED": 600,
    "STEP_MIN": 60,
    "HORIZON_H": 144,
    "REPLAN_EVERY_S": 3600,
    "SOLVE_LIMIT_S": 240,
    "KILL_AFTER_S": 280,
    "EXPIRES_AFTER_H": 120,
}
#: Every test is over before energy gets clean, and nothing starts before.
DIRTY_H = 96


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools, nodes=4) as plane:
        yield plane


def issue(scene, hour=0, wind=1.0):
    """Carbon and a wind farm's power, forecast at an hour; the wind may be stronger."""
    carbon = [800.0] * DIRTY_H + [200.0 + 40 * math.sin(hour / 4) for hour in range(96)]
    one = site("clean", carbon_g_per_kwh=carbon, start=ORIGIN, step_min=60)
    issued = {"issuedAt": instant_text(ORIGIN + timedelta(hours=hour))}
    one["spec"]["grid"]["carbon"]["gPerKwh"] |= issued
    power = [wind * 10 * (1 + math.sin(hour / 7)) for hour in range(DIRTY_H + 96)]
    one["spec"]["wind"] = {
        "availableKw": {
            "start": instant_text(ORIGIN),
            "stepMinutes": 60,
            "values": [f"{0 if number < DIRTY_H else kw:.4f}" for number, kw in enumerate(power)],
        }
        | issued,
        "lifeCycleGPerKwh": "11",
    }
    scene.plane.apply(one)


def held(scene):
    sizes = itertools.cycle((1, 2, 4))
    scene.create_held(
        *(
            job(f"train-{number}", scene.namespace, gpus=next(sizes), run_time=f"{1 + number % 5}h")
            for number in range(JOBS)
        )
    )


def patched(scene):
    """Names of Jobs the operator patched, one for each patch."""
    return [
        one["objectRef"]["name"]
        for one in scene.plane.audit()
        if one["objectRef"].get("resource") == "jobs"
        and one["objectRef"].get("namespace") == scene.namespace
        and one["verb"] == "patch"
        and one["user"]["username"] == OPERATOR
        and one["responseStatus"]["code"] == 200
    ]


def all_told(scene):
    return all(
        names.PLANNED_START in one["metadata"]["annotations"]
        for one in scene.plane.admin.get(scene.path)["items"]
    )


def plans(replica):
    return sum(replica.metric("alize_plans_total").values())


def digest(scene):
    [status] = [
        one["status"]
        for one in scene.plane.admin.get(PLANS)["items"]
        if one["metadata"]["labels"][names.ACTIVE] == "true" and "status" in one
    ]
    return status["digest"]


def test_a_snapshot_planned_twice_and_by_another_replica_has_one_digest(scene, tmp_path):
    issue(scene)
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    held(scene)
    found = []
    for name in ("one", "two"):
        settings = HOURLY | {"REPLAN_EVERY_S": 2, "SCRATCH": tmp_path / name}
        (tmp_path / name).mkdir()
        with scene.replica(name, **settings) as replica:
            until("it has planned twice", lambda replica=replica: plans(replica) >= 2, PLAN_S)
            found.append(digest(scene))
            assert "failed" not in str(replica.metric("alize_plans_total"))
    told = {
        one["requestObject"]["status"]["digest"]
        for one in scene.plane.audit()
        if one["objectRef"].get("resource") == "energyplans"
        and one["objectRef"].get("subresource") == "status"
        and one["requestReceivedTimestamp"] >= scene.began.isoformat()
    }
    assert len(set(found)) == 1
    assert told == set(found)


def test_unchanged_inputs_patch_no_job_in_ten_plans_and_a_little_more_wind_few(scene, tmp_path):
    issue(scene)
    scene.plane.apply(policy("all", scene.namespace, maxDelay="140h"))
    held(scene)
    with scene.replica(**QUICK, SCRATCH=tmp_path) as replica:
        until("every start is told", lambda: all_told(scene), PLAN_S)
        until("nothing is left to tell", replica.is_quiet, PLAN_S)
        before = len(patched(scene))
        for _ in range(REPLANS):
            step = hours(scene) + 1
            until("the next step begins", lambda step=step: hours(scene) >= step, 60)
            made = plans(replica)
            # The same forecast, issued anew.
            issue(scene, hour=step)
            until("it is planned with", lambda made=made: plans(replica) > made, PLAN_S)
            until("all is told", replica.is_quiet, 60)
        assert hours(scene) < DIRTY_H - 6, "the machine is too busy: starts fall into the test"
        assert patched(scene)[before:] == []
        made = plans(replica)
        issue(scene, hour=hours(scene), wind=1.02)
        until("it is planned with", lambda: plans(replica) > made, PLAN_S)
        until("all is told", lambda: replica.is_quiet(6), 60)
        assert len(set(patched(scene)[before:])) < 0.05 * JOBS


def hours(scene):
    """Steps since the origin."""
    return int((datetime.now(UTC) - scene.began) * QUICK["CLOCK_SPEED"] / timedelta(hours=1))
