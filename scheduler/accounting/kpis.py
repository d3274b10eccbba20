"""The figures that stand in every result, for the plan and for run-now alike.

Names, units and definitions are a contract: the same in JSON, report and page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from optimizer.load import Load
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.tally import tally
from optimizer.timing import is_finished, late_h

NEGLIGIBLE_BOUGHT_SHARE = 0.01
NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpis:
    """One plan's figures over the horizon.

    Attributes:
        cost: Money paid in the horizon; no shortfall penalty, no carbon price. [currency]
        emissions_kg: Operational, location-based, life-cycle factors. [kg CO2e]
        emissions_market_kg: The same with the grid under contracts. [kg CO2e]
        embodied_kg: Share of making the GPUs reserved. [kg CO2e]
        facility_kwh: Served at the meters, cooling in, battery losses apart. [kWh]
        bought_kwh: Imported, or generated from fuel; at a leased site all there is. [kWh]
        useful_work_gpu_h: Job progress at base width and full power, and requests served at the
            full model's GPU-hours; no resumed, idle or start-up hours. [GPU-h]
        gpu_hours: Reserved, for whatever purpose. [GPU-h]
        jobs_late: Done after the soft deadline.
        jobs_unfinished: Hard deadline inside the horizon, not done.
        sla_violation_share: Of requests, not served inside their latency budget. [0..1]
    """

    cost: float
    currency: str
    emissions_kg: float
    emissions_market_kg: float
    embodied_kg: float
    facility_kwh: float
    grid_import_kwh: float
    grid_export_kwh: float
    generator_kwh: float
    bought_kwh: float
    renewable_used_kwh: float
    curtailed_kwh: float
    unmet_kwh: float
    peak_import_kw: float
    water_l: float
    useful_work_gpu_h: float
    gpu_hours: float
    soc_end_kwh: float
    jobs_late: int
    jobs_unfinished: int
    late_gpu_h: float
    sla_violation_share: float
    unprotected_requests: float


def kpis_of(problem: Problem, plan: Plan, load: Load | None = None) -> Kpis:
    """The figures of `plan`; `load` may be given when it is already at hand."""
    load = load or Load.of(problem, plan.placements, plan.servings)
    account = tally(problem, plan, load)
    placed = list(zip(problem.jobs, plan.placements, strict=True))
    finished = [job for job, placement in placed if is_finished(problem, job, placement)]
    step_s = problem.horizon.step_s
    requests = sum(float(service.demand_rps.sum()) for service in problem.services) * step_s
    served_gpu_h = sum(
        float(plan.servings[service.name].all_served_rps.sum())
        * step_s
        * service.gpu_hours_per_request
        for service in problem.services
    )
    return Kpis(
        cost=account.cost,
        currency=problem.objective.currency,
        emissions_kg=account.total("emissions_kg"),
        emissions_market_kg=account.total("emissions_market_kg"),
        embodied_kg=account.total("embodied_kg"),
        facility_kwh=account.total("facility_kwh"),
        grid_import_kwh=account.total("grid_import_kwh"),
        grid_export_kwh=account.total("grid_export_kwh"),
        generator_kwh=account.total("generator_kwh"),
        bought_kwh=sum(
            flow.facility_kwh if site.leased else flow.grid_import_kwh + flow.generator_kwh
            for site, flow in zip(problem.sites, account.sites, strict=True)
        ),
        renewable_used_kwh=account.total("renewable_used_kwh"),
        curtailed_kwh=account.total("curtailed_kwh"),
        unmet_kwh=account.total("unmet_kwh"),
        peak_import_kw=_peak_kw(plan),
        water_l=account.total("water_l"),
        useful_work_gpu_h=sum(job.gpu_hours for job in finished) + served_gpu_h,
        gpu_hours=float(load.gpus.sum()) * problem.horizon.step_h,
        soc_end_kwh=account.total("soc_end_kwh"),
        jobs_late=sum(late_h(problem, job, placement) > 0 for job, placement in placed),
        jobs_unfinished=len(placed) - len(finished),
        late_gpu_h=account.late_gpu_h,
        sla_violation_share=account.unserved_requests / requests if requests else 0.0,
        unprotected_requests=account.unprotected_requests,
    )


def _peak_kw(plan: Plan) -> float:
    """Highest import of all sites together in one step. [kW]"""
    return float(np.sum([flow.grid_import_kw for flow in plan.dispatch.values()], axis=0).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Energy efficiency against run-now, or why it cannot be told.

    Attributes:
        energy_efficiency_percent: 100 x (W/E of the plan / W/E of run-now - 1), with W useful work
            and E the facility energy bought or generated from fuel. [%]
        facility_efficiency_percent: The same W per facility kWh from any source. [%]
        reason: Why the first is None; empty otherwise.
    """

    energy_efficiency_percent: float | None
    facility_efficiency_percent: float | None
    reason: str = ""


def efficiency_gain(plan: Kpis, baseline: Kpis) -> Gain:
    """The gain of `plan` over `baseline`."""
    facility = None
    if baseline.useful_work_gpu_h > 0 and plan.facility_kwh > 0:
        ours = plan.useful_work_gpu_h / plan.facility_kwh
        facility = 100 * (ours / (baseline.useful_work_gpu_h / baseline.facility_kwh) - 1)
    for name, one in (("run-now", baseline), ("the plan", plan)):
        if one.bought_kwh < NEGLIGIBLE_BOUGHT_SHARE * one.facility_kwh or one.facility_kwh <= 0:
            reason = f"{name} buys less than {NEGLIGIBLE_BOUGHT_SHARE:.0%} of its facility energy"
            return Gain(
                energy_efficiency_percent=None, facility_efficiency_percent=facility, reason=reason
            )
    behind = serves_less_or_later(plan, baseline)
    if behind or baseline.useful_work_gpu_h <= 0:
        reason = behind or "run-now does no useful work"
        return Gain(
            energy_efficiency_percent=None, facility_efficiency_percent=facility, reason=reason
        )
    work = plan.useful_work_gpu_h / baseline.useful_work_gpu_h
    return Gain(
        energy_efficiency_percent=100 * (work * baseline.bought_kwh / plan.bought_kwh - 1),
        facility_efficiency_percent=facility,
    )


def serves_less_or_later(plan: Kpis, baseline: Kpis) -> str:
    """In what `plan` serves less or later than `baseline`; empty when in nothing."""
    if plan.useful_work_gpu_h < baseline.useful_work_gpu_h * (1 - 1e-6):
        return "the plan does less useful work than run-now"
    if plan.late_gpu_h > baseline.late_gpu_h + 1e-6:
        return "the plan is later than run-now"
    if plan.sla_violation_share > baseline.sla_violation_share + 1e-9:
        return "the plan leaves more requests unserved than run-now"
    return ""


def savings_percent(plan: Kpis, baseline: Kpis) -> Mapping[str, float | None]:
    """How much less of each figure the plan needs; None where run-now has none of it. [%]"""
    savings: dict[str, float | None] = {}
    for one in fields(Kpis):
        before, after = getattr(baseline, one.name), getattr(plan, one.name)
        if one.name != "currency":
            savings[one.name] = 100 * (1 - after / before) if abs(before) > NEGLIGIBLE else None
    return savings
