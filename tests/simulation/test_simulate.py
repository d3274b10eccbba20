"""A life is a plan of the world's own problem, and nobody in it sees what has not come yet."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.limits import Limits
from optimizer.verify import verify
from scheduler.errors import InputError
from scheduler.planning.actual import actual
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.scenario import load
from scheduler.simulation.document import document
from scheduler.simulation.policy import Alize
from scheduler.simulation.run import simulate
from scheduler.simulation.simulate import Pace, live_through

LIMITS = Limits(gap=1e-6)


@pytest.fixture(scope="module")
def small():
    return load("one-site-one-battery")


@pytest.fixture(scope="module")
def simulated(small):
    return simulate(small, limits=LIMITS, pace=Pace(replan_steps=4, window_steps=12))


def test_where_nothing_surprises_life_costs_what_was_planned(small, simulated):
    planned = plan_scenario(small, limits=LIMITS)
    assert simulated.run.kpis.cost == pytest.approx(planned.kpis.cost)
    assert simulated.regret == pytest.approx(0, abs=1e-6)


def test_a_life_keeps_every_hard_limit_and_can_be_rechecked(simulated):
    assert verify(simulated.run.problem, simulated.run.plan) == ()
    assert recheck(simulated.run).findings == ()


def test_the_document_says_that_it_was_lived_and_how(simulated):
    told = document(simulated)
    assert told["kpis"]["basis"] == "simulated"
    assert told["simulation"]["replans"] == 3
    assert [one["action"] for one in told["simulation"]["deeds"]] == ["start"]
    assert told["solver"]["bound"] <= told["solver"]["objective"] + 1e-9


def test_the_account_of_a_life_adds_up_to_its_meters(simulated):
    told = document(simulated)["simulation"]["account"]
    kpis = simulated.run.kpis
    entries = told["entries"]
    assert {one["kind"] for one in entries} >= {"job", "idle"}
    for mine, meter in (
        ("facility_kwh", kpis.facility_kwh),
        ("embodied_kg", kpis.embodied_kg),
        ("water_l", kpis.water_l),
        ("work_gpu_h", kpis.useful_work_gpu_h),
    ):
        assert sum(one[mine] for one in entries) == pytest.approx(meter, rel=1e-6, abs=1e-9)
    rest_kg = sum(one["exported_kg"] + one["left_kg"] for one in told["sites"])
    emitted = sum(one["emissions_kg"] for one in entries) + rest_kg
    assert emitted == pytest.approx(kpis.emissions_kg, rel=1e-6)


def test_what_has_not_come_yet_changes_nothing(small):
    truth, _ = actual(small)
    grid = truth.sites[0].grid
    later = grid.carbon_intensity_g_per_kwh.copy()
    later[6:] *= 3
    other = replace(
        truth,
        sites=(replace(truth.sites[0], grid=replace(grid, carbon_intensity_g_per_kwh=later)),),
    )
    pace = Pace(replan_steps=2, window_steps=12)
    one, two = (
        live_through(small, world, Alize(limits=LIMITS), pace=pace).plan.dispatch["home"]
        for world in (truth, other)
    )
    assert np.array_equal(one.grid_import_kw[:6], two.grid_import_kw[:6])
    assert np.array_equal(one.soc_kwh[:6], two.soc_kwh[:6])


def test_a_job_longer_than_announced_is_lived_to_its_true_end():
    longer = load("one-site-one-battery", edits=("jobs.list.train.true_work_h=6",))
    simulated = simulate(longer, limits=LIMITS, pace=Pace(replan_steps=1, window_steps=12))
    (placement,) = simulated.run.plan.placements
    assert sum(run.n_steps for run in placement.runs) == 6
    assert recheck(simulated.run).findings == ()
    assert plan_scenario(longer, limits=LIMITS).kpis.gpu_hours == pytest.approx(8 * 4)


def test_work_that_is_cut_off_is_paid_for_but_not_useful():
    endless = load("one-site-one-battery", edits=("jobs.list.train.true_work_h=20",))
    simulated = simulate(endless, limits=LIMITS, pace=Pace(replan_steps=6, window_steps=12))
    assert recheck(simulated.run).findings == ()
    kpis = simulated.run.kpis
    assert (kpis.jobs_unfinished, kpis.useful_work_gpu_h) == (1, 0)
    assert kpis.gpu_hours > 0


def test_a_job_is_cut_off_at_its_hard_deadline():
    bounds = ("jobs.list.train.due_h=8", "jobs.list.train.deadline_h=8")
    endless = load("one-site-one-battery", edits=("jobs.list.train.true_work_h=9", *bounds))
    simulated = simulate(endless, limits=LIMITS, pace=Pace(replan_steps=1, window_steps=12))
    (placement,) = simulated.lived.plan.placements
    assert placement.runs[-1].end_step == 8
    kpis = simulated.run.kpis
    assert (kpis.jobs_unfinished, kpis.useful_work_gpu_h) == (1, 0)
    assert recheck(simulated.run).findings == ()


def test_what_cannot_be_lived_through_yet_is_refused():
    sleeping = load("one-site-one-battery", edits=("sites.home.pools.gpu.sleep_kw_per_gpu=0",))
    with pytest.raises(InputError, match=r"sites\.home\.pools\.gpu\.sleep_kw_per_gpu: cannot be"):
        simulate(sleeping, limits=LIMITS)
