"""A scenario and its forecasts as a problem: names resolved, units the optimizer's own.

The planner works on expected values; what the scenarios of the forecasts make of the plan is told
beside it, as a spread.
"""

import numpy as np

from optimizer.horizon import Horizon
from optimizer.problem import Link, Objective, Problem
from optimizer.site import (
    Battery,
    Cooling,
    DemandCharge,
    FloatArray,
    Generator,
    GpuPool,
    GridConnection,
    Plant,
    Site,
)
from optimizer.units import G_PER_KG, WH_PER_KWH
from optimizer.work import Job, JobKind, Mode, Service, Variant
from scheduler.planning.forecasts import Outlook
from scheduler.scenario import Scenario
from scheduler.scenario.jobs import JobSpec
from scheduler.scenario.sites import Site as SiteModel
from scheduler.scenario.sites import WeatherCooling


def assemble(scenario: Scenario, outlook: Outlook) -> tuple[Problem, tuple[str, ...]]:
    """The problem, and the names of the jobs left for a later plan.

    A job that could not end inside the horizon even if it started at its release, at home, is not
    this plan's to judge, nor is one that waits for it.
    """
    world = scenario.world
    horizon = Horizon(
        start=scenario.horizon.start, step=scenario.horizon.step, n_steps=scenario.horizon.n_steps
    )
    jobs: list[Job] = []
    later: list[str] = []
    for spec in scenario.jobs:
        n_steps = int(np.ceil(spec.work_h / horizon.step_h - 1e-9))
        first = 0 if spec.running_at else horizon.first_step_from(spec.release)
        fits = first + n_steps <= horizon.n_steps
        jobs.append(_job(spec)) if fits else later.append(spec.name)
    jobs, later = _with_those_behind(jobs, later)
    policy = world.policy
    problem = Problem(
        horizon=horizon,
        sites=tuple(_site(scenario, outlook, name) for name in world.sites),
        jobs=tuple(jobs),
        services=tuple(_service(scenario, outlook, name) for name in world.services),
        objective=Objective(
            currency=world.currency,
            carbon_price_per_kg=policy.carbon_price_per_kg,
            carbon_budget_kg=policy.carbon_budget_kg,
            carbon_excess_price_per_kg=policy.carbon_excess_price_per_kg or 0.0,
            cost_budget=policy.cost_budget,
            cost_excess_price=policy.cost_excess_price or 0.0,
            reserve_price_per_kw_h=policy.reserve_price_per_kw_h or 0.0,
            water_price_per_l=policy.water_price_per_l,
            unmet_price_per_kwh=policy.unmet_price_per_kwh,
            unserved_price_per_request=policy.unserved_price_per_request,
            late_price_per_gpu_h=policy.late_price_per_gpu_h,
            unfinished_price_per_gpu_h=policy.unfinished_price_per_gpu_h,
        ),
        links={
            frozenset(link.between): Link(
                bandwidth_gbps=link.bandwidth_gbps, cost_per_gb=link.cost_per_gb
            )
            for link in world.links
        },
    )
    return problem, tuple(later)


def _with_those_behind(jobs: list[Job], later: list[str]) -> tuple[list[Job], list[str]]:
    """What stays and what is left for later, those that wait for the latter among them."""
    while behind := [job for job in jobs if not set(later).isdisjoint(job.after)]:
        later = [*later, *(job.name for job in behind)]
        jobs = [job for job in jobs if job not in behind]
    return jobs, later


def _job(spec: JobSpec) -> Job:
    return Job(
        name=spec.name,
        kind=JobKind(spec.kind),
        gpu_type=spec.gpu_type,
        modes=tuple(
            Mode(gpus=mode.gpus, power_kw=mode.power_kw, speed=mode.speed) for mode in spec.modes
        ),
        work_h=spec.work_h,
        release=spec.release,
        due=spec.due,
        deadline=spec.deadline,
        home=spec.home,
        resume_h=spec.resume_h,
        residency=spec.residency,
        certifications=spec.certifications,
        data_gb=spec.data_gb,
        allowed_sites=spec.allowed_sites,
        priority=spec.priority,
        whole_nodes=spec.whole_nodes,
        after=spec.after,
        running_at=spec.running_at,
    )


def _service(scenario: Scenario, outlook: Outlook, name: str) -> Service:
    service = scenario.world.services[name]
    regions = tuple(service.demand)
    forecasts = outlook.forecasts.demand_rps
    return Service(
        name=name,
        gpu_type=service.gpu_type,
        regions=regions,
        demand_rps=np.array([forecasts[name, region].expected for region in regions]),
        rtt_ms={
            (region, site): rtt_ms
            for region in regions
            for site, rtt_ms in scenario.world.regions[region].rtt_ms.items()
        },
        latency_budget_ms=service.latency_budget_ms,
        service_time_ms=service.service_time_ms,
        gpus_per_replica=service.gpus_per_replica,
        capacity_rps=service.carries_rps(service),
        replica_kw=service.replica_idle_kw,
        energy_per_request_kwh=service.energy_per_request_wh / WH_PER_KWH,
        home=service.home,
        min_replicas=service.min_replicas,
        survives_site_loss=service.survives_site_loss,
        residency=None if service.residency is None else frozenset(service.residency),
        certifications=frozenset(service.certifications),
        variants=tuple(
            Variant(
                name=name,
                gpus_per_replica=one.gpus_per_replica,
                capacity_rps=service.carries_rps(one),
                replica_kw=one.replica_idle_kw,
                energy_per_request_kwh=one.energy_per_request_wh / WH_PER_KWH,
                quality=one.quality,
            )
            for name, one in service.variants.items()
        ),
        quality_floor=service.quality_floor or 0.0,
    )


def _site(scenario: Scenario, outlook: Outlook, name: str) -> Site:
    site, series = scenario.world.sites[name], scenario.sites[name]
    forecasts = outlook.forecasts
    plants = [
        Plant(
            name=kind,
            available_kw=by_site[name].expected,
            carbon_g_per_kwh=plant.life_cycle_g_per_kwh,
            reserve_share=plant.reserve_share,
        )
        for kind, plant, by_site in (
            ("pv", site.pv, forecasts.pv_kw),
            ("wind", site.wind, forecasts.wind_kw),
        )
        if plant is not None
    ]
    battery, generator = site.battery, site.generator
    return Site(
        name=name,
        jurisdiction=site.jurisdiction,
        certifications=frozenset(site.certifications),
        leased=site.leased,
        cooling=_cooling(site, outlook, name, scenario.horizon.n_steps),
        pools=tuple(
            GpuPool(
                gpu_type=gpu_type,
                gpus=series.gpus[gpu_type],
                idle_kw_per_gpu=pool.idle_kw_per_gpu,
                lease_price_per_gpu_h=pool.lease_price_per_gpu_h,
                embodied_g_per_gpu_h=pool.embodied_kg_per_gpu_h * G_PER_KG,
                committed_gpus=pool.committed_gpus,
                gpus_per_node=pool.gpus_per_node,
                sleep_kw_per_gpu=pool.sleep_kw_per_gpu,
                wake_h=pool.wake_h,
            )
            for gpu_type, pool in site.pools.items()
        ),
        grid=_grid(scenario, outlook, name),
        plants=tuple(plants),
        battery=None
        if battery is None
        else Battery(
            energy_kwh=battery.energy_kwh,
            power_kw=battery.power_kw,
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
            soc_min=battery.soc_min,
            soc_initial=battery.soc_initial,
            wear_cost_per_kwh=battery.wear_cost_per_kwh,
        ),
        generator=None
        if generator is None
        else Generator(
            power_kw=generator.power_kw,
            fuel_cost_per_kwh=generator.fuel_cost_per_kwh,
            carbon_g_per_kwh=generator.carbon_g_per_kwh,
            min_load_kw=generator.min_load_share * generator.power_kw,
            start_cost=generator.start_cost,
            min_up_h=generator.min_up_h,
            min_down_h=generator.min_down_h,
            runs_at_start=generator.runs_at_start,
            hours_so_far=np.inf if generator.hours_so_far is None else generator.hours_so_far,
        ),
    )


def _grid(scenario: Scenario, outlook: Outlook, name: str) -> GridConnection | None:
    grid, series = scenario.world.sites[name].grid, scenario.sites[name].grid
    if grid is None or series is None:
        return None
    charge = grid.demand_charge
    return GridConnection(
        import_limit_kw=series.import_limit_kw,
        export_limit_kw=series.export_limit_kw,
        import_price_per_kwh=series.import_price_per_kwh,
        export_price_per_kwh=series.export_price_per_kwh,
        carbon_intensity_g_per_kwh=outlook.forecasts.carbon_g_per_kwh[name].expected,
        market_carbon_intensity_g_per_kwh=series.market_carbon_g_per_kwh,
        demand_charge=None
        if charge is None
        else DemandCharge(
            price_per_kw=charge.price_per_kw_month,
            period=series.billing_month,
            peak_so_far_kw=charge.peak_so_far_kw,
        ),
    )


def _cooling(site: SiteModel, outlook: Outlook, name: str, n_steps: int) -> Cooling:
    if isinstance(site.cooling, WeatherCooling):
        ahead = outlook.cooling[name]
        assert ahead.pue_slope is not None
        assert ahead.water is not None
        slope: FloatArray = ahead.pue_slope.expected
        return Cooling(
            overhead_kw=ahead.pue_overhead_share * site.cooling.rated_it_kw,
            slope=slope,
            water_l_per_kwh=ahead.water.expected,
        )
    return Cooling(
        overhead_kw=0.0,
        slope=np.full(n_steps, float(site.cooling.pue)),
        water_l_per_kwh=np.full(n_steps, float(site.cooling.water_l_per_kwh)),
    )
