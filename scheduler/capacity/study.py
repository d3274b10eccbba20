"""A sizing study: the sizes, business as usual beside them, and what the difference brings.

Money is real, of today, and in the world's currency. Sizes come from typical weeks unless the whole
year is asked for; either says so.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.site import FloatArray
from optimizer.sizing.problem import SizingProblem
from optimizer.sizing.sizes import Sizes, builds
from optimizer.sizing.solve import CannotBeMet, size
from optimizer.sizing.weeks import typical_weeks
from scheduler.capacity.finance import (
    irr,
    levelised_cost,
    npv,
    outlays,
    payback_years,
    straight_line,
    tax,
)
from scheduler.capacity.question import as_it_stands, discounting, investment_of, question
from scheduler.errors import InputError
from scheduler.scenario import Scenario
from scheduler.scenario.investment import Asset, SiteInvestment

WEEKS = 8
TIME_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """What the sizes bring over business as usual, in real money. Year 0 is today.

    Attributes:
        investment: Outlays of each year, replacement and the rest's return included.
        upkeep: Of what is built.
        saving: Operating money of business as usual less that of the sizes.
        tax: On the saving less upkeep and depreciation; losses are carried.
        cash: After all of them.
        npv: [money]
        irr: None where the flows have no single one. [1/a]
        payback_years: None where it never comes. [a]
        abatement_cost_per_kg: Money a year for each kg less; None where nothing is abated.
    """

    investment: FloatArray
    upkeep: FloatArray
    saving: FloatArray
    tax: FloatArray
    cash: FloatArray
    npv: float
    irr: float | None
    payback_years: float | None
    abatement_cost_per_kg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The answer.

    Attributes:
        scenario: What was asked.
        problem: What was solved.
        weeks: Typical weeks it was solved on; None for the whole year.
        sizes: The sizes of least cost.
        usual: Business as usual; None where what stands cannot serve the load.
        increment: None without business as usual.
        levelised_cost_per_kwh: Of the energy that the load takes. [money/kWh]
        cost_per_gpu_h: [money/GPU-h]
    """

    scenario: Scenario
    problem: SizingProblem
    weeks: int | None
    sizes: Sizes
    usual: Sizes | None
    increment: Increment | None
    levelised_cost_per_kwh: float
    cost_per_gpu_h: float


def study(
    scenario: Scenario, *, weeks: int | None = WEEKS, time_limit_s: float = TIME_LIMIT_S
) -> Study:
    """Size `scenario`, on typical weeks or, with None, on the whole year.

    Raises:
        InputError: No sizes keep to the wishes, or there is nothing to size.
    """
    year = question(scenario)
    problem = year if weeks is None else typical_weeks(year, weeks).problem
    try:
        sizes = size(problem, time_limit_s=time_limit_s)
    except CannotBeMet as error:
        raise InputError(f"{scenario.source}: investment: {error}") from None
    try:
        usual = size(as_it_stands(problem, scenario), time_limit_s=time_limit_s)
    except CannotBeMet:
        usual = None
    investment = investment_of(scenario)
    rate, years = discounting(investment), investment.horizon_years
    cost = np.append(0.0, np.full(years, sizes.bill.cost))
    energy = np.append(0.0, np.full(years, sizes.bill.load_kwh))
    return Study(
        scenario=scenario,
        problem=problem,
        weeks=weeks,
        sizes=sizes,
        usual=usual,
        increment=None if usual is None else increment(scenario, problem, sizes, usual),
        levelised_cost_per_kwh=levelised_cost(rate, cost, energy),
        cost_per_gpu_h=sizes.bill.cost / sizes.bill.gpu_hours,
    )


def increment(scenario: Scenario, problem: SizingProblem, sizes: Sizes, usual: Sizes) -> Increment:
    """Year by year, what building saves over leaving all as it stands."""
    investment = investment_of(scenario)
    years, rate = investment.horizon_years, discounting(investment)
    money = investment.exchange_rate or 1.0
    paid, upkeep, written = (np.zeros(years + 1) for _ in range(3))
    for site, at in zip(problem.sites, sizes.sites, strict=True):
        planned = investment.sites.get(site.name, SiteInvestment())
        for kind, build in builds(site).items():
            asset: Asset | None = getattr(planned, kind)
            units = at.sizes[kind] - build.existing
            if asset is None or units <= 0:
                continue
            price = units * asset.capex * money
            paid += outlays(price, asset.lifetime_years, years, learning=asset.learning_per_year)
            upkeep[1:] += units * asset.opex_per_year * money
            written += straight_line(price, min(investment.depreciation_years, years), years)
    operating = (usual.bill.cost - usual.bill.build) - (sizes.bill.cost - sizes.bill.build)
    saving = np.append(0.0, np.full(years, operating))
    owed = tax(saving - upkeep - written, investment.tax_rate)
    cash = saving - upkeep - paid - owed
    abated = usual.bill.emissions_kg - sizes.bill.emissions_kg
    more = sizes.bill.cost - usual.bill.cost
    return Increment(
        investment=paid,
        upkeep=upkeep,
        saving=saving,
        tax=owed,
        cash=cash,
        npv=npv(rate, cash),
        irr=irr(cash),
        payback_years=payback_years(cash),
        abatement_cost_per_kg=more / abated if abated > 0 else None,
    )


def front(
    one: Study, shares: tuple[float, ...], *, time_limit_s: float = TIME_LIMIT_S
) -> list[Sizes]:
    """Least-cost sizes at each share of the carbon that the free choice emits, most first."""
    free = replace(
        one.problem, wishes=replace(one.problem.wishes, carbon_limit_kg=None, carbon_price_per_kg=0)
    )
    first = size(free, time_limit_s=time_limit_s)
    found = [first]
    for share in shares:
        limit = share * first.bill.emissions_kg
        try:
            limited = replace(free, wishes=replace(free.wishes, carbon_limit_kg=limit))
            found.append(size(limited, time_limit_s=time_limit_s))
        except CannotBeMet:
            break
    return found
