"""What synthetic jobs look like: parameters only; `generate` draws from them.

Shares of kinds, widths and slack are relative to their sum, so that moving one of them with
`--set` needs no second edit.
"""

from typing import Annotated

from pydantic import Field, Strict

from scheduler.scenario.fields import (
    Count,
    Description,
    KwPerGpu,
    Name,
    NonNegative,
    Positive,
    PositiveCount,
    Share,
)

# Jobs are drawn week by week, and end in their week.
WholeHours = Annotated[int, Strict(), Field(ge=1, le=168)]


class KindShares(Description):
    """Shares of the GPU-hours by kind of job."""

    contiguous: NonNegative = 0.3
    checkpointable: NonNegative = 0.4
    elastic: NonNegative = 0.3


class SlackShares(Description):
    """Shares of the GPU-hours by slack: spare time between release and soft deadline."""

    below_6h: NonNegative = 0.3
    from_6h_to_24h: NonNegative = 0.4
    above_24h: NonNegative = 0.3


class RelativeMode(Description):
    """A width or power cap of elastic jobs, relative to their base mode."""

    width: Positive = Field(
        description="GPUs over base GPUs; widths of less than a GPU drop out. [1]"
    )
    speed: Positive = Field(description="Progress over base progress. [1]")
    power: Positive = Field(default=1, description="Power of a GPU over its power at base. [1]")


class Restricted(Description):
    """Jobs bound by law: a share of all GPU-hours."""

    gpu_h_share: Share = Field(description="Of the GPU-hours of all generated jobs. [0..1]")
    residency: tuple[Name, ...] | None = Field(
        default=None, min_length=1, description="Jurisdictions they may run in; any unless said."
    )
    certifications: tuple[Name, ...] = Field(
        default=(), description="What a site must be certified for."
    )


# Throughput of ResNet-18, VGG-16 and others at half and double width, measured by the authors of
# CarbonScaler (umassos/carbonAdvisor, scale_profile.yaml): 0.50 to 0.82, and 1.45 to 2.0.
MEASURED_WIDTHS = (
    RelativeMode(width=0.5, speed=0.55),
    RelativeMode(width=2, speed=1.8),
)


class JobGenerator(Description):
    """Synthetic jobs, the same for the same seed and parameters.

    The GPU-hours follow from `load`, the number of jobs from `count_per_week`, and the median
    duration from both: durations are log-normal with the given sigma, in whole hours.
    """

    gpu_type: Name = Field(description="Name of the pools they run in.")
    load: dict[Name, Annotated[float, Strict(), Field(ge=0, le=0.95)]] = Field(
        min_length=1,
        description="By home site: mean share of its pool that jobs fill when each runs at once "
        "at home. [0..1]",
    )
    count_per_week: PositiveCount = Field(default=200, description="Jobs in a week, all sites.")
    widths: dict[Annotated[int, Strict(), Field(ge=1, le=4096)], NonNegative] = Field(
        default={8: 0.4, 16: 0.3, 32: 0.2, 64: 0.1},
        min_length=1,
        description="Relative frequency by number of GPUs; those above half of what a home pool "
        "leaves free are not drawn there.",
    )
    duration_sigma: Annotated[float, Strict(), Field(ge=0, le=3)] = Field(
        default=0.9, description="Of the logarithm of the duration. [1]"
    )
    duration_min_h: WholeHours = Field(default=1, description="Shortest job. [h]")
    duration_max_h: WholeHours = Field(default=48, description="Longest job. [h]")
    kind_shares: KindShares = Field(default=KindShares(), description="By GPU-hours.")
    slack_shares: SlackShares = Field(default=SlackShares(), description="By GPU-hours.")
    slack_max_h: WholeHours = Field(default=72, description="Largest slack. [h]")
    slack_scale: NonNegative = Field(
        default=1, description="Multiplies each slack; 0 leaves none. [1]"
    )
    hard_grace_h: NonNegative = Field(
        default=12, description="Hard deadline after the soft one, clipped to the horizon. [h]"
    )
    resume_h: Annotated[float, Strict(), Field(ge=0, le=48)] = Field(
        default=0.25, description="Of jobs that may pause. [h]"
    )
    power_kw_per_gpu: KwPerGpu = Field(description="IT power, idle draw included. [kW]")
    elastic_modes: tuple[RelativeMode, ...] = Field(
        default=MEASURED_WIDTHS, min_length=1, description="Other modes of elastic jobs."
    )
    working_hours_factor: Annotated[float, Strict(), Field(ge=0, le=100)] = Field(
        default=4,
        description="How much likelier a release is Monday to Friday, 8 to 18 local time. [1]",
    )
    services_headroom_gpus: dict[Name, Count] = Field(
        default={}, description="GPUs of each home pool that jobs run at once must leave free."
    )
    restricted: dict[Name, Restricted] = Field(
        default={}, description="Jobs bound by law, by a name for the rule."
    )
    data_gb_min: Positive = Field(default=20, description="Smallest data set to move. [GB]")
    data_gb_max: Positive = Field(default=500, description="Largest data set to move. [GB]")
