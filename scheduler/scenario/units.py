"""Units of columns: the ending of a column's name says its unit, converted here and nowhere else.

A column without a unit is refused, and so is one whose unit measures something else.
"""

import re
from dataclasses import dataclass

from scheduler.scenario.suggest import quoted

# What each quantity is kept in, and what one of each unit is in that.
UNITS: dict[str, dict[str, float]] = {
    "power": {"w": 1e-3, "kw": 1.0, "mw": 1e3, "gw": 1e6},
    "price": {"per_kwh": 1.0, "per_mwh": 1e-3},
    "carbon intensity": {
        f"{mass}{gas}_per_{energy}": grams / kwh
        for mass, grams in (("g", 1.0), ("kg", 1e3), ("t", 1e6))
        for gas in ("", "co2", "co2e", "co2eq")
        for energy, kwh in (("kwh", 1.0), ("mwh", 1e3))
    },
    "GPUs": {"gpus": 1.0},
    "requests": {"rps": 1.0, "per_s": 1.0, "per_min": 1 / 60, "per_h": 1 / 3600},
}
KEPT_IN = {
    "power": "kw",
    "price": "per_kwh",
    "carbon intensity": "g_per_kwh",
    "GPUs": "gpus",
    "requests": "rps",
}
CURRENCIES = frozenset({"aud", "cad", "chf", "dkk", "eur", "gbp", "mad", "nok", "sek", "usd"})
# What no site of ours has, in the unit it is kept in: a sign that a column is in another one.
PLAUSIBLE: dict[str, tuple[float, float]] = {
    "power": (0, 2e6),
    "price": (0, 1000),
    "carbon intensity": (0, 2000),
    "GPUs": (0, 1e6),
    "requests": (0, 1e7),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What a column holds: the quantity, and the factor to the unit it is kept in."""

    quantity: str
    factor: float


class UnitError(ValueError):
    """A column's name that does not say a fitting unit; the message says what to do."""


def unit_of(column: str, quantity: str, currency: str) -> Unit:
    """The unit `column` names, where it fits `quantity`.

    >>> unit_of("spot_mad_per_mwh", "price", "MAD").factor
    0.001

    Raises:
        UnitError: Where it names none, or another quantity's, or another currency's.
    """
    name = column.lower()
    endings = [(suffix, kind) for kind, units in UNITS.items() for suffix in units]
    fitting = [
        (suffix, kind) for suffix, kind in endings if name == suffix or name.endswith(f"_{suffix}")
    ]
    example = f"{column}_{KEPT_IN[quantity]}"
    if not fitting:
        raise UnitError(f"column {quoted(column)} names no unit; rename it, such as {example}")
    suffix, kind = max(fitting, key=lambda found: len(found[0]))
    if kind != quantity:
        wanted = ", ".join(f"_{unit}" for unit in list(UNITS[quantity])[:4])
        raise UnitError(
            f"column {quoted(column)} is in _{suffix}, a {kind}, but a {quantity} is wanted; "
            f"choose a column that ends in {wanted}"
        )
    money = re.search(r"(?:^|_)([a-z]{3})_per_[km]wh$", name)
    if kind == "price" and money and money[1] in CURRENCIES and money[1] != currency.lower():
        raise UnitError(
            f"column {quoted(column)} is in {money[1].upper()}, the scenario in {currency}; "
            "convert it"
        )
    return Unit(kind, UNITS[kind][suffix])
