"""Sizing examples say what comes out of sizing them."""

from pathlib import Path

import pytest

from scheduler.capacity.study import study
from scheduler.scenario import load

FOLDER = Path(__file__).parents[2] / "examples" / "capacity"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_loads_and_its_question_is_listed(name):
    scenario = load(FOLDER / f"{name}.yaml")
    assert scenario.name == name
    assert f"[{scenario.world.question}]({name}.yaml)" in README


@pytest.mark.slow
def test_the_battery_is_as_big_as_is_said():
    one = study(load(FOLDER / "battery-at-dakhla.yaml"))
    (at,) = one.sizes.sites
    said = (
        f"{at.sizes['battery_energy']:,.0f} kWh with {at.sizes['battery_power']:,.0f} kW",
        f"costs {one.sizes.bill.cost:,.0f} USD instead of {one.usual.bill.cost:,.0f}",
    )
    for text in said:
        assert text in README
