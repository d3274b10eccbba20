"""Jobs are held from their creation by the API server itself, and only those that may be."""

import pytest

from k8s_operator import names
from tests.controlplane.controlplane import Options, control_plane
from tests.operator.conftest import minor_of
from tests.operator.objects import job, policy
from tests.operator.replica import install, until


@pytest.fixture
def jobs(api, namespace):
    def create(manifest):
        return api.admin.post(f"/apis/batch/v1/namespaces/{namespace}/jobs", manifest)

    return create


@pytest.fixture(autouse=True)
def mutates(request):
    if "warning" in request.fixturenames:
        return
    if minor_of(request.getfixturevalue("api")) < 36:
        pytest.skip("a MutatingAdmissionPolicy needs Kubernetes 1.36")


@pytest.fixture
def warning(tools):
    """A control plane that was given the manifests for Kubernetes 1.35."""
    with control_plane(Options(schedules=False), tools=tools) as plane:
        install(plane, minor=35)
        yield plane


def held_by(api, namespace, jobs, wanted, **spec):
    """Apply a policy, and wait until the API server acts on it."""
    api.apply(policy("team", namespace, **spec))
    probes = iter(range(1000))

    def acts():
        made = jobs(job(f"probe-{next(probes)}", namespace))
        return bool(made["spec"].get("suspend")) is wanted

    until(f"Jobs are {'held' if wanted else 'let go'}", acts, within_s=120)


def test_a_managed_job_is_stored_suspended_with_the_name_of_its_policy(api, namespace, jobs):
    held_by(api, namespace, jobs, True)
    made = jobs(job("train", namespace))
    assert made["spec"]["suspend"] is True
    assert made["metadata"]["annotations"][names.HELD] == "team"


def test_a_job_without_the_label_is_left_alone(api, namespace, jobs):
    held_by(api, namespace, jobs, True)
    made = jobs(job("train", namespace, labels={"app": "train"}))
    assert "suspend" not in made["spec"] or made["spec"]["suspend"] is False
    assert names.HELD not in made["metadata"]["annotations"]
    managers = {one["manager"] for one in made["metadata"]["managedFields"]}
    assert not {one for one in managers if one.startswith("alize-")}


def test_a_job_that_its_user_suspends_is_not_called_held(api, namespace, jobs):
    held_by(api, namespace, jobs, True)
    manifest = job("train", namespace)
    manifest["spec"]["suspend"] = True
    assert names.HELD not in jobs(manifest)["metadata"]["annotations"]


def test_a_job_of_a_kueue_queue_is_left_to_kueue(api, namespace, jobs):
    held_by(api, namespace, jobs, True)
    labels = {names.MANAGED: "true", names.KUEUE_QUEUE: "gpus"}
    assert not jobs(job("train", namespace, labels=labels))["spec"].get("suspend")


def test_a_job_that_the_policy_does_not_select_is_left_alone(api, namespace, jobs):
    chosen = {"matchLabels": {"workload": "training"}}
    api.apply(policy("team", namespace, selector=chosen))
    labels = {names.MANAGED: "true", "workload": "training"}

    def acts():
        name = f"probe-{id(object())}"
        return jobs(job(name, namespace, labels=labels))["spec"].get("suspend")

    until("the selected are held", acts, within_s=120)
    assert not jobs(job("other", namespace))["spec"].get("suspend")


def test_a_policy_of_another_namespace_holds_nothing_here(api, namespace, jobs):
    api.apply(policy("elsewhere", "default"))
    assert not jobs(job("train", namespace))["spec"].get("suspend")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"mode": "Advise"}, id="advice only"),
        pytest.param({"suspend": True}, id="kill switch"),
    ],
)
def test_nothing_is_held_by(api, namespace, jobs, spec):
    held_by(api, namespace, jobs, True)
    held_by(api, namespace, jobs, False, **spec)


def test_before_1_36_no_job_starts_silently_and_one_created_held_is_kept_so(warning):
    path = "/apis/batch/v1/namespaces/default/jobs"
    warning.apply(policy("team"))
    probes = iter(range(1000))

    def warned(**options):
        made = warning.admin.post(path, job(f"probe-{next(probes)}", **options))
        assert not made["spec"].get("suspend")
        return warning.admin.warnings

    until("who creates a Job is warned", warned, within_s=120)
    [told] = warned()
    assert "this Job starts at once" in told
    assert "spec.suspend: true" in told
    assert f"{names.HELD}: <name of its EnergyPolicy>" in told
    assert warned(labels={"app": "x"}) == []
    held = job("held", HELD="team")
    held["spec"]["suspend"] = True
    made = warning.admin.post(path, held)
    assert warning.admin.warnings == []
    assert made["spec"]["suspend"] is True
    assert made["metadata"]["annotations"][names.HELD] == "team"
