"""One file says a whole world: its sites, its links, its clients, its work, and what counts.

`World` is the root of the description, and the published JSON schema is made from it. A loaded
world, with its files read and its jobs generated, is a `Scenario`.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field, Strict

from scheduler.scenario.events import Event
from scheduler.scenario.fields import (
    Description,
    Instant,
    Name,
    NonNegative,
    Positive,
    Text,
)
from scheduler.scenario.investment import Investment
from scheduler.scenario.jobs import Jobs
from scheduler.scenario.services import Region, Service
from scheduler.scenario.sites import Site

MAX_STEPS = 1440
MINUTES_A_DAY = 1440
SCHEMA_FILE = Path(__file__).with_name("schema.json")


class Horizon(Description):
    """The planned span: equal half-open steps, labelled by their left edge, in UTC."""

    start: Instant = Field(description="Left edge of the first step.")
    days: Annotated[float, Strict(), Field(gt=0, le=366, allow_inf_nan=False)] = Field(
        description="Length; a whole number of steps, and at most 1440 of them. [d]"
    )
    step_min: Annotated[int, Strict(), Field(ge=5, le=1440)] = Field(
        default=60, description="Length of a step; it must divide the day. [min]"
    )

    @property
    def step(self) -> timedelta:
        """Length of a step."""
        return timedelta(minutes=self.step_min)

    @property
    def step_h(self) -> float:
        """Length of a step. [h]"""
        return self.step_min / 60

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return round(self.days * MINUTES_A_DAY / self.step_min)

    @property
    def end(self) -> datetime:
        """Right edge of the last step."""
        return self.start + self.n_steps * self.step

    @property
    def index(self) -> pd.DatetimeIndex:
        """Left edge of every step, shape (n_steps,)."""
        return pd.date_range(self.start, periods=self.n_steps, freq=self.step)


class Policy(Description):
    """What carbon and water cost, and what each named shortfall costs."""

    carbon_price_per_kg: NonNegative = Field(default=0, description="[money/kg CO2e]")
    carbon_budget_kg: NonNegative | None = Field(
        default=None,
        description="Most that the horizon may emit, at the location's intensities. [kg CO2e]",
    )
    carbon_excess_price_per_kg: Positive | None = Field(
        default=None,
        description="Each kg above carbon_budget_kg, beside the carbon price. [money/kg CO2e]",
    )
    cost_budget: NonNegative | None = Field(
        default=None,
        description="Most that the horizon may cost: energy, fuel, wear, water, leases and "
        "transfers; no penalties, no carbon price. [money]",
    )
    cost_excess_price: Positive | None = Field(
        default=None,
        description="Each unit of money above cost_budget, beside itself. [1]",
    )
    reserve_price_per_kw_h: Positive | None = Field(
        default=None,
        description="Reserve that an island lacks for the reserve_share of its plants, each kW for "
        "an hour. [money/kW/h]",
    )
    water_price_per_l: NonNegative = Field(default=0, description="[money/l]")
    unmet_price_per_kwh: NonNegative = Field(description="Power that nothing supplied. [money/kWh]")
    unserved_price_per_request: NonNegative = Field(
        description="A request not answered inside its latency budget. [money]"
    )
    late_price_per_gpu_h: NonNegative = Field(
        description="Each hour after the soft deadline, each GPU of the base width. [money/GPU-h]"
    )
    unfinished_price_per_gpu_h: NonNegative = Field(
        description="Work of a job that misses its hard deadline. [money/GPU-h]"
    )
    margin_h: Annotated[NonNegative, Field(le=48)] = Field(
        default=2,
        description="Before its soft deadline that `alize simulate` aims to have a job done, where "
        "that can be: what is expected falls short every other time. [h]",
    )


class Surprises(Description):
    """What planners are not told, and `alize simulate` lives through."""

    work_sigma: Annotated[float, Strict(), Field(ge=0, le=1)] = Field(
        default=0,
        description="Standard deviation of the logarithm of true over announced work, its mean 1; "
        "for jobs without true_work_h. [1]",
    )
    forecast_error_scale: Annotated[NonNegative, Field(le=10)] = Field(
        default=1,
        description="Errors in forecasts of stated wind and sun, 1 being 2 % of the mean an hour "
        "ahead and 12 % a day ahead; with 0 they come true. [1]",
    )
    gpu_h_between_failures: Positive | None = Field(
        default=None,
        description="Mean GPU-hours between failures that stop a job: it rests for the step, then "
        "goes on from its checkpoint (resume_h), or begins anew where it cannot pause; none unless "
        "said. [GPU-h]",
    )


class Link(Description):
    """Data transfer between two sites, in either direction."""

    between: Annotated[tuple[Name, ...], Field(min_length=2, max_length=2)] = Field(
        description="Two sites."
    )
    bandwidth_gbps: Positive = Field(description="Sustained rate. [Gbit/s]")
    cost_per_gb: NonNegative = Field(default=0, description="Paid for each GB moved. [money/GB]")


class World(Description):
    """A whole what-if: the root of a scenario file."""

    version: Literal[1] = Field(description="Version of this format.")
    name: Name = Field(description="Short name, for folders and headlines.")
    question: Text = Field(default="", description="What the scenario is to answer; heads reports.")
    description: Text = Field(default="", description="A few sentences for whoever reads it.")
    data_note: Text = Field(
        default="", description="Where the numbers come from, what is synthetic; told in reports."
    )
    seed: Annotated[int, Strict(), Field(ge=0, le=2**32 - 1)] = Field(
        default=0, description="Of everything drawn at random."
    )
    currency: Annotated[str, Strict(), Field(pattern="^[A-Z]{3}$")] = Field(
        description="ISO code of all money, such as MAD."
    )
    horizon: Horizon = Field(description="The planned span.")
    policy: Policy = Field(description="Prices of what has no bill.")
    sites: dict[Name, Site] = Field(min_length=1, description="By name.")
    links: tuple[Link, ...] = Field(default=(), description="Ways for data between sites.")
    regions: dict[Name, Region] = Field(default={}, description="Where clients are, by name.")
    services: dict[Name, Service] = Field(default={}, description="Inference, by name.")
    jobs: Jobs = Field(default=Jobs(), description="Work with a start to choose.")
    events: tuple[Event, ...] = Field(
        default=(), description="What happens meanwhile, told ahead or not."
    )
    surprises: Surprises = Field(
        default=Surprises(), description="What nobody is told of work, for `alize simulate`."
    )
    investment: Investment | None = Field(
        default=None, description="What may be built, for `alize capacity`."
    )


def schema() -> dict[str, Any]:
    """The JSON schema of scenario files, for editors and other tools."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **World.model_json_schema(by_alias=True),
        "title": "Alizé scenario",
    }


def schema_json() -> str:
    """The JSON schema as text; `schema.json` beside this module holds the same."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
