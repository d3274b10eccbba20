"""What the operator asks its planner, and what it is told: plain values that cross a pipe.

Both sides import this, so it knows neither Kubernetes nor the optimizer. Times are UTC.
"""

from datetime import datetime, timedelta
from typing import Any, BinaryIO

import msgspec

LENGTH_BYTES = 8
#: Of a forecast, where its Site says none.
USUAL_MAX_AGE = "3h"


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run a job; `watts_per_gpu` is IT power, idle draw included. [W]"""

    gpus: int
    watts_per_gpu: float
    speed: float = 1.0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A live Job as planning needs it; names are `namespace/name`.

    `work_h` is what is left, in its base mode, which comes first. `sites` are those its policy
    allows, none for any. `running_at` is the site it runs at.
    """

    name: str
    kind: str
    gpu_type: str
    modes: tuple[Mode, ...]
    work_h: float
    release: datetime
    due: datetime
    deadline: datetime
    home: str | None = None
    sites: tuple[str, ...] = ()
    residency: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    resume_h: float = 0.0
    data_gb: float = 0.0
    priority: float = 1.0
    whole_nodes: bool = False
    after: tuple[str, ...] = ()
    running_at: str | None = None


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Measured hourly means by left edge, None where nothing was measured. [kW]"""

    start: datetime
    power_kw: tuple[float | None, ...]

    @property
    def end(self) -> datetime:
        """Right edge of the last."""
        return self.start + timedelta(hours=len(self.power_kw))


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Hourly means of requests by left edge, None where nothing is known. [1/s]"""

    start: datetime
    rps: tuple[float | None, ...]


class SiteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A Site's spec as it stands in the cluster, and the GPUs of its Ready nodes by type.

    `observed` is what its plants gave so far, by `wind` and `pv`.
    """

    name: str
    spec: dict[str, Any]
    gpus: dict[str, int] | None = None
    observed: dict[str, Hours] = {}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of everything a plan depends on: the same question has the same answer.

    `world` holds currency, prices, links, regions and seed as a scenario writes them. `came` is
    what came so far of each service's requests, by region. `before` is a file with the last plan,
    to keep what holds of it; it is not part of the answer's inputs.
    """

    taken_at: datetime
    start: datetime
    step_min: int
    n_steps: int
    expires_at: datetime
    world: dict[str, Any]
    sites: tuple[SiteFacts, ...]
    jobs: tuple[Ask, ...]
    services: dict[str, dict[str, Any]] = {}
    came: dict[str, dict[str, Rates]] = {}
    gap: float = 0.05
    time_limit_s: float = 60.0
    seed: int = 0
    before: str | None = None


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """An unbroken run, from `begin` up to `end`, in one mode."""

    begin: datetime
    end: datetime
    mode: int = 0


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when one job runs; `waits` where it does not run from its release on."""

    site: str
    stretches: tuple[Stretch, ...]
    waits: bool = False


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why something cannot be planned as it stands: a reason of the closed list, and what to do."""

    reason: str
    message: str


class SiteOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan rests on at one site, by step. [kW]

    `cap_kw` is all the facility may draw, `fixed_kw` what idle GPUs and services draw of it;
    `kw_per_it_kw` turns a job's IT power into the facility's. `rungs` names each forecast's rung,
    `issued_at` is the oldest issue among them, whose rung comes first. `free_gpus` are beside the
    services'.
    """

    cap_kw: tuple[float, ...]
    fixed_kw: tuple[float, ...]
    kw_per_it_kw: tuple[float, ...]
    idle_kw_per_gpu: dict[str, float]
    free_gpus: dict[str, tuple[int, ...]]
    issued_at: datetime
    rungs: dict[str, str]
    notes: tuple[str, ...] = ()


class ServiceOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan has for one service, by step from `start` on.

    `high_rps` is the demand that is not exceeded in nineteen of twenty cases; `replicas` and `rps`
    are by site. `open_sites` may run it and answer every region in time. [1/s]
    """

    start: datetime
    step_min: int
    capacity_rps: float
    high_rps: tuple[float, ...]
    replicas: dict[str, tuple[int, ...]]
    rps: dict[str, tuple[float, ...]]
    open_sites: tuple[str, ...]
    survives_site_loss: bool = False


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A plan's account beside run-now's; expected, no claim."""

    emissions_kg: float
    cost: float
    jobs_unfinished: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, or why there is none: `failed` says it, and all else is empty then."""

    digest: str = ""
    jobs: dict[str, Planned] = {}
    troubles: dict[str, Trouble] = {}
    sites: dict[str, SiteOutlook] = {}
    site_troubles: dict[str, Trouble] = {}
    services: dict[str, ServiceOutlook] = {}
    service_troubles: dict[str, Trouble] = {}
    plan: Figures | None = None
    baseline: Figures | None = None
    currency: str = ""
    stage: str = ""
    gap: float = 0.0
    seconds: float = 0.0
    failed: str = ""


def frame(message: bytes) -> bytes:
    """A message with its length before it."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next message of a stream; None where it has ended."""
    length = stream.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    return stream.read(int.from_bytes(length, "big"))
