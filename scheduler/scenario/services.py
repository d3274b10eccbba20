"""Who asks, from where and how often, and what a replica that answers is like.

A replica's capacity is measured, or follows from how long requests take; the demand is
a shape with a spread, or a series. A service's own replicas are of its full model; variants answer
with less quality, down to a floor on the mean.
"""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from scheduler.scenario.fields import (
    Count,
    DailyShape,
    DemandRecord,
    Description,
    Flag,
    Name,
    NonNegative,
    Positive,
    PositiveCount,
    RateSeries,
    Share,
    TimeZone,
    WeeklyShape,
)
from scheduler.scenario.queueing import Queue


class Region(Description):
    """A region where clients are."""

    timezone: TimeZone = Field(description="Whose local hours the shapes of demand follow.")
    rtt_ms: dict[Name, NonNegative] = Field(
        description="Round trip to each site, by its name. [ms]"
    )


class DemandShape(Description):
    """Requests by a mean and the rhythm of day and week."""

    mean_rps: NonNegative = Field(description="Mean over a week. [1/s]")
    daily_shape: DailyShape = Field(
        default=(1.0,) * 24, description="24 factors by local hour of the region; they average 1."
    )
    weekly_shape: WeeklyShape = Field(
        default=(1.0,) * 7, description="7 factors, Monday first; they average 1."
    )
    spread: Share = Field(
        default=0.1, description="Standard deviation around the shape, as a share of it. [0..1]"
    )
    record: DemandRecord | None = Field(
        default=None, description="What it was; forecasts then rest on it, not on the shape."
    )


class DemandSeries(Description):
    """Requests step by step."""

    rps: RateSeries = Field(description="A number, a list with one value a step, or a file. [1/s]")
    spread: Share = Field(
        default=0, description="Standard deviation around the series, as a share of it. [0..1]"
    )


def _demand(value: Any) -> str:
    given = isinstance(value, DemandSeries) or (isinstance(value, dict) and "rps" in value)
    return "<series>" if given else "<shape>"


Demand = Annotated[
    Annotated[DemandShape, Tag("<shape>")] | Annotated[DemandSeries, Tag("<series>")],
    Discriminator(_demand),
]


class Variant(Description):
    """Another model that a service may answer with: quantised, distilled."""

    gpus_per_replica: PositiveCount = Field(description="GPUs reserved by a replica.")
    capacity_rps: Positive | None = Field(
        default=None,
        description="Requests a replica answers inside the service's service_time_ms, measured. "
        "[1/s]",
    )
    queue: Queue | None = Field(
        default=None, description="Instead of capacity_rps: what it follows from."
    )
    replica_idle_kw: NonNegative = Field(
        description="IT power of a replica without requests, its GPUs' idle draw included. [kW]"
    )
    energy_per_request_wh: NonNegative = Field(description="IT energy a request adds. [Wh]")
    quality: Share = Field(
        description="Of an answer, against 1 of the full model, as measured. [0..1]"
    )


class Service(Description):
    """Requests answered by replicas, inside a latency budget."""

    gpu_type: Name = Field(description="Name of the pools whose GPUs it needs.")
    home: Name = Field(description="Site it is declared at.")
    gpus_per_replica: PositiveCount = Field(description="GPUs reserved by a replica.")
    capacity_rps: Positive | None = Field(
        default=None,
        description="Requests a replica answers inside service_time_ms, measured. [1/s]",
    )
    queue: Queue | None = Field(
        default=None, description="Instead of capacity_rps: what it follows from."
    )
    replica_idle_kw: NonNegative = Field(
        description="IT power of a replica without requests, its GPUs' idle draw included. [kW]"
    )
    energy_per_request_wh: NonNegative = Field(description="IT energy a request adds. [Wh]")
    latency_budget_ms: Positive = Field(
        description="Round trip and service time together, at the target percentile. [ms]"
    )
    service_time_ms: NonNegative = Field(
        description="Time in the replica at that percentile, at full capacity. [ms]"
    )
    demand: dict[Name, Demand] = Field(min_length=1, description="By client region.")
    min_replicas: Count = Field(default=1, description="Floor over all sites together.")
    survives_site_loss: Flag = Field(
        default=False, description="Enough replicas stay when any one site is lost."
    )
    residency: tuple[Name, ...] | None = Field(
        default=None, min_length=1, description="Jurisdictions it may run in; any unless said."
    )
    certifications: tuple[Name, ...] = Field(
        default=(), description="What a site must be certified for."
    )
    variants: dict[Name, Variant] = Field(
        default={}, description="Models to answer with beside the full one, by name."
    )
    quality_floor: Share | None = Field(
        default=None,
        description="Least mean quality over all requests answered in the horizon. [0..1]",
    )

    def carries_rps(self, model: "Service | Variant") -> float:
        """What a replica of this or another of its models answers in time. [1/s]"""
        if model.capacity_rps is not None:
            return model.capacity_rps
        assert model.queue is not None, "one of the two is said"
        return model.queue.carries_rps(self.service_time_ms)

    @model_validator(mode="after")
    def _says_what_it_carries(self) -> "Service":
        models: list[tuple[str, Service | Variant]] = [("", self)]
        models += [(f"variants.{name}: ", one) for name, one in self.variants.items()]
        for where, model in models:
            if (model.capacity_rps is None) == (model.queue is None):
                raise _wrong(
                    f"{where}needs one of capacity_rps (measured) and queue (how long they take)"
                )
            try:
                self.carries_rps(model)
            except ValueError as error:
                raise _wrong(f"{where}queue: service_time_{error}") from None
        return self


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("carries", "{text}", {"text": text})
