"""Probes and metrics of one replica, over HTTP: what a kubelet and a Prometheus ask.

No series names a Job: namespace, site, state and reason only, so that ten thousand Jobs do not
make ten thousand series.
"""

from collections.abc import Iterable
from importlib.metadata import version

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from k8s_operator.operator import Operator

SOLVE_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)


class _Figures(Collector):
    """Reads the operator's own figures when asked."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def collect(self) -> Iterable[Metric]:
        """Every figure, in base units."""
        one = self._operator
        yield _gauge("alize_build_info", "Version.", 1.0, version=version("alize"))
        yield _gauge("alize_leader", "1 where this replica leads.", float(one.leadership.leads))
        yield _gauge(
            "alize_cache_staleness_seconds",
            "Since the kind that was silent longest was last heard of.",
            one.cache.staleness_s(),
        )
        now = one.clock.now()
        if one.asked is not None and one.answer is not None:
            age_s = (now - one.asked.taken_at).total_seconds()
            yield _gauge("alize_plan_age_seconds", "Of the active plan.", age_s)
            yield _gauge("alize_plan_mip_gap_ratio", "Certified gap of it.", one.answer.gap)
            ages = GaugeMetricFamily(
                "alize_forecast_age_seconds", "Of the oldest forecast it rests on.", labels=["site"]
            )
            for site, outlook in one.answer.sites.items():
                ages.add_metric([site], (now - outlook.issued_at).total_seconds())
            yield ages
            if one.answer.plan and one.answer.baseline:
                expected = GaugeMetricFamily(
                    "alize_expected_emissions_grams",
                    "Of the plan and of run-now; expected over the horizon, no claim.",
                    labels=["scenario"],
                )
                expected.add_metric(["plan"], one.answer.plan.emissions_kg * 1000)
                expected.add_metric(["baseline"], one.answer.baseline.emissions_kg * 1000)
                yield expected
        yield _counter("alize_plans", "Plans by what ended them.", "result", one.planned)
        yield self._solves()
        jobs = GaugeMetricFamily("alize_jobs", "Managed Jobs.", labels=["state", "site"])
        for key, count in one.states.items():
            jobs.add_metric(list(key), count)
        yield jobs
        power = GaugeMetricFamily(
            "alize_site_power_watts",
            "Drawn by a site: as the model has it now, and as last measured over an hour.",
            labels=["site", "kind"],
        )
        for site, kw in one.modelled_kw.items():
            power.add_metric([site, "modelled"], kw * 1000)
        for site in one.observer.seen:
            if (measured := one.observer.drawn_kw(site)) is not None:
                power.add_metric([site, "measured"], measured * 1000)
        yield power
        yield CounterMetricFamily(
            "alize_deadline_misses", "Jobs that had to start and found no room.", value=one.missed
        )
        yield _counter("alize_job_actions", "Writes to Jobs, by event.", "event", one.hands.acted)
        yield _counter("alize_route_shifts", "Changes of weights.", "kind", one.steward.shifts)
        writes = CounterMetricFamily(
            "alize_apply", "Writes by resource and result.", labels=["resource", "result"]
        )
        for (what, how), count in one.applier.counts.items():
            writes.add_metric([what, how], count)
        yield writes
        restarts = CounterMetricFamily(
            "alize_watch_restarts", "Watches taken up again.", labels=["resource", "reason"]
        )
        for reflector in one.cache:
            for reason, count in reflector.restarts.items():
                restarts.add_metric([reflector.name, reason], count)
        yield restarts

    def _solves(self) -> Metric:
        seconds = self._operator.solve_s
        buckets = [
            (str(most), float(sum(one <= most for one in seconds))) for most in SOLVE_BUCKETS_S
        ]
        return HistogramMetricFamily(
            "alize_plan_solve_duration_seconds",
            "Wall time of a solve.",
            buckets=[*buckets, ("+Inf", float(len(seconds)))],
            sum_value=sum(seconds),
        )


def _gauge(name: str, words: str, value: float, **labels: str) -> Metric:
    found = GaugeMetricFamily(name, words, labels=list(labels))
    found.add_metric(list(labels.values()), value)
    return found


def _counter(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    found = CounterMetricFamily(name, words, labels=[label])
    for key, count in values.items():
        found.add_metric([key], count)
    return found


def page(operator: Operator) -> bytes:
    """All metrics as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Figures(operator))
    return generate_latest(registry)


async def serve(operator: Operator, host: str, port: int) -> web.AppRunner:
    """Answer `/livez`, `/readyz` and `/metrics` until the runner is cleaned up."""

    async def livez(_: web.Request) -> web.Response:
        alive = operator.is_alive
        return web.Response(text="ok" if alive else "stuck", status=200 if alive else 503)

    async def readyz(_: web.Request) -> web.Response:
        missing = [one.name for one in operator.cache if not one.synced.is_set()]
        return web.Response(
            text="waits for " + ", ".join(missing) if missing else "ok",
            status=503 if missing else 200,
        )

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=page(operator), content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.add_routes(
        [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
