"""`--set` changes what exists, in YAML's own types, and says so when it cannot."""

from datetime import UTC, datetime

import pytest

from scheduler.scenario import ScenarioError, load


def test_a_value_is_set_with_its_type(write):
    scenario = load(write(), edits=["sites.oslo.battery.energy_kwh=800", "name=bigger"])
    assert scenario.world.sites["oslo"].battery.energy_kwh == 800
    assert scenario.name == "bigger"


def test_later_changes_win(write):
    scenario = load(write(), edits=["seed=1", "seed=2"])
    assert scenario.world.seed == 2


def test_null_removes_and_a_mapping_adds(write):
    scenario = load(
        write(),
        edits=[
            "sites.oslo.battery=null",
            "sites.berlin.battery={energy_kwh: 10, power_kw: 5}",
            "sites.berlin.wind.available_kw=40",
            "sites.berlin.wind.life_cycle_g_per_kwh=11",
        ],
    )
    assert scenario.world.sites["oslo"].battery is None
    assert scenario.world.sites["berlin"].battery.power_kw == 5
    assert scenario.sites["berlin"].wind_available_kw.tolist() == [40.0] * 24


def test_an_item_of_a_list_is_set_by_its_number(write):
    scenario = load(write(), edits=["sites.oslo.grid.tariff.time_of_use.1.price_per_kwh=0.5"])
    # Noon in Oslo is ten o'clock UTC in June.
    assert scenario.sites["oslo"].grid.import_price_per_kwh[10] == pytest.approx(0.5)


def test_start_and_length_of_the_horizon_can_be_given(write):
    scenario = load(write(), start=datetime(2026, 7, 1, tzinfo=UTC), days=2)
    assert scenario.horizon.start == datetime(2026, 7, 1, tzinfo=UTC)
    assert scenario.horizon.n_steps == 48


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            "sites.olso.battery.energy_kwh=8",
            "--set sites.olso.battery.energy_kwh=8: sites has no olso; did you mean oslo?",
            id="a misspelt site",
        ),
        pytest.param(
            "sites.oslo.batery.energy_kwh=8",
            "--set sites.oslo.batery.energy_kwh=8: sites.oslo has no key batery; "
            "did you mean battery?",
            id="a misspelt section",
        ),
        pytest.param(
            "sites.oslo.battery.energy=8",
            "--set sites.oslo.battery.energy=8: sites.oslo.battery has no key energy; "
            "did you mean energy_kwh?",
            id="a misspelt key",
        ),
        pytest.param(
            "sites.oslo.battery.energy_kwh=-8",
            "--set sites.oslo.battery.energy_kwh=-8: sites.oslo.battery.energy_kwh: "
            "must be at least 0, got -8",
            id="a value out of bounds",
        ),
        pytest.param(
            "sites.oslo.timezone.name=8",
            "--set sites.oslo.timezone.name=8: sites.oslo.timezone is a plain value and has no "
            "keys, got name",
            id="a key of a plain value",
        ),
        pytest.param(
            "links.3.bandwidth_gbps=1",
            "--set links.3.bandwidth_gbps=1: links is a list of 1, numbered from 0, got 3",
            id="an item that is not there",
        ),
        pytest.param(
            "regions.europe.rtt_ms.olso=8",
            "--set regions.europe.rtt_ms.olso=8: regions.europe.rtt_ms.olso: no site is called "
            '"olso"; did you mean oslo?',
            id="a round trip to nowhere",
        ),
        pytest.param(
            "seed",
            "--set seed: must be path=value, such as sites.dakhla.battery.energy_kwh=800",
            id="no equals sign",
        ),
        pytest.param("seed=", "--set seed=: no value after =; null removes what is set", id="none"),
        pytest.param("seed=[1", '--set seed=[1: the value is not valid YAML, got "[1"', id="YAML"),
    ],
)
def test_a_change_that_cannot_be_made_names_the_option(write, edit, expected):
    with pytest.raises(ScenarioError) as caught:
        load(write(), edits=[edit])
    assert [str(problem) for problem in caught.value.problems] == [expected]


def test_a_wrong_start_names_its_option(write):
    with pytest.raises(ScenarioError) as caught:
        load(write(), start="2026-07-01")
    (problem,) = caught.value.problems
    assert str(problem) == (
        "--start 2026-07-01: horizon.start: must say its time zone, got 2026-07-01T00:00:00; "
        "write 2026-07-01T00:00:00Z if that is UTC"
    )
