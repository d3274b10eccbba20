"""The demonstration: a day of jobs comes, waits, runs on a control plane, and is accounted for."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from benchmarks.operator.demo import (
    GPUS_A_POD,
    WORLD,
    account,
    demonstrate,
    lines,
    nodes_of,
    scenario_of_the_day,
)
from k8s_operator import names
from tests.controlplane.controlplane import control_plane


def test_two_hundred_nodes_hold_the_gpus_of_all_three_sites():
    scenario = scenario_of_the_day(WORLD, 41)
    gpus = Counter()
    nodes = list(nodes_of(scenario, 200))
    for one in nodes:
        held = int(one["status"]["allocatable"][names.GPU_RESOURCE])
        assert held % GPUS_A_POD == 0
        gpus[one["metadata"]["labels"][names.SITE]] += held
    assert len(nodes) == 200
    assert gpus == {"dakhla": 880, "casablanca": 96, "paris": 48}


def test_a_day_that_went_as_run_now_would_saves_nothing_and_one_at_home_later_differs():
    scenario = scenario_of_the_day(WORLD, 6)
    at_once = {one.name: (one.home, one.release) for one in scenario.jobs}
    shown = account(scenario, at_once)
    assert shown.held == ()
    assert (shown.waited, shown.moved) == (0, 0)
    assert shown.lived.emissions_kg == pytest.approx(shown.baseline.emissions_kg)
    assert shown.lived.cost == pytest.approx(shown.baseline.cost)
    assert shown.idle.emissions_kg < shown.baseline.emissions_kg
    later = {name: (site, at + timedelta(hours=9)) for name, (site, at) in at_once.items()}
    shifted = account(scenario, later)
    assert shifted.waited == 6
    assert shifted.lived.emissions_kg != pytest.approx(shifted.baseline.emissions_kg)


def test_jobs_that_never_ran_are_in_neither_account():
    scenario = scenario_of_the_day(WORLD, 6)
    first, *others = scenario.jobs
    shown = account(scenario, {first.name: (first.home, first.release)})
    assert shown.held == tuple(one.name for one in others)
    assert shown.lived.emissions_kg == pytest.approx(shown.baseline.emissions_kg)


@pytest.mark.slow
def test_a_short_day_on_a_small_cluster_ends_with_every_job_let_go(tools, capsys):
    with control_plane(tools=tools) as plane:
        shown = demonstrate(nodes=6, jobs=6, speed=520, max_delay_h=6, plane=plane)
    assert shown.held == ()
    assert len(shown.starts) == 6
    scenario = scenario_of_the_day(WORLD, 6)
    for one in scenario.jobs:
        site, at = shown.starts[one.name]
        assert site in one.sites
        assert at >= one.release
    said = capsys.readouterr().out
    assert re.search(r"\d+ came, +\d+ run", said)
    assert any("run-now" in line for line in lines(shown, "MAD"))
