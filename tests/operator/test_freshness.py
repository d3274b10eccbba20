"""A forecast grows old: that is said, planning goes on with what is still known, or holds no more.

The clock runs as the wall's does and stands in the middle of a step, so that a busy machine takes
longer and sees the same.
"""

from datetime import timedelta

import pytest

from k8s_operator import names
from k8s_operator.instants import instant_text
from tests.operator.conftest import furnished
from tests.operator.objects import job, policy, site
from tests.operator.replica import until
from tests.operator.scene import ORIGIN

pytestmark = pytest.mark.slow
PLAN_S = 300
NOW = ORIGIN + timedelta(minutes=5)
SLOWLY = {
    "CLOCK_SPEED": 1,
    "CLOCK_ORIGIN": NOW.isoformat(),
    "STEP_MIN": 60,
    "HORIZON_H": 12,
    "REPLAN_EVERY_S": 5,
    "SOLVE_LIMIT_S": 240,
    "KILL_AFTER_S": 280,
}
#: Dirty for six hours, then clean.
CARBON = [800.0] * 6 + [20.0] * 30
SITE = "/apis/alize.dev/v1alpha1/sites/clean"


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools) as plane:
        plane.admin.delete("/apis/alize.dev/v1alpha1/sites/dirty")
        yield plane


def forecast(scene, issued_at):
    """What the site's carbon will be, forecast at an instant and good for three hours."""
    one = site("clean", carbon_g_per_kwh=CARBON, start=ORIGIN, step_min=60)
    one["spec"]["grid"]["carbon"]["gPerKwh"]["issuedAt"] = instant_text(issued_at)
    one["spec"]["forecastMaxAge"] = "3h"
    scene.plane.apply(one)


def fresh(scene):
    """Status and message of the Site's condition, and the rung it names."""
    status = scene.plane.admin.get(SITE).get("status", {})
    told = {one["type"]: one for one in status.get("conditions", ())}
    one = told.get("ForecastFresh", {"status": "", "message": ""})
    return one["status"], one["message"], status.get("forecastRung")


def test_a_stale_forecast_is_planned_with_where_that_is_asked_and_holds_nothing_new_elsewhere(
    scene,
):
    advised = {"matchLabels": {"advised": "yes"}}
    scene.plane.apply(policy("plans", scene.namespace, onStaleForecast="Plan"))
    scene.plane.apply(
        policy("advises", scene.namespace, onStaleForecast="Advise", selector=advised)
    )

    def create(name, by):
        labels = {names.MANAGED: "true", "advised": "yes" if by == "advises" else "no"}
        scene.create_held(job(name, scene.namespace, run_time="1h", labels=labels), by=by)

    forecast(scene, NOW - timedelta(hours=4))
    create("goes-on", by="plans")
    create("let-go", by="advises")
    with scene.replica(**SLOWLY):
        until("the Site says so", lambda: fresh(scene)[0] == "False", PLAN_S)
        _, message, rung = fresh(scene)
        assert rung == "1 outdated forecast"
        assert "issued 4:0" in message
        assert "longer than 3:00:00" in message
        until("one is planned", lambda: scene.said("goes-on", names.PLANNED_START), PLAN_S)
        assert scene.said("goes-on", names.PLANNED_START) >= instant_text(
            ORIGIN + timedelta(hours=6)
        )
        until("the other is let go", lambda: not scene.is_held("let-go"), PLAN_S)
        until("it is told", lambda: scene.events("let-go"), 60)
        assert "the forecast is stale" in scene.events("let-go")[0][1]
        assert scene.is_held("goes-on")

        forecast(scene, NOW)
        until("the Site says so", lambda: fresh(scene)[0] == "True", PLAN_S)
        assert fresh(scene)[2] == "3 published forecast"
        create("held-again", by="advises")
        until("it is planned", lambda: scene.said("held-again", names.PLANNED_START), PLAN_S)
        assert scene.is_held("held-again")
        assert scene.is_held("goes-on")
