"""The peers' cases: their policies and our bounds on instances that can be counted by hand."""

import argparse

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from benchmarks.peers import capped, case, cleaning, elastic, eurosys, gaia, gaia_capped, geo, lwa
from benchmarks.peers import site_year as site
from scheduler.errors import InputError


def test_the_project_has_the_published_hours_of_work():
    jobs = lwa.project("next-workday")
    assert jobs.length.sum() * lwa.STEP_H == 155_626
    slack_h = (jobs.end - jobs.start - jobs.length) * lwa.STEP_H
    assert slack_h.mean() == pytest.approx(15.6, abs=0.05)
    assert slack_h.max() == 57
    assert (slack_h == 0).mean() == pytest.approx(0.204, abs=0.0005)


def one_job(start=0, length=2, end=4) -> lwa.Project:
    return lwa.Project(start=np.array([start]), length=np.array([length]), end=np.array([end]))


def test_an_interruptible_job_takes_the_steps_that_look_cheapest():
    carbon, forecast = np.array([5.0, 1.0, 4.0, 2.0]), np.array([1.0, 9.0, 2.0, 8.0])
    assert lwa.run_now_t(one_job(), carbon) == pytest.approx(lwa.tonnes(5 + 1))
    assert lwa.interruptible_t(one_job(), carbon, forecast) == pytest.approx(lwa.tonnes(5 + 4))
    assert lwa.interruptible_t(one_job(), carbon, carbon) == pytest.approx(lwa.tonnes(1 + 2))


def test_cleaning_takes_noise_out_of_a_smooth_day_and_leaves_a_clean_one():
    truth = 300 + 100 * np.sin(2 * np.pi * np.arange(4800) / 48)
    noise = np.random.default_rng(0).normal(0, 30, len(truth))
    clean = cleaning.cleaned(truth + noise, 30)
    assert np.std(clean - truth) < 0.3 * 30
    assert cleaning.cleaned(truth, 0.0) == pytest.approx(truth)


def test_the_bound_under_a_cap_is_what_two_jobs_that_take_turns_emit():
    both = lwa.Project(start=np.array([0, 0]), length=np.array([1, 1]), end=np.array([2, 2]))
    carbon = np.array([10.0, 2.0])
    assert capped.bound_t(both, carbon, 2) == pytest.approx(lwa.tonnes(4))
    assert capped.bound_t(both, carbon, 1) == pytest.approx(lwa.tonnes(12), rel=0.01)
    assert capped.bound_t(both, carbon, 1) <= lwa.tonnes(12)


def flat(length_h, arrival_h=(0.0,), cpus=(1.0,), carbon=(4.0, 1.0, 3.0, 2.0, *[9.0] * 50)):
    return gaia.Trace(
        arrival_h=np.array(arrival_h),
        length_h=np.array(length_h),
        cpus=np.array(cpus),
        wait_h=np.full(len(length_h), 3.0),
        carbon=np.array(carbon),
    )


def test_the_price_of_a_cap_is_that_of_the_hours_left():
    one, two = flat([1.0]), flat([1.0, 1.0], (0.0, 0.0), (1.0, 1.0))
    assert gaia_capped.bound(one, np.inf) * 1000 == pytest.approx(1)
    assert gaia_capped.bound(two, 1.0) * 1000 == pytest.approx(1 + 2)


def test_known_lengths_are_placed_in_the_cheapest_hours_hour_by_hour():
    lived = gaia_capped.closed_loop(flat([1.0]), np.inf)
    assert lived.carbon * 1000 == pytest.approx(1)
    assert (lived.mean_wait_h, lived.misses) == (1, 0)


def test_unknown_lengths_wait_for_a_price_and_never_longer_than_they_may():
    patient, hurried = (gaia.unknown_lengths(flat([1.0]), price) for price in (0.1, 1000.0))
    assert (patient.carbon * 1000, patient.mean_wait_h) == (1, 1)
    assert (hurried.carbon * 1000, hurried.mean_wait_h) == (4, 0)


def test_reserved_cpus_are_paid_whether_used_or_not():
    assert gaia.cost_usd(np.zeros(3)) == pytest.approx(9 * 217 * 0.0624 * 0.4)
    assert gaia.cost_usd(np.array([10.0])) - gaia.cost_usd(np.zeros(1)) == pytest.approx(0.0624)


PROFILE = elastic.Profile.of(np.array([1.0, 3.0, 3.5]), np.array([1.0, 1.5, 3.0]))


def test_the_hull_leaves_out_levels_that_a_mix_beats():
    assert PROFILE.hull() == [0, 1, 3]


@given(
    carbon=st.lists(st.floats(1, 100), min_size=24, max_size=36),
    work=st.floats(1, 24),
)
@example(carbon=[*[1.0] * 4, 2.0, *[3.0] * 18, 2.5], work=14.5)
def test_an_elastic_schedule_does_its_work_between_the_bound_and_one_replica(carbon, work):
    hours = np.array(carbon)
    schedule, bound = elastic.best(PROFILE, hours, work)
    done = (PROFILE.speed[schedule.levels] * schedule.share).sum()
    assert done == pytest.approx(work)
    grams = schedule.grams(PROFILE, hours)
    assert grams >= bound * (1 - 1e-9)
    static = min(elastic.static_g(PROFILE, hours, level, work) for level in (1, 3))
    assert grams <= static * (1 + 1e-9)
    assert (schedule.share < 1 - 1e-12).sum() <= 1


def test_the_published_optima_are_means_over_arrivals():
    carbon = np.array([4.0, 2.0, 3.0, 1.0])
    # Arrivals in the first two hours, of one hour's work: windows of three hours.
    assert eurosys.optima(carbon, 1, 2, 2) == (3.0, (2.0 + 1.0) / 2, (2.0 + 1.0) / 2)


@given(seed=st.integers(0, 10_000))
def test_loads_by_rank_are_the_least_of_the_linear_program(seed):
    rng = np.random.default_rng(seed)
    reach = (rng.random((5, 5)) < 0.5) | np.eye(5, dtype=bool)
    demand, carbon = rng.uniform(0, 1, (5, 1)), rng.uniform(1, 9, (5, 1))
    capacity = demand * 1.2 + rng.uniform(0, 1, (5, 1))
    load = geo.loads(carbon, demand, capacity, reach)
    pairs = [(r, s) for r in range(5) for s in range(5) if reach[r, s]]
    exact = linprog(
        [carbon[s, 0] for _, s in pairs],
        A_eq=[[float(r == region) for r, _ in pairs] for region in range(5)],
        b_eq=demand[:, 0],
        A_ub=[[float(s == place) for _, s in pairs] for place in range(5)],
        b_ub=capacity[:, 0],
    )
    assert load.sum() == pytest.approx(demand.sum())
    assert float((carbon * load).sum()) == pytest.approx(exact.fun)


def short_year(load, own, hours=24) -> site.Year:
    series = np.full(hours, 1.0)
    return site.Year(
        sun=np.array(own, dtype=float),
        wind=0 * series,
        load=np.array(load, dtype=float),
        carbon=0.1 * series,
        price=60 * series,
        month=np.zeros(hours, dtype=np.int64),
    )


def test_a_flat_day_costs_its_energy_and_its_peak():
    year = short_year([10.0] * 24, [4.0] * 24)
    bill = site.bill(year, np.maximum(0.0, year.load - year.sun))
    assert bill.cost == pytest.approx(6 * 24 * 60 + 6 * 12_000)
    assert [bill.emissions_t, bill.peak_mw] == pytest.approx([14.4, 6])


def test_a_window_flattens_its_import():
    flows = site.Planner(4).solve(
        own=np.zeros(4),
        load=np.array([1.0, 9.0, 1.0, 9.0]),
        cost=np.ones(4),
        month=np.zeros(4, dtype=np.int64),
        owed=np.zeros(1),
        day=np.zeros(4, dtype=np.int64),
        so_far=np.zeros(1),
        stored=0.0,
        end=0.0,
    )
    assert flows["run"].sum() == pytest.approx(20)
    assert flows["grid"].max() == pytest.approx(5, abs=0.3)


def test_an_unknown_case_is_refused_with_those_that_are_known(tmp_path):
    options = argparse.Namespace(data=tmp_path, peer_case="b9", seeds=1)
    with pytest.raises(InputError, match=r"must be all or one of eurosys, .* got b9"):
        next(case.run(options))
