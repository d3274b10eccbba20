"""Which worlds a sweep visits: the values of each axis, combined or one at a time."""

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.error import YAMLError

from scheduler.errors import InputError
from scheduler.scenario.document import parse_value, plain

#: From, to and how many, both ends included.
RANGE = re.compile(r"(?P<first>-?[\d.]+):(?P<last>-?[\d.]+):(?P<count>\d+)")
MOST_WORLDS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One thing that differs from world to world.

    Attributes:
        path: Of the value in the scenario, as `--set` takes it.
        values: That it takes, in order.
    """

    path: str
    values: tuple[Any, ...]

    def edit(self, value: Any) -> str:
        """What `--set` would be given for `value`."""
        return f"{self.path}={json.dumps(value, default=str)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world of a sweep.

    Attributes:
        number: From 0, in the order of the sweep.
        values: By path; an axis that is left as the scenario has it is not there.
        edits: What makes it of the scenario.
    """

    number: int
    values: dict[str, Any]
    edits: tuple[str, ...]


def axis(text: str) -> Axis:
    """The axis in `PATH=V1,V2,…` or `PATH=FROM:TO:COUNT`.

    >>> axis("sites.dakhla.battery.energy_kwh=0:800:3").values
    (0, 400, 800)

    Raises:
        InputError: It says no path, or no values.
    """
    path, equals, said = text.partition("=")
    if not equals or not path.strip() or not said.strip():
        raise InputError(
            f"--over {text}: must be PATH=V1,V2,… or PATH=FROM:TO:COUNT, such as "
            "sites.dakhla.battery.energy_kwh=0:800:5"
        )
    if spread := RANGE.fullmatch(said.strip()):
        return Axis(path=path.strip(), values=_evenly(text, spread))
    try:
        values = plain(parse_value(f"[{said}]"))
    except YAMLError:
        raise InputError(f"--over {text}: the values are no YAML, got {said}") from None
    if len({json.dumps(one, default=str) for one in values}) < len(values):
        raise InputError(f"--over {text}: names a value twice; name each once")
    return Axis(path=path.strip(), values=tuple(values))


def _evenly(text: str, spread: re.Match[str]) -> tuple[float, ...]:
    """Whole numbers where all of them are: seeds and counts take no others."""
    try:
        first, last, count = float(spread["first"]), float(spread["last"]), int(spread["count"])
    except ValueError:
        raise InputError(f"--over {text}: FROM and TO must be numbers") from None
    if count < 2 or first == last:  # noqa: PLR2004 - both ends
        raise InputError(
            f"--over {text}: FROM and TO must differ and COUNT be at least 2, got "
            f"{first:g}, {last:g}, {count}"
        )
    values = tuple(first + (last - first) * k / (count - 1) for k in range(count))
    return tuple(map(int, values)) if all(one.is_integer() for one in values) else values


def combined(axes: Sequence[Axis]) -> tuple[World, ...]:
    """Every combination of the values of `axes`, the last one running fastest.

    Raises:
        InputError: An axis is named twice, or there are more worlds than anybody waits for.
    """
    _must_differ(axes)
    count = 1
    for one in axes:
        count *= len(one.values)
    if count > MOST_WORLDS:
        raise InputError(
            f"--over: {count:,} worlds are more than {MOST_WORLDS:,}; name fewer values, or vary "
            "--one-at-a-time"
        )
    return tuple(
        _world(number, axes, values)
        for number, values in enumerate(itertools.product(*(one.values for one in axes)))
    )


def one_at_a_time(axes: Sequence[Axis]) -> tuple[World, ...]:
    """The scenario as it stands, then with each value of each axis alone."""
    _must_differ(axes)
    alone = [(one, value) for one in axes for value in one.values]
    return (
        World(number=0, values={}, edits=()),
        *(_world(k, [one], [value]) for k, (one, value) in enumerate(alone, 1)),
    )


def _must_differ(axes: Sequence[Axis]) -> None:
    paths = [one.path for one in axes]
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(f"--over {path}: is named twice; give all its values at once")


def _world(number: int, axes: Sequence[Axis], values: Sequence[Any]) -> World:
    pairs = list(zip(axes, values, strict=True))
    return World(
        number=number,
        values={one.path: value for one, value in pairs},
        edits=tuple(one.edit(value) for one, value in pairs),
    )
