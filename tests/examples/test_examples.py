"""Each example is a question about one event that its world is struck by, listed in the README."""

from pathlib import Path

import pytest

from scheduler.scenario import load

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_loads_asks_and_is_listed_as_it_asks(name):
    scenario = load(FOLDER / f"{name}.yaml")
    assert scenario.name == name
    assert scenario.events
    assert scenario.notes == ()
    row = f"| [{name}]({name}.yaml) | {scenario.world.question} |"
    assert row in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
