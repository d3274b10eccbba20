"""What the next kilowatt costs: each site's supplies in order of price, its battery held still.

With charge and discharge fixed, a site's cost in a step depends on its load alone and is convex and
piecewise linear. So the cost of one more job or replica is exact arithmetic, with no solver.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.plan import Dispatch
from optimizer.problem import Problem
from optimizer.site import FloatArray, Site

N_SEGMENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MeritOrder:
    """Supply segments of every site and step, cheapest first.

    Attributes:
        start_kw: Net demand at which each segment begins, shape (segments, S, T). [kW]
        width_kw: Its size, shape (segments, S, T). [kW]
        price_per_kwh: Money and carbon of a kWh from it, shape (segments, S, T). [money/kWh]
        battery_kw: Charge less discharge, added to the load, shape (S, T). [kW]
        step_h: [h]
    """

    start_kw: FloatArray
    width_kw: FloatArray
    price_per_kwh: FloatArray
    battery_kw: FloatArray
    step_h: float

    @staticmethod
    def of(problem: Problem, dispatch: dict[str, Dispatch]) -> "MeritOrder":
        """The merit order around `dispatch`: its battery flows and its billed peaks."""
        n_steps = problem.horizon.n_steps
        width = np.zeros((N_SEGMENTS, len(problem.sites), n_steps))
        price = np.full_like(width, problem.objective.unmet_price_per_kwh)
        battery = np.zeros((len(problem.sites), n_steps))
        for s, site in enumerate(problem.sites):
            flow = dispatch[site.name]
            battery[s] = flow.charge_kw - flow.discharge_kw
            for k, (width_kw, price_per_kwh) in enumerate(_segments(problem, site, flow)):
                width[k, s], price[k, s] = width_kw, price_per_kwh
        width[-1] = 1e12
        order = np.argsort(price, axis=0, kind="stable")
        width = np.take_along_axis(width, order, axis=0)
        price = np.take_along_axis(price, order, axis=0)
        return MeritOrder(
            start_kw=np.cumsum(width, axis=0) - width,
            width_kw=width,
            price_per_kwh=price,
            battery_kw=battery,
            step_h=problem.horizon.step_h,
        )

    def cost(self, facility_kw: FloatArray, sites: tuple[int, ...] | None = None) -> FloatArray:
        """Cost of serving a facility power, by site and step. [money]

        Args:
            facility_kw: Shape (..., S, T), or (..., sites, T) when `sites` is given. [kW]
            sites: Numbers of the sites along that axis; all by default.
        """
        rows = slice(None) if sites is None else list(sites)
        net = facility_kw + self.battery_kw[rows]
        total: FloatArray = np.zeros_like(net)
        for start, width, price in zip(
            self.start_kw[:, rows], self.width_kw[:, rows], self.price_per_kwh[:, rows], strict=True
        ):
            total += price * np.clip(net - start, 0.0, width)
        return total * self.step_h


def _segments(
    problem: Problem, site: Site, flow: Dispatch
) -> list[tuple[FloatArray | float, FloatArray | float]]:
    """Width [kW] and price [money/kWh] of each supply, in no order.

    Power that could be exported costs what the export would bring. Import above the peak already
    billed costs the whole demand charge in that step.
    """
    kg = problem.objective.carbon_price_per_kg / 1000
    segments: list[tuple[FloatArray | float, FloatArray | float]] = []
    exportable = site.grid.export_limit_kw if site.grid else np.zeros(problem.horizon.n_steps)
    for plant in site.plants:
        own = kg * plant.carbon_g_per_kwh
        sold = np.minimum(exportable, plant.available_kw)
        exportable = exportable - sold
        revenue = site.grid.export_price_per_kwh if site.grid else 0.0
        segments += [(plant.available_kw - sold, own), (sold, own + revenue)]
    if site.grid:
        grid = site.grid
        limit = grid.import_limit_kw
        price = grid.import_price_per_kwh + kg * grid.carbon_intensity_g_per_kwh
        below = limit
        if grid.demand_charge:
            charge = grid.demand_charge
            peaks = np.array(
                [
                    flow.grid_import_kw[charge.period == period].max()
                    for period in range(int(charge.period.max()) + 1)
                ]
            )
            peaks[0] = max(peaks[0], charge.peak_so_far_kw)
            below = np.minimum(limit, peaks[charge.period])
            above = price + charge.price_per_kw / problem.horizon.step_h
            segments.append((limit - below, above))
        segments.append((below, price))
    if site.generator:
        fuel = site.generator.fuel_cost_per_kwh + kg * site.generator.carbon_g_per_kwh
        segments.append((site.generator.power_kw, fuel))
    return segments
