"""What strikes is lived through: work is lost and begun anew, and limits hold meanwhile."""

import numpy as np
import pytest

from optimizer.limits import Limits
from scheduler.planning.recheck import recheck
from scheduler.scenario import load
from scheduler.simulation.run import simulate
from scheduler.simulation.simulate import Pace


def lived(*events):
    edits = (f"events=[{', '.join(f'{{{one}}}' for one in events)}]",)
    return simulate(
        load("one-site-one-battery", edits=edits),
        limits=Limits(gap=1e-6),
        pace=Pace(replan_steps=4, window_steps=12),
    )


def test_a_job_that_cannot_pause_begins_anew_where_its_gpus_are_lost():
    simulated = lived("kind: gpus-lost, site: home, start_h: 4, hours: 1, share_left: 0.5")
    (lost,) = simulated.lived.lost
    assert [(run.first_step, run.n_steps) for run in lost.runs] == [(3, 1)]
    again = simulated.run.plan.placements[0]
    assert [run.n_steps for run in again.runs] == [4]
    assert again.runs[0].first_step >= 5
    assert recheck(simulated.run).findings == ()
    # 8 GPUs x 4 h are useful; the hour that was lost was drawn and paid for.
    assert simulated.run.kpis.useful_work_gpu_h == pytest.approx(32)
    assert simulated.run.kpis.gpu_hours == pytest.approx(40)


def test_a_battery_at_fault_neither_takes_nor_gives():
    simulated = lived("kind: battery-fault, site: home, start_h: 4, hours: 2")
    flow = simulated.run.plan.dispatch["home"]
    assert np.concatenate([flow.charge_kw[4:6], flow.discharge_kw[4:6]]) == pytest.approx(0)
    assert recheck(simulated.run).findings == ()
    assert simulated.regret >= -1e-6


def test_a_battery_that_holds_nothing_is_none():
    small = load("one-site-one-battery", edits=("sites.home.battery.energy_kwh=0",))
    simulated = simulate(small, limits=Limits(gap=1e-6), pace=Pace(replan_steps=4, window_steps=12))
    assert recheck(simulated.run).findings == ()
    # Three cheap hours and a dear one: 8 kW x (3.5 + 1.4 + 1.3 + 1.4) EUR/kWh.
    assert simulated.run.solution.proof.objective == pytest.approx(60.8)
