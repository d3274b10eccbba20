"""What the operator's process is told: every time constant, limit and place.

A flag wins over the environment (`ALIZE_OPERATOR_…`), that over the default. Tests run the same
constants at a tenth. What belongs to the world being planned (prices, links, regions) stands in a
file of its own, `world`.
"""

import os
import random
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from scheduler.errors import InputError

PREFIX = "ALIZE_OPERATOR_"
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class WatchSettings(BaseModel):
    """How objects are followed."""

    page: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=500, description="Objects a page of a list."
    )
    ends_after_s: Seconds = Field(
        default=290, description="After which the server ends a watch, give or take a tenth. [s]"
    )
    silence_s: Seconds = Field(
        default=75, description="A watch that is silent for so long is broken. [s]"
    )
    backoff_first_s: Seconds = Field(default=0.8, description="Wait after a first failure. [s]")
    backoff_most_s: Seconds = Field(default=30, description="Longest wait between tries. [s]")

    def last_s(self) -> float:
        """How long this one watch shall last, so that not all end at once. [s]"""
        return self.ends_after_s * random.uniform(0.9, 1.1)


class LeaseSettings(BaseModel):
    """Who leads."""

    name: str = Field(default="alize-operator", description="Of the Lease.")
    lasts_s: Seconds = Field(default=15, description="A leader silent for so long is gone. [s]")
    renews_within_s: Seconds = Field(
        default=10, description="A leader that could not renew for so long writes nothing. [s]"
    )
    retries_every_s: Seconds = Field(default=2, description="Between renewals and tries. [s]")


class OperatorSettings(BaseSettings):
    """The settings of `alize operator run`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    namespace: str = Field(default="alize-system", description="Where its Lease and tables are.")
    identity: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="Name of this replica in the Lease.",
    )
    world: Path | None = Field(
        default=None, description="YAML with currency, policy, links, regions and seed."
    )
    scratch: Path | None = Field(
        default=None, description="Folder that keeps the last plan for the next; none unless said."
    )
    step_min: Annotated[int, Field(ge=5, le=1440)] = Field(
        default=60, description="Length of a step of the plan. [min]"
    )
    horizon_h: Annotated[float, Field(gt=0, le=8784)] = Field(
        default=48, description="Length of the plan. [h]"
    )
    expires_after_h: Annotated[float, Field(gt=0, le=168)] = Field(
        default=3, description="A plan this old is followed no more. [h]"
    )
    replan_every_s: Seconds = Field(default=300, description="Between plans at most. [s]")
    settle_s: Seconds = Field(
        default=5, description="After a change and before the plan that takes it in. [s]"
    )
    decide_every_s: Seconds = Field(default=2, description="Between decisions. [s]")
    serve_every_s: Seconds = Field(
        default=2, description="Between two looks at inference services. [s]"
    )
    demand_every_s: Seconds = Field(
        default=15, description="Between two looks at the requests that came. [s]"
    )
    shift_every_s: Seconds = Field(
        default=60, description="Between two planned steps of a route's weights. [s]"
    )
    return_after_s: Seconds = Field(
        default=600, description="Health of a lost site before requests return to it. [s]"
    )
    gap: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05, description="Relative gap that ends a solve. [1]"
    )
    solve_limit_s: Seconds = Field(default=60, description="Wall time that ends a solve. [s]")
    kill_after_s: Seconds = Field(
        default=120, description="Wall time after which the planner is killed. [s]"
    )
    planner_memory_mib: Annotated[int, Field(ge=256)] = Field(
        default=4096, description="Memory after which the planner fails. [MiB]"
    )
    planner_nice: Annotated[int, Field(ge=0, le=19)] = Field(
        default=10, description="How far the planner stands back for others."
    )
    prometheus_url: str = Field(
        default="", description="Of the Prometheus that Sites' observations ask; none unless said."
    )
    observe_every_s: Seconds = Field(
        default=300, description="Between two looks at what is measured. [s]"
    )
    writes_per_s: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=50, description="Writes to the API server. [1/s]"
    )
    write_burst: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50, description="Writes at once after a pause."
    )
    request_timeout_s: Seconds = Field(default=30, description="Of one request. [s]")
    dead_after_s: Seconds = Field(
        default=900, description="A Lease stale for so long calls the dead man's release. [s]"
    )
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=8080, description="Of metrics and probes on all addresses; 0 takes a free one."
    )
    metrics_host: str = Field(default="0.0.0.0", description="Address of the same.")
    clock_origin: datetime | None = Field(
        default=None, description="World time at the start of a sped-up clock; now unless said."
    )
    clock_wall: datetime | None = Field(
        default=None, description="Wall time at that origin; the process's start unless said."
    )
    clock_speed: Annotated[float, Field(gt=0, le=100_000)] = Field(
        default=1, description="World seconds a second; above 1 in demonstrations only."
    )
    watch: WatchSettings = Field(default=WatchSettings(), description="How objects are followed.")
    lease: LeaseSettings = Field(default=LeaseSettings(), description="Who leads.")


def load(**flags: Any) -> OperatorSettings:
    """The settings in force, with the `flags` that are not None.

    Raises:
        InputError: With one line for each value that cannot be used.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return OperatorSettings(**given)
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'__'.join(str(key) for key in one['loc']).upper()}: {one['msg']}, "
            f"got {one['input']!r}; correct it"
            for one in error.errors(include_url=False)
        ]
        raise InputError("\n".join(lines)) from None


class Clock:
    """World time from wall time: the same, but in demonstrations, where a day takes minutes."""

    def __init__(self, settings: OperatorSettings) -> None:
        """Take the origin and speed of `settings`."""
        self.speed = settings.clock_speed
        wall = settings.clock_wall or datetime.now(UTC)
        self._wall = wall
        self._origin = settings.clock_origin or wall

    @property
    def is_plain(self) -> bool:
        """Whether world time is wall time."""
        return self.speed == 1 and self._origin == self._wall

    def now(self) -> datetime:
        """The world's present."""
        return self.world(datetime.now(UTC))

    def world(self, wall: datetime) -> datetime:
        """World time at `wall`; what lies before the origin is left as it is on a plain clock."""
        if self.is_plain:
            return wall
        return self._origin + (wall - self._wall) * self.speed

    def wall(self, world: datetime) -> datetime:
        """The reverse."""
        if self.is_plain:
            return world
        return self._wall + (world - self._origin) / self.speed
