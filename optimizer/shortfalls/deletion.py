"""The deletion filter: of many constraints that together force something, a part that must be.

Constraints are given up as long as the rest still forces it (Chinneck 2008, "Feasibility and
Infeasibility in Optimization", chapter 6), many at once before one by one (Junker, "QuickXplain",
AAAI 2004). What is left is irreducible: without any one of its members nothing is forced.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def irreducible(members: Sequence[T], forced: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """A part of `members` that still forces it, and of which none may be missing.

    >>> irreducible([2, 3, 5, 7], lambda some: sum(some) > 9)
    (5, 7)

    Args:
        members: That force it together. Those that come first are given up first.
        forced: Whether these alone force it; what a part forces the whole must force too.

    Raises:
        ValueError: All of them together do not force it.
    """
    if not forced(members):
        raise ValueError(
            f"irreducible: {len(members)} constraints do not force anything together; ask which of "
            "them must be only where they do"
        )
    return tuple(_kept([], list(members), [], forced))


def _kept(
    before: list[T], chunk: list[T], after: list[T], forced: Callable[[Sequence[T]], bool]
) -> list[T]:
    """Those of `chunk` that must be beside `before` and `after`."""
    if not chunk or forced([*before, *after]):
        return []
    if len(chunk) == 1:
        return chunk
    half = len(chunk) // 2
    first = _kept(before, chunk[:half], [*chunk[half:], *after], forced)
    return first + _kept([*before, *first], chunk[half:], after, forced)
