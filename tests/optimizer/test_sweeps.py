"""Sweeps from a crowded start to a packing that keeps every limit."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.answers import (
    Answers,
    Question,
    add_load,
    compiled_add_load,
    compiled_ask,
    numpy_add_load,
    numpy_ask,
)
from optimizer.dispatcher import Dispatcher
from optimizer.fleet import Roster, Timetable
from optimizer.limits import Limits, Watch
from optimizer.load import Load
from optimizer.marginal import Guide, Marginal
from optimizer.merit_order import MeritOrder
from optimizer.packing import Packing
from optimizer.plan import Placement, Prices
from optimizer.pricing import cheapest
from optimizer.replicas import Choices
from optimizer.supply import SureSupply
from optimizer.sweeps import Sweeps, compiled_sweep, numpy_sweep
from optimizer.terms import terms_of
from tests.optimizer import worlds
from tests.optimizer.demands import demanding
from tests.optimizer.tiny import tiny

SEEDS = range(12)


def question_of(problem, rng):
    by_site = (len(problem.sites), problem.horizon.n_steps)
    return Question(
        it_price=rng.uniform(0.1, 4, by_site),
        gpu_price=rng.uniform(0, 3, problem.pool_gpus.shape),
        room=rng.integers(1, problem.pool_gpus + 1),
        step_h=problem.horizon.step_h,
    )


def answers_of(ask, roster, question):
    n_jobs, n_steps = len(roster.jobs), question.it_price.shape[1]
    answers = Answers(least=np.zeros(n_jobs), timetable=Timetable.empty(n_jobs, n_steps))
    ask(roster, question, answers)
    return answers


def nothing_placed(problem):
    placements = [Placement.none(job) for job in problem.jobs]
    none = [
        np.zeros((problem.horizon.n_steps, len(problem.admissible_sites(service))))
        for service in problem.services
    ]
    return Packing.of(problem, placements, [one.astype(np.int64) for one in none], none)


def prices_of(problem, power):
    by_site = (len(problem.sites), problem.horizon.n_steps)
    return Prices(
        power_per_kwh=np.broadcast_to(np.asarray(power, dtype=float), by_site).copy(),
        gpu_per_gpu_h=np.zeros(problem.pool_gpus.shape),
        stored_per_kwh=np.zeros(by_site),
        peak_per_kw=np.zeros(by_site),
    )


class Ticking(Watch):
    """A watch on which a second passes whenever it is asked."""

    def left_s(self, share=1.0):
        self.limits = replace(self.limits, time_s=self.limits.time_s - 1)
        return super().left_s(share)


def packed(problem, power, seed=0, watch=None):
    """Swept from nothing, led by a price of power and by the load of idle sites."""
    sweeps = Sweeps(
        problem=problem,
        roster=Roster.of(terms_of(problem)),
        choices=tuple(Choices.of(problem, service) for service in problem.services),
        supply=SureSupply(problem=problem, dispatcher=Dispatcher(problem)),
        watch=watch or Watch(Limits()),
    )
    target_kw = Load.idle(problem).facility_kw(problem) + 1.0
    rng = np.random.default_rng(seed)
    return sweeps.pack(nothing_placed(problem), prices_of(problem, power), target_kw, rng)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_jobs_at_once_answer_as_each_alone(seed):
    problem = tiny(seed)
    roster = Roster.of(terms_of(problem))
    question = question_of(problem, np.random.default_rng(seed))
    answers = answers_of(numpy_ask, roster, question)
    for j, terms in enumerate(roster.jobs):
        least, placement = cheapest(terms, question.step_costs(terms))
        assert answers.timetable.placement(j, terms) == placement
        if terms.grain.exact or terms.is_contiguous:
            assert answers.least[j] == least


@pytest.mark.parametrize("world", [tiny, demanding])
@pytest.mark.parametrize("seed", SEEDS)
def test_numpy_and_machine_code_give_the_same_answers(seed, world):
    problem = world(seed)
    roster = Roster.of(terms_of(problem))
    question = question_of(problem, np.random.default_rng(seed))
    plain, fast = (answers_of(ask, roster, question) for ask in (numpy_ask, compiled_ask))
    np.testing.assert_array_equal(plain.least, fast.least)
    for one, other in zip(plain.timetable, fast.timetable, strict=True):
        np.testing.assert_array_equal(one, other)
    loads = []
    for add in (numpy_add_load, compiled_add_load):
        load = (np.zeros(question.it_price.shape), np.zeros(question.gpu_price.shape))
        add(roster, plain.timetable, 1.5, *load)
        loads.append(load)
    for one, other in zip(*loads, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_load_of_a_timetable_is_that_of_its_placements():
    problem = tiny(3)
    roster = Roster.of(terms_of(problem))
    timetable = answers_of(
        numpy_ask, roster, question_of(problem, np.random.default_rng(3))
    ).timetable
    load = Load.idle(problem)
    it_kw, gpus = load.it_kw.copy(), load.gpus.astype(float)
    add_load(roster, timetable, 1.0, it_kw, gpus)
    for j, terms in enumerate(roster.jobs):
        load.add(problem, problem.jobs[j], timetable.placement(j, terms))
    assert gpus.sum() > 0
    np.testing.assert_array_equal(gpus, load.gpus)
    np.testing.assert_allclose(it_kw, load.it_kw)


@pytest.mark.parametrize("world", [tiny, demanding])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("crowding", [np.inf, 0.3], ids=["hard pools", "crowded pools"])
def test_numpy_and_machine_code_sweep_alike(seed, crowding, world):
    problem, rng = world(seed), np.random.default_rng(seed)
    roster = Roster.of(terms_of(problem))
    idle_kw = Load.idle(problem).facility_kw(problem)
    _, dispatch, _ = Dispatcher(problem).solve(idle_kw, time_limit_s=10)
    guide = Guide(
        gpu_price_per_gpu_h=rng.uniform(0, 1, problem.pool_gpus.shape),
        crowding_price=crowding,
        target_kw=idle_kw + rng.uniform(0, 5, idle_kw.shape),
        pull=rng.uniform(0, 0.2, idle_kw.shape),
    )
    marginal = Marginal.of(problem, MeritOrder.of(problem, dispatch), guide)
    results = []
    for sweep in (numpy_sweep, compiled_sweep):
        packing = nothing_placed(problem)
        timetable = Timetable.empty(len(roster.jobs), problem.horizon.n_steps)
        moved = [
            sweep(roster, timetable, packing, marginal, np.arange(len(roster.jobs)))
            for _ in range(3)
        ]
        results.append((moved, *timetable, packing.load.gpus, packing.load.it_kw))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_crowds_at_first_every_pool_holds_what_it_gets_in_the_end(seed):
    problem = tiny(seed)
    packing = packed(problem, 1.0, seed)
    assert (packing.load.gpus <= problem.pool_gpus).all()
    again = Packing.of(problem, packing.placements, packing.replicas, packing.served_rps)
    np.testing.assert_allclose(again.load.it_kw, packing.load.it_kw)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clock_that_runs_out_ends_the_rounds_with_every_pool_holding_what_it_gets(seed):
    # Twenty-three rounds ask at least forty times, and the last eight at most thirty.
    problem, watch = tiny(seed), Ticking(Limits(time_s=38.0))
    packing = packed(problem, 1.0, seed, watch)
    assert watch.cut_short
    assert (packing.load.gpus <= problem.pool_gpus).all()
    assert any(one.runs for one in packing.placements)


def test_jobs_that_all_want_the_cheapest_hour_share_the_cheap_ones():
    # One GPU and hours at 4, 1, 2, 3: of two jobs one gets the hour at 1, the other that at 2.
    site = worlds.site(n_steps=4, gpus=1, grid=worlds.grid(4, price=[4, 1, 2, 3]))
    jobs = [worlds.job(name, gpus=1, hours=1, due=4) for name in ("one", "other")]
    packing = packed(worlds.problem(site, jobs=jobs), [4, 1, 2, 3])
    assert sorted(one.runs[0].first_step for one in packing.placements) == [1, 2]


def test_who_loses_most_by_waiting_stays_in_the_full_hour():
    # One GPU; both are due in the first hour, but the wide job loses twice as much an hour late.
    site = worlds.site(n_steps=3, gpus=2, grid=worlds.grid(3))
    jobs = [
        worlds.job("narrow", gpus=1, hours=1, due=1, deadline=3),
        worlds.job("wide", gpus=2, hours=1, due=1, deadline=3),
    ]
    packing = packed(worlds.problem(site, jobs=jobs), 1.0)
    assert [one.runs[0].first_step for one in packing.placements] == [1, 0]


def test_the_same_order_gives_the_same_packing():
    problem = replace(tiny(5))
    assert packed(problem, 1.0).placements == packed(problem, 1.0).placements
