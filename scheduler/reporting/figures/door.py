"""The door to altair: imported when a figure is made, and asked for by name when missing."""

from contextlib import AbstractContextManager
from typing import Any

from scheduler.errors import InputError


def altair() -> Any:
    """The altair module."""
    try:
        import altair as module  # noqa: PLC0415 - an extra; a second of start-up
    except ModuleNotFoundError as error:
        raise InputError(
            "report: the figures need altair, which is not installed; "
            "pip install 'alize[report]' adds it"
        ) from error
    return module


def trusted() -> AbstractContextManager[Any]:
    """Figures made inside are not checked against altair's schema: tests do that once for all.

    It takes as long as making them.
    """
    return altair().utils.schemapi.debug_mode(False)  # type: ignore[no-any-return]
