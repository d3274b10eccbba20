"""Every visible string by language, and how each language writes numbers and instants.

A key that a catalogue lacks is a bug and raises; a test holds the catalogues to the same keys.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import pandas as pd

from scheduler.planning.clauses import Clause, Fact
from scheduler.reporting.texts import en, fr, quoted

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

    def quote(self, text: str) -> str:
        """What a run says in English, in this language where the catalogues have it."""
        known = quoted.found(text)
        if known is None:
            return text
        key, facts = known
        return self.say(key, **{name: self.quote(fact) for name, fact in facts.items()})

    def tell(self, clauses: Iterable[Clause]) -> str:
        """What is said of a job, one clause after another."""
        return "".join(
            self.say(
                f"why.{clause.says}",
                **{name: self._fact(fact) for name, fact in clause.facts.items()},
            )
            for clause in clauses
        )

    def _fact(self, fact: Fact) -> object:
        match fact:
            case Clause():
                return self.tell([fact])
            case float():
                return _Figure(fact, self)
            case datetime():
                return _Instant(fact, self)
        return fact

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
        return self.written(text)

    def written(self, number: str) -> str:
        """A number as Python writes it, with the language's signs."""
        swap = {
            ",": str(self.numbers["thousands"]),
            ".": str(self.numbers["decimal"]),
            "-": "−",
        }
        return "".join(swap.get(character, character) for character in number)

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


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number that a text formats, in the language's signs."""

    value: float
    language: Language

    def __format__(self, spec: str) -> str:
        return self.language.written(format(self.value, spec))


@dataclass(frozen=True, slots=True)
class _Instant:
    """An instant that a text formats, with the language's days."""

    value: datetime
    language: Language

    def __format__(self, spec: str) -> str:
        days = cast("Sequence[str]", self.language.times["shortDays"])
        today = days[self.value.isoweekday() % len(days)]
        return self.value.strftime(spec.replace("%a", today))


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
