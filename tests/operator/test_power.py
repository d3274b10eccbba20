"""A site's cap on power stands above every latest start: what runs never draws more."""

from datetime import datetime

import pytest

from tests.operator.conftest import peopled
from tests.operator.objects import job, policy, site
from tests.operator.replica import until

pytestmark = pytest.mark.slow
DONE_S = 400
GPUS, IDLE_W, BUSY_W, PUE = 16, 100, 1000, 1.25
#: (16 x 100 W idle + 4 x 900 W more) x 1.25 is 6,500 W: four Jobs at once, and not a fifth.
CAP_W = 6600
JOBS = [f"train-{number}" for number in range(10)]


@pytest.fixture(scope="module")
def stage(tools):
    with peopled(tools, "here") as plane:
        yield plane


def runs(scene):
    """When each pod ran, as the cluster has it."""
    path = f"/api/v1/namespaces/{scene.namespace}/pods"
    for one in scene.plane.admin.get(path)["items"]:
        [container] = one["status"]["containerStatuses"]
        ended = container["state"]["terminated"]["finishedAt"]
        yield datetime.fromisoformat(one["status"]["startTime"]), datetime.fromisoformat(ended)


def are_over(scene):
    found = scene.plane.admin.get(scene.path)["items"]
    return sum(one["status"].get("succeeded", 0) for one in found) == len(JOBS)


def test_ten_jobs_that_are_all_due_run_four_at_a_time_under_the_cap(scene):
    one = site("here", carbon_g_per_kwh=20, import_limit_kw=CAP_W / 1000)
    one["spec"]["cooling"] = {"pue": str(PUE)}
    scene.plane.apply(one)
    scene.plane.apply(policy("all", scene.namespace, maxDelay="10m"))
    scene.create_held(*(job(name, scene.namespace, pod_runs="6s") for name in JOBS))
    with scene.replica() as replica:
        until("all have run", lambda: are_over(scene), DONE_S)
        missed = replica.metric("alize_deadline_misses_total")
    intervals = list(runs(scene))
    watts = [
        PUE * (GPUS * IDLE_W + (BUSY_W - IDLE_W) * sum(a <= at < b for a, b in intervals))
        for at, _ in intervals
    ]
    assert max(watts) == 6500
    assert max(watts) <= CAP_W
    # That the cap stood above the latest start was told, and counted.
    assert missed["alize_deadline_misses_total"] > 0
    assert any("LatestStartMissed" in scene.told(name) for name in JOBS)
