"""Every visible string by language, and how each language writes numbers and instants.

A key that a catalogue lacks is a bug and raises; a test holds the catalogues to the same keys.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from scheduler.reporting.texts import en, fr

NONE = "–"
LARGE, MIDDLE = 100, 10
EXACT = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language's words and signs.

    Attributes:
        texts: By key; `{name}` is filled in.
        numbers: Vega's number locale: decimal, thousands.
        times: Vega's time locale: names of days and months, formats.
        instant_format: For instants, in UTC.
        money_format: Where the currency stands.
        percent_format: How the sign of percent is set off.
    """

    code: str
    texts: Mapping[str, str]
    numbers: Mapping[str, object]
    times: Mapping[str, object]
    instant_format: str
    money_format: str
    percent_format: str

    def say(self, key: str, **values: object) -> str:
        """The text of `key`, filled in."""
        return self.texts[key].format(**values)

    def number(self, value: float | None, *, sign: bool = False) -> str:
        """`value` with as many decimals as its size deserves; a dash for none."""
        if value is None or math.isnan(value):
            return NONE
        size = abs(value)
        whole = float(value).is_integer() and size < EXACT
        decimals = 0 if whole or size >= LARGE else 1 if size >= MIDDLE else 2
        text = f"{value + 0.0:{'+' if sign else ''},.{decimals}f}"
        if not any(digit in text for digit in "123456789"):
            text = text.lstrip("+-")
        swap = {
            ",": str(self.numbers["thousands"]),
            ".": str(self.numbers["decimal"]),
            "-": "−",
        }
        return "".join(swap.get(character, character) for character in text)

    def percent(self, value: float | None, *, sign: bool = False) -> str:
        """`value`, already in percent."""
        if value is None or math.isnan(value):
            return NONE
        return self.percent_format.format(self.number(value, sign=sign))

    def money(self, value: float, currency: str, *, sign: bool = False) -> str:
        """`value` with its currency."""
        return self.money_format.format(amount=self.number(value, sign=sign), currency=currency)

    def instant(self, value: datetime | None) -> str:
        """`value`, an instant in UTC; a dash for none."""
        return NONE if value is None or pd.isna(value) else value.strftime(self.instant_format)


LANGUAGES: Mapping[str, Language] = {
    module.CODE: Language(
        code=module.CODE,
        texts=module.TEXTS,
        numbers=module.NUMBERS,
        times=module.TIMES,
        instant_format=module.INSTANT_FORMAT,
        money_format=module.MONEY_FORMAT,
        percent_format=module.PERCENT_FORMAT,
    )
    for module in (en, fr)
}


def language(code: str) -> Language:
    """The language of `code`, such as "en"."""
    if code not in LANGUAGES:
        raise ValueError(f"language: must be one of {', '.join(LANGUAGES)}, got {code!r}")
    return LANGUAGES[code]
