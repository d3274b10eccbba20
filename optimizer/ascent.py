"""Prices for power, GPUs, stored energy and billed peaks, found by climbing the bound.

The bound of `optimizer.bound` is concave in its prices, and what everyone would choose at them
tells how to raise it: where more is asked for than there is, the price goes up. Each price has a
step of its own, by the size of its recent slopes (Adam, Kingma and Ba 2015); the running mean of
the choices is, in the limit, an optimum of the relaxed problem (Larsson, Patriksson and
Stromberg 1999), and so a load worth coming close to. A round costs as much as asking every job
once; of many jobs a sample is asked first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.climbing import CLIMB_SHARE
from optimizer.demand import Asked, Demand
from optimizer.fleet import Roster
from optimizer.limits import Watch
from optimizer.load import slopes
from optimizer.money import dearer, without_work
from optimizer.plan import Prices, ReservePrices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.reserve import admissible_reserve
from optimizer.scale import Scale
from optimizer.site import Battery, FloatArray, GridConnection, Site
from optimizer.units import G_PER_KG

#: Decay of the mean slope and of the mean square of the slope.
MOMENTUM, MEMORY = 0.8, 0.99
#: Of a price's scale, at most, in a round; the steps shrink to nothing over the last rounds.
STEP = 0.2
FULL_STEPS = 0.25
#: Weight of the newest choices in the running mean.
NEWEST = 0.2
#: A pool's first price, against that.
FIRST_GPU_PRICE = 0.15


class Climb:
    """Prices of several kinds as arrays, each with a step of its own, and their running means."""

    def __init__(self, first: Sequence[FloatArray], scales: Sequence[float | FloatArray]) -> None:
        """Start from `first`; `scales` tell how large prices of each kind are, or each of them."""
        self.now = tuple(np.array(one, dtype=float) for one in first)
        self.mean = tuple(one.copy() for one in self.now)
        pairs = zip(scales, self.now, strict=True)
        self._scales = tuple(np.broadcast_to(scale, one.shape) for scale, one in pairs)
        self._slope = tuple(np.zeros_like(one) for one in self.now)
        self._square = tuple(np.zeros_like(one) for one in self.now)
        self.rounds = 0

    def move(self, slopes_now: Sequence[FloatArray], step: float) -> None:
        """Move every price along its slope by about `step` of its scale."""
        self.rounds += 1
        for kind, slope in enumerate(slopes_now):
            mean, square = self._slope[kind], self._square[kind]
            mean += (1 - MOMENTUM) * (slope - mean)
            square += (1 - MEMORY) * (slope * slope - square)
            direction = mean / (1 - MOMENTUM**self.rounds)
            size = np.sqrt(square / (1 - MEMORY**self.rounds))
            moves = size > 0
            scale = self._scales[kind][moves]
            self.now[kind][moves] += step * scale * direction[moves] / size[moves]

    def note(self) -> float:
        """Let the prices count in their means; what share of them the newest are."""
        share = max(NEWEST, 1 / self.rounds)
        for mean, now in zip(self.mean, self.now, strict=True):
            mean[...] = (1 - share) * mean + share * now
        return share


def bring_within(problem: Problem, prices: Sequence[FloatArray]) -> None:
    """Bring prices, in the order of the fields of `Prices`, within what may be; in place."""
    power, gpu, _, peak, carbon, premium, quality = prices
    np.clip(premium, 0.0, problem.objective.cost_excess_price, out=premium)
    np.minimum(problem.objective.unmet_price_per_kwh, power, out=power)
    np.maximum((1.0 + float(premium.max())) * problem.least_gpu_price, gpu, out=gpu)
    np.maximum(0.0, peak, out=peak)
    np.clip(carbon, 0.0, problem.objective.carbon_excess_price_per_kg, out=carbon)
    np.maximum(0.0, quality, out=quality)


def step_sizes(n_rounds: int, share_of_step: float) -> Iterator[float]:
    """Steps of a climb of so many rounds, shrinking towards the last."""
    for n in range(1, n_rounds + 1):
        left = 1 - n / (n_rounds + 1)
        yield share_of_step * STEP * min(1.0, left / (1 - FULL_STEPS))


class Ascent:
    """One climb. `prices` and `target_kw` are running means over its rounds."""

    def __init__(
        self,
        problem: Problem,
        choices: tuple[Choices, ...],
        first: Prices,
        watch: Watch,
    ) -> None:
        """Start from `first`, and from a small price of every GPU.

        Args:
            problem: The problem.
            choices: Of its services.
            first: Prices under some load.
            watch: Ends a climb at its share of the time.
        """
        self._problem, self._watch = without_work(problem), watch
        scale = Scale.of(problem)
        gpu_price = np.maximum(first.gpu_per_gpu_h, FIRST_GPU_PRICE * scale.gpu_per_gpu_h)
        self._climb = Climb(
            (
                first.power_per_kwh,
                gpu_price,
                first.stored_per_kwh,
                first.peak_per_kw,
                np.array([first.carbon_per_kg]),
                np.array([first.money_premium]),
                np.array([first.quality_of(v) for v in range(len(choices))], dtype=float),
            ),
            scale.by_kind,
        )
        self._reserve = first.reserve  # stays; the climb moves the others
        self._demand = Demand(problem, choices)
        self.target_kw = self._demand.idle_kw

    @property
    def prices(self) -> Prices:
        """Means over the rounds."""
        return _prices(self._climb.mean, self._reserve)

    @property
    def last_prices(self) -> Prices:
        """Those of the last round."""
        return _prices(self._climb.now, self._reserve)

    def climb(
        self, roster: Roster, weight: float, n_rounds: int, share_of_step: float = 1.0
    ) -> None:
        """Climb by `n_rounds` rounds, their steps shrinking towards the last.

        Args:
            roster: Jobs to ask.
            weight: How many jobs each of them stands for.
            n_rounds: At least 1.
            share_of_step: What the first steps are, against those of a climb from nowhere.
        """
        for step in step_sizes(n_rounds, share_of_step):
            self._watch.left_s(CLIMB_SHARE)
            prices = self.last_prices
            asked = self.asked(roster, weight, prices)
            facility_kw = asked.facility_kw
            self._climb.move(self.slopes(prices, asked), step)
            bring_within(self._problem, self._climb.now)
            share = self._climb.note()
            self.target_kw = (1 - share) * self.target_kw + share * facility_kw

    def asked(self, roster: Roster, weight: float, prices: Prices) -> Asked:
        """What everyone chooses at `prices`."""
        return self._demand.at(roster, weight, prices)

    def slopes(self, prices: Prices, asked: Asked) -> tuple[FloatArray, ...]:
        """As of `bound_slopes`, and those of the prices of quality."""
        return *bound_slopes(self._problem, prices, asked), asked.lacking


def bound_slopes(problem: Problem, prices: Prices, asked: Asked) -> tuple[FloatArray, ...]:
    """How fast the bound grows with each price: what is asked for less what there is.

    Args:
        problem: The problem.
        prices: Where.
        asked: At those prices.

    Returns:
        In the order of the fields of `Prices`, in the shapes that those have, but for quality.
    """
    h, budgets, times = problem.horizon.step_h, problem.objective, 1.0 + prices.money_premium
    problem, facility_kw, gpus = (
        dearer(problem, prices.money_premium),
        asked.facility_kw,
        asked.gpus,
    )
    power, emitted_kg, paid = facility_kw * h, 0.0, 0.0
    stored, peak = np.zeros(facility_kw.shape), np.zeros(facility_kw.shape)
    for s, site in enumerate(problem.sites):
        flows = _Flows.of(problem, site, prices, s)
        power[s] -= flows.supplied_kw * h
        stored[s], peak[s] = flows.missing_kwh, flows.above_peak_kw
        emitted_kg += flows.emitted_kg
        paid += flows.paid
    # A GPU that is leased anyway and left spare is worth its lease.
    leased = np.array([[pool.committed_gpus] for _, pool in problem.pools])
    kept = np.minimum(leased, problem.pool_gpus)
    spare = np.where(prices.gpu_per_gpu_h < 0, problem.pool_gpus - kept, 0)
    kg, money = budgets.carbon_budget_kg, budgets.cost_budget
    carbon = np.array([0.0 if kg is None else emitted_kg - kg])
    premium = np.zeros(1)
    if money is not None:
        unused = np.maximum(0, leased - problem.pool_gpus + spare)
        paid += _paid_for(problem, facility_kw, gpus + unused)
        premium[0] = paid / times + asked.moved - money
    return power, (gpus + spare - problem.pool_gpus) * h, stored, peak, carbon, premium


def _paid_for(problem: Problem, facility_kw: FloatArray, gpus: FloatArray) -> float:
    """Water of a load and leases of GPUs. [money]"""
    overhead_kw = np.array([[site.cooling.overhead_kw] for site in problem.sites])
    water = np.array([site.cooling.water_l_per_kwh for site in problem.sites])
    litres = float((water * (facility_kw - overhead_kw) / slopes(problem)).sum())
    lease = np.array([[pool.lease_price_per_gpu_h] for _, pool in problem.pools])
    money = litres * problem.objective.water_price_per_l + float((lease * gpus).sum())
    return money * problem.horizon.step_h


def _prices(arrays: Sequence[FloatArray], reserve: ReservePrices | None) -> Prices:
    power, gpu, stored, peak, carbon, premium, quality = (one.copy() for one in arrays)
    return Prices(
        power_per_kwh=power,
        gpu_per_gpu_h=gpu,
        stored_per_kwh=stored,
        peak_per_kw=peak,
        carbon_per_kg=float(carbon[0]),
        money_premium=float(premium[0]),
        quality_per_request=binding(quality),
        reserve=reserve,
    )


def binding(quality: FloatArray) -> tuple[float, ...]:
    """Prices of quality as a tuple, none at all where no floor binds."""
    return tuple(quality.tolist()) if quality.any() else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flows:
    """Every energy flow of a site at its own best at some prices; generators without rules.

    Attributes:
        supplied_kw: Shape (T,). [kW]
        missing_kwh: In the battery's balance, shape (T,). [kWh]
        above_peak_kw: Import above the billed peak, shape (T,). [kW]
        emitted_kg: All steps together. [kg CO2e]
        paid: Likewise. [money]
    """

    supplied_kw: FloatArray
    missing_kwh: FloatArray
    above_peak_kw: FloatArray
    emitted_kg: float
    paid: float

    @staticmethod
    def of(problem: Problem, site: Site, prices: Prices, s: int) -> "_Flows":
        """Of site number s."""
        h, price = problem.horizon.step_h, problem.objective
        power, peak = prices.power_per_kwh[s], prices.peak_per_kw[s]
        kg = (price.carbon_price_per_kg + prices.carbon_per_kg) / G_PER_KG
        supplied, above, grams, paid = (np.zeros(len(power)) for _ in range(4))
        reserve = admissible_reserve(problem, prices.reserve)
        ready, stored_ready = reserve.power_per_kw[s] / h, reserve.energy_per_kw[s] / h
        sources = [
            (p.available_kw, 0.0, p.carbon_g_per_kwh, p.reserve_share * (ready + stored_ready))
            for p in site.plants
        ]
        if site.generator:
            one = site.generator
            most, fuel = np.full(len(power), one.power_kw), one.fuel_cost_per_kwh
            sources.append((most, fuel, one.carbon_g_per_kwh, ready + stored_ready))
        for most_kw, money, g_per_kwh, held in sources:
            given = np.where(money + kg * g_per_kwh + held < power, most_kw, 0.0)
            supplied += given
            grams += given * g_per_kwh
            paid += given * money
        if site.grid:
            grid = site.grid
            bought = grid.import_price_per_kwh + kg * grid.carbon_intensity_g_per_kwh
            imported = np.where(bought + peak / h < power, grid.import_limit_kw, 0.0)
            supplied += imported
            exported = np.where(power < grid.export_price_per_kwh, grid.export_limit_kw, 0.0)
            supplied -= exported
            paid += imported * grid.import_price_per_kwh - exported * grid.export_price_per_kwh
            grams += imported * grid.carbon_intensity_g_per_kwh
            above, demand_cost = _above_peak(grid, imported, peak)
            paid[0] += demand_cost / h
        missing = np.zeros(len(power))
        if site.battery:
            into_kw, out_kw, missing = _battery_flows(
                site.battery, power, prices.stored_per_kwh[s], h, (ready, stored_ready)
            )
            supplied += out_kw - into_kw
            paid += out_kw * site.battery.wear_cost_per_kwh
        return _Flows(
            supplied_kw=supplied,
            missing_kwh=missing,
            above_peak_kw=above,
            emitted_kg=float(grams.sum()) * h / G_PER_KG,
            paid=float(paid.sum()) * h,
        )


def _above_peak(
    grid: GridConnection, imported_kw: FloatArray, peak: FloatArray
) -> tuple[FloatArray, float]:
    """Import above the peaks that it pays to be billed for, shape (T,) [kW], and their cost."""
    if grid.demand_charge is None:
        return np.zeros(len(peak)), 0.0
    charge, billed_kw, cost = grid.demand_charge, np.zeros(len(peak)), 0.0
    for period in np.unique(charge.period):
        inside = charge.period == period
        if charge.price_per_kw < peak[inside].sum():
            billed_kw[inside] = grid.import_limit_kw[inside].max()
            cost += charge.price_per_kw * float(grid.import_limit_kw[inside].max())
    so_far_kw = np.where(charge.period == 0, charge.peak_so_far_kw, 0.0)
    above: FloatArray = imported_kw - billed_kw - so_far_kw
    return above, cost


def _battery_flows(
    battery: Battery,
    power: FloatArray,
    stored: FloatArray,
    step_h: float,
    ready: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Power taken and given [kW], energy missing [kWh], shape (T,); `ready` prices reserve."""
    into, out = battery.charge_efficiency, battery.discharge_efficiency
    charge_kw = np.where(power < stored * into + ready[0], battery.power_kw, 0.0)
    worth = battery.wear_cost_per_kwh + stored / out + ready[0]
    discharge_kw = np.where(worth < power, battery.power_kw, 0.0)
    value = stored - np.append(stored[1:], 0.0) - ready[1] * battery.discharge_efficiency
    soc_kwh = np.where(value >= 0, battery.soc_min_kwh, battery.energy_kwh)
    soc_kwh[-1] = battery.soc_initial_kwh
    before_kwh = np.append(battery.soc_initial_kwh, soc_kwh[:-1])
    kept_kwh = (charge_kw * into - discharge_kw / out) * step_h
    return charge_kw, discharge_kw, soc_kwh - before_kwh - kept_kwh
