"""The tasks of GEFCom2014: calendar months, each forecast from everything before it.

A task is the month of a stamp less one hour, since stamps are at the hour's end. It is read from
dates, never from the name of a file, so any span of months works.
"""

import re
from dataclasses import dataclass

import pandas as pd

from scheduler.errors import DataUnavailable, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One month.

    Attributes:
        number: Counted from the competition's first month as 1.
        begin: Left edge of its first hour.
        end: Right edge of its last hour.
    """

    number: int
    begin: pd.Timestamp
    end: pd.Timestamp


def task(first_month: pd.Timestamp, number: int) -> Task:
    """The task of that number where `first_month` begins task 1.

    >>> task(pd.Timestamp("2012-10-01", tz="UTC"), 4).begin.date().isoformat()
    '2013-01-01'
    """
    begin = first_month + pd.DateOffset(months=number - 1)
    return Task(number=number, begin=begin, end=begin + pd.DateOffset(months=1))


def asked_numbers(text: str) -> tuple[int, ...]:
    """Task numbers of `4-9` or `7`.

    >>> asked_numbers("4-6")
    (4, 5, 6)
    """
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if not found or not 1 <= int(found[1]) <= int(found[2] or found[1]):
        raise InputError(f"--tasks: must be a range of numbers from 1, got {text}; say for ex. 4-9")
    return tuple(range(int(found[1]), int(found[2] or found[1]) + 1))


def require_span(wanted: Task, index: pd.DatetimeIndex) -> None:
    """Raise DataUnavailable unless `index`, of left edges, reaches through the whole task."""
    if index.min() >= wanted.begin or index.max() + pd.Timedelta("1h") < wanted.end:
        last = index.max() + pd.Timedelta("1h")
        raise DataUnavailable(
            f"task {wanted.number} is {wanted.begin:%Y-%m}, the data cover {index.min():%Y-%m-%d} "
            f"to {last:%Y-%m-%d}; choose other tasks with --tasks, or a folder with --data DIR"
        )
