"""Each kind of event changes its own steps of its own series; who does not know it sees nothing."""

from datetime import timedelta

import numpy as np
import pytest

from scheduler.planning.actual import actual
from scheduler.planning.foreseen import foreseen
from scheduler.scenario import load

STEPS = np.arange(24)
HIT = (STEPS >= 6) & (STEPS < 9)


def world(event, ref="examples/wind-trip.yaml"):
    return load(ref, edits=(f"events=[{{{event}}}]",))


def calm():
    return actual(world("kind: feed-stale, of: all, start_h: 30"))[0]


def series(problem, name):
    """One of the series that events change, of the site at Dakhla or the service."""
    site, service = problem.sites[0], problem.services[0]
    return {
        "wind": lambda: site.plants[1].available_kw,
        "pv": lambda: site.plants[0].available_kw,
        "import": lambda: site.grid.import_limit_kw,
        "price": lambda: site.grid.import_price_per_kwh,
        "battery": lambda: site.battery.most_kw(24),
        "gpus": lambda: site.pools[0].gpus,
        "demand": lambda: service.demand_rps[0],
    }[name]()


AT = "start_h: 6, hours: 3"
CASES = [
    ("kind: wind-trip, site: dakhla", "wind", 0.0),
    ("kind: dust-storm, site: dakhla, share_left: 0.25", "pv", 0.25),
    ("kind: grid-outage, site: dakhla", "import", 0.0),
    ("kind: curtailment-order, site: dakhla, of: import, share_left: 0.5", "import", 0.5),
    ("kind: curtailment-order, site: dakhla, of: plants, share_left: 0.5", "wind", 0.5),
    ("kind: battery-fault, site: dakhla, share_left: 0.5", "battery", 0.5),
    ("kind: site-lost, site: dakhla", "gpus", 0.0),
    ("kind: gpus-lost, site: dakhla, share_left: 0.5", "gpus", 0.5),
    ("kind: price-spike, factor: 5", "price", 5.0),
    ("kind: tariff-change, price_per_kwh: 2.4", "price", 2.0),
    ("kind: demand-surge, service: chat, factor: 3", "demand", 3.0),
    ("kind: cable-cut, region: europe, sites: [rabat], longer_ms: 9", "demand", 0.0),
]


@pytest.mark.parametrize(("event", "name", "factor"), CASES, ids=[case[0] for case in CASES])
def test_an_event_changes_its_steps_and_no_other(event, name, factor):
    scenario = world(f"{event}, {AT}")
    before, after = series(calm(), name), series(actual(scenario)[0], name)
    assert after == pytest.approx(np.where(HIT, before * factor, before))
    start = scenario.horizon.start
    assert series(foreseen(scenario, start).problem, name) == pytest.approx(before)
    told = world(f"{event}, {AT}, known_h: -1")
    assert series(foreseen(told, start).problem, name) == pytest.approx(after)


@pytest.mark.parametrize(
    ("event", "name"),
    [("kind: new-site, site: dakhla", "gpus"), ("kind: new-battery, site: dakhla", "battery")],
)
def test_what_opens_is_not_there_before_and_never_expected_by_who_does_not_know(event, name):
    scenario = world(f"{event}, start_h: 6")
    whole = series(calm(), name)
    assert series(actual(scenario)[0], name) == pytest.approx(np.where(STEPS < 6, 0, whole))
    unaware = foreseen(scenario, scenario.horizon.start).problem
    assert series(unaware, name) == pytest.approx(np.zeros(24))


def test_clients_without_cable_are_a_region_of_their_own_with_longer_round_trips():
    scenario = world(f"kind: cable-cut, region: europe, sites: [rabat], longer_ms: 100, {AT}")
    (service,) = actual(scenario)[0].services
    far = service.regions[1]
    assert service.demand_rps[1] == pytest.approx(np.where(HIT, 45, 0))
    assert service.rtt_ms[far, "rabat"] == 40 + 100
    assert service.rtt_ms[far, "dakhla"] == 60


def test_a_fleet_is_planned_by_who_knows_it_and_lived_by_everyone():
    job = (
        "{kind: contiguous, gpu_type: h100, gpus: 1, work_h: 2, power_kw_per_gpu: 1, home: dakhla}"
    )
    scenario = world(f"kind: new-jobs, name: fleet, count: 3, job: {job}, start_h: 6")
    names = [one.name for one in actual(scenario)[0].jobs]
    assert names[-3:] == ["fleet-001", "fleet-002", "fleet-003"]
    begin = scenario.horizon.start
    assert len(foreseen(scenario, begin).problem.jobs) == len(names) - 3
    assert len(foreseen(scenario, begin + timedelta(hours=6)).problem.jobs) == len(names)


def test_a_lying_feed_changes_what_is_seen_and_not_the_world():
    scenario = world("kind: feed-lies, of: wind, factor: 2, start_h: 0, hours: 5")
    truth = series(calm(), "wind")
    ahead = foreseen(scenario, scenario.horizon.start)
    assert series(actual(scenario)[0], "wind") == pytest.approx(truth)
    assert series(ahead.problem, "wind") == pytest.approx(2 * truth)
    assert ahead.forecasts.wind_kw["dakhla"].expected == pytest.approx(2 * truth)
    later = foreseen(scenario, scenario.horizon.start + timedelta(hours=5))
    assert series(later.problem, "wind") == pytest.approx(truth)


def test_in_a_heat_wave_cooling_takes_more_power_while_it_lasts():
    hot, usual = (
        load("dakhla", days=1, edits=edits)
        for edits in ((f"events=[{{kind: heat-wave, site: dakhla, warmer_k: 10, {AT}}}]",), ())
    )
    more = actual(hot)[0].sites[0].cooling.slope - actual(usual)[0].sites[0].cooling.slope
    assert (more[HIT] > 0).any()
    assert more[~HIT] == pytest.approx(0)
