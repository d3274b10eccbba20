"""Work with a start to choose: as a scenario describes it, and as planning receives it.

`Job` is what a file says; `JobSpec` is the same job with every instant in UTC, every mode in
place and the sites where law, certification, GPUs and links let it run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue, Strict

from scheduler.scenario.fields import (
    Description,
    Flag,
    Hours,
    Instant,
    KwPerGpu,
    Name,
    NonNegative,
    Positive,
    PositiveCount,
)
from scheduler.scenario.generator import JobGenerator

if TYPE_CHECKING:
    from scheduler.scenario.world import World

JobKind = Literal["contiguous", "checkpointable", "elastic"]


class ElasticMode(Description):
    """Another width or power level of an elastic job, as measured; it need not be concave."""

    gpus: PositiveCount = Field(description="GPUs reserved.")
    speed: Annotated[Positive, Field(le=64)] = Field(
        description="Progress relative to the job's own gpus at full power. [1]"
    )
    power_kw_per_gpu: KwPerGpu = Field(description="IT power, idle draw included. [kW]")


class Job(Description):
    """One job. Instants are UTC, or hours after the start of the horizon (`_h`)."""

    kind: JobKind = Field(
        description="contiguous runs without a pause; checkpointable may pause; elastic may also "
        "change its width."
    )
    gpu_type: Name = Field(description="Name of the pools whose GPUs it needs.")
    gpus: PositiveCount = Field(description="GPUs it is declared with: its base width.")
    work_h: Annotated[float, Strict(), Field(gt=0, le=1440)] = Field(
        description="Time at base width and full power. [h]"
    )
    true_work_h: Annotated[float, Strict(), Field(gt=0, le=1440)] | None = Field(
        default=None,
        description="What work_h turns out to be; nobody is told, `alize simulate` lives it. [h]",
    )
    power_kw_per_gpu: KwPerGpu = Field(
        description="IT power while it runs, idle draw included. [kW]"
    )
    release: Instant | None = Field(
        default=None, description="Earliest start; the start of the horizon unless said."
    )
    release_h: Hours | None = Field(default=None, description="The same, in hours from the start.")
    due: Instant | None = Field(
        default=None, description="Soft deadline, later is priced; the hard one unless said."
    )
    due_h: Hours | None = Field(default=None, description="The same, in hours from the start.")
    deadline: Instant | None = Field(
        default=None, description="Hard deadline; the end of the horizon unless said."
    )
    deadline_h: Hours | None = Field(default=None, description="The same, in hours from the start.")
    resume_h: Annotated[float, Strict(), Field(ge=0, le=48)] = Field(
        default=0, description="Hours of base-width work repeated at each resume. [h]"
    )
    modes: tuple[ElasticMode, ...] = Field(
        default=(), description="Other widths and power levels of an elastic job, beside its base."
    )
    home: Name = Field(description="Site it is declared at, where its data lie.")
    residency: tuple[Name, ...] | None = Field(
        default=None, min_length=1, description="Jurisdictions it may run in; any unless said."
    )
    certifications: tuple[Name, ...] = Field(
        default=(), description="What a site must be certified for."
    )
    data_gb: NonNegative = Field(
        default=0, description="Moved over a link before it starts away from home. [GB]"
    )
    priority: Annotated[Positive, Field(le=1000)] = Field(
        default=1, description="Multiplies what its lateness and its being unfinished cost. [1]"
    )
    whole_nodes: Flag = Field(default=False, description="Reserve all GPUs of the nodes it is on.")
    after: tuple[Name, ...] = Field(
        default=(), description="Jobs that must have ended before it starts."
    )
    running_at: Name | None = Field(
        default=None,
        description="Site where it is running when the horizon begins; work_h is what is left.",
    )

    @property
    def shortest_h(self) -> float:
        """Time at its fastest mode, never paused. [h]"""
        return self.work_h / max([1.0, *(mode.speed for mode in self.modes)])


class JobFile(Description):
    """A table of jobs: one a row, columns named as the fields of a job, and `name`."""

    file: Annotated[str, Strict(), Field(min_length=1)] = Field(
        description="CSV or parquet, relative to the scenario file."
    )
    defaults: dict[str, JsonValue] = Field(
        default={}, description="Fields of a job, for the rows that leave them empty."
    )


class Jobs(Description):
    """All work with a start to choose: named, read from tables, generated."""

    listed: dict[Name, Job] = Field(default={}, alias="list", description="Jobs by name.")
    files: tuple[JobFile, ...] = Field(default=(), description="Tables of jobs.")
    generate: JobGenerator | None = Field(
        default=None, description="Synthetic jobs, the same for the same seed."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSpec:
    """One way to run a job.

    Attributes:
        gpus: GPUs reserved.
        speed: Progress relative to the base mode. [1]
        power_kw_per_gpu: IT power, idle draw included. [kW]
    """

    gpus: int
    speed: float
    power_kw_per_gpu: float

    @property
    def power_kw(self) -> float:
        """IT power of the whole job, idle draw of its GPUs included. [kW]"""
        return self.gpus * self.power_kw_per_gpu


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A job with nothing left to look up.

    Attributes:
        name: Unique in a scenario.
        kind: How it may be cut in time.
        gpu_type: Name of the pools whose GPUs it needs.
        modes: The base mode first, with speed 1; only an elastic job has more.
        work_h: Time in the base mode without a pause. [h]
        release: Earliest start.
        due: Soft deadline.
        deadline: Hard deadline; may lie after the horizon.
        resume_h: Base-mode hours repeated at each resume. [h]
        home: Site it is declared at.
        sites: Sites where it may run, home first.
        residency: Jurisdictions it may run in, None for any.
        certifications: What a site must be certified for.
        data_gb: Moved over a link before it starts away from home. [GB]
        priority: Multiplies what its lateness and its being unfinished cost. [1]
        whole_nodes: Reserve all GPUs of the nodes it is on.
        after: Names of jobs that must have ended before it starts.
        running_at: Site where it is running when the horizon begins, None where it is not.
        allowed_sites: Sites somebody confines it to by name, None for any.
        known: From when on planners know of it, where that is not its release; None otherwise.
        true_work_h: What `work_h` turns out to be; None where nobody has said. [h]
    """

    name: str
    kind: JobKind
    gpu_type: str
    modes: tuple[ModeSpec, ...]
    work_h: float
    release: datetime
    due: datetime
    deadline: datetime
    resume_h: float
    home: str
    sites: tuple[str, ...]
    residency: frozenset[str] | None
    certifications: frozenset[str]
    data_gb: float
    priority: float = 1.0
    whole_nodes: bool = False
    after: tuple[str, ...] = ()
    running_at: str | None = None
    allowed_sites: frozenset[str] | None = None
    known: datetime | None = None
    true_work_h: float | None = None

    @property
    def gpus(self) -> int:
        """Base width."""
        return self.modes[0].gpus

    @property
    def gpu_hours(self) -> float:
        """Useful work in reference GPU-hours. [GPU-h]"""
        return self.gpus * self.work_h

    @property
    def slack_h(self) -> float:
        """Spare time between release and soft deadline, at base width. [h]"""
        return (self.due - self.release) / timedelta(hours=1) - self.work_h


def instants(job: Job, world: "World") -> tuple[datetime, datetime, datetime]:
    """Release, soft and hard deadline of `job` in UTC, defaults filled in."""
    start, end = world.horizon.start, world.horizon.end

    def instant(at: datetime | None, after_h: float | None, otherwise: datetime) -> datetime:
        return at or (otherwise if after_h is None else start + timedelta(hours=after_h))

    deadline = instant(job.deadline, job.deadline_h, end)
    return (
        instant(job.release, job.release_h, start),
        instant(job.due, job.due_h, deadline),
        deadline,
    )


def admissible_sites(job: Job, world: "World") -> tuple[str, ...]:
    """Sites where `job` may run, home first: law, certification, GPUs, and a way for its data."""
    origin = job.running_at or job.home
    linked: Mapping[str, bool] = {
        name: job.data_gb == 0
        or name == origin
        or any({name, origin} == set(link.between) for link in world.links)
        for name in world.sites
    }
    allowed = (
        name
        for name, site in world.sites.items()
        if linked[name]
        and job.gpu_type in site.pools
        and (job.residency is None or site.jurisdiction in job.residency)
        and set(job.certifications) <= set(site.certifications)
    )
    return tuple(sorted(allowed, key=lambda name: name != job.home))


def job_spec(name: str, job: Job, world: "World") -> JobSpec:
    """`job` with nothing left to look up; the world must have passed its checks."""
    release, due, deadline = instants(job, world)
    base = ModeSpec(gpus=job.gpus, speed=1.0, power_kw_per_gpu=job.power_kw_per_gpu)
    others = (
        ModeSpec(gpus=mode.gpus, speed=mode.speed, power_kw_per_gpu=mode.power_kw_per_gpu)
        for mode in job.modes
    )
    return JobSpec(
        name=name,
        kind=job.kind,
        gpu_type=job.gpu_type,
        modes=(base, *others),
        work_h=float(job.work_h),
        release=release,
        due=due,
        deadline=deadline,
        resume_h=float(job.resume_h),
        home=job.home,
        sites=admissible_sites(job, world),
        residency=None if job.residency is None else frozenset(job.residency),
        certifications=frozenset(job.certifications),
        data_gb=float(job.data_gb),
        priority=float(job.priority),
        whole_nodes=job.whole_nodes,
        after=job.after,
        running_at=job.running_at,
        true_work_h=None if job.true_work_h is None else float(job.true_work_h),
    )
