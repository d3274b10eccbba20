"""What may happen in a world: outages, storms, spikes, surges, and what is built meanwhile.

An event changes the world itself while it lasts. Whoever plans sees it from the instant at which
it becomes known, whole: when it begins, how long and how much. Nothing here knows what an event
does to a plan's numbers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Strict, Tag
from pydantic_core import PydanticCustomError

from scheduler.scenario.fields import (
    Description,
    Hours,
    Instant,
    Name,
    Positive,
    PositiveCount,
    Price,
    Share,
)
from scheduler.scenario.jobs import Job
from scheduler.scenario.suggest import did_you_mean, quoted

Lasting = Annotated[float, Strict(), Field(gt=0, le=8784)]
Factor = Annotated[float, Strict(), Field(ge=0, le=100, allow_inf_nan=False)]
Warmer = Annotated[float, Strict(), Field(gt=0, le=25)]


class Timed(Description):
    """When something happens, and when people learn of it."""

    start: Instant | None = Field(default=None, description="When it begins.")
    start_h: Hours | None = Field(
        default=None, description="The same, in hours from the start of the horizon."
    )
    hours: Lasting | None = Field(
        default=None, description="How long it lasts; to the end of the horizon unless said. [h]"
    )
    known: Instant | None = Field(
        default=None, description="When it becomes known; as it begins unless said."
    )
    known_h: Hours | None = Field(
        default=None, description="The same, in hours from the start of the horizon."
    )

    #: An opening begins something that is not there before.
    opens: ClassVar[bool] = False
    #: What planners see is touched, and not the world.
    blinds: ClassVar[bool] = False


class WindTrip(Timed):
    """A wind farm trips, wholly or in part."""

    kind: Literal["wind-trip"]
    site: Name = Field(description="Whose farm.")
    share_left: Share = Field(default=0, description="Of its power. [0..1]")


class DustStorm(Timed):
    """Dust dims the sun over a PV plant."""

    kind: Literal["dust-storm"]
    site: Name = Field(description="Whose plant.")
    share_left: Share = Field(description="Of its power. [0..1]")


class GridOutage(Timed):
    """The grid connection fails, wholly or in part."""

    kind: Literal["grid-outage"]
    site: Name = Field(description="Whose connection.")
    share_left: Share = Field(default=0, description="Of import and export limits. [0..1]")


class CurtailmentOrder(Timed):
    """The grid operator orders to draw less, to feed in less, or to turn plants down."""

    kind: Literal["curtailment-order"]
    site: Name = Field(description="Who has to obey.")
    of: Literal["import", "export", "plants"] = Field(description="What is turned down.")
    share_left: Share = Field(description="Of its limit, or of what the plants could give. [0..1]")


class BatteryFault(Timed):
    """A battery can be charged and discharged less, or not at all; what is stored stays stored."""

    kind: Literal["battery-fault"]
    site: Name = Field(description="Whose battery.")
    share_left: Share = Field(default=0, description="Of its power. [0..1]")


class SiteLost(Timed):
    """No GPU of a site can be used: fire, flood, no network. Its supply and cooling go on."""

    kind: Literal["site-lost"]
    site: Name = Field(description="Which one.")


class GpusLost(Timed):
    """Part of a site's GPUs is out of service."""

    kind: Literal["gpus-lost"]
    site: Name = Field(description="Where.")
    gpu_type: Name | None = Field(default=None, description="Which pool; all of them unless said.")
    share_left: Share = Field(description="Of the GPUs, rounded down. [0..1]")


class FeedStale(Timed):
    """Feeds fall silent: what was last said is all that is known."""

    kind: Literal["feed-stale"]
    of: Literal["weather", "carbon", "demand", "all"] = Field(description="Which feeds.")
    blinds = True


class FeedLies(Timed):
    """A feed says the wrong thing, and nobody knows."""

    kind: Literal["feed-lies"]
    of: Literal["wind", "pv", "carbon", "demand"] = Field(description="Which feed.")
    site: Name | None = Field(
        default=None, description="Of which site; of all unless said. Demand has none."
    )
    factor: Factor = Field(description="What it says over what it should say. [1]")
    blinds = True


class PriceSpike(Timed):
    """Energy from the grid costs a multiple."""

    kind: Literal["price-spike"]
    site: Name | None = Field(default=None, description="Where; everywhere unless said.")
    factor: Factor = Field(description="On the import price. [1]")


class TariffChange(Timed):
    """Another price of imported energy holds."""

    kind: Literal["tariff-change"]
    site: Name | None = Field(default=None, description="Where; everywhere unless said.")
    price_per_kwh: Price = Field(description="The new one. [money/kWh]")


class HeatWave(Timed):
    """It is warmer; cooling and panels feel it. The vapour in the air stays what it was."""

    kind: Literal["heat-wave"]
    site: Name | None = Field(default=None, description="Where; everywhere unless said.")
    warmer_k: Warmer = Field(description="By how much. [K]")


class DemandSurge(Timed):
    """Requests come a multiple of times as often: a World Cup evening."""

    kind: Literal["demand-surge"]
    service: Name = Field(description="Which service.")
    region: Name | None = Field(default=None, description="From where; everywhere unless said.")
    factor: Factor = Field(description="On the requests. [1]")


class NewSite(Timed):
    """A site of the scenario opens: before, none of its GPUs is in service."""

    kind: Literal["new-site"]
    site: Name = Field(description="Which one.")
    opens = True


class NewBattery(Timed):
    """A battery of the scenario is connected: before, nothing can be charged or discharged."""

    kind: Literal["new-battery"]
    site: Name = Field(description="Whose battery.")
    opens = True


class NewJobs(Timed):
    """Alike jobs that come all at once."""

    kind: Literal["new-jobs"]
    name: Name = Field(description="Of the fleet: its jobs are called name-001 and so on.")
    count: Annotated[PositiveCount, Field(le=100_000)] = Field(description="How many.")
    job: Job = Field(
        description="What each is like; it is released as the event begins, and hours of its "
        "deadlines are counted from there."
    )


class CableCut(Timed):
    """An undersea cable is cut, and round trips take a longer way."""

    kind: Literal["cable-cut"]
    region: Name = Field(description="Whose clients.")
    sites: tuple[Name, ...] = Field(min_length=1, description="To which sites.")
    longer_ms: Positive = Field(description="By how much. [ms]")


KINDS: tuple[type[Timed], ...] = (
    WindTrip,
    DustStorm,
    GridOutage,
    CurtailmentOrder,
    BatteryFault,
    SiteLost,
    GpusLost,
    FeedStale,
    FeedLies,
    PriceSpike,
    TariffChange,
    HeatWave,
    DemandSurge,
    NewSite,
    NewBattery,
    NewJobs,
    CableCut,
)
NAMES = tuple(str(get_args(kind.model_fields["kind"].annotation)[0]) for kind in KINDS)


def _branch(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"<{kind}>"


def _known_kind(value: Any) -> Any:
    """Refuse a kind that there is not, before its other keys are looked at."""
    if isinstance(value, Timed):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError(
            "event", "must be a mapping with a kind, got {value}", {"value": quoted(value)}
        )
    kind = value.get("kind")
    if kind not in NAMES:
        raise PydanticCustomError(
            "event_kind",
            "must have a kind out of {known}, got {value}{hint}",
            {
                "known": ", ".join(NAMES),
                "value": quoted(kind),
                "hint": did_you_mean(kind, NAMES) if kind is not None else "; add one",
            },
        )
    return value


Event = Annotated[
    Annotated[WindTrip, Tag("<wind-trip>")]
    | Annotated[DustStorm, Tag("<dust-storm>")]
    | Annotated[GridOutage, Tag("<grid-outage>")]
    | Annotated[CurtailmentOrder, Tag("<curtailment-order>")]
    | Annotated[BatteryFault, Tag("<battery-fault>")]
    | Annotated[SiteLost, Tag("<site-lost>")]
    | Annotated[GpusLost, Tag("<gpus-lost>")]
    | Annotated[FeedStale, Tag("<feed-stale>")]
    | Annotated[FeedLies, Tag("<feed-lies>")]
    | Annotated[PriceSpike, Tag("<price-spike>")]
    | Annotated[TariffChange, Tag("<tariff-change>")]
    | Annotated[HeatWave, Tag("<heat-wave>")]
    | Annotated[DemandSurge, Tag("<demand-surge>")]
    | Annotated[NewSite, Tag("<new-site>")]
    | Annotated[NewBattery, Tag("<new-battery>")]
    | Annotated[NewJobs, Tag("<new-jobs>")]
    | Annotated[CableCut, Tag("<cable-cut>")],
    Discriminator(_branch),
    BeforeValidator(_known_kind),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event with its instants in UTC.

    Attributes:
        number: In the scenario's list, from 0.
        what: As described.
        start: When it begins.
        end: When it is over.
        known: From when on planners know of it; never where it blinds them.
    """

    number: int
    what: Timed
    start: datetime
    end: datetime
    known: datetime


def happening(
    number: int, what: Timed, horizon_start: datetime, horizon_end: datetime
) -> Happening:
    """`what`, one of a scenario's events, in a horizon; it must have passed its checks."""

    def instant(at: datetime | None, after_h: float | None, otherwise: datetime) -> datetime:
        if at is not None:
            return at
        return otherwise if after_h is None else horizon_start + timedelta(hours=after_h)

    start = instant(what.start, what.start_h, horizon_start)
    end = horizon_end if what.hours is None else start + timedelta(hours=what.hours)
    return Happening(
        number=number,
        what=what,
        start=start,
        end=max(start, end),
        known=instant(what.known, what.known_h, start),
    )


def fleet_job(what: NewJobs, start: datetime) -> Job:
    """A job of the fleet, its instants said; hours are counted from `start`."""

    def instant(at: datetime | None, after_h: float | None) -> datetime | None:
        return at if after_h is None else start + timedelta(hours=after_h)

    return what.job.model_copy(
        update={
            "release": start,
            "release_h": None,
            "due": instant(what.job.due, what.job.due_h),
            "due_h": None,
            "deadline": instant(what.job.deadline, what.job.deadline_h),
            "deadline_h": None,
        }
    )
