"""`alize compare` tells what went in differently before what came out differently."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.planning import run_folder
from scheduler.scenario import dump, load
from scheduler.simulation.run import simulate


@pytest.fixture
def two(alize, planned):
    """Run folders of the small world and of one with another carbon price, planned alike."""
    run_folder.write(planned, Path("one"))
    dearer = load("one-site-one-battery", edits=("policy.carbon_price_per_kg=2",))
    kpis = replace(planned.kpis, cost=planned.kpis.cost + 3)
    run_folder.write(replace(planned, scenario=dearer, kpis=kpis), Path("two"))
    return alize


def test_inputs_come_first_and_effects_after(two):
    result = two("compare", "one", "two")
    assert result.exit_code == 0, result.output
    text = result.stdout
    assert text.index("policy.carbon_price_per_kg") < text.index("cost ")
    assert "+3" in text


def test_the_json_holds_only_inputs_that_differ_and_every_figure(two):
    told = json.loads(two("compare", "one", "two", "--format", "json").stdout)
    assert told["inputs"] == [{"name": "policy.carbon_price_per_kg", "first": 1, "second": 2}]
    by_name = {one["name"]: one for one in told["effects"]}
    assert by_name["cost"]["change"] == pytest.approx(3)
    assert by_name["emissions_kg"]["change"] == 0
    assert told["regret"] == [None, None]


def test_a_folder_that_is_no_run_is_refused(two):
    Path("empty").mkdir()
    result = two("compare", "one", "empty")
    assert result.exit_code == 2
    assert "empty: is no run folder" in result.stderr


@pytest.mark.slow
def test_scenarios_are_lived_through_on_demand_and_their_regret_told(alize):
    def lived(scenario, *, policies, progress, **options):
        return simulate(scenario, **options)

    edits = Path("dear.yaml")
    text = dump(load("one-site-one-battery", edits=("policy.carbon_price_per_kg=2",)))
    edits.write_text(text, encoding="utf-8")
    result = alize(
        *("compare", "one-site-one-battery", "dear.yaml", "--simulate", "--format", "json"),
        simulate=lived,
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["basis"] == "simulated"
    assert told["inputs"] == [{"name": "policy.carbon_price_per_kg", "first": 1, "second": 2}]
    assert told["regret"] == pytest.approx([0, 0], abs=1e-3)
