"""Every kWh has a source, and all of them together are what the meter says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.baselines import run_now
from optimizer.plan import Commitment, Dispatch, Plan
from optimizer.tally import tally
from optimizer.verify import verify
from scheduler.accounting.ledger import IDLE, JOB, ledger
from scheduler.accounting.tracing import trace
from scheduler.simulation.eyes import Meter
from scheduler.simulation.metering import Intent, flow_of, next_meter
from tests.optimizer import worlds

N = worlds.N_STEPS


def dispatch(*, bought=0, used=0, charge=0, discharge=0, soc=0, sold=0, n_steps=2):
    zero = np.zeros(n_steps)
    return Dispatch(
        grid_import_kw=worlds.series(bought, n_steps),
        grid_export_kw=worlds.series(sold, n_steps),
        plant_used_kw=worlds.series(used, n_steps)[None, :],
        charge_kw=worlds.series(charge, n_steps),
        discharge_kw=worlds.series(discharge, n_steps),
        soc_kwh=worlds.series(soc, n_steps),
        generator_kw=zero,
        unmet_kw=zero,
    )


def farm(n_steps=2, *, intensity=500, soc_initial=0.0):
    return worlds.site(
        n_steps=n_steps,
        grid=worlds.grid(n_steps, intensity=intensity),
        plants=(worlds.plant(100, n_steps, carbon=20),),
        battery=worlds.battery(charge=0.8, discharge=0.5, soc_initial=soc_initial),
    )


def test_a_stored_kwh_carries_the_mix_and_the_losses_of_its_charge():
    # 6 kWh bought and 2 of sun mix; 5 are charged, of which 4 are stored and 2 come back.
    flow = dispatch(bought=[6, 0], used=[2, 0], charge=[5, 0], discharge=[0, 2], soc=[4, 0])
    traced = trace(farm(), flow, 1.0)
    assert traced.sources == ("grid", "pv", "generator", "stored before")
    assert traced.served.kwh[0, :2] == pytest.approx([3 * 6 / 8, 3 * 2 / 8])
    assert traced.served.kwh[1, :2] == pytest.approx([2 * 6 / 8, 2 * 2 / 8])
    kg_per_kwh = (6 * 0.5 + 2 * 0.02) / 8
    assert traced.served.kg == pytest.approx([3 * kg_per_kwh, 5 * kg_per_kwh])
    assert traced.lost.sum() == pytest.approx(1 + 2)
    assert traced.left.kwh.sum() == pytest.approx(0, abs=1e-12)


def test_what_was_stored_before_the_horizon_is_no_sun_of_this_one():
    flow = dispatch(discharge=[2.5, 0], soc=[0, 0])
    traced = trace(farm(soc_initial=0.5), flow, 1.0)
    assert traced.served.kwh[0] == pytest.approx([0, 0, 0, 2.5])
    assert (traced.matched_kwh, traced.served.kg[0]) == (0, 0)


series = st.lists(st.floats(0, 20), min_size=N, max_size=N).map(np.array)


@given(
    load=series, sun=series, price=series, wish=st.lists(st.floats(-4, 4), min_size=N, max_size=N)
)
def test_totals_agree_with_the_meter(load, sun, price, wish):
    site = worlds.site(
        grid=worlds.grid(limit=15, export=5, price=price, intensity=300 + 10 * price),
        plants=(worlds.plant(sun, carbon=20),),
        battery=worlds.battery(),
        generator=worlds.generator(power=10, carbon=700, min_load_kw=1),
        overhead=1,
    )
    flow = lived(site, load, wish)
    traced = trace(site, flow, 1.0)
    problem = worlds.problem(replace(site, cooling=replace(site.cooling, overhead_kw=0.0)))
    account = tally(problem, Plan(placements=(), servings={}, dispatch={"home": flow}))
    entered = flow.grid_import_kw + flow.generator_kw + flow.plant_used_kw.sum(axis=0)
    parts = [traced.served, traced.exported, traced.dumped, traced.left]
    total = sum(one.kwh.sum() for one in parts) + traced.lost.sum()
    assert total == pytest.approx(entered.sum() + site.battery.soc_initial_kwh, rel=1e-6, abs=1e-6)
    emitted = account.total("emissions_kg")
    assert sum(one.kg.sum() for one in parts) == pytest.approx(emitted, rel=1e-6, abs=1e-9)
    assert traced.served.kwh.sum(axis=1) == pytest.approx(load - flow.unmet_kw, rel=1e-6, abs=1e-6)
    assert traced.left.kwh.sum() == pytest.approx(flow.soc_kwh[-1], rel=1e-6, abs=1e-6)
    assert min(one.kwh.min() for one in parts) >= -1e-9


def lived(site, load, wish) -> Dispatch:
    """Flows as the world's meters make them."""
    meter = Meter(soc_kwh=5.0, peak_so_far_kw=0.0, generator_on=False, generator_h=np.inf)
    flows = []
    for t in range(N):
        flow = flow_of(
            site,
            t,
            float(load[t]),
            meter=meter,
            intent=Intent(net_charge_kw=wish[t], stored_per_kwh=1.0),
            steps_left=N - 1 - t,
            step_h=1.0,
            carbon_price_per_kg=0.0,
        )
        flows.append(flow)
        meter = next_meter(meter, flow, new_period=False, step_h=1.0)

    def by_step(name):
        return np.array([getattr(flow, name) for flow in flows], dtype=float)

    return Dispatch(
        plant_used_kw=np.array([flow.plant_used_kw for flow in flows]).T,
        commitment=Commitment(on=by_step("generator_on"), load_bank_kw=by_step("load_bank_kw")),
        **{
            name: by_step(name)
            for name in (
                "grid_import_kw",
                "grid_export_kw",
                "charge_kw",
                "discharge_kw",
                "soc_kwh",
                "generator_kw",
                "unmet_kw",
            )
        },
    )


def test_shares_of_jobs_services_and_idle_machines_are_the_facility():
    site = worlds.site(
        gpus=8, idle=0.1, overhead=2, slope=1.5, water=3, grid=worlds.grid(intensity=100)
    )
    problem = worlds.problem(site, jobs=(worlds.job(gpus=4, kw=2, hours=2),))
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    book = ledger(problem, plan)
    job, idle = book.entries
    assert (job.kind, idle.kind) == (JOB, IDLE)
    # Two hours at 2 kW beside four GPUs at rest; at the meter 2 + 1.5 · 2.4 = 5.6 kW.
    assert job.it_kwh == pytest.approx(4)
    assert job.facility_kwh == pytest.approx(2 * 5.6 * 2 / 2.4)
    assert job.emissions_kg == pytest.approx(0.1 * job.facility_kwh)
    assert job.sci_g_per_gpu_h == pytest.approx(1000 * job.emissions_kg / 8)
    account = tally(problem, plan)
    assert job.facility_kwh + idle.facility_kwh == pytest.approx(account.total("facility_kwh"))
    assert job.water_l + idle.water_l == pytest.approx(account.total("water_l"))
    (figures,) = book.sites
    assert figures.pue == pytest.approx(figures.facility_kwh / figures.it_kwh)
    assert figures.wue_l_per_kwh == pytest.approx(3)
    assert (figures.cue_kg_per_kwh, book.matched_share) == (pytest.approx(0.1 * figures.pue), 0)
