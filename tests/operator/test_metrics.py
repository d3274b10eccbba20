"""What a Prometheus reads: well named, in base units, and never a series for each Job."""

import asyncio

from kubernetes.aio.client import Configuration
from prometheus_client.parser import text_string_to_metric_families

from k8s_operator.connection import Connection
from k8s_operator.metrics import page
from k8s_operator.operator import Operator
from k8s_operator.settings import OperatorSettings
from tests.operator.objects import WORLD

SITES = [f"site-{number}" for number in range(20)]
STATES = ["held", "paused", "running", "waiting", "suspended-by-user"]
ODD_UNITS = ("_ms", "_minutes", "_hours", "_kwh", "_kw", "_kg", "_mib", "_percent")
MOST_SERIES = 2000


def families():
    """Of an operator that has seen ten thousand Jobs."""

    async def read():
        connection = Connection(Configuration(), timeout_s=1, user_agent="test")
        operator = Operator(connection, OperatorSettings(), WORLD)
        operator.states = {(state, site): 100 for state in STATES for site in SITES}
        operator.planned = {"gap": 3, "failed": 1}
        operator.solve_s = [0.5, 30.0]
        operator.hands.acted = {"EnergyReleased": 10_000}
        operator.applier.counts = {("jobs", "ok"): 10_000, ("jobs", "429"): 3}
        operator.cache.jobs.restarts = {"inactivity": 2}
        try:
            return page(operator).decode()
        finally:
            await connection.close()

    return list(text_string_to_metric_families(asyncio.run(read())))


def test_metrics_are_named_as_promtool_wants_them():
    for one in families():
        assert one.name.startswith("alize_")
        assert one.documentation.endswith(".")
        assert not one.name.endswith((*ODD_UNITS, "_total", "_count", "_sum", "_bucket"))
        for sample in one.samples:
            assert (one.type == "counter") == sample.name.endswith("_total"), sample.name


def test_ten_thousand_jobs_make_few_series_and_none_names_a_job():
    samples = [sample for one in families() for sample in one.samples]
    jobs = [sample for sample in samples if sample.name == "alize_jobs"]
    assert sum(sample.value for sample in jobs) == 10_000
    assert len(samples) < MOST_SERIES
    assert not {"job", "name", "uid", "pod"} & {key for one in samples for key in one.labels}
