"""The kinds of value a scenario is made of: bounded numbers, names, instants, series.

Everything here is one field wide. Rules that join two fields are in `checks`; how an error is
worded is in `wording`. No value is ever coerced: a quoted number is text, and is refused.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Strict,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from scheduler.scenario.suggest import did_you_mean, quoted

# Branches of unions; in angle brackets, so that no path of a document can hold one.
NUMBER, LIST, FILE = "<number>", "<list>", "<file>"

DIRTIEST_GRID_G_PER_KWH = 2000
LOOKS_LIKE_KG_PER_KWH = 2
SHAPE_TOLERANCE = 0.005


class Description(BaseModel):
    """Part of a scenario: no unknown key, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def _grams(value: float) -> float:
    if 0 < value < LOOKS_LIKE_KG_PER_KWH:
        raise PydanticCustomError(
            "looks_like_kg",
            "must be in g/kWh, got {value}, which looks like kg/kWh; did you mean {grams}?",
            {"value": quoted(value), "grams": quoted(value * 1000)},
        )
    return value


# Asking for all zones walks the disk.
_zones = lru_cache(maxsize=1)(available_timezones)


def _zone(value: str) -> str:
    if value not in _zones():
        raise PydanticCustomError(
            "timezone",
            "unknown time zone {value}{hint}",
            {
                "value": quoted(value),
                "hint": did_you_mean(value, _zones()) or "; use a name such as Africa/Casablanca",
            },
        )
    return value


def _mean_one(value: tuple[float, ...]) -> tuple[float, ...]:
    mean = sum(value) / len(value)
    if abs(mean - 1) > SHAPE_TOLERANCE:
        raise PydanticCustomError(
            "shape_mean",
            "must average 1, got {mean}; divide each factor by {mean}",
            {"mean": f"{mean:.4g}"},
        )
    return value


def utc_text(instant: datetime) -> str:
    """`instant` as a scenario writes it, such as 2026-03-02T00:00:00Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _utc(value: Any) -> datetime:
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise PydanticCustomError(
            "instant",
            "must be an instant in UTC such as 2026-03-02T00:00:00Z, got {value}",
            {"value": quoted(value)},
        )
    if value.utcoffset() is None:
        raise PydanticCustomError(
            "instant_naive",
            "must say its time zone, got {value}; write {repair} if that is UTC",
            {"value": value.isoformat(), "repair": utc_text(value.replace(tzinfo=UTC))},
        )
    if value.utcoffset() != timedelta(0):
        raise PydanticCustomError(
            "instant_offset",
            "must be in UTC, got {value}; write {repair}",
            {"value": value.isoformat(), "repair": utc_text(value)},
        )
    return value.astimezone(UTC)


NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"

Name = Annotated[str, Strict(), Field(pattern=NAME_PATTERN)]
Text = Annotated[str, Strict(), Field(max_length=2000)]
Flag = Annotated[bool, Strict()]
TimeZone = Annotated[str, Strict(), AfterValidator(_zone)]
Instant = Annotated[
    datetime,
    BeforeValidator(_utc),
    PlainSerializer(utc_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

_Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
NonNegative = Annotated[_Finite, Field(ge=0, le=1e9)]
Positive = Annotated[_Finite, Field(gt=0, le=1e9)]
Share = Annotated[_Finite, Field(ge=0, le=1)]
Efficiency = Annotated[_Finite, Field(gt=0, le=1)]
KwPerGpu = Annotated[_Finite, Field(ge=0, le=20)]
Hours = Annotated[_Finite, Field(ge=-8784, le=8784)]
Price = Annotated[_Finite, Field(ge=0, le=1000)]
Carbon = Annotated[_Finite, Field(ge=0, le=DIRTIEST_GRID_G_PER_KWH), AfterValidator(_grams)]
Count = Annotated[int, Strict(), Field(ge=0, le=1_000_000)]
PositiveCount = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]

# A single hour may well be below 2 g/kWh, so only the bounds hold for each value of a series.
_CarbonValue = Annotated[_Finite, Field(ge=0, le=DIRTIEST_GRID_G_PER_KWH)]
_Factor = Annotated[_Finite, Field(ge=0, le=24)]
DailyShape = Annotated[
    tuple[_Factor, ...], Field(min_length=24, max_length=24), AfterValidator(_mean_one)
]
WeeklyShape = Annotated[
    tuple[_Factor, ...], Field(min_length=7, max_length=7), AfterValidator(_mean_one)
]


class SeriesFile(Description):
    """A column of a CSV or parquet file, one row a step, labelled by its left edge in UTC."""

    file: Annotated[str, Strict(), Field(min_length=1)] = Field(
        description="CSV or parquet, relative to the scenario file."
    )
    column: Annotated[str, Strict(), Field(min_length=1)] = Field(
        description="Column to read; its ending names the unit, such as _kw or _per_mwh."
    )
    time_column: Annotated[str, Strict(), Field(min_length=1)] = Field(
        default="time_utc", description="Column with the left edge of each step, in UTC."
    )


def _form(value: Any) -> str:
    if isinstance(value, dict | SeriesFile):
        return FILE
    return LIST if isinstance(value, list | tuple) else NUMBER


_FILE = Annotated[SeriesFile, Tag(FILE)]
PowerSeries = Annotated[
    Annotated[NonNegative, Tag(NUMBER)] | Annotated[tuple[NonNegative, ...], Tag(LIST)] | _FILE,
    Discriminator(_form),
]
PriceSeries = Annotated[
    Annotated[Price, Tag(NUMBER)] | Annotated[tuple[Price, ...], Tag(LIST)] | _FILE,
    Discriminator(_form),
]
CarbonSeries = Annotated[
    Annotated[Carbon, Tag(NUMBER)] | Annotated[tuple[_CarbonValue, ...], Tag(LIST)] | _FILE,
    Discriminator(_form),
]
GpuSeries = Annotated[
    Annotated[Count, Tag(NUMBER)] | Annotated[tuple[Count, ...], Tag(LIST)] | _FILE,
    Discriminator(_form),
]
RateSeries = Annotated[
    Annotated[NonNegative, Tag(NUMBER)] | Annotated[tuple[NonNegative, ...], Tag(LIST)] | _FILE,
    Discriminator(_form),
]
RecordSeries = Annotated[
    Annotated[tuple[NonNegative | None, ...], Tag(LIST)] | _FILE, Discriminator(_form)
]


class Record(Description):
    """Measured hours, from which a forecast is made."""

    start: Instant | None = Field(
        default=None, description="Left edge of the first hour of a list; a file has its own."
    )


class PowerRecord(Record):
    """Measured hours of a plant, from which its power is forecast."""

    power_kw: RecordSeries = Field(
        description="Hourly means; empty where not known, curtailed or out of order. [kW]"
    )


class CarbonRecord(Record):
    """Measured hours of a grid, from which its carbon intensity is forecast."""

    g_per_kwh: RecordSeries = Field(description="Hourly means; empty where not known. [g/kWh]")


class DemandRecord(Record):
    """Hours of requests, from which those to come are forecast."""

    rps: RecordSeries = Field(description="Hourly means; empty where not known. [1/s]")
