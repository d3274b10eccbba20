"""Builders of small worlds: a case names what matters to it, the rest has plain defaults.

A number given for a series holds in every step.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from optimizer.horizon import Horizon
from optimizer.plan import Plan
from optimizer.problem import Link, Objective, Problem
from optimizer.site import (
    Battery,
    Cooling,
    DemandCharge,
    Generator,
    GpuPool,
    GridConnection,
    Plant,
    Site,
)
from optimizer.work import Job, JobKind, Mode, Service

START = datetime(2026, 3, 2, tzinfo=UTC)
N_STEPS = 6


def hour(hours):
    """That many hours after the start."""
    return START + timedelta(hours=float(hours))


def series(value, n_steps=N_STEPS):
    return np.broadcast_to(np.asarray(value, dtype=float), n_steps).copy()


def grid(n_steps=N_STEPS, *, limit=100, export=0, price=1, sale=0, intensity=0, charge=None):
    return GridConnection(
        import_limit_kw=series(limit, n_steps),
        export_limit_kw=series(export, n_steps),
        import_price_per_kwh=series(price, n_steps),
        export_price_per_kwh=series(sale, n_steps),
        carbon_intensity_g_per_kwh=series(intensity, n_steps),
        market_carbon_intensity_g_per_kwh=series(intensity, n_steps),
        demand_charge=charge,
    )


def demand_charge(price, periods, so_far=0):
    period = np.array(periods, dtype=np.int64)
    return DemandCharge(price_per_kw=price, period=period, peak_so_far_kw=so_far)


def plant(available, n_steps=N_STEPS, *, name="pv", carbon=0):
    return Plant(name=name, available_kw=series(available, n_steps), carbon_g_per_kwh=carbon)


def battery(*, energy=10, power=4, charge=0.8, discharge=0.8, soc_min=0, soc_initial=0.5, wear=0):
    return Battery(
        energy_kwh=energy,
        power_kw=power,
        charge_efficiency=charge,
        discharge_efficiency=discharge,
        soc_min=soc_min,
        soc_initial=soc_initial,
        wear_cost_per_kwh=wear,
    )


def generator(power=10, fuel=3, carbon=0, **rules):
    return Generator(power_kw=power, fuel_cost_per_kwh=fuel, carbon_g_per_kwh=carbon, **rules)


def site(
    name="home",
    n_steps=N_STEPS,
    *,
    gpus=8,
    idle=0,
    lease=0,
    committed=0,
    overhead=0,
    slope=1,
    water=0,
    jurisdiction="MA",
    grid=None,
    **rest,
):
    """A site with one pool; on an island unless it is given a grid connection."""
    pool = GpuPool(
        gpu_type="gpu",
        gpus=series(gpus, n_steps).astype(np.int64),
        idle_kw_per_gpu=idle,
        lease_price_per_gpu_h=lease,
        committed_gpus=committed,
    )
    cooling = Cooling(
        overhead_kw=overhead, slope=series(slope, n_steps), water_l_per_kwh=series(water, n_steps)
    )
    return Site(
        name=name, jurisdiction=jurisdiction, cooling=cooling, pools=(pool,), grid=grid, **rest
    )


def job(
    name="job",
    *,
    gpus=2,
    kw=None,
    hours=2,
    release=0,
    due=N_STEPS,
    deadline=None,
    kind="contiguous",
    modes=None,
    home="home",
    **rest,
):
    """A job whose instants are hours after the start; 1 kW a GPU unless said otherwise."""
    base = Mode(gpus=gpus, power_kw=gpus if kw is None else kw)
    return Job(
        name=name,
        kind=JobKind(kind),
        gpu_type="gpu",
        modes=modes or (base,),
        work_h=hours,
        release=hour(release),
        due=hour(due),
        deadline=hour(due if deadline is None else deadline),
        home=home,
        **rest,
    )


def service(
    name="service",
    n_steps=N_STEPS,
    *,
    demand=2,
    rtt=None,
    capacity=2,
    replica_kw=1,
    kw_per_rps=0,
    gpus=1,
    home="home",
    **rest,
):
    """A service of as many regions as `demand` has rows; 100 ms in all, 50 ms of them to answer."""
    rows = np.atleast_1d(np.asarray(demand, dtype=float))
    rows = rows[:, None] if rows.ndim == 1 else rows
    regions = tuple("abc"[: len(rows)])
    return Service(
        name=name,
        gpu_type="gpu",
        regions=regions,
        demand_rps=np.broadcast_to(rows, (len(rows), n_steps)).copy(),
        rtt_ms=rtt if rtt is not None else {(region, home): 10.0 for region in regions},
        latency_budget_ms=100,
        service_time_ms=50,
        gpus_per_replica=gpus,
        capacity_rps=capacity,
        replica_kw=replica_kw,
        energy_per_request_kwh=kw_per_rps / 3600,
        home=home,
        **rest,
    )


def objective(*, carbon=0, water=0, unmet=20, unserved=0.01, late=5, unfinished=20):
    return Objective(
        currency="MAD",
        carbon_price_per_kg=carbon,
        water_price_per_l=water,
        unmet_price_per_kwh=unmet,
        unserved_price_per_request=unserved,
        late_price_per_gpu_h=late,
        unfinished_price_per_gpu_h=unfinished,
    )


def problem(*sites, jobs=(), services=(), step_h=1, prices=None, links=None):
    n_steps = len(sites[0].cooling.slope)
    return Problem(
        horizon=Horizon(start=START, step=timedelta(hours=step_h), n_steps=n_steps),
        sites=sites,
        jobs=tuple(jobs),
        services=tuple(services),
        objective=prices or objective(),
        links=links or {},
    )


def link(one, other, *, gbps=1, cost=0):
    return {frozenset((one, other)): Link(bandwidth_gbps=gbps, cost_per_gb=cost)}


def changed(value, **changes):
    """`value` with some of its fields replaced."""
    return replace(value, **changes)


def with_dispatch(plan: Plan, name: str, **changes) -> Plan:
    """`plan` with some flows of one site replaced."""
    flows = replace(plan.dispatch[name], **changes)
    return replace(plan, dispatch={**plan.dispatch, name: flows})


def with_placement(plan: Plan, number: int, **changes) -> Plan:
    """`plan` with one placement changed."""
    placements = list(plan.placements)
    placements[number] = replace(placements[number], **changes)
    return replace(plan, placements=tuple(placements))


def with_serving(plan: Plan, name: str, **changes) -> Plan:
    """`plan` with one service's replicas or requests replaced."""
    serving = replace(plan.servings[name], **changes)
    return replace(plan, servings={**plan.servings, name: serving})
