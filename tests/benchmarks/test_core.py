"""The core model in Pyomo and in linopy, and the environment that linopy lives in."""

import json
from dataclasses import asdict, replace

import pytest

from benchmarks.__main__ import main
from benchmarks.ending import Ending
from benchmarks.line import Cost
from benchmarks.optimizer import core, environment
from benchmarks.optimizer.asked import Asked
from benchmarks.optimizer.instance import Size
from benchmarks.optimizer.linopy_core import Took


def took(wall_s, cpu_s, **changes):
    cost = Cost(cpu_seconds=cpu_s, wall_seconds=wall_s, peak_rss_mb=100)
    one = Took(objective=60.0, rows=10, columns=20, spent=cost, cost=cost)
    return replace(one, **changes)


def test_the_core_of_an_instance_is_stated_and_solved_as_often_as_said():
    small = Asked(size=Size(jobs=3, sites=2, steps=48), seed=0, ending=Ending(gap=0.1, time_s=20))
    repeats = core.with_pyomo(small)
    assert len(repeats) == core.REPEATS
    assert len({(one.rows, one.columns, one.objective) for one in repeats}) == 1
    assert all(one.spent.cpu_seconds > 0 for one in repeats)


def test_ratios_are_of_the_medians_of_the_repeats():
    ours = [took(9, 9), took(2, 1), took(1, 1)]
    theirs = [took(99, 99), took(6, 4), took(6, 4)]
    assert core.figures(ours, theirs) == {
        "core_seconds": 2,
        "core_cpu_seconds": 1,
        "linopy_ratio": 3,
        "linopy_cpu_ratio": 4,
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"rows": 11}, r"rows and columns with Pyomo \(10, 20\), linopy \(11, 20\)"),
        pytest.param({"objective": 61.0}, "Pyomo reached 60.0, linopy 61.0"),
    ],
)
def test_another_model_is_not_compared(changes, told):
    with pytest.raises(ValueError, match=told):
        core.figures([took(1, 1)], [took(1, 1, **changes)])


def test_what_a_repeat_took_comes_back_from_json():
    assert Took.of(json.loads(json.dumps(asdict(took(2, 1))))) == took(2, 1)


def test_an_environment_that_is_ready_is_taken_as_it_is(tmp_path):
    home = environment.home_of(environment.LINOPY, tmp_path)
    home.mkdir()
    (home / environment.READY).touch()
    assert environment.python_with(environment.LINOPY, tmp_path).is_relative_to(home)
    assert [path.name for path in home.iterdir()] == [environment.READY]


def test_other_pins_have_another_environment(tmp_path):
    pins = tmp_path / environment.LINOPY.name
    pins.write_text("linopy==0.1\n")
    assert environment.home_of(pins, tmp_path) != environment.home_of(environment.LINOPY, tmp_path)


def test_linopy_that_pip_cannot_install_exits_3_and_is_tried_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    words = ["--compare", "linopy", "--environments", str(tmp_path)]
    assert main(["optimizer", "--json", *words]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "optimizer: pip could not install linopy.requirements.txt" in told.err
    assert not list(tmp_path.rglob(environment.READY))
