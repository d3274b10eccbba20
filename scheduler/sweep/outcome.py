"""What came of a sweep as one tidy table: a row a world, a column a choice or figure."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scheduler.sweep.axes import World
from scheduler.sweep.task import Row

FILE = "results.parquet"
#: What is the same wherever it is worked out comes before what is not.
OF_THE_MACHINE = ("cpu_seconds", "wall_seconds")


def table(rows: Sequence[tuple[World, Row]], paths: Sequence[str]) -> pd.DataFrame:
    """One row a world; a choice that was left as it stands, or a figure nobody has, is missing."""
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    names = [name for name in names if name not in OF_THE_MACHINE]
    columns: dict[str, list[Any]] = {"world": [one.number for one, _ in rows]}
    for path in paths:
        columns[path] = _alike([one.values.get(path) for one, _ in rows])
    for name in (*names, *OF_THE_MACHINE):
        columns[name] = [row.get(name) for _, row in rows]
    return pd.DataFrame(columns).convert_dtypes()


def write(frame: pd.DataFrame, folder: Path) -> Path:
    """`frame` as Parquet, whole or not at all."""
    path = folder / FILE
    beside = path.with_name(f".{FILE}-part")
    frame.to_parquet(beside, index=False)
    beside.replace(path)
    return path


def _alike(values: list[Any]) -> list[Any]:
    """Values of one column: numbers as numbers, all else as text."""
    said = [one for one in values if one is not None]
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in said):
        return values
    return [
        one if one is None or isinstance(one, str) else json.dumps(one, default=str)
        for one in values
    ]
