"""Instants and durations as Kubernetes writes them. Light: the running operator reads thousands."""

import re
from datetime import UTC, datetime, timedelta

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def instant_text(instant: datetime) -> str:
    """`instant` in UTC with a Z.

    >>> instant_text(datetime(2026, 3, 2, 6, 30, tzinfo=UTC))
    '2026-03-02T06:30:00Z'
    """
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def micro_text(instant: datetime) -> str:
    """`instant` with six digits after the second, as Leases and Events have it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """The instant that `text` names, in UTC.

    Raises:
        ValueError: It is none, or does not say its zone.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"must be an instant such as 2026-03-02T18:00:00Z, got {text!r}") from None
    if instant.utcoffset() is None:
        raise ValueError(f"must say its time zone, got {text!r}; write {text}Z if that is UTC")
    return instant.astimezone(UTC)


def parse_duration_h(text: str) -> float:
    """The hours that a duration such as 1h30m lasts. [h]

    >>> parse_duration_h("1h30m")
    1.5

    Raises:
        ValueError: It is none.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"must be a duration such as 90m or 6h, got {text!r}")
    if len(parts) == 1 and parts[0][1] == "h":
        return float(parts[0][0])
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts) / _UNIT_S["h"]


def parse_duration(text: str) -> timedelta:
    """The same as a span."""
    return timedelta(hours=parse_duration_h(text))
