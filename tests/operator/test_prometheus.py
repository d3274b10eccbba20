"""A real Prometheus: what exporters tell it is read back, and what we tell it passes its linter."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from kubernetes.aio.client import Configuration

from k8s_operator.connection import Connection
from k8s_operator.metrics import page
from k8s_operator.operator import Operator
from k8s_operator.settings import OperatorSettings
from k8s_operator.views import SiteView
from tests.controlplane.prometheus import serving
from tests.operator.objects import WORLD, site

HOURS = 4
DCGM = "sum(DCGM_FI_DEV_POWER_USAGE) / 1000"
KEPLER = 'sum(rate(kepler_node_cpu_joules_total{zone="package"}[10m])) / 1000'


def samples(until):
    """Two GPUs of 300 and 400 W, and a server whose processors take 150 J each second."""
    every = timedelta(minutes=1)
    at = [until - HOURS * timedelta(hours=1) + n * every for n in range(HOURS * 60 + 1)]
    lines = ["# TYPE DCGM_FI_DEV_POWER_USAGE gauge"]
    for gpu, watts in ((0, 300), (1, 400)):
        lines += [
            f'DCGM_FI_DEV_POWER_USAGE{{gpu="{gpu}"}} {watts} {one.timestamp():.0f}' for one in at
        ]
    lines.append("# TYPE kepler_node_cpu_joules counter")
    for zone, share in (("package", 1.0), ("core", 0.5)):
        lines += [
            f'kepler_node_cpu_joules_total{{zone="{zone}"}} {150 * share * 60 * n}'
            f" {one.timestamp():.0f}"
            for n, one in enumerate(at)
        ]
    return "\n".join([*lines, "# EOF", ""])


def seen(address, query, modelled=None):
    """What an operator tells of a Site whose power that query gives."""
    manifest = site("here")
    manifest["spec"]["observations"] = {"power": {"prometheus": {"query": query}}}

    async def look():
        connection = Connection(Configuration(), timeout_s=1, user_agent="test")
        operator = Operator(connection, OperatorSettings(prometheus_url=address), WORLD)
        operator.modelled_kw = modelled or {}
        try:
            await operator.observer.look([msgspec.convert(manifest, SiteView)])
            return operator.observer.seen["here"]["power"], page(operator).decode()
        finally:
            await connection.close()

    return asyncio.run(look())


@pytest.fixture(scope="module")
def address(prometheus, tmp_path_factory):
    with serving(
        prometheus, tmp_path_factory.mktemp("prometheus"), samples(datetime.now(UTC))
    ) as a:
        yield a


@pytest.mark.parametrize(
    ("query", "watts"),
    [
        pytest.param(DCGM, 700, id="GPUs by DCGM"),
        pytest.param(KEPLER, 150, id="processors by Kepler, one zone"),
    ],
)
def test_measured_power_stands_beside_the_models_each_marked(address, query, watts, prometheus):
    found, told = seen(address, query, modelled={"here": 0.8})
    assert found.failed == ""
    assert found.hours.power_kw[-1] == pytest.approx(watts / 1000, rel=0.01)
    [measured] = [line for line in told.splitlines() if 'kind="measured"' in line]
    assert measured.startswith('alize_site_power_watts{kind="measured",site="here"}')
    assert float(measured.split()[-1]) == pytest.approx(watts, rel=0.01)
    assert 'alize_site_power_watts{kind="modelled",site="here"} 800.0' in told


def test_a_site_that_nothing_measures_shows_the_model_alone(address, prometheus):
    found, told = seen(address, "sum(nothing_of_that_name)", modelled={"here": 0.8})
    assert "holds no whole hour" in found.failed
    assert 'kind="measured"' not in told
    assert 'kind="modelled"' in told


def test_a_query_prometheus_cannot_read_is_told_in_its_words(address, prometheus):
    found, _ = seen(address, "sum(")
    assert "parse error" in found.failed


def test_promtool_finds_nothing_to_say_of_our_metrics(address, prometheus):
    _, told = seen(address, DCGM, modelled={"here": 0.8})
    done = subprocess.run(
        [prometheus["promtool"], "check", "metrics"],
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
