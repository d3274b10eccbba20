"""Finds the catalogue's text behind what a run says in English: a world's question, a reason.

What users write themselves is in no catalogue, and stays as they wrote it.
"""

import re
import string
from collections.abc import Mapping
from functools import cache

from scheduler.reporting.texts import en

PREFIX = "quoted."


def found(text: str) -> tuple[str, Mapping[str, str]] | None:
    """Key of `text` and what fills its holes; None where no catalogue has it."""
    for key, pattern in _patterns():
        if match := pattern.fullmatch(text):
            return key, match.groupdict()
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile(_pattern(text)))
        for key, text in en.TEXTS.items()
        if key.startswith(PREFIX)
    )


def _pattern(template: str) -> str:
    """A regular expression for a text with holes."""
    pieces = string.Formatter().parse(template)
    return "".join(
        re.escape(said) + (f"(?P<{hole}>.+)" if hole else "") for said, hole, _, _ in pieces
    )
