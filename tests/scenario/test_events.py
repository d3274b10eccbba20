"""Events are read with their place and repair, and come back from a written scenario."""

import pytest

from scheduler.scenario import dump, load

LIST = "version: 1\n"
CASES = [
    pytest.param(
        "kind: grid-outge, site: oslo, start_h: 1",
        "small.yaml:3:5: events.0: must have a kind out of wind-trip, dust-storm, grid-outage",
        id="a kind that there is not",
    ),
    pytest.param(
        "kind: grid-outage, site: olso, start_h: 1",
        'small.yaml:3:25: events.0.site: no site is called "olso"; did you mean oslo?',
        id="a site that there is not",
    ),
    pytest.param(
        "kind: grid-outage, site: oslo",
        "small.yaml:3:5: events.0: start_h is missing; say in hours from the start when it begins",
        id="no start",
    ),
    pytest.param(
        "kind: grid-outage, site: oslo, start_h: 1, share_left: 40",
        "small.yaml:3:49: events.0.share_left: must be at most 1, got 40; did you mean 0.4?",
        id="a share in per cent",
    ),
    pytest.param(
        "kind: feed-stale, of: all, start_h: 1, known_h: 0",
        "small.yaml:3:45: events.0.known_h: nobody knows that a feed fails; remove it",
        id="a failing feed that is announced",
    ),
    pytest.param(
        "kind: demand-surge, service: chatt, factor: 3, start_h: 1",
        'small.yaml:3:26: events.0.service: no service is called "chatt"; did you mean chat?',
        id="a service that there is not",
    ),
]


@pytest.mark.parametrize(("event", "expected"), CASES)
def test_one_mistake_is_one_problem_with_its_place_and_repair(refusal, event, expected):
    (problem,) = refusal({LIST: f"{LIST}events:\n  - {{{event}}}\n"})
    assert problem.startswith(expected)


def test_events_come_back_from_a_written_scenario(small_with, tmp_path):
    event = "{kind: grid-outage, site: oslo, start_h: 1, hours: 2, known_h: 0}"
    small = small_with({LIST: f"{LIST}events:\n  - {event}\n"})
    path = tmp_path / "again.yaml"
    path.write_text(dump(small), encoding="utf-8")
    again = load(path)
    assert again == small
    assert again.events == small.events
    (one,) = again.events
    assert (one.end - one.start).total_seconds() == 2 * 3600
    assert one.known == small.horizon.start
