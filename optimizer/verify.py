"""Any plan re-checked by plain arithmetic: physics, capacity, sovereignty, whole schedules.

Shares nothing with the solver but the definitions of load and time, so that a mistake there shows
here. Shortfalls are allowed, they are priced; what is listed below is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from optimizer.commitment import breach
from optimizer.load import Load
from optimizer.plan import Dispatch, Placement, Plan, Serving
from optimizer.problem import Problem
from optimizer.quality import mean_quality
from optimizer.site import FloatArray, Generator, Site
from optimizer.timing import TOLERANCE_H, finish_h, progress_h
from optimizer.work import Job, JobKind, Service

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken hard rule.

    Attributes:
        rule: Short name of the rule.
        where: Site, job or service, and the step where there is one.
        message: What is wrong, with the numbers.
    """

    rule: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.message}"


def verify(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Every hard rule that `plan` breaks; none for a valid plan."""
    return tuple(_violations(problem, plan))


def _violations(problem: Problem, plan: Plan) -> Iterator[Violation]:
    names = [placement.job for placement in plan.placements]
    if names != [job.name for job in problem.jobs]:
        yield Violation(
            rule="one placement a job", where="plan", message=f"got placements of {names}"
        )
        return
    placed = [
        (job, placement)
        for job, placement in zip(problem.jobs, plan.placements, strict=True)
        if placement.runs
    ]
    for job, placement in placed:
        yield from _check_job(problem, job, placement)
    yield from _check_order(problem, plan)
    unreadable = [*_check_finite(plan), *_check_models(problem, plan)]
    yield from unreadable
    if unreadable or not all(_has_load(problem, job, placement) for job, placement in placed):
        return
    for service in problem.services:
        yield from _check_service(problem, service, plan.servings[service.name])
    load = Load.of(problem, plan.placements, plan.servings)
    yield from _check_pools(problem, load)
    facility_kw = load.facility_kw(problem)
    for s, site in enumerate(problem.sites):
        yield from _check_site(site, plan.dispatch[site.name], facility_kw[s], problem)


def _check_order(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Nobody runs before all he waits for have ended."""
    placed = {placement.job: placement for placement in plan.placements}
    for job in problem.jobs:
        for name in job.after if placed[job.name].runs else ():
            begin, before = placed[job.name].runs[0].first_step, placed[name].runs
            if not before or begin < before[-1].end_step:
                ends = f"ends in step {before[-1].end_step - 1}" if before else "is unfinished"
                yield Violation(
                    rule="after the jobs it waits for",
                    where=f"job {job.name}",
                    message=f"starts in step {begin}, {name} {ends}",
                )


def _check_finite(plan: Plan) -> Iterator[Violation]:
    for name, serving in plan.servings.items():
        if not all(np.isfinite(part.served_rps).all() for part in serving.parts):
            yield Violation(rule="finite numbers", where=f"service {name}", message="requests")
    for name, flow in plan.dispatch.items():
        for part in (flow, flow.commitment):
            for one in fields(part) if part else ():
                values = getattr(part, one.name)
                if isinstance(values, np.ndarray) and not np.isfinite(values).all():
                    yield Violation(rule="finite numbers", where=name, message=one.name)


def _check_models(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """A service answers with its full model alone, or says of each variant what it does."""
    for service in problem.services:
        said, known = len(plan.servings[service.name].parts), len(service.models)
        if said not in (1, known):
            where, message = f"service {service.name}", f"got {said} models, it has {known}"
            yield Violation(rule="known models", where=where, message=message)


def _has_load(problem: Problem, job: Job, placement: Placement) -> bool:
    """Whether a pool and a mode are there to say what `placement` draws."""
    site = problem.site_number.get(placement.site)
    known = all(0 <= run.mode < len(job.modes) for run in placement.runs)
    return known and (site, job.gpu_type) in problem.pool_number


def _check_job(problem: Problem, job: Job, placement: Placement) -> Iterator[Violation]:
    def broken(rule: str, message: str) -> Violation:
        return Violation(rule=rule, where=f"job {job.name}", message=message)

    s = problem.site_number.get(placement.site)
    if s is None or s not in problem.admissible_sites(job):
        yield broken("sovereignty and admissible sites", f"may not run at {placement.site}")
        return
    ends = [0, *(run.end_step for run in placement.runs)]
    if any(run.first_step < end for run, end in zip(placement.runs, ends, strict=False)):
        yield broken("one mode at a time", f"runs overlap: {placement.runs}")
    if ends[-1] > problem.horizon.n_steps or any(run.n_steps < 1 for run in placement.runs):
        yield broken("whole steps inside the horizon", f"got {placement.runs}")
        return
    if any(not 0 <= run.mode < len(job.modes) for run in placement.runs):
        yield broken("known modes", f"got {[run.mode for run in placement.runs]}")
        return
    first = problem.first_step(job, placement.site)
    if placement.runs[0].first_step < first:
        yield broken(
            "release and transfer",
            f"starts in step {placement.runs[0].first_step}, its data is there in step {first}",
        )
    if job.only_goes_on and placement.runs[0].first_step > 0:
        yield broken(
            "a running contiguous job goes on",
            f"it is running, and starts again in step {placement.runs[0].first_step}",
        )
    if job.kind is JobKind.CONTIGUOUS and len(placement.runs) > 1:
        yield broken("contiguous", f"got {len(placement.runs)} runs")
    done_h = progress_h(problem, job, placement)
    if done_h < job.work_h - TOLERANCE_H:
        yield broken("all of the work or none", f"does {done_h:g} h of {job.work_h:g} h")
        return
    last_h = problem.horizon.step_h * job.modes[placement.runs[-1].mode].speed
    if done_h - last_h > job.work_h - TOLERANCE_H:
        yield broken("ends with its work", f"does {done_h:g} h of {job.work_h:g} h")
    end = min(job.deadline, problem.horizon.end)
    end_h = problem.horizon.steps_until(end) * problem.horizon.step_h
    finish = finish_h(problem, job, placement)
    if finish > end_h + 2 * TOLERANCE_H:
        yield broken("hard deadline", f"ends {finish - end_h:g} h after it")


def _check_service(problem: Problem, service: Service, serving: Serving) -> Iterator[Violation]:
    def broken(rule: str, message: str) -> Violation:
        return Violation(rule=rule, where=f"service {service.name}", message=message)

    allowed = problem.admissible_sites(service)
    outside = [s for s in range(len(problem.sites)) if s not in allowed]
    scale = max(1.0, float(service.demand_rps.max()))
    for model, part in zip(service.models, serving.parts, strict=False):
        if part.replicas[outside].any() or part.served_rps[:, outside].any():
            names = [problem.sites[s].name for s in outside]
            yield broken("sovereignty and admissible sites", f"may not run at {', '.join(names)}")
        if (part.replicas < 0).any() or (part.served_rps < -TOLERANCE).any():
            yield broken("no negative flows", "negative replicas or requests")
        over = part.served_rps.sum(axis=0) - part.replicas * model.capacity_rps
        if over.max() > TOLERANCE * scale:
            yield broken("replica capacity", f"{over.max():g} requests/s above it")
    missing = problem.floor(service) - serving.all_replicas.sum(axis=0)
    if missing.max() > 0:
        step = int(np.argmax(missing))
        yield broken("floor of replicas", f"{missing[step]} too few in step {step}")
    served_rps = serving.all_served_rps
    beyond = served_rps.sum(axis=1) - service.demand_rps
    if beyond.max() > TOLERANCE * scale:
        yield broken("no more than the demand", f"{beyond.max():g} requests/s above it")
    quality = mean_quality(service, serving)
    if service.variants and quality < service.quality_floor - TOLERANCE:
        floor = f"below the floor of {service.quality_floor:g}"
        yield broken("floor on the mean quality", f"{quality:.6g}, {floor}")
    for r, region in enumerate(service.regions):
        for s, site in enumerate(problem.sites):
            if not service.reaches(region, site.name) and served_rps[r, s].max() > TOLERANCE:
                yield broken("latency budget", f"{region} is served from {site.name}")


def _check_pools(problem: Problem, load: Load) -> Iterator[Violation]:
    for k, (s, pool) in enumerate(problem.pools):
        over = load.gpus[k] - problem.pool_gpus[k]
        if over.max() > 0:
            step = int(np.argmax(over))
            yield Violation(
                rule="GPUs in service",
                where=f"{problem.sites[s].name}, pool {pool.gpu_type}, step {step}",
                message=f"{load.gpus[k, step]} reserved of {problem.pool_gpus[k, step]}",
            )


def _check_site(
    site: Site, flow: Dispatch, facility_kw: FloatArray, problem: Problem
) -> Iterator[Violation]:
    zero = np.zeros_like(facility_kw)
    scale = max(1.0, float(facility_kw.max()))
    battery_kw = site.battery.most_kw(len(zero)) if site.battery else zero
    limits: list[tuple[str, FloatArray, FloatArray]] = [
        ("import limit", flow.grid_import_kw, site.grid.import_limit_kw if site.grid else zero),
        ("export limit", flow.grid_export_kw, site.grid.export_limit_kw if site.grid else zero),
        (
            "generator rating",
            flow.generator_kw,
            zero + (site.generator.power_kw if site.generator else 0),
        ),
        ("battery power", flow.charge_kw, battery_kw),
        ("battery power", flow.discharge_kw, battery_kw),
        ("unmet power", flow.unmet_kw, zero + np.inf),
    ]
    limits += [
        (f"{plant.name} available", used, plant.available_kw)
        for plant, used in zip(site.plants, flow.plant_used_kw, strict=True)
    ]
    for rule, power, limit in limits:
        yield from _within(rule, site.name, power, limit, scale)
    supply = flow.grid_import_kw + flow.plant_used_kw.sum(axis=0) + flow.discharge_kw
    supply = supply + flow.generator_kw + flow.unmet_kw
    demand = facility_kw + flow.charge_kw + flow.grid_export_kw + flow.load_bank_kw
    yield from _zero("energy in equals energy out", site.name, supply - demand, scale, "kW")
    if site.battery:
        yield from _check_battery(site, flow, problem.horizon.step_h)
    if site.generator and site.generator.has_commitment:
        yield from _check_commitment(site, site.generator, flow, problem.horizon.step_h)
    elif flow.load_bank_kw.any():
        yield Violation(rule="load bank", where=site.name, message="no generator that feeds one")


def _check_commitment(
    site: Site, generator: Generator, flow: Dispatch, step_h: float
) -> Iterator[Violation]:
    if flow.commitment is None or not np.isin(flow.commitment.on, (0.0, 1.0)).all():
        yield Violation(
            rule="on or off", where=site.name, message="not said of every step of the generator"
        )
        return
    on, scale = flow.commitment.on, max(1.0, generator.power_kw)
    least_kw = generator.min_load_kw * on
    zero = np.zeros_like(on)
    below = least_kw - flow.generator_kw
    yield from _within("minimum load", site.name, below, zero, scale, signed=True)
    most_kw = generator.power_kw * on
    yield from _within("off without power", site.name, flow.generator_kw, most_kw, scale)
    yield from _within("load bank", site.name, flow.load_bank_kw, least_kw, scale)
    broken = breach(generator, on, step_h)
    if broken:
        rule, step = broken
        yield Violation(rule=rule, where=f"{site.name}, step {step}", message="switched too early")


def _check_battery(site: Site, flow: Dispatch, step_h: float) -> Iterator[Violation]:
    battery = site.battery
    assert battery is not None
    before = np.append(battery.soc_initial_kwh, flow.soc_kwh[:-1])
    stored = flow.charge_kw * battery.charge_efficiency
    stored = stored - flow.discharge_kw / battery.discharge_efficiency
    scale = max(1.0, battery.energy_kwh)
    drift = flow.soc_kwh - before - stored * step_h
    yield from _zero("stored energy balance", site.name, drift, scale, "kWh")
    full = np.full_like(flow.soc_kwh, battery.energy_kwh)
    yield from _within("battery energy", site.name, flow.soc_kwh, full, scale)
    reserve = battery.soc_min_kwh - flow.soc_kwh
    yield from _within("battery reserve", site.name, reserve, 0 * reserve, scale, signed=True)
    end = flow.soc_kwh[-1:] - battery.soc_initial_kwh
    yield from _zero("as full at the end as at the start", site.name, end, scale, "kWh")
    both = np.minimum(flow.charge_kw, flow.discharge_kw)
    yield from _within("charge or discharge, not both", site.name, both, 0 * both, scale)


def _within(
    rule: str,
    where: str,
    value: FloatArray,
    limit: FloatArray,
    scale: float,
    *,
    signed: bool = False,
) -> Iterator[Violation]:
    over = value - limit
    if over.max() > TOLERANCE * scale:
        step = int(np.argmax(over))
        yield Violation(
            rule=rule,
            where=f"{where}, step {step}",
            message=f"{over[step]:g} above it",
        )
    if not signed and value.min() < -TOLERANCE * scale:
        step = int(np.argmin(value))
        message = f"got {value[step]:g}, flows are never negative"
        yield Violation(rule=rule, where=f"{where}, step {step}", message=message)


def _zero(rule: str, where: str, off: FloatArray, scale: float, unit: str) -> Iterator[Violation]:
    if np.abs(off).max() > TOLERANCE * scale:
        step = int(np.argmax(np.abs(off)))
        yield Violation(
            rule=rule, where=f"{where}, step {step}", message=f"off by {off[step]:g} {unit}"
        )
