"""One calendar for data of different years and continents.

A series becomes hourly, in UTC, labelled by its left edge; then a span of it is taken from the
same calendar week of another year, so that season and weekday fit. Such a pairing is synthetic: the
hours never met in reality.
"""

from dataclasses import dataclass

import pandas as pd

from scheduler.errors import DataUnavailable

HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """A span of a series under the dates of another year.

    Attributes:
        values: One an hour, at the dates asked for.
        original_start: Where its first hour lies in the data.
    """

    values: pd.Series
    original_start: pd.Timestamp


def left_edge(hour_ending: pd.Series) -> pd.Series:
    """An hourly series stamped at the end of each hour, stamped at its start.

    The value at 01:00 is the mean of 00:00 to 01:00, so it belongs to 00:00.
    """
    return shifted(hour_ending, hours=-1)


def shifted(series: pd.Series, *, hours: int = 0, weeks: int = 0) -> pd.Series:
    """The same values, that much later."""
    moved = series.copy()
    moved.index = pd.DatetimeIndex(series.index) + pd.Timedelta(hours=hours, weeks=weeks)
    return moved


def same_week(start: pd.Timestamp, year: int) -> pd.Timestamp | None:
    """The instant of `start`'s ISO week, weekday and hour in ISO year `year`; None if it has none.

    >>> same_week(pd.Timestamp("2017-10-02T00:00Z"), 2022).isoformat()
    '2022-10-03T00:00:00+00:00'
    """
    week = start.isocalendar().week
    try:
        day = pd.Timestamp.fromisocalendar(year, week, start.isocalendar().weekday)
    except ValueError:  # a year without week 53
        return None
    return day.tz_localize("UTC") + (start - start.normalize())


def borrow(series: pd.Series, start: pd.Timestamp, n_hours: int, what: str) -> Borrowed:
    """`n_hours` of `series` from the same calendar week, of the latest year that has all of them.

    Args:
        series: One value an hour, left edges in UTC; a missing hour is absent or NaN.
        start: First hour wanted.
        n_hours: How many.
        what: Name of the data, for the message.

    Raises:
        DataUnavailable: Where no year has them all; says which span was wanted and what there is.
    """
    known = series.dropna()
    wanted = pd.date_range(start, periods=n_hours, freq=HOUR)
    first, last = known.index.min(), known.index.max()
    fewest: tuple[int, pd.Timestamp] | None = None
    years = range(last.year + 1, first.year - 2, -1) if len(known) else range(0)
    for year in years:
        at = same_week(start, year)
        if at is None:
            continue
        found = known.reindex(wanted + (at - start))
        missing = int(found.isna().sum())
        if missing == 0:
            found.index = wanted
            return Borrowed(values=found, original_start=at)
        if fewest is None or missing < fewest[0]:
            fewest = (missing, at)
    span = f"{n_hours} h from {start:%Y-%m-%d %H:%M}Z (or the same week of another year)"
    if fewest is None:
        raise DataUnavailable(f"{what}: wanted {span}, the data hold no hour of it")
    missing, at = fewest
    end = at + n_hours * HOUR
    raise DataUnavailable(
        f"{what}: wanted {span}; the data cover {first:%Y-%m-%d %H:%M}Z to "
        f"{last + HOUR:%Y-%m-%d %H:%M}Z, and nearest, in {at:%Y-%m-%d} to {end:%Y-%m-%d}, "
        f"{missing} of the hours are missing"
    )
