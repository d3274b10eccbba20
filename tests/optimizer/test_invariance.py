"""What must change nothing: names and order of sites, the calendar, planning twice."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.baselines import run_now
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.problem import Problem
from optimizer.solve import solve
from optimizer.tally import tally
from tests.optimizer import worlds
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import SEEDS, tiny

LIMITS = Limits(gap=0.01)
NEW_NAMES = {"dakhla": "zagora", "lyon": "agadir"}


def relabelled(problem, names):
    """The same world with its sites renamed, and listed the other way round."""
    sites = tuple(replace(site, name=names[site.name]) for site in reversed(problem.sites))
    jobs = tuple(replace(job, home=names[job.home]) for job in problem.jobs)
    services = tuple(
        replace(
            service,
            home=names[service.home],
            rtt_ms={(r, names[s]): rtt for (r, s), rtt in service.rtt_ms.items() if s in names},
        )
        for service in problem.services
    )
    links = {frozenset(names.get(end, end) for end in ends): v for ends, v in problem.links.items()}
    return replace(problem, sites=sites, jobs=jobs, services=services, links=links)


def later(problem: Problem, days: int) -> Problem:
    """The same world so many days on."""
    shift = timedelta(days=days)
    jobs = tuple(
        replace(j, release=j.release + shift, due=j.due + shift, deadline=j.deadline + shift)
        for j in problem.jobs
    )
    horizon = replace(problem.horizon, start=problem.horizon.start + shift)
    return replace(problem, horizon=horizon, jobs=jobs)


def assert_same_but_for_names(problem, names):
    ours, theirs_of = solve(problem, limits=LIMITS), relabelled(problem, names)
    theirs = solve(theirs_of, limits=LIMITS)
    assert theirs.proof.objective == ours.proof.objective
    assert theirs.proof.bound == ours.proof.bound
    assert theirs.plan.placements == tuple(
        replace(placement, site=names[placement.site]) for placement in ours.plan.placements
    )
    for name, serving in ours.plan.servings.items():
        assert np.array_equal(theirs.plan.servings[name].replicas, serving.replicas[::-1])
    names_of = [site.name for site in problem.sites]
    account = dict(zip(names_of, tally(problem, ours.plan).sites, strict=True))
    for site, tallied in zip(theirs_of.sites, tally(theirs_of, theirs.plan).sites, strict=True):
        old = next(old for old, new in names.items() if new == site.name)
        assert tallied == account[old]


@settings(max_examples=5)
@given(seed=st.integers(0, 500))
def test_other_names_and_another_order_of_sites_change_nothing(seed):
    problem = tiny(seed)
    assert_same_but_for_names(problem, {site.name: NEW_NAMES[site.name] for site in problem.sites})


def test_twin_sites_may_be_named_either_way():
    grid = worlds.grid(limit=6, price=[3, 1, 2, 2, 1, 3])
    jobs = [worlds.job("one", home="dakhla", gpus=4), worlds.job("two", home="lyon", gpus=2)]
    problem = worlds.problem(
        worlds.site("dakhla", grid=grid),
        worlds.site("lyon", grid=grid),
        jobs=jobs,
        services=[worlds.service(home="lyon", rtt={("a", "dakhla"): 10, ("a", "lyon"): 20})],
    )
    assert_same_but_for_names(problem, NEW_NAMES)


@settings(max_examples=5)
@given(seed=st.integers(0, 500), days=st.integers(-400, 400))
def test_the_same_world_some_days_later_has_the_same_plan(seed, days):
    problem = tiny(seed)
    ours, theirs = solve(problem, limits=LIMITS), solve(later(problem, days), limits=LIMITS)
    assert fingerprint(theirs, without=["seconds"]) == fingerprint(ours, without=["seconds"])


@settings(max_examples=5)
@given(seed=st.sampled_from(SEEDS))
def test_planning_twice_gives_the_same_plan_to_the_last_digit(seed):
    world = solved(tiny, seed)
    again = solve(world.problem, limits=Limits(gap=1e-4))
    assert world.solution.proof.deterministic
    assert fingerprint(again, without=["seconds"]) == fingerprint(
        world.solution, without=["seconds"]
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_is_never_worse_than_run_now_and_costs_what_it_says(seed):
    world = solved(tiny, seed)
    objective = tally(world.problem, world.solution.plan).objective
    assert objective == pytest.approx(world.solution.proof.objective)
    assert objective <= tally(world.problem, run_now(world.problem)).objective
