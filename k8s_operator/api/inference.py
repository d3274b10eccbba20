"""The fields of an InferenceProfile: the scenario's service, and what there is to steer of it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from k8s_operator.api.parts import Part, rule
from k8s_operator.api.resources import (
    Conditions,
    Decimal,
    Duration,
    Name,
    model_schema,
    own_schema,
)
from k8s_operator.api.schema import RULES, Schema, camel, structural
from scheduler.scenario.services import Service


class Reference(Part):
    """Another object."""

    api_version: Annotated[str, Field(max_length=128)] = Field(description="Such as apps/v1.")
    kind: Name = Field(description="Such as HorizontalPodAutoscaler.")
    name: Annotated[str, Field(max_length=253)] = Field(description="In the same namespace.")


class Target(Part):
    """The replicas of one site."""

    site: Name = Field(description="Name of a Site.")
    scaler_ref: Reference = Field(
        description="The HorizontalPodAutoscaler that scales the replicas there.",
        json_schema_extra={
            RULES: [
                rule(
                    "self.kind == 'HorizontalPodAutoscaler' && self.apiVersion == 'autoscaling/v2'",
                    "scalerRef must be a HorizontalPodAutoscaler of autoscaling/v2",
                )
            ]
        },
    )
    backend: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        default=None,
        description="Name of the route's backend that is this site's, a Service or InferencePool.",
    )
    floor: Annotated[int, Field(ge=0, le=100_000)] = Field(description="Replicas at least.")
    ceiling: Annotated[int, Field(ge=0, le=100_000)] = Field(description="Replicas at most.")


class RateQuery(Part):
    """A query to the Prometheus of the operator's settings."""

    query: Annotated[str, Field(min_length=1, max_length=2048)] = Field(
        description="PromQL of one series, such as sum(rate(http_requests_total[5m])). [1/s]"
    )


class RateAddress(Part):
    """A file behind an address."""

    url: Annotated[str, Field(pattern=r"^https?://", max_length=2048)] = Field(
        description="Answers with CSV: a row of names, then an instant and requests a second."
    )


class RateFile(Part):
    """A file in a ConfigMap of the operator's namespace."""

    name: Annotated[str, Field(max_length=253)] = Field(description="Its name.")
    key: Annotated[str, Field(max_length=253)] = Field(
        default="requests.csv", description="Of the file, CSV as behind an address."
    )


class DemandSource(Part):
    """Where the requests of a region that came are kept: one of three."""

    model_config = ConfigDict(
        alias_generator=camel,
        populate_by_name=True,
        extra="forbid",
        json_schema_extra={
            RULES: [
                rule(
                    "[has(self.prometheus), has(self.http), has(self.configMap)]"
                    ".exists_one(said, said)",
                    "say one of prometheus, http and configMap",
                )
            ]
        },
    )

    region: Name = Field(description="Of the demand, where it is described by meanRps.")
    prometheus: RateQuery | None = Field(default=None, description="Asks Prometheus.")
    http: RateAddress | None = Field(default=None, description="Reads an address.")
    config_map: RateFile | None = Field(default=None, description="Reads a ConfigMap.")


class InferenceCluster(Part):
    """What an InferenceProfile adds to the scenario's service: what there is to steer."""

    model_config = ConfigDict(
        alias_generator=camel,
        populate_by_name=True,
        extra="forbid",
        json_schema_extra={
            RULES: [
                rule(
                    "!has(self.routeRef) || has(self.targets) && self.targets.size() > 0 && "
                    "self.targets.all(t, has(t.backend))",
                    "with a routeRef every target must name its backend",
                )
            ]
        },
    )

    mode: Literal["Advise", "Enforce"] = Field(
        default="Advise", description="Advise tells what it would do and changes nothing."
    )
    headroom_percent: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=20,
        description="How far above the planned minimum an autoscaler may go. [%]",
    )
    startup: Duration = Field(
        default="2m",
        description="From a new replica's creation to its first answer. 2m unless said.",
    )
    route_ref: Reference | None = Field(
        default=None,
        description="The HTTPRoute whose weights follow the plan.",
        json_schema_extra={
            RULES: [
                rule(
                    "self.kind == 'HTTPRoute' && "
                    "self.apiVersion.startsWith('gateway.networking.k8s.io/')",
                    "routeRef must be an HTTPRoute of gateway.networking.k8s.io",
                )
            ]
        },
    )
    demand_sources: Annotated[
        tuple[DemandSource, ...],
        Field(
            max_length=20,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["region"],
            },
        ),
    ] = Field(
        default=(),
        description="Where requests are counted; forecasts then rest on them, and surges are seen.",
    )
    targets: Annotated[
        tuple[Target, ...],
        Field(
            max_length=20,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["site"],
                RULES: [
                    rule(
                        "self.all(t, t.floor >= 1 && t.floor <= t.ceiling)",
                        "floor must be at least 1 and at most ceiling",
                    )
                ],
            },
        ),
    ] = Field(default=(), description="Replicas by site.")


class TargetStatus(Part):
    """What one site is given, and has."""

    site: Name = Field(description="Name of its Site.")
    least: int = Field(description="Replicas its autoscaler keeps at least.")
    most: int = Field(description="Replicas its autoscaler keeps at most.")
    ready: int = Field(default=0, description="Replicas that are ready.")
    weight: int | None = Field(default=None, description="Of its backend in the route, now.")
    wanted_weight: int | None = Field(default=None, description="What the plan has for it.")


class InferenceProfileStatus(Part):
    """What the operator sees of a service."""

    observed_generation: int | None = Field(default=None, description="Generation it speaks of.")
    high_requests_per_second: Decimal | None = Field(
        default=None, description="Demand not exceeded in nineteen of twenty cases, now. [1/s]"
    )
    targets: Annotated[tuple[TargetStatus, ...], Field(max_length=20)] = Field(
        default=(), description="What each site is given, or would be where it is advice."
    )
    conditions: Conditions = Field(
        default=(), description="Ready, Conflicted and SLOFloor: what is in its way."
    )


def inference_profile_spec() -> Schema:
    """The scenario's service, and what there is to steer."""
    own, world = own_schema(InferenceCluster), structural(model_schema(Service))
    own["properties"] |= world["properties"]
    own["required"] = [*own.get("required", []), *world["required"]]
    own["description"] = "Requests answered by replicas, and what steers them."
    return own
