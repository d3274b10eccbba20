"""What a plant gave reaches its forecast, from a ConfigMap and from an address; a loss is told."""

import math
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.operator.conftest import furnished
from tests.operator.objects import policy, site
from tests.operator.replica import until
from tests.operator.scene import HOURLY, ORIGIN

pytestmark = pytest.mark.slow
PLAN_S = 300
DAYS = 45
SITE = "/apis/alize.dev/v1alpha1/sites/clean"
MAPS = "/api/v1/namespaces/alize-system/configmaps"
SETTINGS = HOURLY | {"REPLAN_EVERY_S": 5, "OBSERVE_EVERY_S": 2}


@pytest.fixture(scope="module")
def stage(tools):
    with furnished(tools) as plane:
        yield plane


def csv(n_hours=24 * DAYS):
    """A farm of 100 kW until the world begins: a breeze by day."""
    rows = ["time,kw"]
    for hour in range(n_hours):
        at = ORIGIN - timedelta(hours=n_hours - hour)
        kw = 50 + 30 * math.sin(2 * math.pi * at.hour / 24) + (hour * 7919) % 17
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{kw:.2f}")
    return "\n".join(rows)


def windy(scene, source):
    one = site("clean", carbon_g_per_kwh=500)
    one["spec"] |= {"climate": "dakhla", "wind": {"capacityKw": "100"}}
    one["spec"]["observations"] = {"wind": source}
    scene.plane.apply(one)


def told(scene, kind):
    status = scene.plane.admin.get(SITE).get("status", {})
    found = {one["type"]: one for one in status.get("conditions", ())}
    one = found.get(kind, {"status": "", "message": ""})
    return one["status"], one["message"]


def rung(scene):
    return scene.plane.admin.get(SITE).get("status", {}).get("forecastRung")


@contextmanager
def served(text):
    """An address that answers with it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/power.csv" else 404)
            self.end_headers()
            if self.path == "/power.csv":
                self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_hours_of_a_configmap_and_of_an_address_carry_the_forecast_and_a_lost_source_is_told(scene):
    scene.plane.apply(policy("plans", scene.namespace))
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"power.csv": csv()}}
    kept["metadata"] = {"name": "wind", "namespace": "alize-system"}
    scene.plane.apply(kept)
    windy(scene, {"configMap": {"name": "wind"}})
    with scene.replica(**SETTINGS), served(csv()) as address:
        until("the map is read", lambda: told(scene, "Observed")[0] == "True", PLAN_S)
        assert f"wind: {24 * DAYS} h until 2026-03-02T00:00:00Z" in told(scene, "Observed")[1]
        until("it carries", lambda: rung(scene) == "2 fresh observations", PLAN_S)

        scene.plane.admin.delete(f"{MAPS}/wind")
        until("the loss is told", lambda: told(scene, "Observed")[0] == "False", 60)
        assert told(scene, "Observed")[1].startswith("wind: ")
        assert rung(scene) == "2 fresh observations", "what was read before stands"

        windy(scene, {"http": {"url": f"{address}/power.csv"}})
        until("the address is read", lambda: told(scene, "Observed")[0] == "True", 60)
        windy(scene, {"http": {"url": f"{address}/elsewhere.csv"}})
        until("its refusal is told", lambda: "404" in told(scene, "Observed")[1], 60)
        windy(scene, {"prometheus": {"query": "sum(power_kw)"}})
        until("so is a Prometheus nobody named", lambda: "ALIZE" in told(scene, "Observed")[1], 60)
