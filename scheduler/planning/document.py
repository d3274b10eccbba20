"""The JSON document of a planned run: what `-o json` prints and `kpis.json` keeps.

Its names are a contract with scripts and pages: they are never renamed inside a version. Every
figure has its unit in its name, and the baseline stands beside it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from forecasting.forecast import Forecast
from optimizer.load import extra_it_kw
from optimizer.plan import Placement, Plan
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.tally import tally
from optimizer.timing import finish_h, is_finished, late_h
from optimizer.units import G_PER_KG
from optimizer.work import Job
from scheduler.accounting.kpis import Kpis, efficiency_gain, savings_percent
from scheduler.accounting.spread import HIGH, LOW, Spread
from scheduler.planning.clauses import sentence
from scheduler.planning.codec import encode, instant_text
from scheduler.planning.foresight import Futures, outcome
from scheduler.planning.run import PlannedRun
from scheduler.planning.served import served
from scheduler.planning.wishes import Teller

SCHEMA = "alize.dev/plan/v1"
NEGLIGIBLE_SHARE = 1e-6
"""Below this share of what was asked for, a shortfall is the solver's rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A wish that could not be met, and its price.

    Attributes:
        name: unmet_power, unserved_requests, unprotected_requests, late_work, unfinished_work,
            excess_carbon, excess_cost or missing_reserve.
        amount: In `unit`.
        price_per_unit: [money]
    """

    name: str
    amount: float
    unit: str
    price_per_unit: float


def shortfalls(run: PlannedRun) -> tuple[Shortfall, ...]:
    """Every shortfall of the plan above zero; what only rounding leaves is none."""
    problem, price = run.problem, run.problem.objective
    account = tally(problem, run.plan)
    seconds = problem.horizon.step_s
    requests = sum(float(service.demand_rps.sum()) for service in problem.services) * seconds
    work_gpu_h = sum(job.gpu_hours for job in problem.jobs)
    every = (
        ("unmet_power", account.total("unmet_kwh"), "kWh", price.unmet_price_per_kwh),
        (
            "unserved_requests",
            account.unserved_requests,
            "requests",
            price.unserved_price_per_request,
        ),
        (
            "unprotected_requests",
            account.unprotected_requests,
            "requests",
            price.unserved_price_per_request,
        ),
        ("late_work", account.late_gpu_h, "GPU-h", _mean(account.late_cost, account.late_gpu_h)),
        (
            "unfinished_work",
            account.unfinished_gpu_h,
            "GPU-h",
            _mean(account.unfinished_cost, account.unfinished_gpu_h),
        ),
        ("excess_carbon", account.excess_carbon_kg, "kg CO2e", price.carbon_excess_price_per_kg),
        (
            "missing_reserve",
            account.total("missing_reserve_kw_h"),
            "kW h",
            price.reserve_price_per_kw_h,
        ),
        ("excess_cost", account.excess_cost, price.currency, price.cost_excess_price),
    )
    asked = {
        "kWh": account.total("facility_kwh"),
        "requests": requests,
        "GPU-h": work_gpu_h,
        "kg CO2e": account.total("emissions_kg"),
        "kW h": account.total("facility_kwh"),
        price.currency: abs(account.cost),
    }
    return tuple(
        Shortfall(name=name, amount=amount, unit=unit, price_per_unit=money)
        for name, amount, unit, money in every
        if amount > NEGLIGIBLE_SHARE * max(1.0, asked[unit])
    )


def _mean(cost: float, amount: float) -> float:
    """What one unit of `amount` costs in the mean: jobs differ by their priority."""
    return cost / amount if amount else 0.0


def document(run: PlannedRun) -> dict[str, Any]:
    """`run` as one JSON document; only `solver.seconds` may differ between two like runs."""
    horizon = run.problem.horizon
    return {
        "schema": SCHEMA,
        "name": run.scenario.name,
        "question": run.scenario.world.question,
        "horizon": {
            "start": instant_text(horizon.start),
            "end": instant_text(horizon.end),
            "step_min": horizon.step / timedelta(minutes=1),
            "n_steps": horizon.n_steps,
        },
        "kpis": _kpis(run),
        "solver": _solver(run),
        "futures": None if run.futures is None else _futures(run, run.futures),
        "placements": _placements(run),
        "services": [served(run, service) for service in run.problem.services],
        "shortfalls": [asdict(one) for one in shortfalls(run)],
        "conflicts": _conflicts(run),
        "notes": list(notes(run)),
        "provenance": _provenance(run),
        "digest": run.digest,
    }


def _conflicts(run: PlannedRun) -> list[dict[str, Any]]:
    """Why wishes stay unmet; steps are numbers of the horizon's steps."""
    teller = Teller(run.problem)
    return [{**encode(one), "sentence": sentence(teller.tell(one))} for one in run.conflicts]


def notes(run: PlannedRun) -> tuple[str, ...]:
    """What a reader must know before believing a number."""
    said = [*run.scenario.notes]
    if run.scenario.world.data_note:
        said.append(run.scenario.world.data_note)
    if run.left_for_later:
        names = ", ".join(run.left_for_later)
        said.append(f"left for a later plan, too long for what is left of this horizon: {names}")
    if not run.solution.proof.deterministic:
        said.append(
            f"the solve was ended by {run.solution.proof.stage.value}: another run may find "
            "another plan"
        )
    return tuple(said)


def _kpis(run: PlannedRun) -> dict[str, Any]:
    return {
        "basis": run.basis,
        "plan": asdict(run.kpis),
        "baseline": asdict(run.baseline_kpis),
        "best_peer": None,
        "spread": None if run.spread is None else _spread(run.spread),
        "savings": {
            **savings_percent(run.kpis, run.baseline_kpis),
            "waterfall": list(_waterfall(run)),
        },
        "energy_efficiency_gain_percent": run.gain.energy_efficiency_percent,
        "energy_efficiency_gain_reason": run.gain.reason or None,
        "facility_efficiency_gain_percent": run.gain.facility_efficiency_percent,
    }


def _spread(spread: Spread) -> dict[str, Any]:
    """Each figure between its levels, over the scenarios of the forecasts with the plan held."""
    return {"low_level": LOW, "high_level": HIGH, **asdict(spread)}


def _waterfall(run: PlannedRun) -> Iterator[dict[str, Any]]:
    """What each freedom saves over the step before (positive is less), and where it leads."""
    before, before_gain = run.baseline_kpis, _gain_points(run.baseline_kpis, run.baseline_kpis)
    for step in run.waterfall:
        after = asdict(step.kpis)
        saved = {
            name: value - after[name]
            for name, value in asdict(before).items()
            if not isinstance(value, str)
        }
        gain = _gain_points(step.kpis, run.baseline_kpis)
        points = None if gain is None or before_gain is None else gain - before_gain
        yield {
            "freedom": step.freedom,
            **saved,
            "energy_efficiency_gain_points": points,
            "after": after,
        }
        before, before_gain = step.kpis, gain


def _gain_points(kpis: Kpis, baseline: Kpis) -> float | None:
    return efficiency_gain(kpis, baseline).energy_efficiency_percent


def _solver(run: PlannedRun) -> dict[str, Any]:
    proof = run.solution.proof
    return {
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "gap_absolute": proof.gap_absolute,
        "constant": proof.constant,
        "stage": proof.stage.value,
        "deterministic": proof.deterministic,
        "seed": proof.seed,
        "seconds": proof.seconds,
    }


def _futures(run: PlannedRun, futures: Futures) -> dict[str, Any]:
    """What the plan comes to in the futures it was made for, in the money that is minimised."""
    found, comes_to = futures.solution, outcome(futures, run.problem)
    weights = [one.weight for one in futures.scenarios]
    rows = zip(weights, found.costs, comes_to.tail, strict=True)
    return {
        **asdict(futures.foresight),
        "objective": found.proof.objective,
        "bound": found.proof.bound,
        "gap": found.proof.gap,
        "mean_cost": comes_to.mean,
        "cvar": comes_to.cvar,
        "mean_plan_objective": found.mean_plan_objective,
        "value_of_stochastic_solution": found.value_of_stochastic_solution,
        "scenarios": [
            {"weight": weight, "cost": float(cost), "share_of_tail": float(share)}
            for weight, cost, share in rows
        ],
    }


def _placements(run: PlannedRun) -> list[dict[str, Any]]:
    problem = run.problem
    ours = job_emissions_kg(problem, run.plan)
    theirs = job_emissions_kg(problem, run.baseline)
    rows = zip(problem.jobs, run.plan.placements, run.baseline.placements, strict=True)
    return [
        {
            **_placement(problem, job, placed),
            "baseline_site": baseline.site if baseline.runs else None,
            "baseline_start": _start(problem, baseline),
            "emissions_kg": ours[job.name] if placed.runs else None,
            "saves_kg": theirs[job.name] - ours[job.name]
            if placed.runs and baseline.runs
            else None,
        }
        for job, placed, baseline in rows
    ]


def _start(problem: Problem, placed: Placement) -> str | None:
    if not placed.runs:
        return None
    return instant_text(problem.horizon.instant(placed.runs[0].first_step))


def _placement(problem: Problem, job: Job, placed: Placement) -> dict[str, Any]:
    horizon = problem.horizon
    done = is_finished(problem, job, placed)
    end = horizon.start + timedelta(hours=finish_h(problem, job, placed)) if done else None
    return {
        "job": job.name,
        "state": "planned" if done else "unfinished",
        "site": placed.site if placed.runs else None,
        "kind": job.kind.value,
        "gpus": job.base.gpus,
        "start": _start(problem, placed),
        "end": instant_text(end) if end else None,
        "runs": [
            {
                "start": instant_text(horizon.instant(run.first_step)),
                "end": instant_text(horizon.instant(run.end_step)),
                "mode_gpus": job.modes[run.mode].gpus,
                "mode_power_kw": job.modes[run.mode].power_kw,
                "mode_speed": job.modes[run.mode].speed,
            }
            for run in placed.runs
        ],
        "work_h": job.work_h,
        "release": instant_text(job.release),
        "due": instant_text(job.due),
        "deadline": instant_text(job.deadline),
        "late_h": late_h(problem, job, placed),
        "home": job.home,
    }


def job_emissions_kg(problem: Problem, plan: Plan) -> dict[str, float]:
    """Each job's share of what its site emits, by facility energy above idle. [kg CO2e]"""
    intensity = mixed_carbon_g_per_kwh(problem, plan)
    shares = {}
    for job, placed in zip(problem.jobs, plan.placements, strict=True):
        s, grams = problem.site_number[placed.site], 0.0
        slope = problem.sites[s].cooling.slope
        for run in placed.runs:
            steps = slice(run.first_step, run.end_step)
            kw = extra_it_kw(problem, job, s, run.mode) * slope[steps]
            grams += float(kw @ intensity[s, steps]) * problem.horizon.step_h
        shares[job.name] = grams / G_PER_KG
    return shares


def mixed_carbon_g_per_kwh(problem: Problem, plan: Plan) -> FloatArray:
    """Carbon of a kWh used by site and step, shape (S, T): a proportional mix. [g/kWh]

    What is stored carries the carbon of its charge, losses included; what is used carries that of
    the power burnt in a load bank beside it.
    """
    mix = np.zeros((len(problem.sites), problem.horizon.n_steps))
    for s, site in enumerate(problem.sites):
        flow = plan.dispatch[site.name]
        fresh_kw = flow.grid_import_kw + flow.generator_kw + flow.plant_used_kw.sum(axis=0)
        plants = zip(site.plants, flow.plant_used_kw, strict=True)
        g_per_h = sum(
            (plant.carbon_g_per_kwh * used for plant, used in plants),
            np.zeros_like(fresh_kw),
        )
        if site.grid:
            g_per_h = g_per_h + flow.grid_import_kw * site.grid.carbon_intensity_g_per_kwh
        if site.generator:
            g_per_h = g_per_h + flow.generator_kw * site.generator.carbon_g_per_kwh
        # What lies in the battery at the start is taken at the mean of the horizon.
        stored = float(g_per_h.sum()) / max(float(fresh_kw.sum()), 1e-9)
        stored_kwh = site.battery.soc_initial_kwh if site.battery else 0.0
        h = problem.horizon.step_h
        for t in range(problem.horizon.n_steps):
            given_kw = fresh_kw[t] + flow.discharge_kw[t] - flow.load_bank_kw[t]
            mix[s, t] = (g_per_h[t] + stored * flow.discharge_kw[t]) / max(given_kw, 1e-9)
            if site.battery and flow.charge_kw[t] > 0:
                kept_kwh = max(0.0, flow.soc_kwh[t] - flow.charge_kw[t] * h)
                grams = stored * min(kept_kwh, stored_kwh) + mix[s, t] * flow.charge_kw[t] * h
                stored = grams / max(flow.soc_kwh[t], 1e-9)
            stored_kwh = flow.soc_kwh[t]
    return mix


def _provenance(run: PlannedRun) -> dict[str, Any]:
    return {
        "issued_at": instant_text(run.issued_at),
        "source": run.scenario.source,
        "files": [asdict(file) for file in run.scenario.files],
        "versions": dict(sorted(run.versions.items())),
        "scenario_seed": run.scenario.world.seed,
        "seed": run.solution.proof.seed,
        "forecasts": [
            {
                "of": where,
                "variable": forecast.variable,
                "kind": forecast.provenance.kind,
                "source": forecast.provenance.source,
                "issued_at": instant_text(forecast.provenance.issued_at),
                "rung": forecast.provenance.rung,
                "reason": forecast.provenance.reason,
                "feed_age_h": dict(forecast.provenance.feed_age_h),
            }
            for where, forecast in _forecasts(run)
        ],
    }


def _forecasts(run: PlannedRun) -> Iterator[tuple[str, Forecast]]:
    known = run.forecasts
    for by_site in (known.wind_kw, known.pv_kw, known.temperature_c, known.carbon_g_per_kwh):
        yield from by_site.items()
    for (service, region), forecast in known.demand_rps.items():
        yield f"{service}, {region}", forecast
