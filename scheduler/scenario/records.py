"""Measured hours, read from the files a world names and checked at forecasting's door.

A record may end anywhere: only its hours before a plan is made are ever read. Rows that are wrong
are named; hours that are missing or held back are kept as unknown, and nothing is filled in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.door import checked
from scheduler.scenario.errors import Finding, Path, Problem, dotted
from scheduler.scenario.fields import (
    CarbonRecord,
    DemandRecord,
    PowerRecord,
    Record,
    RecordSeries,
    SeriesFile,
    utc_text,
)
from scheduler.scenario.resolve import SeriesReader
from scheduler.scenario.services import DemandShape
from scheduler.scenario.sites import PvModelled, WindModelled
from scheduler.scenario.table import Table, TableError
from scheduler.scenario.units import UnitError, unit_of
from scheduler.scenario.world import World

_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A record, where it stands and what it is of.

    Attributes:
        path: Of its values in the world.
        record: As it stands there.
        values: A list, or the file they are in.
        variable: As forecasting's door calls it.
        quantity: As units call it.
        capacity_kw: Of the plant, where it is one. [kW]
    """

    path: Path
    record: Record
    values: RecordSeries
    variable: str
    quantity: str
    capacity_kw: float | None = None


def records_of(world: World) -> Iterator[Recorded]:
    """Every record of `world`."""
    for name, site in world.sites.items():
        for kind, plant in (("pv", site.pv), ("wind", site.wind)):
            if isinstance(plant, PvModelled | WindModelled) and plant.record is not None:
                yield Recorded(
                    path=("sites", name, kind, "record", "power_kw"),
                    record=plant.record,
                    values=plant.record.power_kw,
                    variable=kind,
                    quantity="power",
                    capacity_kw=plant.capacity_kw,
                )
        if site.grid is not None and (carbon := site.grid.carbon.record) is not None:
            yield Recorded(
                path=("sites", name, "grid", "carbon", "record", "g_per_kwh"),
                record=carbon,
                values=carbon.g_per_kwh,
                variable="carbon",
                quantity="carbon intensity",
            )
    for name, service in world.services.items():
        for region, demand in service.demand.items():
            if isinstance(demand, DemandShape) and demand.record is not None:
                yield Recorded(
                    path=("services", name, "demand", region, "record", "rps"),
                    record=demand.record,
                    values=demand.record.rps,
                    variable="demand",
                    quantity="requests",
                )


def hours_in(record: Record) -> tuple[datetime, tuple[float | None, ...]]:
    """Left edge of the first hour and every hour's mean; its file must have been read."""
    match record:
        case PowerRecord(power_kw=values) | CarbonRecord(g_per_kwh=values):
            pass
        case DemandRecord(rps=values):
            pass
        case _:
            raise TypeError(f"hours_in: must be a record of something, got {record!r}")
    assert record.start is not None and not isinstance(values, SeriesFile), "files are read"
    return record.start, values


def record_findings(world: World) -> Iterator[Finding]:
    """Records that say too little or too much about where they begin."""
    for one in records_of(world):
        listed = not isinstance(one.values, SeriesFile)
        where = one.path[:-1]
        if listed and one.record.start is None:
            yield Finding(where, "start is missing: the left edge of the first hour listed")
        if not listed and one.record.start is not None:
            yield Finding((*where, "start"), "only goes with a list; a file has its own times")


def read_records(world: World, reader: SeriesReader) -> dict[Path, object]:
    """What stands in files, as lists with their beginnings, by path in the world."""
    read: dict[Path, object] = {}
    for one in records_of(world):
        wanted = one.values
        if not isinstance(wanted, SeriesFile):
            continue
        try:
            table = reader.table(wanted.file)
            hourly = _hourly(table, wanted, one, world.currency)
        except TableError as error:
            reader.findings.append(Finding((*one.path, "file"), str(error)))
        except (UnitError, ValueError) as error:
            where = dotted(one.path[:-1])
            reader.problems.append(
                Problem(source=wanted.file, line=None, path=where, message=str(error))
            )
        else:
            read[(*one.path[:-1], "start")] = utc_text(hourly.index[0].to_pydatetime())
            read[one.path] = _listed(hourly)
    return read


def _hourly(table: Table, wanted: SeriesFile, one: Recorded, currency: str) -> pd.Series:
    unit = unit_of(wanted.column, one.quantity, currency)
    table.must_have([wanted.time_column, wanted.column])
    stored = table.frame[wanted.column]
    numbers = pd.to_numeric(stored, errors="coerce")
    scaled: pd.Series[Any] = numbers.where(numbers.isna(), numbers * unit.factor)
    # Text stays as it is, so that the door names it.
    values = scaled.astype(object).where(numbers.notna() | stored.isna(), stored)
    found = checked(
        table.frame[wanted.time_column], values, variable=one.variable, capacity=one.capacity_kw
    )
    return found.values


def _listed(hourly: pd.Series) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), _DIGITS) for v in hourly]
