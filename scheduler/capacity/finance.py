"""Investment arithmetic as pure functions: annuity, present value, rate of return, payback.

Rates are fractions a year; cash flows fall at the end of a year, the first of them (year 0) today.
Real and nominal are never mixed: a real rate goes with money of today, a nominal one with money of
its year. Formulas are those of Brealey, Myers and Allen, "Principles of Corporate Finance", and,
for the levelised cost, of Short, Packey and Holt, "A Manual for the Economic Evaluation of Energy
Efficiency and Renewable Energy Technologies" (NREL/TP-462-5173, 1995).
"""

import math
from collections.abc import Sequence

import numpy as np

from optimizer.site import FloatArray

#: Rates between which an internal rate of return is sought. [1/a]
LEAST_RATE, MOST_RATE = -0.99, 10.0
CLOSE = 1e-12


def annuity_factor(rate: float, years: float) -> float:
    """What a unit of money today costs each year, paid back with interest over `years`. [1/a]

    rate / (1 - (1 + rate) ** -years); without interest 1 / years.

    >>> round(annuity_factor(0.08, 20), 6)
    0.101852
    """
    if years <= 0:
        raise ValueError(f"annuity: years must be above 0, got {years:g}")
    if abs(rate) < CLOSE:
        return 1 / years
    # As it stands above, a small rate would drown in rounding.
    return -rate / math.expm1(-years * math.log1p(rate))


def real_rate(nominal: float, inflation: float) -> float:
    """The rate in money of today (Fisher): (1 + nominal) / (1 + inflation) - 1.

    >>> round(real_rate(0.0815, 0.03), 6)
    0.05
    """
    return (1 + nominal) / (1 + inflation) - 1


def nominal(flows: Sequence[float] | FloatArray, inflation: float) -> FloatArray:
    """Flows in money of today as money of their year.

    >>> nominal([100.0, 100.0], 0.02).tolist()
    [100.0, 102.0]
    """
    grown: FloatArray = np.asarray(flows) * (1 + inflation) ** np.arange(len(flows))
    return grown


def npv(rate: float, flows: Sequence[float] | FloatArray) -> float:
    """Net present value: the sum of flow[year] / (1 + rate) ** year.

    >>> round(npv(0.10, [-1000.0, 500.0, 500.0, 500.0]), 2)
    243.43
    """
    return float(np.sum(np.asarray(flows) / (1 + rate) ** np.arange(len(flows))))


def irr(flows: Sequence[float] | FloatArray) -> float | None:
    """The rate at which the net present value is nothing; None where none or more than one is.

    Flows that change their sign once have one rate at most (Descartes); others may have several,
    and no rate is told.

    >>> round(irr([-100.0, 60.0, 60.0]), 6)
    0.130662
    """
    values = np.asarray(flows, dtype=np.float64)
    signs = np.sign(values[np.abs(values) > CLOSE])
    if np.count_nonzero(np.diff(signs)) != 1:
        return None
    from scipy.optimize import brentq  # noqa: PLC0415 - half a second of start-up

    low, high = npv(LEAST_RATE, values), npv(MOST_RATE, values)
    if low * high > 0:
        return None
    return float(brentq(lambda rate: npv(rate, values), LEAST_RATE, MOST_RATE, xtol=CLOSE))


def payback_years(flows: Sequence[float] | FloatArray, rate: float = 0.0) -> float | None:
    """Years until the sum of discounted flows is no longer below nothing, the last year in part.

    None where that never comes; 0 where nothing is laid out. What falls below nothing again later,
    as with a replacement, counts from the last time.

    >>> payback_years([-100.0, 40.0, 40.0, 40.0])
    2.5
    """
    sums = np.cumsum(np.asarray(flows) / (1 + rate) ** np.arange(len(flows)))
    below = np.flatnonzero(sums < -CLOSE)
    if not len(below):
        return 0.0
    last = int(below[-1])
    if last == len(sums) - 1:
        return None
    return last + float(-sums[last] / (sums[last + 1] - sums[last]))


def levelised_cost(
    rate: float, costs: Sequence[float] | FloatArray, energy_kwh: Sequence[float] | FloatArray
) -> float:
    """Present value of costs over that of energy (LCOE). [money/kWh]

    >>> round(levelised_cost(0.0, [1000.0, 10.0, 10.0], [0.0, 2040.0, 2040.0]), 6)
    0.25
    """
    energy = npv(rate, energy_kwh)
    if energy <= 0:
        raise ValueError(f"levelised cost: energy must be above 0, got {energy:g} kWh")
    return npv(rate, costs) / energy


def straight_line(value: float, years: int, horizon: int) -> FloatArray:
    """Depreciation in equal parts over `years`, from year 1, shape (horizon + 1,).

    >>> straight_line(90.0, 3, 4).tolist()
    [0.0, 30.0, 30.0, 30.0, 0.0]
    """
    if years < 1:
        raise ValueError(f"depreciation: years must be at least 1, got {years}")
    parts = np.zeros(horizon + 1)
    parts[1 : years + 1] = value / years
    return parts


def residual_value(price: float, life_years: float, age_years: float) -> float:
    """What is left at an age, written off in equal parts.

    >>> residual_value(100.0, 20, 15)
    25.0
    """
    return price * max(0.0, 1 - age_years / life_years)


def outlays(
    price: float, life_years: int, horizon: int, *, learning: float = 0.0, residual: bool = True
) -> FloatArray:
    """What buying a thing costs over `horizon` years, bought again as often as it ends.

    Shape (horizon + 1,). Each year it becomes cheaper by `learning`; what is left of the last one
    comes back in the last year.

    >>> outlays(100.0, 10, 15, learning=0.0)[[0, 10, 15]].tolist()
    [100.0, 100.0, -50.0]
    """
    if life_years < 1:
        raise ValueError(f"lifetime: must be at least 1 year, got {life_years}")
    flows = np.zeros(horizon + 1)
    for year in range(0, horizon, life_years):
        paid = price * (1 - learning) ** year
        flows[year] += paid
        if residual and year + life_years > horizon:
            flows[horizon] -= residual_value(paid, life_years, horizon - year)
    return flows


def annual_cost(
    price: float,
    life_years: int,
    horizon: int,
    rate: float,
    *,
    learning: float = 0.0,
    upkeep: float = 0.0,
) -> float:
    """Equal yearly payments that are worth its outlays and its upkeep over `horizon`. [money/a]

    >>> round(annual_cost(1000.0, 20, 20, 0.08, upkeep=10.0), 3)
    111.852
    """
    worth = npv(rate, outlays(price, life_years, horizon, learning=learning))
    return worth * annuity_factor(rate, horizon) + upkeep


def coverage(cash: FloatArray, debt: float, rate: float, years: int) -> FloatArray:
    """Debt service coverage (DSCR): cash of each year over interest and repayment, shape (years,).

    The debt is paid back in equal payments; `cash` is that of years 1, 2, …

    >>> coverage(np.array([150.0, 150.0]), 200.0, 0.0, 2).tolist()
    [1.5, 1.5]
    """
    if debt <= 0:
        raise ValueError(f"coverage: debt must be above 0, got {debt:g}")
    ratio: FloatArray = cash[:years] / (debt * annuity_factor(rate, years))
    return ratio


def tax(profit: FloatArray, rate: float) -> FloatArray:
    """Tax on each year's profit; losses are carried into the years after.

    >>> tax(np.array([-100.0, 60.0, 80.0]), 0.25).tolist()
    [0.0, 0.0, 10.0]
    """
    carried, owed = 0.0, np.zeros(len(profit))
    for year, earned in enumerate(profit):
        left = float(earned) + carried
        carried, owed[year] = min(0.0, left), rate * max(0.0, left)
    return owed
