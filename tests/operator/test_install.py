"""Installing by the plain manifests, and taking all of it away again; the image it runs from."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from k8s_operator.install.manifests import deadman_command, manifests, run_command
from tests.controlplane.api import ApiError
from tests.controlplane.controlplane import Options, control_plane
from tests.operator.conftest import minor_of
from tests.operator.objects import job, policy
from tests.operator.replica import ALIZE, Replica, install, until

ROOT = Path(__file__).parent.parent.parent
JOBS = "/apis/batch/v1/namespaces/default/jobs"
KINDS = ("sites", "energypolicies", "inferenceprofiles", "energyplans")
DEPLOYMENT = "/apis/apps/v1/namespaces/alize-system/deployments/alize-operator"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/alize-system/leases/alize-operator"


def pins(path):
    """Package by package, the version a lock file names."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", path.read_text(), re.MULTILINE))


def test_the_image_holds_the_versions_that_are_tested_each_with_its_hashes():
    lock = ROOT / "requirements-operator.lock"
    image, tested = pins(lock), pins(ROOT / "requirements.lock")
    assert {"kubernetes", "highspy", "pyomo", "msgspec", "numba"} <= image.keys()
    assert {name: tested.get(name) for name in image} == image
    blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text())
    assert [one for one in blocks if "--hash=sha256:" not in one] == []
    assert "pytest" not in image


def test_the_image_runs_as_the_user_of_the_manifests_and_starts_what_they_start():
    text = (ROOT / "Containerfile").read_text()
    deployment = next(one for one in manifests() if one["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    user = pod["securityContext"]["runAsUser"]
    assert f"USER {user}:{user}" in text
    assert "--require-hashes" in text
    assert run_command()[0] == deadman_command()[0] == "alize"
    mounted = {one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    [cache] = re.findall(r"NUMBA_CACHE_DIR=(\S+)", text)
    assert str(Path(cache).parent) in mounted


@pytest.fixture
def bare(tools):
    """A control plane on which nothing is installed."""
    with control_plane(Options(schedules=False), tools=tools) as plane:
        yield plane


def exists(plane, path):
    try:
        plane.admin.get(path)
    except ApiError as error:
        if error.code == 404:
            return False
        raise
    return True


@pytest.mark.slow
def test_two_replicas_of_a_fresh_installation_are_ready_and_one_of_them_leads(bare):
    install(bare, minor=minor_of(bare))
    definitions = bare.admin.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    for one in definitions["items"]:
        states = {c["type"]: c["status"] for c in one["status"]["conditions"]}
        assert states["Established"] == "True", one["metadata"]["name"]
    with Replica(bare, "one") as one, Replica(bare, "two") as two:
        for replica in (one, two):
            replica.wait_ready(60)

        def leaders():
            return sum(sum(r.metric("alize_leader").values()) for r in (one, two))

        until("one leads", lambda: leaders() == 1, 60)
        assert bare.admin.get(LEASE)["spec"]["holderIdentity"] in ("one", "two")
        logs = one.log + two.log
    assert " ERROR " not in logs
    # What was run is what the pods run.
    pod = bare.admin.get(DEPLOYMENT)["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"] == ["alize", "operator", "run"]
    assert pod["serviceAccountName"] == "alize-operator"


@pytest.mark.slow
def test_after_release_all_the_manifests_go_and_the_jobs_stay_and_run(bare):
    minor = minor_of(bare)
    install(bare, minor=minor)
    bare.apply(policy("all", "default"))
    for number in range(5):
        one = job(f"train-{number}")
        one["spec"]["suspend"] = True
        one["metadata"]["annotations"]["alize.dev/held"] = "all"
        bare.admin.post(JOBS, one)
    done = subprocess.run(
        [str(ALIZE), "operator", "release-all"],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("ALIZE_")},
            "KUBECONFIG": str(bare.kubeconfig),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "released 5, left 0, failed 0\n"), done.stderr
    assert done.stderr == ""

    def made_now_runs():
        name = f"new-{len(bare.admin.get(JOBS)['items'])}"
        return not bare.admin.post(JOBS, job(name))["spec"].get("suspend")

    until("new Jobs are held no more", made_now_runs, 60)
    for one in reversed(manifests(minor=minor)):
        path = bare.path_of(one)
        # The binding went first, so that nothing new was held.
        if exists(bare, path):
            bare.admin.delete(path)
    until(
        "the definitions are gone",
        lambda: not any(exists(bare, f"/apis/alize.dev/v1alpha1/{kind}") for kind in KINDS),
        60,
    )
    left = {one["metadata"]["name"]: one for one in bare.admin.get(JOBS)["items"]}
    for number in range(5):
        assert not left[f"train-{number}"]["spec"].get("suspend")
        assert "finalizers" not in left[f"train-{number}"]["metadata"]
