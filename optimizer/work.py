"""What is to be run: jobs with a start to choose, and services with requests to answer.

Instants are UTC. How long a job takes depends on its mode; how it may be split on its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import inf

from optimizer.fingerprint import UNSAID_AT_DEFAULT
from optimizer.site import FloatArray
from optimizer.units import SECONDS_PER_HOUR


class JobKind(StrEnum):
    """How a job may be cut in time."""

    CONTIGUOUS = "contiguous"
    CHECKPOINTABLE = "checkpointable"
    ELASTIC = "elastic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to run a job: a width and a power cap, as measured.

    Attributes:
        gpus: GPUs used, and reserved where the job does not ask for whole nodes.
        power_kw: IT power of the whole job, idle draw of the GPUs it uses included. [kW]
        speed: Progress relative to the base mode. [1]
    """

    gpus: int
    power_kw: float
    speed: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work with a start to choose.

    A job takes whole steps of its GPUs; its progress in a step is speed x step. A contiguous job
    runs once, without pause, in its base mode; a checkpointable one may pause, an elastic one may
    also change its mode from step to step. Each resume repeats `resume_h` hours of base-mode
    work. A job stays at one site.

    A job that is running when the horizon begins goes on for free if it runs in the first step
    where it is; any other start is a resume, and elsewhere its data move first. A contiguous one
    can only go on.

    Attributes:
        modes: The base mode first, with speed 1. Only an elastic job has more than one.
        work_h: Time in the base mode without a pause, what is left of it when it is running. [h]
        release: Earliest start.
        due: Soft deadline; later hours are priced lateness.
        deadline: Hard deadline; a job that cannot meet it is left unfinished, at a price.
        resume_h: Base-mode hours repeated at each resume. [h]
        home: Site it is declared at, where its data lie.
        residency: Jurisdictions it may run in, None for any.
        certifications: What a site must be certified for.
        data_gb: Moved over a link before it starts away from its data. [GB]
        allowed_sites: Sites it is confined to by name, None for any.
        priority: Multiplies what its lateness and its being unfinished cost. [1]
        whole_nodes: Reserve all GPUs of the nodes it is on; those it does not use stand idle.
        after: Jobs that must have ended before it starts; where one is unfinished, so is it.
        running_at: Site where it is running when the horizon begins, None where it is not.
    """

    name: str
    kind: JobKind
    gpu_type: str
    modes: tuple[Mode, ...]
    work_h: float
    release: datetime
    due: datetime
    deadline: datetime
    home: str
    resume_h: float = 0.0
    residency: frozenset[str] | None = None
    certifications: frozenset[str] = frozenset()
    data_gb: float = 0.0
    allowed_sites: frozenset[str] | None = None
    priority: float = field(default=1.0, metadata=UNSAID_AT_DEFAULT)
    whole_nodes: bool = field(default=False, metadata=UNSAID_AT_DEFAULT)
    after: tuple[str, ...] = field(default=(), metadata=UNSAID_AT_DEFAULT)
    running_at: str | None = field(default=None, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        if not self.modes or self.modes[0].speed != 1.0:
            raise ValueError(f"job {self.name}: the first mode is the base, with speed 1")
        if len(self.modes) > 1 and self.kind is not JobKind.ELASTIC:
            raise ValueError(f"job {self.name}: only an elastic job has several modes")
        if self.work_h <= 0:
            raise ValueError(f"job {self.name}: work_h must be positive, got {self.work_h}")
        if not 0 < self.priority < inf:
            raise ValueError(
                f"job {self.name}: priority must be positive and finite, got {self.priority}; "
                "1 is that of any other job"
            )

    @property
    def base(self) -> Mode:
        """The mode the work was stated in."""
        return self.modes[0]

    @property
    def origin(self) -> str:
        """Site where its data lie: where it is running, else its home."""
        return self.running_at or self.home

    @property
    def only_goes_on(self) -> bool:
        """Whether it can be started at no other time than it was."""
        return self.running_at is not None and self.kind is JobKind.CONTIGUOUS

    @property
    def gpu_hours(self) -> float:
        """Useful work in reference GPU-hours. [GPU-h]"""
        return self.work_h * self.base.gpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A model that a service may answer with: quantised, distilled, or the full one.

    Attributes:
        gpus_per_replica: GPUs reserved by a replica.
        capacity_rps: What one replica answers inside the service's `service_time_ms`. [1/s]
        replica_kw: IT power of a replica without requests, its GPUs' idle draw included. [kW]
        energy_per_request_kwh: IT energy a request adds. [kWh]
        quality: Of an answer, against the full model's. [0..1]
    """

    name: str
    gpus_per_replica: int
    capacity_rps: float
    replica_kw: float
    energy_per_request_kwh: float
    quality: float

    def __post_init__(self) -> None:
        if not (self.gpus_per_replica > 0 and self.capacity_rps > 0):
            raise ValueError(
                f"variant {self.name}: a replica must have GPUs and answer requests, got "
                f"{self.gpus_per_replica} GPUs and {self.capacity_rps} requests/s"
            )
        if not 0 <= self.quality <= 1:
            raise ValueError(
                f"variant {self.name}: quality must be in 0..1, got {self.quality}; "
                "1 is that of the full model"
            )

    @property
    def request_kw(self) -> float:
        """IT power of one request a second. [kW s]"""
        return self.energy_per_request_kwh * SECONDS_PER_HOUR


#: Name of the model that a service's own fields describe.
FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Requests answered by replicas, inside a latency budget.

    Its own replicas are of the full model, with quality 1. It may answer with variants too, as long
    as the mean quality over all requests answered in the horizon keeps to a floor.

    Attributes:
        regions: Where clients are.
        demand_rps: Requests a second by region and step, shape (R, T). [1/s]
        rtt_ms: Round-trip time by region and site; a missing pair cannot be served. [ms]
        latency_budget_ms: Round trip and service time together, at the target percentile. [ms]
        service_time_ms: Time in the replica at that percentile, at full capacity. [ms]
        gpus_per_replica: GPUs reserved by a replica.
        capacity_rps: What one replica answers inside `service_time_ms`. [1/s]
        replica_kw: IT power of a replica without requests, its GPUs' idle draw included. [kW]
        energy_per_request_kwh: IT energy a request adds. [kWh]
        min_replicas: Floor over all sites together.
        survives_site_loss: Keep enough replicas elsewhere when any one site is lost.
        home: Site it is declared at.
        residency: Jurisdictions it may run in, None for any.
        certifications: What a site must be certified for.
        variants: Other models to answer with, each by its own name.
        quality_floor: Least mean quality over all requests answered in the horizon. [0..1]
    """

    name: str
    gpu_type: str
    regions: tuple[str, ...]
    demand_rps: FloatArray
    rtt_ms: Mapping[tuple[str, str], float]
    latency_budget_ms: float
    service_time_ms: float
    gpus_per_replica: int
    capacity_rps: float
    replica_kw: float
    energy_per_request_kwh: float
    home: str
    min_replicas: int = 1
    survives_site_loss: bool = False
    residency: frozenset[str] | None = None
    certifications: frozenset[str] = frozenset()
    variants: tuple[Variant, ...] = field(default=(), metadata=UNSAID_AT_DEFAULT)
    quality_floor: float = field(default=0.0, metadata=UNSAID_AT_DEFAULT)

    def __post_init__(self) -> None:
        names = [model.name for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError(
                f"service {self.name}: variants must have names of their own, other than "
                f"{FULL}, got {', '.join(names[1:])}"
            )
        if not 0 <= self.quality_floor <= 1:
            raise ValueError(
                f"service {self.name}: quality_floor must be in 0..1, got {self.quality_floor}"
            )

    @property
    def models(self) -> tuple[Variant, ...]:
        """The full model, then the variants."""
        full = Variant(
            name=FULL,
            gpus_per_replica=self.gpus_per_replica,
            capacity_rps=self.capacity_rps,
            replica_kw=self.replica_kw,
            energy_per_request_kwh=self.energy_per_request_kwh,
            quality=1.0,
        )
        return (full, *self.variants)

    @property
    def gpu_hours_per_request(self) -> float:
        """Useful work of one request in reference GPU-hours, whatever model answers. [GPU-h]"""
        return self.gpus_per_replica / (self.capacity_rps * SECONDS_PER_HOUR)

    def reaches(self, region: str, site: str) -> bool:
        """Whether a request of `region` answered at `site` stays inside the latency budget."""
        rtt_ms = self.rtt_ms.get((region, site))
        return rtt_ms is not None and rtt_ms + self.service_time_ms <= self.latency_budget_ms
