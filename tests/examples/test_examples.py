"""Each example is a question, and its answer in the README is what living through it shows."""

import re
from pathlib import Path

import pytest

from optimizer.limits import Limits
from scheduler.planning.recheck import recheck
from scheduler.scenario import load
from scheduler.simulation.run import simulate
from scheduler.simulation.simulate import Pace

FOLDER = Path(__file__).parents[2] / "examples"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| \[(?P<name>[\w-]+)\]\((?P=name)\.yaml\) \| (?P<question>.+?) \| (?P<cost>[\d.]+) \| "
    r"(?P<kg>[\d.]+) \| (?P<unmet>[\d.]+) \| (?P<refused>[\d.]+) % \| (?P<late>\d+) \| "
    r"(?P<unfinished>\d+) \| .+ \|$",
    re.MULTILINE,
)
ANSWERS = {row["name"]: row for row in ROW.finditer(README)}
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
QUICK = ("wind-trip", "feed-lies")


def lived(name, *edits):
    """As by the command of the README, whose pace is the default one."""
    scenario = load(FOLDER / f"{name}.yaml", edits=edits)
    pace = Pace(replan_steps=2, window_steps=72)
    return simulate(scenario, limits=Limits(gap=0.01), pace=pace).run


def test_every_example_is_a_question_with_an_answer():
    assert len(NAMES) >= 10
    assert sorted(ANSWERS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_loads_and_is_listed_as_it_asks(name):
    scenario = load(FOLDER / f"{name}.yaml")
    assert scenario.name == name
    assert scenario.events
    assert scenario.notes == ()
    assert ANSWERS[name]["question"] == scenario.world.question


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in QUICK else pytest.mark.slow) for one in NAMES]
)
def test_the_answer_is_what_comes_out(name):
    run, said = lived(name), ANSWERS[name]
    assert recheck(run).findings == ()
    kpis = run.kpis
    assert kpis.cost == pytest.approx(float(said["cost"]), abs=0.06)
    assert kpis.emissions_kg == pytest.approx(float(said["kg"]), abs=0.06)
    assert kpis.unmet_kwh == pytest.approx(float(said["unmet"]), abs=0.06)
    assert 100 * kpis.sla_violation_share == pytest.approx(float(said["refused"]), abs=0.06)
    assert (kpis.jobs_late, kpis.jobs_unfinished) == (int(said["late"]), int(said["unfinished"]))


@pytest.mark.slow
def test_the_day_without_costs_what_the_answers_are_held_against():
    kpis = lived("wind-trip", "events=[]").kpis
    assert f"it costs {kpis.cost:.1f} MAD and {kpis.emissions_kg:.1f} kg" in README
    assert (kpis.jobs_late, kpis.jobs_unfinished, kpis.unmet_kwh) == (0, 0, 0)
