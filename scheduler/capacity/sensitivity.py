"""What moves the answer: each assumption alone, and work that cannot wait.

Each question is a whole sizing: sizes move with the assumption. Ranges of prices are those of the
scenario; those of energy and carbon are stated here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.sizing.problem import Build, FlexibleWork, SizingProblem, SizingSite
from optimizer.sizing.solve import CannotBeMet, size
from scheduler.capacity.question import investment_of, yearly_cost
from scheduler.capacity.study import Study
from scheduler.scenario.investment import Asset
from scheduler.scenario.investment_checks import KINDS

#: Factors on energy from the grid where no range of it is stated.
ENERGY = (0.8, 1.2)
GRID_ENERGY = "grid_energy"

Change = Callable[[SizingProblem], SizingProblem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """One assumption at both ends of its range.

    Attributes:
        name: A kind of size, or grid_energy.
        low: How its low end is written: a price, or a factor.
        low_cost: A year's cost at the low end, sizes moved with it; None where it cannot be met.
            [money/a]
    """

    name: str
    low: float
    high: float
    low_cost: float | None
    high_cost: float | None

    @property
    def width(self) -> float:
        """How far it moves the answer. [money/a]"""
        ends = [one for one in (self.low_cost, self.high_cost) if one is not None]
        return max(ends) - min(ends) if len(ends) == 2 else np.inf  # noqa: PLR2004 - both


@dataclass(frozen=True, slots=True, kw_only=True)
class Flexibility:
    """What it is worth that work may wait and move.

    Attributes:
        share: Of all GPU-hours, that may. [0..1]
        rigid_cost: Of a year, sized for work that runs as it comes; None where nothing serves it.
    """

    share: float
    cost: float
    rigid_cost: float | None

    @property
    def percent_per_percent(self) -> float | None:
        """Of cost, per percent of load that may wait."""
        if self.rigid_cost is None or self.share <= 0:
            return None
        return (self.rigid_cost / self.cost - 1) / self.share


def tornado(one: Study, *, time_limit_s: float) -> tuple[Swing, ...]:
    """Every stated range, and energy from the grid, widest first."""
    swings = []
    for kind in KINDS:
        ends = _ranges(one, kind)
        if ends is None:
            continue
        prices, low, high = ends
        swings.append(
            Swing(
                name=kind,
                low=prices[0],
                high=prices[1],
                low_cost=_cost(low(one.problem), time_limit_s),
                high_cost=_cost(high(one.problem), time_limit_s),
            )
        )
    low_cost, high_cost = (_cost(_energy(one.problem, factor), time_limit_s) for factor in ENERGY)
    swings.append(
        Swing(
            name=GRID_ENERGY, low=ENERGY[0], high=ENERGY[1], low_cost=low_cost, high_cost=high_cost
        )
    )
    return tuple(sorted(swings, key=lambda swing: -swing.width))


def flexibility(one: Study, *, time_limit_s: float) -> Flexibility:
    """The same work, run as it comes, wherever it may."""
    moving = sum(
        float(one.problem.calendar.hours @ work.arriving_gpus) for work in one.problem.work
    )
    rigid = replace(one.problem, work=tuple(_at_once(work) for work in one.problem.work))
    return Flexibility(
        share=moving / one.sizes.bill.gpu_hours,
        cost=one.sizes.bill.cost,
        rigid_cost=_cost(rigid, time_limit_s),
    )


def _cost(problem: SizingProblem, time_limit_s: float) -> float | None:
    try:
        return size(problem, time_limit_s=time_limit_s).bill.cost
    except CannotBeMet:
        return None


def _ranges(one: Study, kind: str) -> tuple[tuple[float, float], Change, Change] | None:
    """The ends of a price, of the first site that states any, and a change to either."""
    investment = investment_of(one.scenario)
    assets: dict[str, Asset] = {}
    for name, planned in investment.sites.items():
        asset: Asset | None = getattr(planned, kind)
        if asset is not None and asset.capex_low is not None and asset.capex_high is not None:
            assets[name] = asset
    if not assets:
        return None

    def at(end: str) -> Change:
        def priced(site: SizingSite, build: Build) -> float:
            asset = assets.get(site.name)
            if asset is None:
                return build.cost_per_unit
            changed = asset.model_copy(update={"capex": getattr(asset, end)})
            return yearly_cost(changed, investment)

        return lambda problem: _priced(problem, kind, priced)

    first = next(iter(assets.values()))
    assert first.capex_low is not None and first.capex_high is not None, "chosen above"
    return (first.capex_low, first.capex_high), at("capex_low"), at("capex_high")


def _priced(
    problem: SizingProblem, kind: str, price: Callable[[SizingSite, Build], float]
) -> SizingProblem:
    """`problem` with another yearly price of one kind."""

    def site(one: SizingSite) -> SizingSite:
        def build(of: Build) -> Build:
            return replace(of, cost_per_unit=price(one, of)) if of.cost_per_unit else of

        match kind:
            case "gpus":
                return replace(one, gpus=replace(one.gpus, build=build(one.gpus.build)))
            case "grid" if one.grid:
                return replace(one, grid=replace(one.grid, build=build(one.grid.build)))
            case "generator" if one.generator:
                new = replace(one.generator, build=build(one.generator.build))
                return replace(one, generator=new)
            case "battery_power" if one.storage:
                return replace(one, storage=replace(one.storage, power=build(one.storage.power)))
            case "battery_energy" if one.storage:
                return replace(one, storage=replace(one.storage, energy=build(one.storage.energy)))
        plants = tuple(
            replace(p, build=build(p.build)) if p.name == kind else p for p in one.plants
        )
        return replace(one, plants=plants)

    return replace(problem, sites=tuple(site(one) for one in problem.sites))


def _energy(problem: SizingProblem, factor: float) -> SizingProblem:
    """`problem` with grid energy at `factor` of its price."""
    return replace(
        problem,
        sites=tuple(
            one
            if one.grid is None
            else replace(one, grid=replace(one.grid, price_per_kwh=one.grid.price_per_kwh * factor))
            for one in problem.sites
        ),
    )


def _at_once(work: FlexibleWork) -> FlexibleWork:
    nothing = np.zeros_like(work.most_backlog_gpu_h)
    return replace(work, least_backlog_gpu_h=nothing, most_backlog_gpu_h=nothing)
