"""In every plan energy is conserved and no limit is passed, by sums made here from the arrays."""

import numpy as np
import pytest

from optimizer.baselines import run_now
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import SEEDS, tiny

SLIP = 1e-4


def plans(seed):
    """Run-now and the plan of one random world."""
    world = solved(tiny, seed)
    return world.problem, (run_now(world.problem), world.solution.plan)


def facility_kw(problem, plan, site):
    """Overhead, and for each IT kW the slope: idle GPUs, jobs, replicas and requests."""
    (pool,) = site.pools
    it_kw = pool.gpus * pool.idle_kw_per_gpu
    for job, placement in zip(problem.jobs, plan.placements, strict=True):
        for run in placement.runs if placement.site == site.name else ():
            mode = job.modes[run.mode]
            extra_kw = mode.power_kw - mode.gpus * pool.idle_kw_per_gpu
            it_kw[run.first_step : run.first_step + run.n_steps] += extra_kw
    s = [one.name for one in problem.sites].index(site.name)
    for service in problem.services:
        serving = plan.servings[service.name]
        extra_kw = service.replica_kw - service.gpus_per_replica * pool.idle_kw_per_gpu
        it_kw += serving.replicas[s] * extra_kw
        it_kw += serving.served_rps[:, s].sum(axis=0) * service.energy_per_request_kwh * 3600
    return site.cooling.overhead_kw + site.cooling.slope * it_kw


def gpus_reserved(problem, plan, site):
    gpus = np.zeros(problem.horizon.n_steps)
    for job, placement in zip(problem.jobs, plan.placements, strict=True):
        for run in placement.runs if placement.site == site.name else ():
            gpus[run.first_step : run.first_step + run.n_steps] += job.modes[run.mode].gpus
    s = [one.name for one in problem.sites].index(site.name)
    for service in problem.services:
        gpus += plan.servings[service.name].replicas[s] * service.gpus_per_replica
    return gpus


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_in_is_energy_out_and_losses_at_every_site_and_step(seed):
    problem, both = plans(seed)
    h = problem.horizon.step_h
    for plan in both:
        for site in problem.sites:
            flow, battery = plan.dispatch[site.name], site.battery
            before_kwh, losses_kwh = np.zeros_like(flow.soc_kwh), 0.0
            if battery:
                before_kwh = np.array([battery.soc_initial_kwh, *flow.soc_kwh[:-1]])
                losses_kwh = flow.charge_kw * (1 - battery.charge_efficiency) * h
                losses_kwh += flow.discharge_kw * (1 / battery.discharge_efficiency - 1) * h
            supplied_kw = flow.grid_import_kw + flow.generator_kw + flow.unmet_kw
            into_kwh = (supplied_kw + flow.plant_used_kw.sum(axis=0)) * h + before_kwh
            out_kwh = (facility_kw(problem, plan, site) + flow.grid_export_kw) * h + flow.soc_kwh
            assert into_kwh == pytest.approx(out_kwh + losses_kwh, abs=SLIP)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_pool_meter_battery_plant_or_generator_passes_its_limit(seed):
    problem, both = plans(seed)
    for plan in both:
        for site in problem.sites:
            flow, battery, grid = plan.dispatch[site.name], site.battery, site.grid
            assert (gpus_reserved(problem, plan, site) <= site.pools[0].gpus).all()
            assert (flow.grid_import_kw <= (grid.import_limit_kw if grid else 0) + SLIP).all()
            assert (flow.grid_export_kw <= (grid.export_limit_kw if grid else 0) + SLIP).all()
            rating_kw = site.generator.power_kw if site.generator else 0
            assert (flow.generator_kw <= rating_kw + SLIP).all()
            power_kw = battery.power_kw if battery else 0
            assert (np.maximum(flow.charge_kw, flow.discharge_kw) <= power_kw + SLIP).all()
            for plant, used_kw in zip(site.plants, flow.plant_used_kw, strict=True):
                assert (used_kw <= plant.available_kw + SLIP).all()
            if battery:
                assert (flow.soc_kwh <= battery.energy_kwh + SLIP).all()
                assert (flow.soc_kwh >= battery.soc_min_kwh - SLIP).all()
                assert flow.soc_kwh[-1] == pytest.approx(battery.soc_initial_kwh, abs=SLIP)
