"""A re-check starts from the scenario: what does not follow from it is found."""

import shutil

import pytest

from scheduler.planning import run_folder
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.scenario import load


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_folder.write(plan_scenario(load("one-site-one-battery")), folder)
    return folder


def test_an_honest_run_follows_from_its_scenario(written):
    assert recheck(run_folder.read(written)).ok


@pytest.mark.parametrize(
    ("told", "edited", "place"),
    [
        ("energy_kwh: 10.0", "energy_kwh: 100.0", "problem"),
        ("power_kw: 12.0", "power_kw: 11.0", "problem"),
    ],
)
def test_an_edited_scenario_is_found(written, tmp_path, told, edited, place):
    folder = tmp_path / "run"
    shutil.copytree(written, folder)
    page = folder / "scenario.yaml"
    text = page.read_text(encoding="utf-8")
    assert told in text
    page.write_text(text.replace(told, edited, 1), encoding="utf-8")
    findings = recheck(run_folder.read(folder)).findings
    assert any(line.startswith(f"{place}: does not follow") for line in findings)
