"""The one door to numba, which turns loops over arrays into machine code where it is installed."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


@cache
def has_numba() -> bool:
    """Whether numba is installed; where it is not, NumPy does the same, more slowly."""
    return find_spec("numba") is not None


def compiled(function: F) -> F:
    """`function` as machine code, kept on disk from one run to the next where that is allowed."""
    import numba  # noqa: PLC0415  (takes a second, and may not be there)

    try:
        return cast("F", numba.njit(cache=True)(function))
    except RuntimeError:  # neither this folder nor the user's cache can be written
        return cast("F", numba.njit(function))
