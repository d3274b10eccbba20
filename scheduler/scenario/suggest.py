"""Did you mean …? Nearest names, and how a value is quoted back to whoever wrote it.

Knows words only; which words are allowed is said by the caller.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Number

LONGEST_QUOTE = 60


def did_you_mean(wrong: object, known: Iterable[str]) -> str:
    """`; did you mean x?`, or the short list of what there is, or nothing.

    >>> did_you_mean("powr_kw", ["power_kw", "energy_kwh"])
    '; did you mean power_kw?'
    >>> did_you_mean("oslo", ["dakhla", "paris"])
    '; known: dakhla, paris'
    """
    names = sorted(set(known))
    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(str(wrong).lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {by_lower[close[0]]}?"
    listed = ", ".join(names)
    return f"; known: {listed}" if names and len(listed) <= 2 * LONGEST_QUOTE else ""


def quoted(value: object) -> str:
    """`value` as an error message quotes it: never a Python repr, never a page of text.

    >>> quoted(0.8), quoted("chat"), quoted(None), quoted({}), quoted(True)
    ('0.8', '"chat"', 'nothing', 'a mapping', 'true')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Number():
            return f"{value:.15g}" if isinstance(value, float) else str(value)
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    text = str(value)
    return f'"{text[:LONGEST_QUOTE]}…"' if len(text) > LONGEST_QUOTE else f'"{text}"'
