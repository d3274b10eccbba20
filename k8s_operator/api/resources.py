"""The fields of the resources of sites, jobs and plans, with their words, bounds and rules.

What a scenario says of a site and of a service is said here too, in the same models; only what
Kubernetes adds is written down in this file. Statuses are the operator's to fill in.
"""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from k8s_operator.api.observations import Observations
from k8s_operator.api.parts import Part, rule
from k8s_operator.api.schema import DECIMAL, LONGEST_DECIMAL, RULES, Schema, structural
from scheduler.scenario.sites import Site

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
SECONDS = "duration(self) > duration('0s')"
LONGEST_DELAY_H = 336


def _not_negative(what: str) -> dict[str, Any]:
    return {RULES: [rule("!self.matches('^-')", f"{what} must not be negative")]}


Duration = Annotated[
    str,
    Field(
        pattern=DURATION,
        max_length=32,
        json_schema_extra={RULES: [rule(SECONDS, "must be longer than nothing, such as 30m")]},
    ),
]
Decimal = Annotated[str, Field(pattern=DECIMAL, max_length=LONGEST_DECIMAL)]
Name = Annotated[str, Field(pattern=NAME, max_length=63)]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"}, max_length=64)]


class Condition(Part):
    """One aspect of the object's state, as Kubernetes words it."""

    type: Annotated[str, Field(max_length=316)] = Field(description="Such as Ready.")
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    reason: Annotated[str, Field(max_length=1024)] = Field(description="One word for why.")
    message: Annotated[str, Field(max_length=32768)] = Field(
        description="The same for people, with what to do."
    )
    last_transition_time: Instant = Field(description="When the status last changed.")
    observed_generation: int | None = Field(default=None, description="Generation it speaks of.")


Conditions = Annotated[
    tuple[Condition, ...],
    Field(
        max_length=16,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    ),
]


class SiteCluster(Part):
    """What a Site adds to the scenario's: nodes, measured power, how old forecasts may be."""

    node_selector: dict[str, Annotated[str, Field(max_length=63)]] = Field(
        min_length=1,
        description="Labels of its nodes. Never changed: Jobs are placed by them.",
        json_schema_extra={RULES: [rule("self == oldSelf", "nodeSelector cannot be changed")]},
    )
    forecast_max_age: Duration = Field(
        default="3h", description="Older forecasts are called stale. 3h unless said."
    )
    observations: Observations | None = Field(
        default=None, description="Where measured power is kept; none unless said."
    )


class SiteStatus(Part):
    """What the operator sees of a site."""

    observed_generation: int | None = Field(default=None, description="Generation it speaks of.")
    nodes: int = Field(default=0, description="Nodes that match the selector.")
    ready_nodes: int = Field(default=0, description="Those of them that are Ready.")
    gpus: int = Field(default=0, description="GPUs of the Ready nodes.")
    forecast_issued_at: Instant | None = Field(
        default=None, description="Issue of the forecast that the active plan rests on."
    )
    forecast_rung: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Which forecast it is: how much was known."
    )
    conditions: Conditions = Field(
        default=(), description="Ready, ForecastFresh, and Observed where something is measured."
    )


class Selector(Part):
    """Which Jobs of the namespace."""

    match_labels: dict[str, Annotated[str, Field(max_length=63)]] = Field(
        default={}, description="All of these; every managed Job where none is said."
    )


class PolicyObjective(Part):
    """What carbon is worth to this team."""

    carbon_price_per_tonne: Decimal = Field(
        description="Money for a tonne of CO2e.",
        json_schema_extra=_not_negative("carbonPricePerTonne"),
    )
    currency: Literal["MAD", "EUR", "USD", "GBP", "CHF"] = Field(
        description="Of the price, as an ISO code; that of the whole cluster."
    )


class Pause(Part):
    """When a running Job may be paused for cleaner energy."""

    enabled: bool = Field(default=False, description="Whether at all.")
    only_checkpointable: bool = Field(
        default=True, description="Never one that does not say it keeps its progress."
    )
    min_run: Duration = Field(default="30m", description="It runs this long before a pause.")
    max_pauses: Annotated[int, Field(ge=0, le=100)] = Field(
        default=4, description="A Job is paused no more often."
    )
    cooldown: Duration = Field(default="20m", description="From a resume to the next pause.")


class JobDefaults(Part):
    """What holds for a Job that does not say so itself."""

    run_time: Duration | None = Field(
        default=None, description="At its declared width; learnt from Jobs that ended otherwise."
    )
    watts_per_gpu: Decimal | None = Field(
        default=None,
        description="IT power of each of its GPUs. [W]",
        json_schema_extra=_not_negative("wattsPerGpu"),
    )
    gpu_type: Name | None = Field(default=None, description="Name of a pool, such as h100.")
    home: Name | None = Field(default=None, description="Site where its data lie.")
    residency: tuple[Name, ...] = Field(
        default=(), max_length=16, description="Jurisdictions it may run in; any unless said."
    )
    certifications: tuple[Name, ...] = Field(
        default=(), max_length=16, description="What a site must be certified for."
    )


class EnergyPolicySpec(Part):
    """Which Jobs of a namespace are planned, and what may be done with them."""

    mode: Literal["Advise", "Enforce"] = Field(
        default="Advise", description="Advise tells what it would do and changes no Job."
    )
    suspend: bool = Field(
        default=False, description="Kill switch: nothing new is held, what is held is released."
    )
    selector: Selector = Field(default=Selector(), description="Jobs it speaks for.")
    max_delay: Duration = Field(
        description="A Job starts no later than its creation and this.",
        json_schema_extra={
            RULES: [
                rule(
                    f"duration(self) <= duration('{LONGEST_DELAY_H}h')",
                    f"maxDelay must be at most {LONGEST_DELAY_H}h, two weeks",
                )
            ]
        },
    )
    sites: tuple[Name, ...] = Field(
        default=(), max_length=64, description="Sites they may run at; any unless said."
    )
    objective: PolicyObjective | None = Field(
        default=None, description="Price of carbon; the cluster's unless said."
    )
    on_stale_forecast: Literal["Plan", "Advise"] = Field(
        default="Plan",
        description="Plan goes on with what is still known; Advise holds nothing new meanwhile.",
    )
    pause: Pause = Field(default=Pause(), description="Pausing what runs; off unless enabled.")
    defaults: JobDefaults = Field(
        default=JobDefaults(), description="For Jobs that do not say so themselves."
    )


class JobCounts(Part):
    """Jobs by state."""

    held: int = Field(default=0, description="Held for a later start.")
    released: int = Field(default=0, description="Running, or let go to run.")
    paused: int = Field(default=0, description="Paused, to go on later.")
    infeasible: int = Field(default=0, description="That no plan can place as asked.")


class EnergyPolicyStatus(Part):
    """What became of the Jobs of a policy."""

    observed_generation: int | None = Field(default=None, description="Generation it speaks of.")
    jobs: JobCounts = Field(default=JobCounts(), description="Jobs by state.")
    conditions: Conditions = Field(default=(), description="Ready, and what is in its way.")


class EnergyPlanSpec(Part):
    """The span of one plan."""

    horizon_start: Instant = Field(description="Left edge of the first step.")
    step_minutes: Annotated[int, Field(ge=5, le=1440)] = Field(description="[min]")
    steps: Annotated[int, Field(ge=1, le=1440)] = Field(description="Number of steps.")


class Solver(Part):
    """How the plan was found, and how good it is known to be."""

    stage: Annotated[str, Field(max_length=32)] = Field(description="What ended the solve.")
    gap: Decimal = Field(description="At most this share above the best there is. [1]")
    seconds: Decimal = Field(description="Wall time. [s]")


class Totals(Part):
    """The plan beside starting everything at once."""

    jobs: int = Field(description="Jobs in it.")
    unfinished: int = Field(default=0, description="Jobs it cannot finish in time.")
    emissions_kilograms: Decimal = Field(description="Expected of the plan. [kg CO2e]")
    baseline_emissions_kilograms: Decimal = Field(description="Expected of run-now. [kg CO2e]")
    cost: Decimal = Field(description="Expected of the plan. [currency]")
    baseline_cost: Decimal = Field(description="Expected of run-now. [currency]")
    currency: Annotated[str, Field(max_length=3)] = Field(description="ISO code.")
    carbon_saving: Annotated[str, Field(max_length=16)] = Field(
        description="Of the emissions, expected, in percent of run-now's."
    )


class Shard(Part):
    """Part of the table of all Jobs."""

    config_map: Annotated[str, Field(max_length=253)] = Field(description="Its name.")
    jobs: int = Field(description="Jobs in it.")


class EnergyPlanStatus(Part):
    """What was planned."""

    digest: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="SHA-256 of the inputs and the plan: same inputs, same digest."
    )
    issued_at: Instant | None = Field(default=None, description="When it was made.")
    expires_at: Instant | None = Field(
        default=None, description="From then on nothing waits because of it."
    )
    solver: Solver | None = Field(default=None, description="How good it is known to be.")
    totals: Totals | None = Field(default=None, description="Beside run-now; expected, no claim.")
    shards: Annotated[tuple[Shard, ...], Field(max_length=64)] = Field(
        default=(), description="ConfigMaps that hold every Job's start and site."
    )
    conditions: Conditions = Field(default=(), description="Ready.")


@cache
def model_schema(model: type[BaseModel]) -> Schema:
    """The JSON schema `structural`, `to_api` and `from_api` work on.

    What was measured so far is not written into a resource: it grows by the hour.
    """
    schema = model.model_json_schema(by_alias=False)
    for definition in schema.get("$defs", {}).values():
        definition.get("properties", {}).pop("record", None)
    return schema


def own_schema(model: type[Part]) -> Schema:
    """The structural schema of one of the models here; their defaults are filled in."""
    return structural(model_schema(model), defaults=True)


def site_spec() -> Schema:
    """The scenario's site, and its nodes."""
    own, world = own_schema(SiteCluster), structural(model_schema(Site))
    pools = world["properties"]["pools"]["items"]
    pools["required"].remove("gpus")
    pools["properties"]["gpus"]["description"] = (
        "At most so many of the GPUs of its Ready nodes; all of them unless said."
    )
    own["properties"] |= world["properties"]
    own["required"] += world["required"]
    own["description"] = "One metered place, and its nodes."
    return own
