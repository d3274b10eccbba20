"""Two runs side by side: what differs in what went in, then in what came out.

Reads documents only; nothing is solved here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Shown of a series or a list that differs.
MOST_LETTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value that is not the same on both sides; None where a side has none."""

    name: str
    first: Any
    second: Any

    @property
    def change(self) -> float | None:
        """Second less first, of numbers."""
        numbers = (self.first, self.second)
        if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
            return None
        return float(self.second - self.first)


def inputs(first: Any, second: Any, path: str = "") -> Iterator[Difference]:
    """Where two plain scenario documents differ, deepest key first told, in the first's order.

    >>> [one.name for one in inputs({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4})]
    ['a.c', 'd']
    """
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in [*first, *(key for key in second if key not in first)]:
            here = f"{path}.{key}" if path else str(key)
            yield from inputs(first.get(key), second.get(key), here)
    elif first != second:
        yield Difference(name=path, first=first, second=second)


def effects(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """Every figure of two plans, those that are the same too; names as in `kpis.plan`."""
    return [
        Difference(name=name, first=value, second=second[name])
        for name, value in first.items()
        if name in second and isinstance(value, int | float) and not isinstance(value, bool)
    ]


def shown(value: Any) -> str:
    """`value` on one short line."""
    text = "none" if value is None else f"{value:,.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
