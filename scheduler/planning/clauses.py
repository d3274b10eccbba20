"""What is said of a job, in parts: which thing is said, and the facts that fill it in.

The screen says it in English; whoever writes another language puts the same facts into its own
words. Knows no plan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Union

WORDS: Mapping[str, str] = {
    "at_once": "starts as soon as it may",
    "cleaner": "waits for cleaner or cheaper energy: {kg:+.1f} kg and {money:+.0f} {currency}"
    " against a start at once",
    "waits": "waits: at once, {limit}",
    "unfinished": "left unfinished: {limit}",
    "left": "left unfinished, though a start is possible",
    "too_late": "would end {hours:.3g} h after the hard deadline",
    "gpus": "GPUs: {left} of the {needed} needed are free at {at:%a %H:%M}",
    "power": "power: {kw:.0f} kW are missing at {at:%a %H:%M}",
    "no_site": "no site has the GPUs it asks for",
    "moved": ", moved from {home}",
    "pause": ", 1 pause",
    "pauses": ", {n} pauses",
    "late": ", ends {hours:.3g} h after its soft deadline",
}
"""By what is said; a template's numbers and instants say how they are written."""

Fact = Union[str, int, float, datetime, "Clause"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing said.

    Attributes:
        says: Which, a key of `WORDS`.
        facts: What fills it in, by name.
    """

    says: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __str__(self) -> str:
        return WORDS[self.says].format(**self.facts)


def sentence(clauses: Iterable[Clause]) -> str:
    """The clauses in English, one after another.

    >>> sentence([Clause(says="at_once"), Clause(says="moved", facts={"home": "paris"})])
    'starts as soon as it may, moved from paris'
    """
    return "".join(str(clause) for clause in clauses)
