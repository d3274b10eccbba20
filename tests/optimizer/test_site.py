"""The nouns refuse what cannot be, and their examples are true."""

import doctest
from dataclasses import replace

import pytest

import optimizer.site
from optimizer.site import Site
from tests.optimizer import worlds


def test_the_examples_in_the_docstrings_run():
    outcome = doctest.testmod(optimizer.site)
    assert outcome.attempted >= 2
    assert outcome.failed == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"charge": 0}, r"charge_efficiency must be in \(0, 1\], got 0", id="no way"),
        pytest.param({"discharge": 1.1}, r"discharge_efficiency .* got 1.1", id="makes energy"),
        pytest.param({"soc_min": -0.1}, r"soc_min must be in \[0, 1\], got -0.1", id="below empty"),
        pytest.param({"soc_min": 0.6}, "soc_initial must be at least soc_min 0.6", id="reserve"),
    ],
)
def test_an_impossible_battery_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        worlds.battery(**changes)


def test_a_site_has_one_pool_of_each_gpu_type():
    one = worlds.site()
    with pytest.raises(ValueError, match="site home: one pool a GPU type"):
        Site(name="home", jurisdiction="MA", cooling=one.cooling, pools=(*one.pools, *one.pools))


@pytest.mark.parametrize(
    ("sites", "jobs", "message"),
    [
        pytest.param(["a", "a"], [], "sites: each name once, got twice a", id="two sites"),
        pytest.param(["home"], ["j", "j"], "jobs: each name once, got twice j", id="two jobs"),
        pytest.param(["away"], ["j"], "j: home must be a site, got home", id="no such home"),
    ],
)
def test_a_problem_names_each_thing_once_and_at_home(sites, jobs, message):
    with pytest.raises(ValueError, match=message):
        worlds.problem(*map(worlds.site, sites), jobs=map(worlds.job, jobs))


def test_work_that_may_not_run_at_its_home_is_refused():
    bound = worlds.job(residency=frozenset(["FR"]))
    with pytest.raises(ValueError, match="job: may not run at its home home"):
        worlds.problem(worlds.site(), jobs=[bound])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"work_h": 0}, "work_h must be positive, got 0", id="nothing to do"),
        pytest.param({"modes": ()}, "the first mode is the base, with speed 1", id="no mode"),
        pytest.param(
            {"modes": (worlds.job().base, worlds.job().base)},
            "only an elastic job has several modes",
            id="modes of a job that cannot change them",
        ),
    ],
)
def test_an_impossible_job_is_refused(changes, message):
    with pytest.raises(ValueError, match=f"job job: {message}"):
        replace(worlds.job(), **changes)
