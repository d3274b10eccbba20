"""What the next kilowatt costs: each site's supplies in order of price, its battery held still.

With charge and discharge fixed, a site's cost in a step depends on its load alone and is convex and
piecewise linear. So the cost of one more job or replica is exact arithmetic, with no solver.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.commitment import up_steps
from optimizer.plan import Dispatch, ReservePrices
from optimizer.problem import Problem
from optimizer.site import Battery, BoolArray, FloatArray, Generator, IntArray, Site
from optimizer.units import G_PER_KG

UNLIMITED_KW = 1e12
TINY_KWH = 1e-9
TINY_KW = 1e-9
#: Segments of a merged order: each is looked at for every job, step and mode.
MOST_MERGED = 32
#: Share of a battery's stored energy, or of its room, that one step may move beside the plan.
YIELDING_SHARE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Leeway:
    """How far what a dispatch holds may give way in a search, which dispatches anew soon.

    Attributes:
        stored_per_kwh: Price of a stored kWh by site and step, at which batteries give way a
            little, shape (S, T). [money/kWh]
        billed: By site, a dispatch whose peaks count as billed already.
        peak_share: Of the demand charge, what a step above those peaks costs: a job above them
            pays it once, but may stay for many steps.
        reserve: Prices of the reserve that plants ask for and generators give up.
    """

    stored_per_kwh: FloatArray
    billed: Mapping[str, Dispatch]
    peak_share: float = 1.0
    reserve: ReservePrices | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeritOrder:
    """Supply segments of every site and step, cheapest first.

    Attributes:
        start_kw: Net demand at which each segment begins, shape (segments, S, T). [kW]
        width_kw: Its size, shape (segments, S, T). [kW]
        price_per_kwh: Money and carbon of a kWh from it, shape (segments, S, T). [money/kWh]
        carbon_kg_per_kwh: Carbon of a kWh from it, likewise. [kg/kWh]
        is_unmet: Whether it is power that nothing supplies, likewise.
        added_kw: Charge less discharge and all that could be exported, added to the load: an
            export given up is a supply, shape (S, T). [kW]
        step_h: [h]
    """

    start_kw: FloatArray
    width_kw: FloatArray
    price_per_kwh: FloatArray
    carbon_kg_per_kwh: FloatArray
    is_unmet: BoolArray
    added_kw: FloatArray
    step_h: float

    @staticmethod
    def of(
        problem: Problem,
        dispatch: Mapping[str, Dispatch],
        carbon_per_kg: float = 0.0,
        leeway: Leeway | None = None,
    ) -> "MeritOrder":
        """The merit order around `dispatch`: its battery flows and its billed peaks.

        Args:
            problem: The problem.
            dispatch: By site.
            carbon_per_kg: Price of the carbon budget, beside the carbon price. [money/kg CO2e]
            leeway: How far what the dispatch holds may give way; not at all by default.
        """
        shape = (len(problem.sites), problem.horizon.n_steps)
        carbon_per_kg = carbon_per_kg + problem.objective.carbon_price_per_kg
        supplies, stored_kw = [], np.zeros(shape)
        for s, site in enumerate(problem.sites):
            flow = dispatch[site.name]
            stored_kw[s] = flow.charge_kw - flow.discharge_kw
            paid, share = (leeway.billed, leeway.peak_share) if leeway else (dispatch, 1.0)
            ready = leeway.reserve.per_kw[s] if leeway and leeway.reserve else 0.0
            segments = _segments(problem, site, paid[site.name], share, ready)
            if site.battery and leeway:
                given, stored_kw[s] = _battery_segments(
                    site.battery, flow, leeway.stored_per_kwh[s], problem.horizon.step_h
                )
                segments += given
            supplies.append(segments)
        width = np.zeros((1 + max(len(segments) for segments in supplies), *shape))
        price = np.full_like(width, problem.objective.unmet_price_per_kwh)
        carbon = np.zeros_like(width)
        added = np.zeros(shape)
        for s, (site, segments) in enumerate(zip(problem.sites, supplies, strict=True)):
            added[s] = stored_kw[s]
            if site.grid:
                added[s] += site.grid.export_limit_kw
            for k, (width_kw, money, g_per_kwh) in enumerate(segments):
                kg = np.asarray(g_per_kwh) / G_PER_KG
                width[k, s], carbon[k, s] = width_kw, kg
                price[k, s] = money + carbon_per_kg * kg
        width[-1] = UNLIMITED_KW
        is_unmet = np.zeros(width.shape, dtype=np.bool_)
        is_unmet[-1] = True
        order = np.argsort(price, axis=0, kind="stable")
        width = np.take_along_axis(width, order, axis=0)
        price = np.take_along_axis(price, order, axis=0)
        start = np.zeros_like(width)
        np.cumsum(width[:-1], axis=0, out=start[1:])
        return MeritOrder(
            start_kw=start,
            width_kw=width,
            price_per_kwh=price,
            carbon_kg_per_kwh=np.take_along_axis(carbon, order, axis=0),
            is_unmet=np.take_along_axis(is_unmet, order, axis=0),
            added_kw=added,
            step_h=problem.horizon.step_h,
        )

    @staticmethod
    def flat(price_per_kwh: FloatArray, step_h: float) -> "MeritOrder":
        """Any power at one price by site and step, shape (S, T). [money/kWh]"""
        nothing = np.zeros((1, *price_per_kwh.shape))
        return MeritOrder(
            start_kw=nothing - UNLIMITED_KW,
            width_kw=nothing + 2 * UNLIMITED_KW,
            price_per_kwh=price_per_kwh[None],
            carbon_kg_per_kwh=nothing,
            is_unmet=nothing.astype(np.bool_),
            added_kw=nothing[0],
            step_h=step_h,
        )

    @staticmethod
    def merged(orders: Sequence["MeritOrder"], weights: FloatArray) -> "MeritOrder":
        """The weighted mean of the costs of several orders; only its cost has a meaning.

        Segments side by side, each at the load where it begins, sum up exactly. Of more than
        `MOST_MERGED` the breakpoints are thinned and joined by chords, which are never below.

        Args:
            orders: Of the same sites and steps, as `of` makes them.
            weights: One an order, at least 0.
        """
        h, start_kw = orders[0].step_h, np.concatenate([o.start_kw - o.added_kw for o in orders])
        width_kw = np.concatenate([one.width_kw for one in orders])
        price = np.concatenate([w * o.price_per_kwh for w, o in zip(weights, orders, strict=True)])
        if len(start_kw) > MOST_MERGED:
            at_kw = np.sort(np.where(start_kw < UNLIMITED_KW / 2, start_kw, -np.inf), axis=0)
            at_kw = np.maximum(at_kw, start_kw.min(axis=0))
            at_kw = at_kw[np.linspace(0, len(at_kw) - 1, MOST_MERGED).round().astype(int)]
            at_kw = np.concatenate([at_kw, at_kw[-1:] + 1.0])
            cost = np.zeros_like(at_kw)
            for begin, width, value in zip(start_kw, width_kw, price, strict=True):
                cost += value * np.clip(at_kw - begin, 0.0, width)
            width_kw = np.diff(at_kw, axis=0)
            price = np.diff(cost, axis=0) / np.maximum(width_kw, TINY_KW)
            start_kw, width_kw[-1] = at_kw[:-1], UNLIMITED_KW
        return MeritOrder(
            start_kw=start_kw,
            width_kw=width_kw,
            price_per_kwh=price,
            carbon_kg_per_kwh=np.zeros_like(price),
            is_unmet=np.zeros(price.shape, dtype=np.bool_),
            added_kw=np.zeros(start_kw.shape[1:]),
            step_h=h,
        )

    def at(self, steps: IntArray) -> "MeritOrder":
        """The same supplies in some steps only."""
        return MeritOrder(
            start_kw=self.start_kw[..., steps],
            width_kw=self.width_kw[..., steps],
            price_per_kwh=self.price_per_kwh[..., steps],
            carbon_kg_per_kwh=self.carbon_kg_per_kwh[..., steps],
            is_unmet=self.is_unmet[..., steps],
            added_kw=self.added_kw[:, steps],
            step_h=self.step_h,
        )

    def cost(self, facility_kw: FloatArray, sites: tuple[int, ...] | None = None) -> FloatArray:
        """Cost of serving a facility power, by site and step. [money]

        Above what every export would bring, which no load changes.

        Args:
            facility_kw: Shape (..., S, T), or (..., sites, T) when `sites` is given. [kW]
            sites: Numbers of the sites along that axis; all by default.
        """
        return self._served(facility_kw, sites, self.price_per_kwh)

    def emissions_kg(
        self, facility_kw: FloatArray, sites: tuple[int, ...] | None = None
    ) -> FloatArray:
        """Emissions of serving a facility power, arguments as of `cost`. [kg CO2e]"""
        return self._served(facility_kw, sites, self.carbon_kg_per_kwh)

    def unmet_kwh(
        self, facility_kw: FloatArray, sites: tuple[int, ...] | None = None
    ) -> FloatArray:
        """What nothing could supply of a facility power, arguments as of `cost`. [kWh]"""
        return self._served(facility_kw, sites, self.is_unmet.astype(float))

    def _served(
        self, facility_kw: FloatArray, sites: tuple[int, ...] | None, per_kwh: FloatArray
    ) -> FloatArray:
        rows = slice(None) if sites is None else list(sites)
        net = facility_kw + self.added_kw[rows]
        total: FloatArray = np.zeros_like(net)
        for start, width, value in zip(
            self.start_kw[:, rows], self.width_kw[:, rows], per_kwh[:, rows], strict=True
        ):
            total += value * np.clip(net - start, 0.0, width)
        return total * self.step_h


Segment = tuple[FloatArray | float, FloatArray | float, FloatArray | float]


def _segments(
    problem: Problem, site: Site, flow: Dispatch, peak_share: float, ready: FloatArray | float
) -> list[Segment]:
    """Width [kW], money [money/kWh] and carbon [g/kWh] of each supply, in no order.

    An export given up costs what it would have brought, and emits nothing more. Import above the
    peak already billed costs `peak_share` of the demand charge in that step; reserve costs `ready`.
    """
    reserve = ready / problem.horizon.step_h
    segments: list[Segment] = [
        (plant.available_kw, plant.reserve_share * reserve, plant.carbon_g_per_kwh)
        for plant in site.plants
    ]
    if site.grid:
        grid = site.grid
        segments.append((grid.export_limit_kw, grid.export_price_per_kwh, 0.0))
        below, carbon = grid.import_limit_kw, grid.carbon_intensity_g_per_kwh
        if grid.demand_charge:
            charge = grid.demand_charge
            peaks = np.array(
                [
                    flow.grid_import_kw[charge.period == period].max()
                    for period in range(int(charge.period.max()) + 1)
                ]
            )
            peaks[0] = max(peaks[0], charge.peak_so_far_kw)
            below = np.minimum(below, peaks[charge.period])
            above = (
                grid.import_price_per_kwh
                + peak_share * charge.price_per_kw / problem.horizon.step_h
            )
            segments.append((grid.import_limit_kw - below, above, carbon))
        segments.append((below, grid.import_price_per_kwh, carbon))
    if site.generator:
        segments += [
            (width_kw, money + reserve, carbon)
            for width_kw, money, carbon in _fuelled(problem, site.generator, flow)
        ]
    return segments


def _battery_segments(
    battery: Battery, flow: Dispatch, stored_per_kwh: FloatArray, step_h: float
) -> tuple[list[Segment], FloatArray]:
    """What a battery may give beside its planned flows, and the most it may take less give. [kW]

    It may charge less or discharge more by a share of what is stored, and the other way round by
    the same share of the room left; what it gives is worth the price of stored energy.
    """
    full = battery.energy_kwh - battery.soc_min_kwh
    down_kw = YIELDING_SHARE * np.clip(flow.soc_kwh - battery.soc_min_kwh, 0.0, full) / step_h
    up_kw = YIELDING_SHARE * np.clip(battery.energy_kwh - flow.soc_kwh, 0.0, full) / step_h
    into, out = battery.charge_efficiency, battery.discharge_efficiency
    least_charge = np.maximum(0.0, flow.charge_kw - down_kw / into)
    most_charge = np.minimum(battery.power_kw, flow.charge_kw + up_kw / into)
    least_discharge = np.maximum(0.0, flow.discharge_kw - up_kw * out)
    most_discharge = np.minimum(battery.power_kw, flow.discharge_kw + down_kw * out)
    segments: list[Segment] = [
        (most_charge - least_charge, stored_per_kwh * into, 0.0),
        (
            most_discharge - least_discharge,
            stored_per_kwh / out + battery.wear_cost_per_kwh,
            0.0,
        ),
    ]
    return segments, most_charge - least_discharge


def _fuelled(problem: Problem, generator: Generator, flow: Dispatch) -> list[Segment]:
    """Supplies of a generator; on and off as in `flow`, and in parts where it is.

    While it runs its minimum load is burnt whatever is taken of it, so that costs nothing more.
    While it stands, its first hours bear the whole start.
    """
    money, carbon = generator.fuel_cost_per_kwh, generator.carbon_g_per_kwh
    if flow.commitment is None:
        return [(generator.power_kw, money, carbon)]
    h, on = problem.horizon.step_h, flow.commitment.on
    least_h = up_steps(generator, h) * h
    started = money + generator.start_cost / max(generator.power_kw * least_h, TINY_KWH)
    return [
        (generator.min_load_kw * on, 0.0, 0.0),
        ((generator.power_kw - generator.min_load_kw) * on, money, carbon),
        (generator.power_kw * (1 - on), started, carbon),
    ]
