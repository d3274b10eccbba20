"""The built-in world keeps its pinned numbers, and its plan keeps its promises."""

import numpy as np
import pytest

from forecasting.truth import yearly_mean
from optimizer.load import Load
from optimizer.verify import verify
from scheduler.planning.forecasts import climate_of, pv_plant, wind_plant
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.scenario import load


@pytest.fixture(scope="module")
def run_now_load(dakhla):
    return Load.of(dakhla.problem, dakhla.baseline.placements, dakhla.baseline.servings)


@pytest.fixture(scope="module")
def facility_kw(dakhla, run_now_load):
    """Of the site Dakhla under run-now."""
    return run_now_load.facility_kw(dakhla.problem)[dakhla.problem.site_number["dakhla"]]


def test_a_year_of_wind_and_sun_is_about_a_year_of_the_sites_facility_energy(dakhla, facility_kw):
    site = dakhla.scenario.world.sites["dakhla"]
    year = yearly_mean(climate_of(site), pv=pv_plant(site.pv), wind=wind_plant(site.wind))
    share = (year.wind_power_kw + year.pv_power_kw) / facility_kw.mean()
    assert 0.9 <= share <= 1.1


def test_the_grid_link_carries_at_most_half_the_peak(dakhla, facility_kw):
    grid = dakhla.problem.sites[dakhla.problem.site_number["dakhla"]].grid
    assert grid.import_limit_kw.max() <= 0.5 * facility_kw.max()


def test_the_battery_holds_about_two_hours_of_the_mean_load(dakhla, facility_kw):
    battery = dakhla.problem.sites[dakhla.problem.site_number["dakhla"]].battery
    assert 1.8 <= battery.energy_kwh / facility_kw.mean() <= 2.2


def test_run_now_fills_every_pool_to_between_60_and_80_percent(dakhla, run_now_load):
    fill = (run_now_load.gpus / dakhla.problem.pool_gpus).mean(axis=1)
    assert (fill >= 0.6).all()
    assert (fill <= 0.8).all()


def test_services_take_at_least_30_percent_of_the_it_energy(dakhla, run_now_load):
    problem = dakhla.problem
    jobs_out = Load.of(
        problem,
        [p.__class__(job=p.job, site=p.site, runs=()) for p in dakhla.baseline.placements],
        dakhla.baseline.servings,
    )
    idle = Load.idle(problem)
    reserved_idle_kw = sum(
        float((jobs_out.gpus[k] * pool.idle_kw_per_gpu).sum())
        for k, (_, pool) in enumerate(problem.pools)
    )
    services_kw = float((jobs_out.it_kw - idle.it_kw).sum()) + reserved_idle_kw
    assert services_kw / float(run_now_load.it_kw.sum()) >= 0.3


def test_slack_is_mixed_as_pinned_by_gpu_hours():
    jobs = load("dakhla").jobs
    slack_h = np.array([job.slack_h for job in jobs])
    gpu_h = np.array([job.gpu_hours for job in jobs])
    share = [
        gpu_h[(slack_h >= low) & (slack_h < high)].sum() / gpu_h.sum()
        for low, high in ((0, 6), (6, 24.0001), (24.0001, 1e9))
    ]
    assert share == pytest.approx([0.3, 0.4, 0.3], abs=0.02)


def test_the_world_has_two_hundred_jobs_of_all_kinds_and_six_services_two_of_them_sovereign(dakhla):
    problem = dakhla.problem
    assert 190 <= len(problem.jobs) <= 210
    assert {job.kind.value for job in problem.jobs} == {"contiguous", "checkpointable", "elastic"}
    assert len(problem.services) == 6
    assert sum(service.residency == frozenset(["MA"]) for service in problem.services) == 2


def test_the_plan_emits_costs_and_imports_less_than_run_now(dakhla):
    plan, before = dakhla.kpis, dakhla.baseline_kpis
    assert plan.emissions_kg < before.emissions_kg
    assert plan.cost < before.cost
    assert plan.grid_import_kwh < before.grid_import_kwh


def test_the_plan_gains_at_least_8_percent_energy_efficiency(dakhla):
    assert dakhla.gain.energy_efficiency_percent >= 8
    assert dakhla.gain.facility_efficiency_percent is not None


def test_nothing_is_late_unfinished_unserved_or_outside_its_jurisdiction(dakhla):
    assert dakhla.kpis.jobs_late == 0
    assert dakhla.kpis.jobs_unfinished == 0
    assert dakhla.kpis.sla_violation_share == pytest.approx(0, abs=1e-9)
    assert dakhla.kpis.unprotected_requests == pytest.approx(0, abs=1e-6)
    assert verify(dakhla.problem, dakhla.plan) == ()


def test_the_gap_is_at_most_3_percent(dakhla):
    assert dakhla.solution.proof.gap <= 0.03
    assert dakhla.solution.proof.deterministic


def test_a_stranger_can_recompute_the_run_without_a_solver(dakhla):
    assert recheck(dakhla).findings == ()


def test_both_runs_end_as_full_as_they_began(dakhla):
    assert dakhla.kpis.soc_end_kwh == pytest.approx(dakhla.baseline_kpis.soc_end_kwh)


@pytest.mark.slow
def test_without_slack_no_saving_comes_from_time():
    run = plan_scenario(load("dakhla", edits=["jobs.generate.slack_scale=0"]))
    dispatch, time = run.waterfall[0].kpis, run.waterfall[1].kpis
    assert time.emissions_kg == pytest.approx(dispatch.emissions_kg, abs=1e-6)
    assert time.cost == pytest.approx(dispatch.cost, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "edits",
    [
        pytest.param(
            ["sites.dakhla.pv.capacity_kw=975", "sites.dakhla.wind.capacity_kw=675"],
            id="a quarter less wind and sun",
        ),
        pytest.param(
            ["sites.dakhla.pv.capacity_kw=1625", "sites.dakhla.wind.capacity_kw=1125"],
            id="a quarter more wind and sun",
        ),
        pytest.param(["sites.dakhla.grid.import_limit_kw=390"], id="a quarter less import"),
        pytest.param(["sites.dakhla.grid.import_limit_kw=650"], id="a quarter more import"),
        pytest.param(["sites.dakhla.battery.energy_kwh=1125"], id="a quarter less battery"),
        pytest.param(["sites.dakhla.battery.energy_kwh=1875"], id="a quarter more battery"),
        pytest.param(["jobs.generate.load.dakhla=0.24"], id="a quarter fewer jobs"),
        pytest.param(["jobs.generate.load.dakhla=0.40"], id="a quarter more jobs"),
        pytest.param(
            ["jobs.generate.slack_shares={below_6h: 0.375, from_6h_to_24h: 0.4, above_24h: 0.225}"],
            id="a quarter more short slack",
        ),
        pytest.param(
            ["jobs.generate.slack_shares={below_6h: 0.225, from_6h_to_24h: 0.4, above_24h: 0.375}"],
            id="a quarter less short slack",
        ),
    ],
)
def test_the_gain_survives_a_quarter_more_or_less_of_each_pinned_number(edits):
    run = plan_scenario(load("dakhla", edits=edits))
    assert run.gain.energy_efficiency_percent >= 8
