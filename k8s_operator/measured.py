"""Measured power as hourly means, from the three ways it is kept: Prometheus, a file, a ConfigMap.

Whatever the source's own spacing, an hour is the mean of what was measured in it; an hour in which
nothing was is not known, and is never filled in. No network here: bytes in, hours out.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from k8s_operator.instants import parse_instant
from k8s_operator.planning.question import Hours

HOUR = timedelta(hours=1)
#: What is older tells little more of the hours ahead.
MOST_HOURS = 90 * 24
HIGHEST_KW = 1e7
Point = tuple[datetime, float]


def hourly(points: Iterable[Point], *, now: datetime) -> Hours:
    """The means of whole hours before `now`.

    >>> at = datetime(2026, 3, 2, tzinfo=UTC)
    >>> half = timedelta(minutes=30)
    >>> hourly([(at, 1.0), (at + half, 3.0), (at + 2 * HOUR, 5.0)], now=at + 3 * HOUR).power_kw
    (2.0, None, 5.0)

    Raises:
        ValueError: There is none.
    """
    last = now.replace(minute=0, second=0, microsecond=0)
    sums: dict[datetime, list[float]] = {}
    for at, kw in points:
        hour = at.replace(minute=0, second=0, microsecond=0)
        if last - MOST_HOURS * HOUR <= hour < last and not math.isnan(kw):
            sums.setdefault(hour, []).append(kw)
    if not sums:
        raise ValueError("holds no whole hour of the last 90 days; look whether it is still filled")
    start = min(sums)
    return Hours(
        start=start,
        power_kw=tuple(
            # At night a plant's own needs make its output a little less than nothing.
            max(0.0, sum(values) / len(values)) if (values := sums.get(hour)) else None
            for hour in (start + number * HOUR for number in range((max(sums) - start) // HOUR + 1))
        ),
    )


def read_csv(text: str, unit: str = "kW") -> Iterator[Point]:
    r"""Instants and values of a file whose first row names its columns.

    >>> list(read_csv("time,kw\n2026-03-02T00:00:00Z,1.5"))
    [(datetime.datetime(2026, 3, 2, 0, 0, tzinfo=datetime.timezone.utc), 1.5)]

    Raises:
        ValueError: A row is none; which, and what to write.
    """
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        if number == 1 or not row:
            continue
        try:
            at, kw = parse_instant(row[0].strip()), _value(row[1].strip(), unit)
        except (ValueError, IndexError) as error:
            told = f"needs an instant and {unit}" if isinstance(error, IndexError) else error
            raise ValueError(f"row {number}: {told}") from None
        yield at, kw


def read_prometheus(raw: bytes) -> Iterator[Point]:
    """Instants and values of the one series in an answer of `query_range`.

    Each value is the mean of the hour that ends at its instant.

    Raises:
        ValueError: It is no such answer, or holds several series.
    """
    try:
        answer: Any = msgspec.json.decode(raw)
        if answer["status"] != "success":
            raise ValueError(f"Prometheus: {answer.get('error', 'no success')}; correct the query")
        found = answer["data"]["result"]
        if len(found) > 1:
            raise ValueError(f"must give one series, got {len(found)}; wrap the query in sum()")
        pairs = found[0]["values"] if found else []
        points = [(datetime.fromtimestamp(at, UTC) - HOUR, _value(text)) for at, text in pairs]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"is no answer of Prometheus: {error!r}; look at its address") from None
    yield from points


def mean_query(query: str) -> str:
    """What gives, at each instant, the mean of the hour before it."""
    return f"avg_over_time(({query})[1h:1m])"


def _value(text: str, unit: str = "kW") -> float:
    value = float(text) if text else math.nan
    if abs(value) > HIGHEST_KW or math.isinf(value):
        told = "; is it in W?" if unit == "kW" else "; correct it"
        raise ValueError(f"must be {unit}, at most {HIGHEST_KW:g}, got {text}{told}")
    return value
