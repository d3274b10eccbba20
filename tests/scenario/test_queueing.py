"""A replica's capacity may follow from how long requests take; what it cannot keep is refused."""

import pytest

from scheduler.planning.assemble import assemble
from scheduler.planning.forecasts import look_ahead
from scheduler.scenario import ScenarioError, builtin, load

MEASURED = "capacity_rps: "


@pytest.fixture
def world(tmp_path):
    """Dakhla, its first service's capacity said in another way."""

    def world(said):
        lines = builtin.read("dakhla").splitlines()
        at = next(n for n, line in enumerate(lines) if line.strip().startswith(MEASURED))
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at : at + 1] = [f"{indent}{one}" for one in said]
        path = tmp_path / "world.yaml"
        path.write_text("\n".join(lines))
        return path

    return world


def first_service():
    return next(iter(load("dakhla").world.services.values()))


def test_one_slot_of_exponential_times_carries_what_the_textbook_says(world):
    # M/M/1: P(T > t) = exp(-(mu - lambda) t) = 0.05 at lambda = mu - ln 20 / t, less a percent.
    time_ms = first_service().service_time_ms
    mean_ms = time_ms / 10
    path = world([f"queue: {{mean_ms: {mean_ms}, scv: 1.0, slots: 1, percentile: 0.95}}"])
    scenario = load(path)
    problem, _ = assemble(scenario, look_ahead(scenario, scenario.horizon.start))
    expected = (1000 / mean_ms - 2995.732 / time_ms) / 1.01
    assert problem.services[0].capacity_rps == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param([], "needs one of capacity_rps", id="neither"),
        pytest.param(["capacity_rps: 5", "queue: {mean_ms: 9}"], "needs one of", id="both"),
        pytest.param(["queue: {mean_ms: 90000}"], "promise more time", id="too slow"),
        pytest.param(
            ["queue: {mean_ms: 9, percentile: 95}"], "must be at most 0.9999, got 95", id="percent"
        ),
    ],
)
def test_what_says_no_capacity_is_refused(world, said, told):
    with pytest.raises(ScenarioError, match=told):
        load(world(said))
