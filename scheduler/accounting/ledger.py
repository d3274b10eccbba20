"""Who used which energy, and what a unit of work came to: the account behind the figures.

Each job and service takes its share of its site's facility energy in a step by its IT energy; GPUs
at rest stand apart. The shares add up to the meter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.load import Load
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.tally import tally
from optimizer.timing import is_finished
from optimizer.units import G_PER_KG
from scheduler.accounting.tracing import SiteTrace, trace

IDLE, JOB, SERVICE = "idle", "job", "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one job or service, or the machines at rest of one site, used.

    Attributes:
        kind: job, service or idle.
        facility_kwh: Its share of what the facilities drew, cooling in. [kWh]
        by_source_kwh: The same by source, over all sites. [kWh]
        emissions_kg: Operational, location-based. [kg CO2e]
        emissions_market_kg: The same with the grid under contracts. [kg CO2e]
        embodied_kg: Share of making what it reserved. [kg CO2e]
        water_l: For cooling. [l]
        work_gpu_h: Useful work; 0 of a job that was not finished. [GPU-h]
    """

    name: str
    kind: str
    it_kwh: float
    facility_kwh: float
    by_source_kwh: dict[str, float]
    emissions_kg: float
    emissions_market_kg: float
    embodied_kg: float
    water_l: float
    work_gpu_h: float

    @property
    def sci_g_per_gpu_h(self) -> float | None:
        """Operational and embodied emissions a useful GPU-hour (ISO/IEC 21031). [g/GPU-h]"""
        if self.work_gpu_h <= 0:
            return None
        return G_PER_KG * (self.emissions_kg + self.embodied_kg) / self.work_gpu_h


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFigures:
    """One site's ratios; None where there was nothing to divide by.

    Attributes:
        pue: Facility energy over IT energy (ISO/IEC 30134-2). [1]
        cue_kg_per_kwh: Operational emissions over IT energy (30134-8). [kg/kWh]
        wue_l_per_kwh: Water over IT energy (30134-9). [l/kWh]
        matched_share: Of the facility's energy, from the site's own plants hour by hour; the grid
            counts for nothing, whatever it is made of. [0..1]
    """

    site: str
    it_kwh: float
    facility_kwh: float
    exported_kwh: float
    exported_kg: float
    lost_kwh: float
    left_kwh: float
    left_kg: float
    pue: float | None
    cue_kg_per_kwh: float | None
    wue_l_per_kwh: float | None
    matched_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The whole account of one plan.

    Attributes:
        entries: Jobs, services, then machines at rest by site.
        matched_share: Over all sites, as of each. [0..1]
    """

    entries: tuple[Entry, ...]
    sites: tuple[SiteFigures, ...]
    matched_share: float | None


@dataclass(slots=True, kw_only=True)
class _User:
    """Draw at one site, by step."""

    name: str
    kind: str
    site: int
    it_kw: FloatArray
    gpus: FloatArray
    embodied_g_per_gpu_h: float


def ledger(problem: Problem, plan: Plan) -> Ledger:
    """The account of `plan`."""
    step_h = problem.horizon.step_h
    load = Load.of(problem, plan.placements, plan.servings)
    drawn_kw, facility_kw = load.drawn_it_kw(problem), load.facility_kw(problem)
    traces = [trace(site, plan.dispatch[site.name], step_h) for site in problem.sites]
    users = list(_users(problem, plan))
    used_kw = np.zeros_like(drawn_kw)
    for user in users:
        used_kw[user.site] += user.it_kw
    for s, site in enumerate(problem.sites):
        rest_kw = np.maximum(0.0, drawn_kw[s] - used_kw[s])
        users.append(
            _User(
                name=site.name,
                kind=IDLE,
                site=s,
                it_kw=rest_kw,
                gpus=np.zeros_like(rest_kw),
                embodied_g_per_gpu_h=0.0,
            )
        )
    work = _work_gpu_h(problem, plan)
    parts: dict[tuple[str, str], list[Entry]] = {}
    for user in users:
        one = _entry(problem, user, traces[user.site], drawn_kw[user.site])
        parts.setdefault((user.kind, user.name), []).append(one)
    entries = tuple(_sum(of_one, work.get(key, 0.0)) for key, of_one in parts.items())
    account = tally(problem, plan, load)
    sites = tuple(
        _figures(
            site.name,
            traces[s],
            it_kwh=float(drawn_kw[s].sum()) * step_h,
            facility_kwh=float(facility_kw[s].sum() - plan.dispatch[site.name].unmet_kw.sum())
            * step_h,
            emissions_kg=account.sites[s].emissions_kg,
            water_l=account.sites[s].water_l,
        )
        for s, site in enumerate(problem.sites)
    )
    drawn = sum(one.facility_kwh for one in sites)
    matched = sum(one.matched_kwh for one in traces)
    return Ledger(entries=entries, sites=sites, matched_share=_over(matched, drawn))


def _users(problem: Problem, plan: Plan) -> Iterator[_User]:
    """Every job and service at each site where it drew, with its GPUs' draw at rest in."""
    for job, placement in zip(problem.jobs, plan.placements, strict=True):
        if not placement.runs:
            continue
        load = _empty(problem)
        load.add(problem, job, placement)
        yield from _of(problem, JOB, job.name, load)
    for service in problem.services:
        load = _empty(problem)
        load.add_serving(problem, service, plan.servings[service.name])
        yield from _of(problem, SERVICE, service.name, load)


def _empty(problem: Problem) -> Load:
    idle = Load.idle(problem)
    return Load(gpus=idle.gpus, it_kw=np.zeros_like(idle.it_kw))


def _of(problem: Problem, kind: str, name: str, load: Load) -> Iterator[_User]:
    for k, (s, pool) in enumerate(problem.pools):
        gpus = load.gpus[k].astype(np.float64)
        if gpus.any():
            yield _User(
                name=name,
                kind=kind,
                site=s,
                it_kw=load.it_kw[s] + gpus * pool.resting_kw_per_gpu,
                gpus=gpus,
                embodied_g_per_gpu_h=pool.embodied_g_per_gpu_h,
            )


def _entry(problem: Problem, user: _User, traced: SiteTrace, drawn_kw: FloatArray) -> Entry:
    step_h = problem.horizon.step_h
    share = np.divide(user.it_kw, drawn_kw, out=np.zeros_like(drawn_kw), where=drawn_kw > 0)
    if user.kind == IDLE:
        share = np.where(drawn_kw > 0, share, 1.0)
    by_source = share @ traced.served.kwh
    water = problem.sites[user.site].cooling.water_l_per_kwh
    return Entry(
        name=user.name,
        kind=user.kind,
        it_kwh=float(user.it_kw.sum()) * step_h,
        facility_kwh=float(by_source.sum()),
        by_source_kwh=dict(zip(traced.sources, map(float, by_source), strict=True)),
        emissions_kg=float(share @ traced.served.kg),
        emissions_market_kg=float(share @ traced.served.market_kg),
        embodied_kg=float(user.gpus.sum()) * step_h * user.embodied_g_per_gpu_h / G_PER_KG,
        water_l=float(user.it_kw @ water) * step_h,
        work_gpu_h=0.0,
    )


def _sum(parts: list[Entry], work_gpu_h: float) -> Entry:
    """One user's entries at several sites as one."""
    by_source: dict[str, float] = {}
    for part in parts:
        for name, kwh in part.by_source_kwh.items():
            by_source[name] = by_source.get(name, 0.0) + kwh
    return Entry(
        name=parts[0].name,
        kind=parts[0].kind,
        it_kwh=sum(one.it_kwh for one in parts),
        facility_kwh=sum(one.facility_kwh for one in parts),
        by_source_kwh=by_source,
        emissions_kg=sum(one.emissions_kg for one in parts),
        emissions_market_kg=sum(one.emissions_market_kg for one in parts),
        embodied_kg=sum(one.embodied_kg for one in parts),
        water_l=sum(one.water_l for one in parts),
        work_gpu_h=work_gpu_h,
    )


def _work_gpu_h(problem: Problem, plan: Plan) -> dict[tuple[str, str], float]:
    """Useful work by kind and name."""
    work = {
        (JOB, job.name): job.gpu_hours
        for job, placement in zip(problem.jobs, plan.placements, strict=True)
        if is_finished(problem, job, placement)
    }
    seconds = problem.horizon.step_s
    for service in problem.services:
        served = float(plan.servings[service.name].all_served_rps.sum()) * seconds
        work[SERVICE, service.name] = served * service.gpu_hours_per_request
    return work


def _figures(
    name: str,
    traced: SiteTrace,
    *,
    it_kwh: float,
    facility_kwh: float,
    emissions_kg: float,
    water_l: float,
) -> SiteFigures:
    return SiteFigures(
        site=name,
        it_kwh=it_kwh,
        facility_kwh=facility_kwh,
        exported_kwh=float(traced.exported.kwh.sum()),
        exported_kg=float(traced.exported.kg.sum()),
        lost_kwh=float(traced.lost.sum()),
        left_kwh=float(traced.left.kwh.sum()),
        left_kg=float(traced.left.kg.sum()),
        pue=_over(facility_kwh, it_kwh),
        cue_kg_per_kwh=_over(emissions_kg, it_kwh),
        wue_l_per_kwh=_over(water_l, it_kwh),
        matched_share=_over(traced.matched_kwh, facility_kwh),
    )


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
