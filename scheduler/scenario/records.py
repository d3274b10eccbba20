"""Measured hours of plants, read from the files a world names and checked at forecasting's door.

A record may end anywhere: only its hours before a plan is made are ever read. Rows that are wrong
are named; hours that are missing or held back are kept as unknown, and nothing is filled in.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from forecasting.door import checked
from scheduler.scenario.errors import Finding, Path, Problem, dotted
from scheduler.scenario.fields import Record, SeriesFile, utc_text
from scheduler.scenario.resolve import SeriesReader
from scheduler.scenario.sites import PvModelled, WindModelled
from scheduler.scenario.table import Table, TableError
from scheduler.scenario.units import UnitError, unit_of
from scheduler.scenario.world import World

_DIGITS = 6


def records_of(world: World) -> Iterator[tuple[Path, str, float, Record]]:
    """Every record of `world`: its path, the kind of plant, its capacity [kW], and what stands."""
    for name, site in world.sites.items():
        for kind, plant in (("pv", site.pv), ("wind", site.wind)):
            if isinstance(plant, PvModelled | WindModelled) and plant.record is not None:
                yield ("sites", name, kind, "record"), kind, plant.capacity_kw, plant.record


def record_findings(world: World) -> Iterator[Finding]:
    """Records that say too little or too much about where they begin."""
    for path, _, _, record in records_of(world):
        listed = not isinstance(record.power_kw, SeriesFile)
        if listed and record.start is None:
            yield Finding(path, "start is missing: the left edge of the first hour listed")
        if not listed and record.start is not None:
            yield Finding((*path, "start"), "only goes with a list; a file has its own times")


def read_records(world: World, reader: SeriesReader) -> dict[Path, object]:
    """What stands in files, as lists with their beginnings, by path in the world."""
    read: dict[Path, object] = {}
    for path, kind, capacity_kw, record in records_of(world):
        wanted = record.power_kw
        if not isinstance(wanted, SeriesFile):
            continue
        try:
            table = reader.table(wanted.file)
            hourly = _hourly(table, wanted, kind, capacity_kw, world.currency)
        except TableError as error:
            reader.findings.append(Finding((*path, "power_kw", "file"), str(error)))
        except (UnitError, ValueError) as error:
            reader.problems.append(
                Problem(source=wanted.file, line=None, path=dotted(path), message=str(error))
            )
        else:
            read[(*path, "start")] = utc_text(hourly.index[0].to_pydatetime())
            read[(*path, "power_kw")] = _listed(hourly)
    return read


def _hourly(
    table: Table, wanted: SeriesFile, kind: str, capacity_kw: float, currency: str
) -> pd.Series:
    unit = unit_of(wanted.column, "power", currency)
    table.must_have([wanted.time_column, wanted.column])
    stored = table.frame[wanted.column]
    numbers = pd.to_numeric(stored, errors="coerce")
    scaled: pd.Series[Any] = numbers.where(numbers.isna(), numbers * unit.factor)
    # Text stays as it is, so that the door names it.
    values = scaled.astype(object).where(numbers.notna() | stored.isna(), stored)
    found = checked(table.frame[wanted.time_column], values, variable=kind, capacity=capacity_kw)
    return found.values


def _listed(hourly: pd.Series) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), _DIGITS) for v in hourly]
