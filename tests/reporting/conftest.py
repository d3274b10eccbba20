"""Planned runs made by hand: no forecast is computed and nothing is solved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecasting.forecast import Forecast, Provenance
from optimizer.baselines import run_now, self_consumption
from optimizer.horizon import Horizon
from optimizer.load import Load
from optimizer.plan import Placement, Plan, Prices, Proof, Run, Solution, Stage
from optimizer.problem import Objective, Problem
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
from scheduler.accounting.kpis import efficiency_gain, kpis_of
from scheduler.planning.run import Forecasts, PlannedRun, Step
from scheduler.planning.spread import spread
from scheduler.scenario import load

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
N_STEPS = 24


def series(value):
    return np.full(N_STEPS, float(value))


def sun():
    hours = np.arange(N_STEPS)
    return np.maximum(0.0, 40 * np.sin((hours - 6) / 12 * np.pi))


def site(name, **parts):
    return Site(
        name=name,
        jurisdiction="MA",
        cooling=Cooling(overhead_kw=1.0, slope=series(1.1), water_l_per_kwh=series(0.2)),
        pools=(GpuPool(gpu_type="h100", gpus=np.full(N_STEPS, 16), idle_kw_per_gpu=0.1),),
        **parts,
    )


def grid(limit_kw=60):
    return GridConnection(
        import_limit_kw=series(limit_kw),
        export_limit_kw=series(5),
        import_price_per_kwh=1 + np.arange(N_STEPS) / 24,
        export_price_per_kwh=series(0.2),
        carbon_intensity_g_per_kwh=300 + 10.0 * np.arange(N_STEPS),
        market_carbon_intensity_g_per_kwh=series(200),
        demand_charge=DemandCharge(price_per_kw=2, period=np.zeros(N_STEPS, dtype=np.int64)),
    )


def job(name, home, *, kind=JobKind.CONTIGUOUS, release_h=0, work_h=4, due_h=20, gpus=8):
    return Job(
        name=name,
        kind=kind,
        gpu_type="h100",
        modes=(Mode(gpus=gpus, power_kw=1.0 * gpus),),
        work_h=work_h,
        release=START + release_h * HOUR,
        due=START + due_h * HOUR,
        deadline=START + (due_h + 4) * HOUR,
        home=home,
    )


def service(home, sites):
    return Service(
        name="chat",
        gpu_type="h100",
        regions=("morocco",),
        demand_rps=5 + np.arange(N_STEPS, dtype=float).reshape(1, -1) / 4,
        rtt_ms={("morocco", name): 20.0 for name in sites},
        latency_budget_ms=500,
        service_time_ms=300,
        gpus_per_replica=2,
        capacity_rps=5.0,
        replica_kw=0.5,
        energy_per_request_kwh=1e-4,
        home=home,
    )


def objective():
    return Objective(
        currency="MAD",
        carbon_price_per_kg=0.5,
        water_price_per_l=0.03,
        unmet_price_per_kwh=60,
        unserved_price_per_request=0.5,
        late_price_per_gpu_h=40,
        unfinished_price_per_gpu_h=200,
    )


def problem_of(sites, jobs, services=()):
    return Problem(
        horizon=Horizon(start=START, step=HOUR, n_steps=N_STEPS),
        sites=sites,
        jobs=jobs,
        services=services,
        objective=objective(),
    )


def known(variable, unit, values, *, kind="synthetic"):
    return Forecast.known(
        variable=variable,
        unit=unit,
        start=START,
        step=HOUR,
        values=values,
        provenance=Provenance(
            kind=kind,
            source="a world made up for a test",
            issued_at=START,
            rung="0 stated series",
            reason="nothing better <is> at hand & fresh",
        ),
    )


def plan_with(problem, baseline, *moved):
    """`baseline` with other placements of some jobs, its energy dispatched greedily."""
    by_name = {placement.job: placement for placement in moved}
    placements = tuple(by_name.get(one.job, one) for one in baseline.placements)
    load_ = Load.of(problem, placements, baseline.servings)
    dispatch = self_consumption(problem, load_.facility_kw(problem))
    return Plan(placements=placements, servings=baseline.servings, dispatch=dispatch)


def planned(problem, plan, baseline, **changes):
    empty = np.zeros((1, 1))
    prices = Prices(
        power_per_kwh=empty, gpu_per_gpu_h=empty, stored_per_kwh=empty, peak_per_kw=empty
    )
    proof = Proof(
        objective=1000.0,
        bound=996.0,
        constant=0.0,
        stage=Stage.GAP,
        seed=3,
        seconds=12.345,
    )
    ours, theirs = kpis_of(problem, plan), kpis_of(problem, baseline)
    plants = {
        name: {
            site.name: known(f"{name}_power", "kW", plant.available_kw)
            for site in problem.sites
            for plant in site.plants
            if plant.name == name
        }
        for name in ("wind", "pv")
    }
    values = {
        "scenario": load("one-site-one-battery"),
        "issued_at": START,
        "basis": "forecast",
        "forecasts": Forecasts(
            wind_kw=plants["wind"],
            pv_kw=plants["pv"],
            temperature_c={site.name: known("temperature", "°C", sun()) for site in problem.sites},
            carbon_g_per_kwh={
                site.name: known(
                    "carbon", "g/kWh", site.grid.carbon_intensity_g_per_kwh, kind="estimated"
                )
                for site in problem.sites
                if site.grid
            },
            demand_rps={
                (service.name, "morocco"): known("demand", "1/s", service.demand_rps[0])
                for service in problem.services
            },
        ),
        "problem": problem,
        "solution": Solution(plan=plan, proof=proof, prices=prices, idle_prices=prices),
        "baseline": baseline,
        "kpis": ours,
        "baseline_kpis": theirs,
        "gain": efficiency_gain(ours, theirs),
        "waterfall": tuple(
            Step(freedom=name, kpis=ours)
            for name in ("dispatch", "time", "place", "width and power")
        ),
        "versions": {"alize": "0.1.0", "highspy": "1.15.1"},
        "digest": "ab" * 32,
    }
    values["spread"] = spread(problem, plan, baseline, values["forecasts"])
    return PlannedRun(**(values | changes))


@pytest.fixture(scope="session")
def run():
    """Two sites, three jobs, one service; one job paused, one moved."""
    sites = (
        site(
            "north",
            grid=grid(),
            plants=(Plant(name="pv", available_kw=sun(), carbon_g_per_kwh=45),),
            battery=Battery(energy_kwh=60, power_kw=20),
        ),
        site("south", grid=grid()),
    )
    jobs = (
        job("train", "north", kind=JobKind.CHECKPOINTABLE),
        job("index", "north", work_h=2),
        job("</script><b>evil</b>", "south", release_h=2),
    )
    problem = problem_of(sites, jobs, (service("north", ("north", "south")),))
    baseline = run_now(problem)
    plan = plan_with(
        problem,
        baseline,
        Placement(
            job="train",
            site="north",
            runs=(Run(first_step=8, n_steps=2), Run(first_step=12, n_steps=2)),
        ),
        Placement(job="index", site="south", runs=(Run(first_step=10, n_steps=2),)),
    )
    return planned(problem, plan, baseline)


@pytest.fixture(scope="session")
def island():
    """One site with wind and a generator: no grid, no battery, no services."""
    wind = Plant(name="wind", available_kw=series(6), carbon_g_per_kwh=12)
    generator = Generator(power_kw=20, fuel_cost_per_kwh=3, carbon_g_per_kwh=900)
    problem = problem_of(
        (site("isle", plants=(wind,), generator=generator),), (job("train", "isle"),)
    )
    baseline = run_now(problem)
    return planned(problem, baseline, baseline)


@pytest.fixture(scope="session")
def short():
    """Too little power and too short a deadline: unmet kWh and a job left unfinished."""
    problem = problem_of(
        (site("dark", grid=grid(limit_kw=2)),), (job("train", "dark", due_h=1, work_h=20),)
    )
    baseline = run_now(problem)
    return replace(planned(problem, baseline, baseline), waterfall=(), left_for_later=("saga",))
