"""A scenario as resources, and resources as the world a plan is made of.

The same models are behind both, so a scenario put into a cluster asks the optimizer the very
question it asks on a desk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from k8s_operator import names
from k8s_operator.api.resources import model_schema
from k8s_operator.api.schema import Schema, decimal_text, from_api, to_api
from k8s_operator.instants import instant_text, parse_instant
from scheduler.errors import InputError
from scheduler.scenario import Scenario
from scheduler.scenario.errors import dotted
from scheduler.scenario.jobs import JobSpec
from scheduler.scenario.records import records_of
from scheduler.scenario.services import Service
from scheduler.scenario.sites import Site

Manifest = dict[str, Any]
OWN_KEYS = (
    "nodeSelector",
    "forecastMaxAge",
    "observations",
    "mode",
    "headroomPercent",
    "startup",
    "routeRef",
    "demandSources",
    "targets",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A scenario as a cluster holds it.

    Attributes:
        world: What is neither site nor work: currency, prices, links, regions, seed; it goes into
            the operator's settings.
    """

    sites: tuple[Manifest, ...]
    profiles: tuple[Manifest, ...]
    jobs: tuple[Manifest, ...]
    world: Mapping[str, Any]


def bundle(scenario: Scenario, *, namespace: str = "default") -> Bundle:
    """Every resource that says what `scenario` says; the generator's jobs among them.

    Raises:
        InputError: Something has a record, for which a resource has no place.
    """
    horizon, world = scenario.horizon, scenario.world

    def framed(values: list[Any]) -> Schema:
        return {
            "start": instant_text(horizon.start),
            "stepMinutes": horizon.step_min,
            "values": values,
        }

    content = world.model_dump(by_alias=True, exclude_none=True, mode="json")
    for one in records_of(world):
        raise InputError(
            f"{dotted(one.path[:-1])}: a resource cannot hold what was measured so far, which "
            "grows by the hour; leave it out"
        )
    return Bundle(
        sites=tuple(
            {
                "apiVersion": names.API_VERSION,
                "kind": "Site",
                "metadata": {"name": name},
                "spec": {
                    "nodeSelector": {names.SITE: name},
                    **to_api(site, model_schema(Site), framed),
                },
            }
            for name, site in content["sites"].items()
        ),
        profiles=tuple(
            {
                "apiVersion": names.API_VERSION,
                "kind": "InferenceProfile",
                "metadata": {"name": name, "namespace": namespace},
                "spec": to_api(service, model_schema(Service), framed),
            }
            for name, service in content.get("services", {}).items()
        ),
        jobs=tuple(job_manifest(spec, namespace) for spec in scenario.jobs),
        world={
            key: content[key]
            for key in ("currency", "policy", "links", "regions", "seed")
            if key in content
        },
    )


def job_manifest(spec: JobSpec, namespace: str) -> Manifest:
    """A Job that says of itself what `spec` says: one pod a node's worth of GPUs is not assumed."""
    annotations = {
        names.EARLIEST_START: instant_text(spec.release),
        names.DUE: instant_text(spec.due),
        names.DEADLINE: instant_text(spec.deadline),
        names.RUN_TIME: f"{decimal_text(spec.work_h)}h",
        names.WATTS_PER_GPU: _watts(spec.modes[0].power_kw_per_gpu),
        names.HOME: spec.home,
    }
    if spec.kind != "contiguous":
        annotations[names.CHECKPOINTABLE] = "true"
    if spec.kind == "elastic":
        annotations[names.ELASTIC_MODES] = msgspec.json.encode(
            [
                {
                    "gpus": mode.gpus,
                    "speed": mode.speed,
                    "watts-per-gpu": float(_watts(mode.power_kw_per_gpu)),
                }
                for mode in spec.modes[1:]
            ]
        ).decode()
    if spec.resume_h:
        annotations[names.RESUME_TIME] = f"{decimal_text(spec.resume_h)}h"
    if spec.residency is not None:
        annotations[names.RESIDENCY] = ",".join(sorted(spec.residency))
    if spec.certifications:
        annotations[names.CERTIFICATIONS] = ",".join(sorted(spec.certifications))
    if spec.data_gb:
        annotations[names.DATA_GIGABYTES] = decimal_text(spec.data_gb)
    if spec.priority != 1:
        annotations[names.PRIORITY] = decimal_text(spec.priority)
    if spec.whole_nodes:
        annotations[names.WHOLE_NODES] = "true"
    if spec.after:
        annotations[names.AFTER] = ",".join(spec.after)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": spec.name,
            "namespace": namespace,
            "labels": {names.MANAGED: "true", names.GPU_TYPE: spec.gpu_type},
            "annotations": annotations,
        },
        "spec": {
            "parallelism": spec.gpus,
            "completions": spec.gpus,
            "completionMode": "Indexed",
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        {
                            "name": "train",
                            "image": "train",
                            "resources": {
                                "requests": {names.GPU_RESOURCE: "1"},
                                "limits": {names.GPU_RESOURCE: "1"},
                            },
                        }
                    ],
                }
            },
        },
    }


def _watts(kw: float) -> str:
    return decimal_text(float(Decimal(repr(kw)) * 1000))


def site_content(spec: Mapping[str, Any], start: datetime, step: timedelta, n_steps: int) -> Any:
    """A Site's spec as the scenario writes a site, its series on the steps of a horizon."""
    own = {key: value for key, value in spec.items() if key not in OWN_KEYS}
    return from_api(own, model_schema(Site), lambda one: aligned(one, start, step, n_steps))


def service_content(spec: Mapping[str, Any], start: datetime, step: timedelta, n_steps: int) -> Any:
    """An InferenceProfile's spec as the scenario writes a service."""
    own = {key: value for key, value in spec.items() if key not in OWN_KEYS}
    return from_api(own, model_schema(Service), lambda one: aligned(one, start, step, n_steps))


def aligned(series: Mapping[str, Any], start: datetime, step: timedelta, n_steps: int) -> list[Any]:
    """The values of a series at the left edge of each step; past its end its last day repeats.

    >>> from datetime import UTC
    >>> day = {"start": "2026-03-02T00:00:00Z", "stepMinutes": 60, "values": ["1", "2", "3"]}
    >>> aligned(day, datetime(2026, 3, 2, 1, tzinfo=UTC), timedelta(hours=1), 4)
    ['2', '3', '1', '2']
    """
    values, own_step = series["values"], timedelta(minutes=series["stepMinutes"])
    begun = parse_instant(series["start"])
    day = min(len(values), max(1, round(timedelta(days=1) / own_step)))
    found: list[Any] = []
    for number in range(n_steps):
        at = (start + number * step - begun) // own_step
        if at < 0:
            at = at % day
        elif at >= len(values):
            at = len(values) - day + (at - len(values)) % day
        found.append(values[at])
    return found


def issues(spec: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], datetime]:
    """When each series of a spec was forecast, by its path; those that say so.

    >>> issues({"wind": {"availableKw": {"constant": "1", "issuedAt": "2026-03-02T00:00:00Z"}}})
    {('wind', 'availableKw'): datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc)}
    """
    found: dict[tuple[str, ...], datetime] = {}
    for key, value in spec.items():
        if isinstance(value, Mapping):
            if "issuedAt" in value:
                found[*path, key] = parse_instant(value["issuedAt"])
            else:
                found |= issues(value, (*path, key))
    return found
