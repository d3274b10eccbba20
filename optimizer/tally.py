"""What a plan costs, emits and leaves undone, by plain arithmetic.

The one definition of the objective: the solver's figure, the baseline's and the verifier's are all
this sum. Nothing here solves anything.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.commitment import n_starts
from optimizer.load import Load, by_host
from optimizer.plan import Dispatch, Plan, Serving
from optimizer.problem import Problem
from optimizer.replicas import unprotected_rps
from optimizer.reserve import missing_reserve_kw
from optimizer.site import FloatArray, GpuPool, IntArray, Site
from optimizer.timing import is_finished, late_gpu_h
from optimizer.units import G_PER_KG
from optimizer.work import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTally:
    """One site's energy, money and emissions over the horizon.

    Attributes:
        energy_cost: Import less export revenue. [money]
        start_cost: Of the generator's starts. [money]
        emissions_kg: Grid, plants and fuel; life-cycle, location-based. [kg]
        emissions_market_kg: The same with the grid under contracts. [kg]
        facility_kwh: Served at the meter, battery flows apart. [kWh]
        peak_import_kw: Highest mean step. [kW]
        missing_reserve_kw_h: Of an island, each kW for each hour. [kW h]
    """

    energy_cost: float
    demand_cost: float
    fuel_cost: float
    start_cost: float
    wear_cost: float
    water_cost: float
    lease_cost: float
    emissions_kg: float
    emissions_market_kg: float
    embodied_kg: float
    facility_kwh: float
    grid_import_kwh: float
    grid_export_kwh: float
    generator_kwh: float
    renewable_used_kwh: float
    curtailed_kwh: float
    unmet_kwh: float
    missing_reserve_kw_h: float
    peak_import_kw: float
    water_l: float
    soc_end_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A plan's whole account.

    Attributes:
        sites: By site, in the problem's order.
        transfer_cost: Data moved over links. [money]
        late_gpu_h: Lateness times base GPUs. [GPU-h]
        unfinished_gpu_h: Work of jobs that missed their hard deadline. [GPU-h]
        late_cost: What the lateness costs, each job's by its priority. [money]
        unfinished_cost: What the work undone costs, likewise. [money]
        unserved_requests: Nothing answered them inside the latency budget.
        unprotected_requests: The loss of a site would have left them unserved.
        excess_carbon_kg: Emitted above the carbon budget. [kg]
        excess_cost: Paid above the cost budget. [money]
        objective: What the optimizer minimises. [money]
    """

    sites: tuple[SiteTally, ...]
    transfer_cost: float
    late_gpu_h: float
    unfinished_gpu_h: float
    late_cost: float
    unfinished_cost: float
    unserved_requests: float
    unprotected_requests: float
    excess_carbon_kg: float
    excess_cost: float
    objective: float

    def total(self, name: str) -> float:
        """Sum of one field over the sites."""
        return float(sum(getattr(site, name) for site in self.sites))

    @property
    def cost(self) -> float:
        """Money paid in the horizon: no shortfall penalty, no carbon price. [money]"""
        return _paid(self.sites, self.transfer_cost)


def _paid(sites: tuple[SiteTally, ...], transfer_cost: float) -> float:
    parts = ("energy", "demand", "fuel", "start", "wear", "water", "lease")
    by_part = (float(sum(getattr(site, f"{part}_cost") for site in sites)) for part in parts)
    return transfer_cost + sum(by_part)


def tally(problem: Problem, plan: Plan, load: Load | None = None) -> Tally:
    """The account of `plan`; `load` may be given when it is already at hand."""
    load = load or Load.of(problem, plan.placements, plan.servings)
    facility_kw, it_kw = load.facility_kw(problem), load.drawn_it_kw(problem)
    sites = tuple(
        _site(
            problem,
            s,
            site,
            plan.dispatch[site.name],
            load=load,
            facility_kw=facility_kw[s],
            it_kw=it_kw[s],
        )
        for s, site in enumerate(problem.sites)
    )
    placed = list(zip(problem.jobs, plan.placements, strict=True))
    transfer_cost = sum(
        problem.transfer_cost(job, placement.site) for job, placement in placed if placement.runs
    )
    priority = np.array([job.priority for job in problem.jobs])
    late = late_gpu_h(problem, plan.placements)
    unfinished = np.array(
        [
            0.0 if is_finished(problem, job, placement) else job.gpu_hours
            for job, placement in placed
        ]
    )
    late_cost = problem.objective.late_price_per_gpu_h * float((late * priority).sum())
    unfinished_cost = problem.objective.unfinished_price_per_gpu_h * float(
        (unfinished * priority).sum()
    )
    unserved = unprotected = 0.0
    seconds = problem.horizon.step_s
    for service in problem.services:
        serving = plan.servings[service.name]
        unserved += float(unserved_rps(service, serving).sum()) * seconds
        replicas, _ = by_host(problem, service, serving)
        short = unprotected_rps(problem, service, replicas)
        unprotected += float(short.sum()) * seconds
    price = problem.objective
    money = transfer_cost + sum(
        site.energy_cost
        + site.demand_cost
        + site.fuel_cost
        + site.start_cost
        + site.wear_cost
        + site.water_cost
        + site.lease_cost
        + price.carbon_price_per_kg * site.emissions_kg
        + price.unmet_price_per_kwh * site.unmet_kwh
        + price.reserve_price_per_kw_h * site.missing_reserve_kw_h
        for site in sites
    )
    emitted_kg = sum(site.emissions_kg for site in sites)
    budget_kg = np.inf if price.carbon_budget_kg is None else price.carbon_budget_kg
    excess_kg = max(0.0, emitted_kg - budget_kg)
    cost_budget = np.inf if price.cost_budget is None else price.cost_budget
    excess_cost = max(0.0, _paid(sites, float(transfer_cost)) - cost_budget)
    return Tally(
        sites=sites,
        transfer_cost=float(transfer_cost),
        late_gpu_h=float(late.sum()),
        unfinished_gpu_h=float(unfinished.sum()),
        late_cost=late_cost,
        unfinished_cost=unfinished_cost,
        unserved_requests=unserved,
        unprotected_requests=unprotected,
        excess_carbon_kg=excess_kg,
        excess_cost=excess_cost,
        objective=float(
            money
            + late_cost
            + unfinished_cost
            + price.unserved_price_per_request * (unserved + unprotected)
            + price.carbon_excess_price_per_kg * excess_kg
            + price.cost_excess_price * excess_cost
        ),
    )


def _site(
    problem: Problem,
    s: int,
    site: Site,
    flow: Dispatch,
    *,
    load: Load,
    facility_kw: FloatArray,
    it_kw: FloatArray,
) -> SiteTally:
    h = problem.horizon.step_h
    plants = zip(site.plants, flow.plant_used_kw, strict=True)
    own_g = sum(plant.carbon_g_per_kwh * used.sum() * h for plant, used in plants)
    available = sum(float(plant.available_kw.sum()) for plant in site.plants) * h
    used_kwh = float(flow.plant_used_kw.sum()) * h
    grid_g = market_g = energy_cost = demand_cost = 0.0
    if site.grid is not None:
        grid = site.grid
        bought, sold = flow.grid_import_kw * h, flow.grid_export_kw * h
        energy_cost = float(bought @ grid.import_price_per_kwh - sold @ grid.export_price_per_kwh)
        grid_g = float(bought @ grid.carbon_intensity_g_per_kwh)
        market_g = float(bought @ grid.market_carbon_intensity_g_per_kwh)
        if charge := grid.demand_charge:
            peaks_kw = paid_peaks_kw(site, flow.grid_import_kw)
            demand_cost = sum(charge.price_per_kw * peak_kw for peak_kw in peaks_kw)
    fuel_cost = start_cost = 0.0
    if site.generator is not None:
        generated = float(flow.generator_kw.sum()) * h
        own_g += generated * site.generator.carbon_g_per_kwh
        fuel_cost = generated * site.generator.fuel_cost_per_kwh
        if flow.commitment is not None:
            start_cost = n_starts(site.generator, flow.commitment.on) * site.generator.start_cost
    wear = site.battery.wear_cost_per_kwh if site.battery else 0.0
    gpu_h = [
        (k, pool, float(load.gpus[k].sum()) * h)
        for pool in site.pools
        for k in [problem.pool_number[s, pool.gpu_type]]
    ]
    water_l = float(it_kw @ site.cooling.water_l_per_kwh) * h
    return SiteTally(
        energy_cost=energy_cost,
        demand_cost=float(demand_cost),
        fuel_cost=fuel_cost,
        start_cost=start_cost,
        wear_cost=wear * float(flow.discharge_kw.sum()) * h,
        water_cost=water_l * problem.objective.water_price_per_l,
        lease_cost=sum(_lease_cost(pool, load.gpus[k], hours, h) for k, pool, hours in gpu_h),
        emissions_kg=float(own_g + grid_g) / G_PER_KG,
        emissions_market_kg=float(own_g + market_g) / G_PER_KG,
        embodied_kg=sum(pool.embodied_g_per_gpu_h * hours for _, pool, hours in gpu_h) / G_PER_KG,
        facility_kwh=float(facility_kw.sum() - flow.unmet_kw.sum()) * h,
        grid_import_kwh=float(flow.grid_import_kw.sum()) * h,
        grid_export_kwh=float(flow.grid_export_kw.sum()) * h,
        generator_kwh=float(flow.generator_kw.sum()) * h,
        renewable_used_kwh=used_kwh,
        curtailed_kwh=max(0.0, available - used_kwh),
        unmet_kwh=float(flow.unmet_kw.sum()) * h,
        missing_reserve_kw_h=float(missing_reserve_kw(site, flow, h).sum()) * h,
        peak_import_kw=float(flow.grid_import_kw.max()),
        water_l=water_l,
        soc_end_kwh=float(flow.soc_kwh[-1]) if site.battery else 0.0,
    )


def _lease_cost(pool: GpuPool, gpus: IntArray, gpu_h: float, step_h: float) -> float:
    """Lease of what is reserved, or of what is committed where that is more. [money]"""
    unused = np.maximum(0, pool.committed_gpus - gpus)
    return pool.lease_price_per_gpu_h * (gpu_h + float(unused.sum()) * step_h)


def paid_peaks_kw(site: Site, grid_import_kw: FloatArray) -> list[float]:
    """What each billing period's peak adds to the peak already reached. [kW]"""
    if site.grid is None or site.grid.demand_charge is None:
        return []
    charge = site.grid.demand_charge
    peaks = [
        float(grid_import_kw[charge.period == period].max())
        for period in range(int(charge.period.max()) + 1)
    ]
    peaks[0] -= charge.peak_so_far_kw
    return [max(0.0, peak) for peak in peaks]


def unserved_rps(service: Service, serving: Serving) -> FloatArray:
    """Requests that found no replica, by region and step, shape (R, T). [1/s]"""
    rest: FloatArray = service.demand_rps - serving.all_served_rps.sum(axis=1)
    return np.maximum(0.0, rest)
