"""A run folder holds everything: it comes back equal, and says which file is missing or damaged."""

import csv
import dataclasses
import json
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from optimizer.limits import Limits
from optimizer.problem import Problem
from optimizer.site import FloatArray
from scheduler.errors import DataUnavailable, InputError
from scheduler.planning import codec, run_folder
from scheduler.planning.document import (
    document,
    job_emissions_kg,
    mixed_carbon_g_per_kwh,
    shortfalls,
)
from scheduler.planning.planner import digest_of, plan_scenario
from scheduler.planning.run import Forecasts
from scheduler.scenario import load


@pytest.fixture(scope="module")
def small():
    """One job, one site, one battery; every figure can be checked by hand."""
    return plan_scenario(load("one-site-one-battery"), limits=Limits(gap=0.05, time_s=60))


@pytest.fixture(scope="module")
def rich():
    """Sites, links, services and forecasts of every kind; the first plan found will do."""
    at_once = Limits(gap=0.5, time_s=60, stop=lambda: True)
    return plan_scenario(load("dakhla", days=1), limits=at_once)


@pytest.fixture(params=["small", "rich"])
def run(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def folder(small, tmp_path):
    run_folder.write(small, tmp_path / "run")
    return tmp_path / "run"


def test_a_run_comes_back_as_it_was(run, tmp_path):
    run_folder.write(run, tmp_path / "run")
    again = run_folder.read(tmp_path / "run")
    for kind, before, after in (
        (Problem, run.problem, again.problem),
        (Forecasts, run.forecasts, again.forecasts),
        (None, run.solution, again.solution),
        (None, run.baseline, again.baseline),
    ):
        assert codec.encode(before, kind) == codec.encode(after, kind)
    for name in ("scenario", "kpis", "baseline_kpis", "gain", "waterfall", "versions", "spread"):
        assert getattr(again, name) == getattr(run, name)
    for name in ("issued_at", "basis", "left_for_later", "digest"):
        assert getattr(again, name) == getattr(run, name)
    assert again.scenario.source == run.scenario.source
    assert document(again) == document(run)


def test_the_digest_can_be_computed_again_from_the_folder(run, tmp_path):
    run_folder.write(run, tmp_path / "run")
    again = run_folder.read(tmp_path / "run")
    assert digest_of(again.problem, again.solution) == run.digest


def test_the_same_run_gives_the_same_bytes_but_for_the_seconds(run):
    proof = dataclasses.replace(run.solution.proof, seconds=999.5)
    solution = dataclasses.replace(run.solution, proof=proof)
    slower = run_folder.rendered(dataclasses.replace(run, solution=solution))
    quick = run_folder.rendered(run)
    assert tuple(quick) == run_folder.FILES
    assert [name for name in quick if quick[name] != slower[name]] == [
        run_folder.PLAN,
        run_folder.PROVENANCE,
    ]


def test_every_json_file_is_json_to_anyone(run):
    def refuse(constant):
        raise AssertionError(constant)

    for name, text in run_folder.rendered(run).items():
        if name.endswith(".json"):
            json.loads(text, parse_constant=refuse)


def test_an_existing_folder_is_left_alone_unless_it_may_be_replaced(small, folder):
    (folder / "report.html").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="exists already"):
        run_folder.write(small, folder)
    assert (folder / "report.html").exists()
    run_folder.write(small, folder, replace=True)
    assert (folder / "report.html").read_text(encoding="utf-8") == "mine"
    another = dataclasses.replace(small, left_for_later=("job",))
    run_folder.write(another, folder, replace=True)
    assert sorted(path.name for path in folder.iterdir()) == sorted(run_folder.FILES)


def test_a_folder_that_holds_something_else_is_never_replaced(small, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(InputError, match="something else"):
        run_folder.write(small, tmp_path, replace=True)
    assert (tmp_path / "thesis.txt").exists()


def test_nothing_is_left_behind_beside_the_folder(small, folder):
    run_folder.write(small, folder, replace=True)
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_a_folder_that_cannot_be_written_says_so(small, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        run_folder.write(small, tmp_path / "file" / "run")


def test_no_folder_is_data_that_is_not_there(tmp_path):
    with pytest.raises(DataUnavailable, match="alize plan"):
        run_folder.read(tmp_path / "run")


def test_another_folder_is_no_run(tmp_path):
    with pytest.raises(InputError, match="is no run folder"):
        run_folder.read(tmp_path)


@pytest.mark.parametrize("name", run_folder.FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError) as caught:
        run_folder.read(folder)
    assert name in str(caught.value)


JSON_FILES = [name for name in run_folder.FILES if name.endswith(".json")]


@pytest.mark.parametrize("name", JSON_FILES)
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"extra": 1}'])
def test_a_damaged_file_is_named_with_what_to_do(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_folder.read(folder)
    assert str(folder / name) in str(caught.value)
    assert "`alize plan` writes the folder anew" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        pytest.param("plan.json", '"n_steps": 4', '"n_steps": null', "plan", id="no number"),
        pytest.param("plan.json", '"bound"', '"bond"', "bond", id="a wrong key"),
        pytest.param("problem.json", '"shape": [12]', '"shape": [13]', "13", id="a short array"),
        pytest.param("problem.json", '"float64"', '"object"', "numbers", id="a strange array"),
        pytest.param("problem.json", '"work_h": 4', '"work_h": -4', "work_h", id="a refused value"),
        pytest.param("problem.json", "00:00Z", "00:00", "zone", id="a time without a zone"),
        pytest.param("scenario.yaml", "version: 1", "version: 2", "version", id="the scenario"),
        pytest.param("provenance.json", "run/v1", "run/v9", "run/v9", id="another schema"),
    ],
)
def test_a_damaged_value_is_found(folder, name, old, new, told):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_folder.read(folder)
    assert name in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_says_something_else_differs(folder):
    run = run_folder.read(folder)
    assert run_folder.differing(folder, run) == ()
    (folder / "timeseries.csv").write_text("time_utc\n", encoding="utf-8")
    assert run_folder.differing(folder, run) == ("timeseries.csv",)


def test_a_folder_can_be_moved(folder, tmp_path):
    shutil.move(folder, tmp_path / "elsewhere")
    assert run_folder.read(tmp_path / "elsewhere").scenario.name == "one-site-one-battery"


def test_the_table_has_a_row_for_each_site_and_step_and_its_energy_meets(rich):
    text = run_folder.rendered(rich)["timeseries.csv"]
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 3 * 24
    sources = ("wind_used_kw", "pv_used_kw", "grid_import_kw", "discharge_kw", "generator_kw")
    for row in rows:
        supplied = sum(float(row[name]) for name in (*sources, "unmet_kw"))
        used = sum(float(row[name]) for name in ("facility_kw", "grid_export_kw", "charge_kw"))
        assert supplied == pytest.approx(used, abs=1e-3)


# The small world: 4 h of work at 8 kW; power costs 3, and 1 from 03:00 to 06:00, where a kWh emits
# 400, 300 and 400 g instead of 500. Run-now takes 00:00-04:00: 3 x 8 x 500 g + 8 x 400 g = 15.2 kg.
def test_a_jobs_emissions_are_what_its_site_emits_for_it(small):
    assert job_emissions_kg(small.problem, small.baseline) == {"train": pytest.approx(15.2)}
    # All its energy, battery losses included, is the site's only use.
    ours = job_emissions_kg(small.problem, small.plan)["train"]
    assert ours == pytest.approx(small.kpis.emissions_kg)
    (placement,) = document(small)["placements"]
    assert placement["saves_kg"] == pytest.approx(15.2 - ours)


def test_what_is_stored_carries_the_carbon_of_its_charge(small):
    mix = mixed_carbon_g_per_kwh(small.problem, small.plan)
    (flow,) = small.plan.dispatch.values()
    used_kw = flow.grid_import_kw + flow.discharge_kw - flow.charge_kw
    assert float(mix[0] @ used_kw) / 1000 == pytest.approx(small.kpis.emissions_kg)


def test_the_waterfall_leads_from_run_now_to_the_plan(small):
    steps = document(small)["kpis"]["savings"]["waterfall"]
    saved = sum(step["emissions_kg"] for step in steps)
    assert saved == pytest.approx(small.baseline_kpis.emissions_kg - small.kpis.emissions_kg)


def test_the_document_holds_what_scripts_rely_on(run):
    whole = document(run)
    assert whole["schema"] == "alize.dev/plan/v1"
    assert whole["kpis"]["basis"] == "forecast"
    assert whole["kpis"]["best_peer"] is None
    assert set(whole["kpis"]["plan"]) == set(whole["kpis"]["baseline"])
    numbers = set(whole["kpis"]["plan"]) - {"currency"}
    assert numbers | {"waterfall"} == set(whole["kpis"]["savings"])
    assert {"objective", "bound", "gap", "stage", "deterministic", "seconds"} < set(whole["solver"])
    assert len(whole["placements"]) == len(run.problem.jobs)
    gain = whole["kpis"]["energy_efficiency_gain_percent"]
    assert (gain is None) == bool(whole["kpis"]["energy_efficiency_gain_reason"])


def test_a_shortfall_is_named_with_its_amount_and_price(small):
    (placement,) = small.plan.placements
    plan = dataclasses.replace(small.plan, placements=(dataclasses.replace(placement, runs=()),))
    solution = dataclasses.replace(small.solution, plan=plan)
    (one,) = shortfalls(dataclasses.replace(small, solution=solution))
    assert (one.name, one.amount, one.unit) == ("unfinished_work", 32, "GPU-h")
    assert shortfalls(small) == ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    number: float
    at: datetime
    step: timedelta
    names: frozenset[str]
    by_pair: dict[tuple[str, str], int]
    by_set: dict[frozenset[str], float]


@pytest.mark.parametrize("number", [0.1 + 0.2, 1e-300, -0.0, 5, float("inf"), float("-inf")])
def test_a_number_keeps_every_digit(number):
    sample = Sample(
        number=number,
        at=datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        step=timedelta(minutes=15),
        names=frozenset({"b", "a"}),
        by_pair={("x", "y"): 1},
        by_set={frozenset({"q", "p"}): 0.5},
    )
    written = json.loads(codec.text(codec.encode(sample)))
    assert written["names"] == ["a", "b"]
    assert written["at"] == "2026-03-29T01:30:00Z"
    assert written["step"] == 900
    again = codec.decode(written, Sample)
    assert again == sample
    assert repr(again.number) == repr(number)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    values: FloatArray


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.zeros((0, 24)), id="no rows"),
        pytest.param(np.array([[0.1, 1e-9], [3.0, np.inf]]), id="rows"),
        pytest.param(np.array([1, 2], dtype=np.int64), id="whole numbers"),
        pytest.param(np.array([True, False]), id="yes and no"),
    ],
)
def test_an_array_keeps_its_shape_and_dtype(array):
    written = json.loads(codec.text(codec.encode(Table(values=array))))
    again = codec.decode(written, Table).values
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert np.array_equal(again, array)
