"""The one door to numba, which turns loops over arrays into machine code."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function` as machine code, kept on disk from one run to the next where that is allowed."""
    try:
        return cast("F", numba.njit(cache=True)(function))
    except RuntimeError:  # neither this folder nor the user's cache can be written
        return cast("F", numba.njit(function))
