"""A number, a list or a column of a file, as one value a step of the horizon.

A file is checked before it is believed: zone, step, gaps, order, missing and implausible values,
and whether it covers the horizon. Each message names the row, and nothing is filled in.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.scenario.fields import SeriesFile, utc_text
from scheduler.scenario.suggest import quoted
from scheduler.scenario.table import Table, TableError
from scheduler.scenario.units import PLAUSIBLE, Unit, UnitError, unit_of
from scheduler.scenario.world import Horizon

FloatArray = npt.NDArray[np.float64]
MOST_PROBLEMS = 5
_ZONE = r"(?:Z|z|[+-]\d\d:?\d\d)$"


def constant(value: float, horizon: Horizon) -> FloatArray:
    """The same value in each step, shape (n_steps,)."""
    return np.full(horizon.n_steps, float(value))


def column(
    table: Table, wanted: SeriesFile, quantity: str, currency: str, horizon: Horizon
) -> tuple[FloatArray, list[TableError]]:
    """One value a step of the horizon, shape (n_steps,), in the unit the quantity is kept in.

    A finer file is averaged, a coarser one repeated, where its step divides the horizon's or is
    divided by it.

    Returns:
        The values, and what is wrong with the file; with any problem the values mean nothing.
    """
    nothing: FloatArray = np.empty(0)
    try:
        unit = unit_of(wanted.column, quantity, currency)
        table.must_have([wanted.time_column, wanted.column])
        times = _times(table, wanted.time_column)
        step = _step(table, times)
        _fits(step, times, horizon)
    except UnitError as error:
        return nothing, [TableError(str(error))]
    except TableError as error:
        return nothing, [error]
    first = int(np.searchsorted(times, np.datetime64(_naive(horizon.start)), side="right")) - 1
    end = int(np.searchsorted(times + step, np.datetime64(_naive(horizon.end)))) + 1
    times = times[first:end]
    values, problems = _values(table, wanted.column, unit, first, len(times))
    problems += _gaps(table, times, step, first)
    if problems:
        shown = sorted(problems, key=lambda problem: problem.row or 0)[:MOST_PROBLEMS]
        if len(problems) > MOST_PROBLEMS:
            more = len(problems) - MOST_PROBLEMS
            shown.append(TableError(f"{more} more problems in column {quoted(wanted.column)}"))
        return nothing, shown
    return _on_steps(values, times, step, horizon), []


def _naive(instant: datetime) -> datetime:
    """Numpy keeps UTC without saying so."""
    return instant.replace(tzinfo=None)


def _text(time: np.datetime64) -> str:
    return str(time.astype("datetime64[s]")) + "Z"


def _times(table: Table, name: str) -> npt.NDArray[np.datetime64]:
    """Left edges in UTC, as they stand in the file."""
    stored = table.frame[name]
    if isinstance(stored.dtype, pd.DatetimeTZDtype):
        parsed = stored
    elif pd.api.types.is_datetime64_dtype(stored):
        raise TableError(f"column {quoted(name)} has no time zone; store it in UTC", table.row(0))
    else:
        texts = stored.astype("string").str.strip()
        parsed = pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601")
        naive = texts.notna() & ~texts.str.contains(_ZONE, regex=True).fillna(False)
        for bad, message in (
            (parsed.isna(), "is no time such as 2026-03-02T00:00:00Z"),
            (naive, "has no time zone; add Z if it is UTC"),
        ):
            if bad.any():
                at = int(np.argmax(bad.to_numpy(dtype=bool)))
                got = None if pd.isna(texts.iloc[at]) else texts.iloc[at]
                raise TableError(f"{name} {quoted(got)} {message}", table.row(at))
    if parsed.isna().any():
        at = int(np.argmax(parsed.isna().to_numpy()))
        raise TableError(f"{name} is missing", table.row(at))
    times: npt.NDArray[np.datetime64] = (
        parsed.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    )
    return times


def _step(table: Table, times: npt.NDArray[np.datetime64]) -> np.timedelta64:
    """The file's step, where its times rise; what is missing between them is judged later."""
    if len(times) < 2:  # noqa: PLR2004 - two rows make a step
        raise TableError("one row tells no step; a series needs two or more")
    steps = np.diff(times)
    for at in np.flatnonzero(steps <= np.timedelta64(0)):
        row, time = table.row(int(at) + 1), _text(times[at + 1])
        if steps[at] == np.timedelta64(0):
            raise TableError(f"{time} stands twice; keep one of the rows", row)
        raise TableError(f"{time} comes after {_text(times[at])}; sort the rows by time", row)
    kinds, counts = np.unique(steps, return_counts=True)
    step: np.timedelta64 = kinds[np.argmax(counts)]
    for at in np.flatnonzero(steps % step != np.timedelta64(0)):
        raise TableError(
            f"{_text(times[at + 1])} is not a whole step of {_minutes(step)} min "
            f"after {_text(times[at])}",
            table.row(int(at) + 1),
        )
    return step


def _minutes(step: np.timedelta64) -> str:
    return f"{step / np.timedelta64(1, 'm'):g}"


def _fits(step: np.timedelta64, times: npt.NDArray[np.datetime64], horizon: Horizon) -> None:
    """Refuse a step that neither divides the horizon's nor is divided by it, or is too short."""
    zero, own = np.timedelta64(0), np.timedelta64(horizon.step_min, "m")
    start = np.datetime64(_naive(horizon.start))
    if own % step != zero and step % own != zero:
        raise TableError(
            f"its step of {_minutes(step)} min does not fit the horizon's {horizon.step_min} min; "
            "one must divide the other"
        )
    if (start - times[0]) % min(step, own) != zero:
        raise TableError(
            f"its steps begin at {_text(times[0])}, not on a step of the horizon, "
            f"which begins at {utc_text(horizon.start)}"
        )
    last = times[-1] + step
    if times[0] > start or last < np.datetime64(_naive(horizon.end)):
        raise TableError(
            f"covers {_text(times[0])} to {_text(last)}, but the horizon is "
            f"{utc_text(horizon.start)} to {utc_text(horizon.end)}; "
            "move horizon.start, or give a longer file"
        )


def _values(
    table: Table, name: str, unit: Unit, first: int, n: int
) -> tuple[FloatArray, list[TableError]]:
    stored = table.frame[name].iloc[first : first + n]
    numbers = pd.to_numeric(stored, errors="coerce").to_numpy(dtype=np.float64)
    values: FloatArray = numbers * unit.factor
    return values, list(
        _bad_values(table=table, name=name, stored=stored, values=values, unit=unit, first=first)
    )


def _bad_values(
    *, table: Table, name: str, stored: "pd.Series[Any]", values: FloatArray, unit: Unit, first: int
) -> Iterator[TableError]:
    least, most = PLAUSIBLE[unit.quantity]
    for at in np.flatnonzero(~np.isfinite(values)):
        raw = stored.iloc[at]
        row = table.row(first + int(at))
        if pd.isna(raw):
            yield TableError(f"{name} is missing; fill it, nothing is guessed here", row)
        else:
            yield TableError(f"{name} must be a finite number, got {quoted(str(raw))}", row)
    for at in np.flatnonzero(values < least):
        got = quoted(stored.iloc[at]).strip('"')
        yield TableError(f"{name} must not be negative, got {got}", table.row(first + int(at)))
    for at in np.flatnonzero(values > most):
        got = quoted(stored.iloc[at]).strip('"')
        yield TableError(
            f"{name} is not plausible, got {got}; check the unit in the column's name",
            table.row(first + int(at)),
        )
    if unit.quantity == "carbon intensity" and len(values):
        highest = np.nanmax(values, initial=0.0)
        if 0 < highest < 2:  # noqa: PLR2004 - no grid is that clean in every hour
            yield TableError(
                f"{name} never exceeds {highest:g} g/kWh, which looks like kg/kWh; "
                "name the column …_kg_per_kwh"
            )
    if unit.quantity == "GPUs":
        for at in np.flatnonzero(np.isfinite(values) & (values % 1 != 0)):
            got = quoted(stored.iloc[at]).strip('"')
            yield TableError(f"{name} must be whole, got {got}", table.row(first + int(at)))


def _gaps(
    table: Table, times: npt.NDArray[np.datetime64], step: np.timedelta64, first: int
) -> list[TableError]:
    steps = np.diff(times)
    return [
        TableError(
            f"{int(steps[at] / step) - 1} rows are missing between {_text(times[at])} and "
            f"{_text(times[at + 1])}; fill the gap, nothing is guessed here",
            table.row(first + int(at) + 1),
        )
        for at in np.flatnonzero(steps > step)
    ]


def _on_steps(
    values: FloatArray,
    times: npt.NDArray[np.datetime64],
    step: np.timedelta64,
    horizon: Horizon,
) -> FloatArray:
    own = np.timedelta64(horizon.step_min, "m")
    start = np.datetime64(_naive(horizon.start))
    if step < own:
        inside = values[times >= start]
        means: FloatArray = inside.reshape(horizon.n_steps, -1).mean(axis=1)
        return means
    edges = start + own * np.arange(horizon.n_steps)
    at = ((edges - times[0]) // step).astype(np.int64)
    repeated: FloatArray = values[at]
    return repeated
