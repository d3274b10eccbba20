"""What a decision is made on: the live jobs, the room at each site, and the plan as a timetable.

Plain instants, names and numbers: no steps, no arrays, nothing that is slow to import. The
simulator fills these in from its world, the operator from its cache of the cluster. Times are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import inf

from scheduler.planning.reasons import Reason


class Phase(StrEnum):
    """Where a live job stands. One that has ended is no longer live."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """What a job takes in one of its modes.

    Attributes:
        gpus: GPUs it reserves, those that whole nodes add included.
        power_kw: Facility power it adds at the meter. [kW]
    """

    gpus: int
    power_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob:
    """A job that is not done, as it is now.

    Attributes:
        name: Unique among the live jobs.
        phase: Waiting, running or paused.
        gpu_type: Of the GPUs it asks for.
        widths: By mode, the base mode first.
        admissible_sites: Where it may run by law, certification and hardware, the preferred one
            first.
        latest_start: After this instant even the fastest mode misses the deadline.
        site: Where it runs, or ran before its pause; None before its first start.
        mode: That it runs in; its position in `widths`.
        pausable: Whether it may be paused, moved and changed in width.
        run_now: Somebody asked that it does not wait.
        suspended_by_user: Somebody holds it; no decision lifts that.
        priority: Decides between those that may start in the same instant.
    """

    name: str
    phase: Phase
    gpu_type: str
    widths: tuple[Width, ...]
    admissible_sites: tuple[str, ...]
    latest_start: datetime
    site: str | None = None
    mode: int = 0
    pausable: bool = False
    run_now: bool = False
    suspended_by_user: bool = False
    priority: float = 1.0

    def __post_init__(self) -> None:
        if self.phase is not Phase.WAITING and self.site is None:
            raise ValueError(
                f"job {self.name}: site must be known of a job that is {self.phase}, got None; "
                "say where it runs or ran"
            )
        if not 0 <= self.mode < len(self.widths):
            raise ValueError(
                f"job {self.name}: mode must be one of its {len(self.widths)}, got {self.mode}; "
                "count from 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is left at a site beside all that runs there, services included.

    Below zero where more runs than there is room for: a pool has shrunk, or a cap has come down.

    Attributes:
        gpus: By type.
        power_kw: Facility power under the site's cap; infinite where there is none. [kW]
    """

    gpus: Mapping[str, int]
    power_kw: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was known when a decision was made.

    Attributes:
        taken_at: When.
        rooms: By site. A site that is not there has no room.
    """

    taken_at: datetime
    rooms: Mapping[str, Room]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """An unbroken run in one mode, from `begin` up to `end`, which is not in it."""

    begin: datetime
    end: datetime
    mode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """What a plan says of one job.

    Attributes:
        site: Where it runs.
        stretches: When, in order; none where the plan leaves it unfinished.
        waits_for: Why it does not run from its release on; None where it does.
    """

    site: str
    stretches: tuple[Stretch, ...]
    waits_for: Reason | None = None

    def now(self, instant: datetime) -> Stretch | None:
        """The stretch that covers `instant`."""
        return next((one for one in self.stretches if one.begin <= instant < one.end), None)

    def is_over(self, instant: datetime) -> bool:
        """Whether nothing of it is left to come."""
        return not self.stretches or instant >= self.stretches[-1].end


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """A plan as decisions are made by it.

    Attributes:
        issued_at: When it was made; what is newer it does not know.
        expires_at: From then on nothing waits, pauses or moves because of it.
        jobs: By name.
    """

    issued_at: datetime
    expires_at: datetime
    jobs: Mapping[str, PlannedJob] = field(default_factory=dict)
