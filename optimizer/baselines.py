"""Run-now: what a sensible operator does without a planner.

Each job starts at its declared home, at base width and full power, first come first served with
backfill (of those that come together the highest priority first), when its GPUs and the power for
it are there; each service runs at home, scaled to its demand, with standby elsewhere where it must
survive the loss of a site; the battery takes surplus and gives it back at the next deficit; the
generator runs only for what is otherwise unmet, and as long as it must. A running job keeps its
GPUs before all but the floors of the services; where it cannot, it resumes there later.
"""

import numpy as np

from optimizer.commitment import follow, limits
from optimizer.load import Load, extra_it_kw, reserved_gpus, slopes
from optimizer.plan import Commitment, Dispatch, Placement, Plan, Run, Serving
from optimizer.problem import Problem
from optimizer.site import Battery, FloatArray, IntArray, Site
from optimizer.timing import TOLERANCE_H, finish_h
from optimizer.work import Job, Service

ROUNDING_KW = 1e-9


def run_now(problem: Problem) -> Plan:
    """The baseline plan. Needs no solver."""
    load = Load.idle(problem)
    placements: dict[str, Placement] = {}
    for job in sorted((job for job in problem.jobs if job.running_at), key=_turn):
        placement = _go_on(problem, job, load)
        if placement.runs or job.only_goes_on:
            placements[job.name] = placement
        load.add(problem, job, placement)
    servings = {}
    for number, service in enumerate(problem.services):
        serving = _serve_at_home(problem, service, load, problem.services[number + 1 :])
        servings[service.name] = serving
        load.add_serving(problem, service, serving)
    waiting = sorted((job for job in problem.jobs if job.name not in placements), key=_turn)
    while waiting:
        job = next(one for one in waiting if all(name in placements for name in one.after))
        waiting.remove(job)
        placement = _start_at_once(problem, job, load, [placements[name] for name in job.after])
        placements[job.name] = placement
        load.add(problem, job, placement)
    return Plan(
        placements=tuple(placements[job.name] for job in problem.jobs),
        servings=servings,
        dispatch=self_consumption(problem, load.facility_kw(problem)),
    )


def _serve_at_home(
    problem: Problem, service: Service, load: Load, later: tuple[Service, ...]
) -> Serving:
    """Every region at home, or where it must at the nearest site; standby at the nearest others.

    What is not on `load` yet but for the floors of the `later` services is free.
    """
    n_steps = problem.horizon.n_steps
    sites = problem.admissible_sites(service)
    kept = _floors(problem, load, later)
    free = {
        s: np.maximum(0, problem.pool_gpus[k] - load.gpus[k] - kept[k]) // service.gpus_per_replica
        for s in sites
        for k in [problem.pool_number[s, service.gpu_type]]
    }
    served = np.zeros((len(service.regions), len(problem.sites), n_steps))
    replicas = np.zeros((len(problem.sites), n_steps), dtype=np.int64)
    for r, region in enumerate(service.regions):
        demand = service.demand_rps[r].copy()
        for s in _nearest(problem, service, region, sites):
            room = free[s] * service.capacity_rps - served[:, s].sum(axis=0)
            taken = np.clip(demand, 0.0, np.maximum(0.0, room))
            served[r, s] = taken
            demand -= taken
    for s in sites:
        needed = np.ceil(served[:, s].sum(axis=0) / service.capacity_rps - 1e-9)
        replicas[s] = np.minimum(needed.astype(np.int64), free[s])
    for s in sorted(sites, key=lambda s: problem.sites[s].name != service.home):
        missing = np.maximum(0, service.min_replicas - replicas.sum(axis=0))
        replicas[s] += np.minimum(missing, free[s] - replicas[s])
    if service.survives_site_loss:
        for lost in sites:
            _stand_by(problem, service, lost, served=served, replicas=replicas, free=free)
    return Serving(replicas=replicas, served_rps=served)


def _floors(problem: Problem, load: Load, services: tuple[Service, ...]) -> IntArray:
    """GPUs that the floors of `services` need beside `load`, by pool and step, shape (K, T)."""
    kept: IntArray = np.zeros_like(load.gpus)
    for service in services:
        missing = problem.floor(service)
        sites = problem.admissible_sites(service)
        for s in sorted(sites, key=lambda s: problem.sites[s].name != service.home):
            k = problem.pool_number[s, service.gpu_type]
            room = np.maximum(0, problem.pool_gpus[k] - load.gpus[k] - kept[k])
            held = np.minimum(missing, room // service.gpus_per_replica)
            kept[k] += held * service.gpus_per_replica
            missing = missing - held
    return kept


def _nearest(problem: Problem, service: Service, region: str, sites: tuple[int, ...]) -> list[int]:
    """Sites in reach of a region: home first, then by round-trip time."""
    names = {s: problem.sites[s].name for s in sites}
    near = [s for s in sites if service.reaches(region, names[s])]
    return sorted(near, key=lambda s: (names[s] != service.home, service.rtt_ms[region, names[s]]))


def _stand_by(
    problem: Problem,
    service: Service,
    lost: int,
    *,
    served: FloatArray,
    replicas: IntArray,
    free: dict[int, IntArray],
) -> None:
    """Add replicas elsewhere, in place, that take over what `lost` serves."""
    sites = problem.admissible_sites(service)
    spare = {
        s: replicas[s] * service.capacity_rps - served[:, s].sum(axis=0) for s in sites if s != lost
    }
    for r, region in enumerate(service.regions):
        orphaned = served[r, lost].copy()
        for s in _nearest(problem, service, region, sites):
            if s == lost:
                continue
            wanted = np.ceil(np.maximum(0.0, orphaned - spare[s]) / service.capacity_rps - 1e-9)
            added = np.clip(wanted.astype(np.int64), 0, free[s] - replicas[s])
            replicas[s] += added
            taken = np.minimum(orphaned, spare[s] + added * service.capacity_rps)
            spare[s] += added * service.capacity_rps - taken
            orphaned -= taken


def _turn(job: Job) -> tuple[object, ...]:
    """What decides who is served first."""
    return job.release, -job.priority, job.name


def _go_on(problem: Problem, job: Job, load: Load) -> Placement:
    """A running job where it is, without a pause, if its GPUs stay beside the services' floors."""
    assert job.running_at is not None
    s = problem.site_number[job.running_at]
    k, gpus = problem.pool_number[s, job.gpu_type], reserved_gpus(problem, job, s, 0)
    run = Run(first_step=0, n_steps=problem.n_steps(job))
    placement = Placement(job=job.name, site=job.running_at, runs=(run,))
    kept = _floors(problem, load, problem.services)
    needed = (load.gpus[k] + kept[k] + gpus)[: run.n_steps]
    fits = run.n_steps <= problem.horizon.n_steps
    fits = fits and bool((needed <= problem.pool_gpus[k, : run.n_steps]).all())
    return placement if fits and _keeps_deadline(problem, job, placement) else Placement.none(job)


def _keeps_deadline(problem: Problem, job: Job, placement: Placement) -> bool:
    deadline_h = problem.horizon.steps_until(min(job.deadline, problem.horizon.end))
    limit_h = deadline_h * problem.horizon.step_h + TOLERANCE_H
    return finish_h(problem, job, placement) <= limit_h


def _start_at_once(problem: Problem, job: Job, load: Load, before: list[Placement]) -> Placement:
    """The earliest start at home with GPUs and power free throughout; none leaves it unfinished.

    A job that was running resumes where it was; one that waits for others starts when the last
    of those placed `before` has ended, and never where one of them is unfinished.
    """
    if not all(one.runs for one in before):
        return Placement.none(job)
    resumes = job.running_at is not None
    home = problem.site_number[job.origin]
    k = problem.pool_number[home, job.gpu_type]
    work_h = job.work_h + job.resume_h if resumes else job.work_h
    n_steps = int(np.ceil(work_h / problem.horizon.step_h - 1e-9))
    extra_kw = slopes(problem)[home] * extra_it_kw(problem, job, home, 0)
    facility_kw = load.facility_kw(problem)[home] + extra_kw
    fits = (load.gpus[k] + reserved_gpus(problem, job, home, 0) <= problem.pool_gpus[k]) & (
        facility_kw <= firm_supply_kw(problem, problem.sites[home]) + ROUNDING_KW
    )
    open_for = np.zeros(0)
    if n_steps <= len(fits):
        open_for = np.convolve(fits, np.ones(n_steps), mode="valid")
    first = max(problem.first_step(job, job.origin), int(resumes))
    first = max([first, *(one.runs[-1].end_step for one in before)])
    starts = [t for t in np.flatnonzero(open_for > n_steps - 0.5) if t >= first]
    for t in starts[:1]:
        run = Run(first_step=int(t), n_steps=n_steps)
        placement = Placement(job=job.name, site=job.origin, runs=(run,))
        if _keeps_deadline(problem, job, placement):
            return placement
    return Placement.none(job)


def firm_supply_kw(problem: Problem, site: Site) -> FloatArray:
    """Power a site can count on without its battery, shape (T,). [kW]"""
    n_steps, step_h = problem.horizon.n_steps, problem.horizon.step_h
    supply = np.zeros(n_steps)
    if site.grid:
        supply = supply + site.grid.import_limit_kw
    if site.generator:
        supply = supply + site.generator.power_kw * limits(site.generator, n_steps, step_h)[1]
    for plant in site.plants:
        supply = supply + plant.available_kw
    return supply


def self_consumption(problem: Problem, facility_kw: FloatArray) -> dict[str, Dispatch]:
    """Greedy energy flows of every site under a facility power, shape (S, T). [kW]"""
    return {
        site.name: _self_consume(site, facility_kw[s], problem.horizon.step_h)
        for s, site in enumerate(problem.sites)
    }


def _self_consume(site: Site, load_kw: FloatArray, step_h: float) -> Dispatch:
    available = np.array([plant.available_kw for plant in site.plants]).reshape(-1, len(load_kw))
    zero = np.zeros_like(load_kw)
    import_limit = site.grid.import_limit_kw if site.grid else zero
    export_limit = site.grid.export_limit_kw if site.grid else zero
    net_load_kw = load_kw - available.sum(axis=0)
    charge, discharge, soc = zero.copy(), zero.copy(), zero.copy()
    if site.battery:
        charge, discharge, soc = _greedy_battery(site.battery, net_load_kw, import_limit, step_h)
    need = net_load_kw + charge - discharge
    least, most, on = zero, zero, None
    if site.generator:
        most = zero + site.generator.power_kw
    if site.generator and site.generator.has_commitment:
        on = follow(site.generator, need > import_limit + ROUNDING_KW, step_h)
        least, most = site.generator.min_load_kw * on, most * on
    need = need - least
    bought = np.clip(need, 0.0, import_limit)
    generated = least + np.clip(need - bought, 0.0, most - least)
    sold = np.clip(-need, 0.0, export_limit)
    used = np.zeros_like(available)
    demand = load_kw + charge - discharge + sold - least
    for p in sorted(range(len(available)), key=lambda p: site.plants[p].carbon_g_per_kwh):
        used[p] = np.clip(demand - used.sum(axis=0), 0.0, available[p])
    return Dispatch(
        grid_import_kw=bought,
        grid_export_kw=sold,
        plant_used_kw=used,
        charge_kw=charge,
        discharge_kw=discharge,
        soc_kwh=soc,
        generator_kw=generated,
        unmet_kw=np.maximum(0.0, need - bought - (generated - least)),
        commitment=None if on is None else Commitment(on=on, load_bank_kw=np.maximum(0.0, -demand)),
    )


def _greedy_battery(
    battery: Battery, net_load_kw: FloatArray, import_limit_kw: FloatArray, step_h: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Charge from surplus, discharge into deficit, inside the band from which the end can be met.

    The band is found backwards: stored energy must be able to reach its initial value by the last
    step, with what import and surplus could still charge and what deficits could still take.
    """
    n_steps = len(net_load_kw)
    most_kw = battery.most_kw(n_steps)
    most_charge = np.minimum(most_kw, np.maximum(0.0, import_limit_kw - net_load_kw))
    most_discharge = np.minimum(most_kw, np.maximum(0.0, net_load_kw))
    low, high = np.zeros(n_steps), np.zeros(n_steps)
    low[-1] = high[-1] = battery.soc_initial_kwh
    for t in range(n_steps - 1, 0, -1):
        filled = most_charge[t] * battery.charge_efficiency * step_h
        drained = most_discharge[t] / battery.discharge_efficiency * step_h
        low[t - 1] = max(battery.soc_min_kwh, low[t] - filled)
        high[t - 1] = min(battery.energy_kwh, high[t] + drained)
    charge, discharge, soc = np.zeros(n_steps), np.zeros(n_steps), np.zeros(n_steps)
    before = battery.soc_initial_kwh
    for t in range(n_steps):
        surplus = min(float(most_kw[t]), max(0.0, -net_load_kw[t]))
        wish = before + surplus * battery.charge_efficiency * step_h
        wish -= most_discharge[t] / battery.discharge_efficiency * step_h
        after = min(max(wish, low[t]), high[t])
        if after >= before:
            charge[t] = (after - before) / (battery.charge_efficiency * step_h)
        else:
            discharge[t] = (before - after) * battery.discharge_efficiency / step_h
        soc[t] = before = after
    return charge, discharge, soc
