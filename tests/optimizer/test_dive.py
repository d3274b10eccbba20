"""Whole schedules out of a relaxed master, and the master as it was before."""

from itertools import count

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.dispatcher import Dispatcher, Router
from optimizer.dive import Dive
from optimizer.fleet import Roster
from optimizer.generation import Generation
from optimizer.load import Load
from optimizer.master import Master
from optimizer.packing import Packing
from optimizer.plan import Placement, Run
from optimizer.replicas import Choices
from optimizer.tally import tally
from optimizer.terms import terms_of
from optimizer.timing import is_finished
from optimizer.verify import verify
from optimizer.work import Mode
from tests.optimizer import worlds
from tests.optimizer.tiny import tiny

ROUNDS = 20
SOME_SEEDS = range(0, 24, 2)


class OutOfTimeError(Exception):
    pass


def contested():
    """Two jobs of 2 GPUs for an hour and a pool of 3; a kWh costs 1, then 3, then 9."""
    site = worlds.site(n_steps=3, gpus=3, grid=worlds.grid(3, price=[1, 3, 9]))
    jobs = [worlds.job(name, hours=1, due=3) for name in ("one", "two")]
    return worlds.problem(site, jobs=jobs)


def crowded():
    """A service, a wide job and one that may choose its width, on a pool too small for all."""
    grid = worlds.grid(limit=9, price=[4, 1, 1, 2, 5, 3])
    site = worlds.site(gpus=4, lease=0.1, grid=grid)
    wide = Mode(gpus=4, power_kw=5, speed=2)
    jobs = [
        worlds.job("contiguous", gpus=3, hours=2),
        worlds.job("elastic", kind="elastic", modes=(Mode(gpus=2, power_kw=2), wide), hours=3),
        worlds.job("paused", gpus=1, hours=2, kind="checkpointable"),
    ]
    services = [
        worlds.service("large", demand=[[1, 1, 3, 3, 1, 1]], gpus=1),
        worlds.service("small", demand=1, gpus=2),
    ]
    return worlds.problem(site, jobs=jobs, services=services)


def priced(problem):
    """A master with the columns that price generation brings, and the choices of the services."""
    terms = terms_of(problem)
    choices = tuple(Choices.of(problem, service) for service in problem.services)
    master = Master(problem, terms)
    master.offer(Packing.of_plan(problem, run_now(problem)))
    idle_kw = Load.idle(problem).facility_kw(problem)
    idle_prices = Dispatcher(problem).solve(idle_kw, time_limit_s=10)[2]
    generation = Generation(idle_prices)
    for _ in range(ROUNDS):
        generation.round(problem, master, choices, Roster.of(terms), time_limit_s=10)
        if generation.exact and not generation.added:
            break
    return master, choices


def contested_master():
    """Every schedule of the contested world in a master."""
    problem = contested()
    master = Master(problem, terms_of(problem))
    for j, job in enumerate(problem.jobs):
        for t in range(3):
            run = Run(first_step=t, n_steps=1)
            master.offer_schedule(j, Placement(job=job.name, site="home", runs=(run,)))
    return master


def relaxed(master):
    return master.relax(time_limit_s=10)[0]


def test_half_a_job_in_the_cheap_hour_becomes_a_whole_one_in_the_next():
    # Relaxed, one and a half jobs share the 3 GPUs at 1 and the other half runs at 3: 2 kWh each,
    # 3 x 1 + 1 x 3 = 6. Whole, one job runs at 1 and the other at 3: 2 x 1 + 2 x 3 = 8.
    master = contested_master()
    assert relaxed(master) == pytest.approx(6)
    packing = Dive(master, (), 0.0, lambda: 10.0).packing()
    hours = sorted(placement.runs[0].first_step for placement in packing.placements)
    assert hours == [0, 1]
    plan = Router(master.problem).finish(packing, time_limit_s=10)
    assert tally(master.problem, plan).objective == pytest.approx(8)


def test_a_dive_leaves_the_master_as_it_was():
    master = contested_master()
    before = relaxed(master)
    Dive(master, (), 0.0, lambda: 10.0).packing()
    assert relaxed(master) == pytest.approx(before)


def test_a_dive_that_time_ends_leaves_the_master_as_it_was():
    master = contested_master()
    before = relaxed(master)
    for n_calls in count():
        asked = iter([10.0] * n_calls)

        def left_s(asked=asked):
            left = next(asked, None)
            if left is None:
                raise OutOfTimeError
            return left

        try:
            Dive(master, (), 0.0, left_s).packing()
        except OutOfTimeError:
            assert relaxed(master) == pytest.approx(before)
        else:
            break
    # It was cut short at least before, in and after the settling of jobs.
    assert n_calls >= 3


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(crowded(), id="crowded"),
        *(pytest.param(tiny(seed), id=f"seed {seed}") for seed in SOME_SEEDS),
    ],
)
def test_a_dive_ends_with_whole_schedules_that_fit_the_pools(problem):
    master, choices = priced(problem)
    before = relaxed(master)
    packing = Dive(master, choices, 0.0, lambda: 10.0).packing()
    assert (packing.load.gpus <= problem.pool_gpus).all()
    for job, placement in zip(problem.jobs, packing.placements, strict=True):
        assert not placement.runs or is_finished(problem, job, placement)
    for service, held in zip(problem.services, packing.replicas, strict=True):
        assert (held.sum(axis=1) >= problem.floor(service)).all()
    assert verify(problem, Router(problem).finish(packing, time_limit_s=10)) == ()
    # What the dive found may be new to the master, and make it better, never worse.
    assert relaxed(master) <= before + 1e-6 * (1 + abs(before))


@pytest.mark.parametrize("seed", SOME_SEEDS)
def test_a_dive_never_costs_less_than_the_bound(seed):
    problem = tiny(seed)
    master, choices = priced(problem)
    _, prices = master.relax(time_limit_s=10)
    packing = Dive(master, choices, 0.0, lambda: 10.0).packing()
    objective = tally(problem, Router(problem).finish(packing, time_limit_s=10)).objective
    assert objective >= lower_bound(problem, prices) - 1e-6 * (1 + abs(objective))


def untaught(problem):
    """A master that knows no schedule and no hold."""
    choices = tuple(Choices.of(problem, service) for service in problem.services)
    return Master(problem, terms_of(problem)), choices


def test_a_dive_through_a_master_that_knows_nothing_serves_and_places_everything():
    # 4 GPUs: two replicas of the one service, one of the other, and the job's where it is free.
    site = worlds.site(n_steps=2, gpus=4, grid=worlds.grid(2))
    services = [worlds.service("one", 2, demand=3), worlds.service("two", 2, demand=[[1, 3]])]
    jobs = [worlds.job(gpus=1, hours=1, due=2)]
    master, choices = untaught(worlds.problem(site, services=services, jobs=jobs))
    packing = Dive(master, choices, 0.0, lambda: 10.0).packing()
    assert [held[:, 0].tolist() for held in packing.replicas] == [[2, 2], [1, 2]]
    assert [one[:, 0].tolist() for one in packing.served_rps] == [[3, 3], [1, 3]]
    assert packing.placements[0].runs == (Run(first_step=0, n_steps=1),)


def test_services_that_cannot_all_be_served_share_the_room_there_is():
    # 3 GPUs for two services that each want two: together they hold three, and answer 6 of 8.
    site = worlds.site(n_steps=2, gpus=3, grid=worlds.grid(2))
    services = [worlds.service(name, 2, demand=4) for name in ("one", "two")]
    master, choices = untaught(worlds.problem(site, services=services))
    packing = Dive(master, choices, 0.0, lambda: 10.0).packing()
    assert np.sum(packing.replicas, axis=0)[:, 0].tolist() == [3, 3]
    assert np.sum(packing.served_rps, axis=0)[:, 0].tolist() == [6, 6]


def test_a_service_without_room_for_any_choice_takes_what_there_is():
    # 3 GPUs for two services that must hold two each: the second holds the one that is left.
    site = worlds.site(n_steps=2, gpus=3, grid=worlds.grid(2))
    services = [worlds.service(name, 2, demand=4, min_replicas=2) for name in ("one", "two")]
    master, choices = untaught(worlds.problem(site, services=services))
    packing = Dive(master, choices, 0.0, lambda: 10.0).packing()
    assert np.sum(packing.replicas, axis=0)[:, 0].tolist() == [3, 3]
    assert np.sum(packing.served_rps, axis=0)[:, 0].tolist() == [6, 6]


def test_columns_that_need_more_than_what_is_left_are_told():
    # Columns 0 to 2 place the first job in an hour each, 3 to 5 the second; 2 of 3 GPUs each.
    master = contested_master()
    relaxed(master)
    room = master.room([0, 5])
    assert room.tolist() == [[1, 3, 1]]
    assert master.misfits(room).tolist() == [0, 2, 3, 5]
    assert master.misfits(master.room([])).tolist() == []
