"""Records of users and feeds, checked where they come in: each fault with its row and its repair.

A forecast learnt from kilowatts taken for megawatts, or from a clock an hour off, is wrong in a
way nobody sees later. So nothing is repaired in silence: what is certainly wrong is refused, what
may be right is said.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.steps import Array

CONSTANT_H = 24
"""Hours of one unchanging value after which a feed counts as stuck. [h]"""

FEWEST_H = 24 * 30

_THOUSAND = 100.0
_KELVIN_FROM = 150.0
_LEAST_USE = 0.01
_OVER_CAPACITY = 1.02
_HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A series that passed.

    Attributes:
        values: Hourly, by left edge in UTC, none left out; NaN where unknown.
        notes: What was noticed and left, in sentences.
    """

    values: pd.Series
    notes: tuple[str, ...]


class BadRecord(ValueError):
    """A record that must be repaired before anything is learnt from it."""


def checked(
    times: pd.Series,
    values: pd.Series,
    *,
    variable: str,
    capacity: float | None = None,
    hour_ending: bool = False,
) -> Record:
    """The hourly series of these rows; rows are counted from 1.

    Args:
        times: Instants, aware, or text with an offset.
        values: On the same rows.
        variable: `wind`, `pv`, `temperature`, `carbon`, `price` or `demand`.
        capacity: Of the plant, in the unit of the values.
        hour_ending: Whether a stamp is the end of its hour; a feed says so, nobody guesses it.

    Raises:
        BadRecord: Naming the row and the repair.
    """
    index = _instants(times)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    text = values.notna().to_numpy() & ~np.isfinite(numbers)
    if text.any():
        raise _bad(int(np.argmax(text)), "must be a number", values.iloc[int(np.argmax(text))], "")
    _in_order(index)
    notes = _plausible(numbers, variable, capacity)
    if hour_ending:
        index = index - _HOUR
    series = pd.Series(numbers, index=index)
    hourly = series.resample("h").mean()
    if hourly.size < FEWEST_H:
        raise BadRecord(
            f"record: must hold {FEWEST_H} h (30 days), got {hourly.size}; give a longer record"
        )
    if hourly.notna().sum() == 0:
        raise BadRecord("record: must hold a value, got none; look whether the column is right")
    gaps = int(hourly.isna().sum())
    if gaps:
        notes.append(f"{gaps} of {hourly.size} hours have no value and are left out")
    stuck = stuck_hours(hourly, may_rest_at_zero=variable in {"wind", "pv"})
    if stuck.all() or hourly.dropna().nunique() <= 1:
        raise BadRecord(
            f"record: must change, got {hourly.dropna().iloc[0]:g} in every hour; "
            "look whether the feed is stuck"
        )
    if stuck.any():
        first = hourly.index[int(np.argmax(stuck.to_numpy()))]
        notes.append(
            f"{int(stuck.sum())} hours repeat one value for {CONSTANT_H} h or more, the first at "
            f"{first:%Y-%m-%dT%H:%MZ}: taken for a stuck feed and left out"
        )
        hourly = hourly.mask(stuck)
    return Record(values=hourly, notes=tuple(notes))


def live(
    hourly: pd.Series, *, variable: str, capacity: float | None = None
) -> tuple[pd.Series, tuple[str, ...]]:
    """A running feed without what cannot be true, and a warning for each sort of fault.

    A plan goes on whatever a feed says: bad hours become unknown, so a lower rung answers, and the
    warnings go into the provenance.
    """
    power = variable in {"wind", "pv"}
    faults = {"a stuck feed": stuck_hours(hourly, may_rest_at_zero=power)}
    if variable not in {"price", "temperature"}:
        faults["below zero"] = hourly < 0
    if power and capacity is not None:
        faults["above capacity: another unit?"] = hourly > _OVER_CAPACITY * capacity
    if variable == "temperature":
        faults["in kelvin?"] = hourly > _KELVIN_FROM
    warnings = tuple(
        f"WARNING {int(bad.sum())} h of {variable} left out, {fault}"
        for fault, bad in faults.items()
        if bad.any()
    )
    wrong = pd.concat(faults, axis=1).any(axis=1)
    return hourly.mask(wrong), warnings


def stuck_hours(hourly: pd.Series, *, may_rest_at_zero: bool) -> pd.Series:
    """Hours in runs of `CONSTANT_H` or more of one value; a plant may stand still at zero."""
    run = hourly.ne(hourly.shift()).cumsum()
    length = hourly.groupby(run).transform("size")
    stuck: pd.Series = (length >= CONSTANT_H) & hourly.notna()
    return stuck & (hourly != 0) if may_rest_at_zero else stuck


def _instants(times: pd.Series) -> pd.DatetimeIndex:
    stamps = [_stamp(value, row) for row, value in enumerate(times)]
    naive = [row for row, stamp in enumerate(stamps) if stamp.tzinfo is None]
    if naive:
        raise _bad(
            naive[0],
            "must say its offset from UTC",
            times.iloc[naive[0]],
            "write 2025-01-31T13:00Z or +01:00; local clocks repeat an hour when they change",
        )
    return pd.DatetimeIndex([stamp.tz_convert("UTC") for stamp in stamps])


def _stamp(value: object, row: int) -> pd.Timestamp:
    try:
        stamp = pd.Timestamp(value)  # type: ignore[arg-type]  # whatever a file holds
    except (ValueError, TypeError):
        raise _bad(row, "must be a time", value, "write it as 2025-01-31T13:00Z") from None
    if pd.isna(stamp):
        raise _bad(row, "must be a time", value, "fill it in or leave the row out")
    return stamp


def _in_order(index: pd.DatetimeIndex) -> None:
    step = np.diff(index.asi8)
    if (step == 0).any():
        row = int(np.argmax(step == 0)) + 1
        raise _bad(
            row,
            "must not repeat a time",
            index[row].isoformat(),
            "keep one row; a whole hour twice is a local clock written with a fixed offset",
        )
    if (step < 0).any():
        row = int(np.argmax(step < 0)) + 1
        raise _bad(row, "must be later than the row before", index[row].isoformat(), "sort by time")


def _plausible(numbers: Array, variable: str, capacity: float | None) -> list[str]:
    known = np.where(np.isfinite(numbers), numbers, 0.0)
    most = float(np.quantile(np.abs(known), 0.999)) if known.size else 0.0
    if variable == "temperature" and float(np.median(known)) > _KELVIN_FROM:
        raise _bad(
            int(np.argmax(known)),
            "must be in °C",
            f"{known.max():g}",
            "subtract 273.15: it is in K",
        )
    if variable in {"wind", "pv", "carbon", "demand"} and (known < 0).any():
        row = int(np.argmax(known < 0))
        raise _bad(
            row,
            "must not be negative",
            f"{known[row]:g}",
            "a plant's own consumption is not its output: set it to 0 or leave the row out",
        )
    if capacity is None or variable not in {"wind", "pv"}:
        return []
    if most > _THOUSAND * capacity:
        row = int(np.argmax(known > _THOUSAND * capacity))
        raise _bad(
            row, f"must not exceed the capacity {capacity:g}", f"{known[row]:g}",
            "it seems to be in a unit a thousand times smaller (kW for MW): divide by 1000",
        )  # fmt: skip
    over = known > _OVER_CAPACITY * capacity
    if over.any():
        row = int(np.argmax(over))
        raise _bad(
            row,
            f"must not exceed the capacity {capacity:g}",
            f"{known[row]:g}",
            "correct the row, or the capacity if plant was added",
        )
    if most < _LEAST_USE * capacity:
        raise BadRecord(
            f"record: must come near the capacity {capacity:g} sometimes, got at most {most:g}; "
            "it seems to be in a unit a thousand times larger (MW for kW): multiply by 1000"
        )
    return []


def _bad(row: int, rule: str, got: object, repair: str) -> BadRecord:
    return BadRecord(f"row {row + 1}: {rule}, got {got}" + (f"; {repair}" if repair else ""))
