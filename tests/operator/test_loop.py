"""From a Job's creation to its release: the whole loop, against a real API server.

Nothing schedules pods here; what is looked at is what the operator writes, and when.
"""

import json
import subprocess
from datetime import datetime, timedelta

import pytest

from k8s_operator import names
from k8s_operator.install.rights import DEADMAN
from tests.operator.conftest import furnished
from tests.operator.objects import job, policy, site
from tests.operator.replica import ALIZE, NAMESPACE, clean_environment, until
from tests.operator.scene import DIRTY_STEPS, OPERATOR, ORIGIN, releases, trains

pytestmark = pytest.mark.slow
PLAN_S = 240
CLEAN_FROM = ORIGIN + DIRTY_STEPS * timedelta(minutes=5)
PLANS = "/apis/alize.dev/v1alpha1/energyplans"


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools) as plane:
        yield plane


def test_jobs_wait_for_clean_energy_and_are_placed_and_released_by_one_patch(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    scene.create_held(*(job(f"train-{n}", scene.namespace) for n in range(3)))
    with scene.replica():
        until("a start is planned", lambda: scene.said("train-0", names.PLANNED_START), PLAN_S)
        planned = datetime.fromisoformat(scene.said("train-0", names.PLANNED_START))
        assert planned >= CLEAN_FROM
        assert scene.said("train-0", names.REASON) == "WaitingForCleanerEnergy"
        assert scene.is_held("train-0")
        until("all are released", lambda: not any(map(scene.is_held, trains(3))), PLAN_S)
        assert scene.world_now() >= CLEAN_FROM
        until("it is told", lambda: "EnergyReleased" in scene.told("train-0"), 30)
    assert scene.told("train-0")[0] == "EnergyDeferred"
    for name in trains(3):
        assert scene.site_of(name) == "clean"
        let_go = releases(scene.writes(name, OPERATOR))
        assert len(let_go) == 1
        assert let_go[0]["spec"]["template"]["spec"]["nodeSelector"] == {names.SITE: "clean"}
        assert let_go[0]["metadata"]["uid"] == scene.job(name)["metadata"]["uid"]
    active = [
        one
        for one in scene.plane.admin.get(PLANS)["items"]
        if one["metadata"]["labels"][names.ACTIVE] == "true"
    ]
    assert len(active) == 1


def test_advice_changes_no_spec_and_says_what_it_would_save(scene):
    scene.plane.apply(policy("all", scene.namespace, mode="Advise", maxDelay="10h"))
    scene.create(*(job(f"train-{n}", scene.namespace) for n in range(3)))
    before = [scene.job(name)["spec"] for name in trains(3)]
    with scene.replica() as one:
        until("advice", lambda: scene.said("train-2", names.PLANNED_START), PLAN_S)
        expected = one.metric("alize_expected_emissions_grams")
    assert [scene.job(name)["spec"] for name in trains(3)] == before
    assert scene.said("train-0", names.PLANNED_SITE) == "clean"
    plan, baseline = (
        expected[f'alize_expected_emissions_grams{{scenario="{name}"}}']
        for name in ("plan", "baseline")
    )
    assert plan < baseline


def test_the_kill_switch_lets_everything_go_at_once(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="24h"))
    scene.create_held(*(job(f"train-{n}", scene.namespace) for n in range(3)))
    with scene.replica() as one:
        one.wait_ready(PLAN_S)
        assert all(map(scene.is_held, trains(3)))
        scene.plane.apply(policy("all", scene.namespace, maxDelay="24h", suspend=True))
        until("all are released", lambda: not any(map(scene.is_held, trains(3))), 30)


def test_a_job_starts_by_its_latest_start_whatever_the_plan_says(scene):
    """One hour of patience ends in the dirty hours, long before clean energy."""
    scene.plane.apply(policy("all", scene.namespace, maxDelay="1h"))
    scene.create_held(job("train-0", scene.namespace))
    with scene.replica():
        until("it is released", lambda: not scene.is_held("train-0"), PLAN_S)
    assert scene.site_of("train-0") is not None


def test_what_its_user_suspended_stays_suspended(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="1m"))
    mine = job("mine", scene.namespace)
    mine["spec"]["suspend"] = True
    scene.create(mine)
    scene.create_held(job("train-0", scene.namespace))
    with scene.replica():
        until("the other is released", lambda: not scene.is_held("train-0"), PLAN_S)
        # Released, and taken back by its user: the user wins, the first time already.
        scene.plane.admin.merge(f"{scene.path}/train-0", {"spec": {"suspend": True}})
        until("it is told", lambda: scene.said("train-0", names.REASON) == "SuspendedByUser", 60)
    assert scene.is_held("mine")
    assert scene.is_held("train-0")
    assert len(releases(scene.writes("train-0", OPERATOR))) == 1
    assert releases(scene.writes("mine", OPERATOR)) == []


BAD = {
    "too-wide": (job("too-wide", gpus=8, pods=375), "ExceedsCapacity", "asks for 3000 GPUs"),
    "nowhere": (
        job("nowhere", RESIDENCY="FR"),
        "NoAdmissibleSite",
        "residency, certifications and policy",
    ),
    "in-kilowatts": (
        job("in-kilowatts", WATTS_PER_GPU="0.7"),
        "Misconfigured",
        "looks like kW; did you mean 700?",
    ),
    "no-unit": (job("no-unit", run_time="90"), "Misconfigured", "must be a duration such as 90m"),
    "in-the-past": (
        job("in-the-past", DEADLINE="2020-01-01T00:00:00Z"),
        "LatestStartReached",
        "lies before the Job's creation",
    ),
    "no-gpus": (job("no-gpus", gpus=0), "Misconfigured", "none of its containers asks for GPUs"),
}


def test_bad_input_is_told_with_what_to_do_and_the_others_are_planned(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    scene.plane.apply(site("empty"))
    for manifest, _, _ in BAD.values():
        manifest["metadata"]["namespace"] = scene.namespace
        scene.create_held(manifest)
    scene.create_held(job("train-0", scene.namespace))
    try:
        with scene.replica():
            until("a start is planned", lambda: scene.said("train-0", names.PLANNED_START), PLAN_S)
            for name, (_, reason, words) in BAD.items():
                until(f"{name} is told", lambda name=name: scene.events(name), 60)
                note = scene.events(name)[-1][1]
                assert reason in note
                assert words in note
            space = f"/apis/alize.dev/v1alpha1/namespaces/{scene.namespace}"
            stalled = f"{space}/energypolicies/all"
            until("the policy says so", lambda: needs_a_person(scene, stalled, len(BAD)), 60)
            path = "/apis/alize.dev/v1alpha1/sites/empty"
            until("the Site is told", lambda: "status" in scene.plane.admin.get(path), 60)
            ready = scene.plane.admin.get(path)["status"]["conditions"][0]
            assert (ready["status"], ready["reason"]) == ("False", "NoNodes")
            assert "label the nodes of this site" in ready["message"]
    finally:
        scene.plane.admin.delete("/apis/alize.dev/v1alpha1/sites/empty")


def needs_a_person(scene, policy_path, count):
    conditions = scene.plane.admin.get(policy_path)["status"]["conditions"]
    stalled = next(one for one in conditions if one["type"] == "Stalled")
    return stalled["status"] == "True" and stalled["message"].startswith(f"{count} Jobs need")


def run_alize(scene, account, *words, **settings):
    environment = {
        **clean_environment(),
        "KUBECONFIG": str(scene.plane.kubeconfig_of(NAMESPACE, account)),
        **{f"ALIZE_OPERATOR_{key}": str(value) for key, value in settings.items()},
    }
    return subprocess.run(
        [str(ALIZE), "operator", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_release_all_leaves_nothing_held_but_what_a_user_holds(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="24h"))
    scene.create_held(*(job(f"train-{n}", scene.namespace) for n in range(5)))
    mine = job("mine", scene.namespace)
    mine["spec"]["suspend"] = True
    scene.create(mine)
    done = run_alize(scene, "alize-operator", "release-all")
    assert done.stdout == "released 5, left 0, failed 0\n", done.stderr
    assert not any(map(scene.is_held, trains(5)))
    assert scene.is_held("mine")


def test_the_dead_man_releases_what_is_overdue_and_only_without_a_leader(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="1s"))
    scene.plane.apply(policy("patient", scene.namespace, maxDelay="24h",
                             selector={"matchLabels": {"patient": "yes"}}))  # fmt: skip
    scene.create_held(job("overdue", scene.namespace))
    labels = {names.MANAGED: "true", "patient": "yes"}
    scene.create_held(job("patient", scene.namespace, labels=labels), by="patient")
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/alize-operator"
    now = datetime.now(tz=ORIGIN.tzinfo).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": "one", "leaseDurationSeconds": 15, "renewTime": now}
    scene.plane.admin.apply(
        lease,
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "alize-operator", "namespace": NAMESPACE},
            "spec": spec,
        },
    )
    led = run_alize(scene, DEADMAN, "deadman", DEAD_AFTER_S=3600)
    assert "an operator leads" in led.stderr
    assert scene.is_held("overdue")
    done = run_alize(scene, DEADMAN, "deadman", DEAD_AFTER_S=0.01)
    assert done.stdout == "released 1, left 1, failed 0\n", done.stderr
    assert not scene.is_held("overdue")
    assert scene.is_held("patient")


def test_status_says_who_leads_and_what_is_expected(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    scene.create_held(job("train-0", scene.namespace))
    with scene.replica():
        until("a start is planned", lambda: scene.said("train-0", names.PLANNED_START), PLAN_S)
        key = f"{scene.namespace}/all"

        def status():
            return json.loads(run_alize(scene, "alize-operator", "status", "-o", "json").stdout)

        until("the policy is told", lambda: status()["policies"][key].get("ready"), 60)
        found = status()
    assert found["leader"] == "one"
    assert found["plan"]["totals"]["jobs"] == 1
    assert found["sites"]["clean"]["gpus"] == 16
    assert found["policies"][key]["jobs"]["held"] == 1


def test_a_planner_that_gives_no_answer_is_ended_and_probes_stay_green(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    scene.create_held(job("train-0", scene.namespace))
    with scene.replica(KILL_AFTER_S=0.05) as one:
        one.wait_ready(PLAN_S)
        failed = 'alize_plans_total{result="failed"}'
        until("it is counted", lambda: one.metric("alize_plans_total").get(failed, 0) >= 2, 60)
        assert one.get("/livez") == "ok"
        assert scene.is_held("train-0")
    assert "gave no answer in 0.05 s and was ended" in one.log


def test_a_leader_asked_to_end_gives_the_lease_back_and_is_followed(scene):
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10h"))
    with scene.replica("one") as one:
        until("one leads", lambda: one.leads, PLAN_S)
        with scene.replica("two") as two:
            two.wait_ready(PLAN_S)
            assert not two.leads
            assert one.end() == 0
            assert holder(scene) != "one"
            until("two leads", lambda: two.leads, 10)


def holder(scene):
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/alize-operator"
    return scene.plane.admin.get(lease)["spec"].get("holderIdentity")
