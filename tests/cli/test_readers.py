"""Commands that read: they take the last run unless another is named, and solve nothing."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from scheduler.errors import InputError
from scheduler.planning.explainer import Explainer

WORLD = "one-site-one-battery"


@pytest.fixture
def run(alize):
    assert alize("plan", WORLD, "--run", "monday").exit_code == 0
    return Path("runs/monday")


@pytest.mark.parametrize("command", [("verify",), ("report",), ("explain", "train")])
def test_without_any_run_a_reader_ends_with_three(alize, command):
    result = alize(*command)
    assert result.exit_code == 3
    assert "alize plan" in result.stderr


def test_explain_says_reason_start_and_what_the_wait_buys(alize, run):
    result = alize("explain", "train")
    assert result.exit_code == 0
    assert result.stdout.startswith("train: WaitingForCleanerEnergy\n")
    assert "starts Mon 01 Jun 03:00 at home" in result.stdout
    assert "would emit 3.0 kg CO2e more and cost 46.0 EUR more" in result.stdout
    assert "- run at once by raising its priority" in result.stdout


def test_an_unknown_job_is_the_users_mistake(alize, run):
    def explain(_run):
        def refuse(job):
            raise InputError(f"{job}: no such job; did you mean train?")

        return refuse

    result = alize("explain", "trian", explain=explain)
    assert result.exit_code == 2
    assert result.stderr == "trian: no such job; did you mean train?\n"


@pytest.mark.parametrize("named", ["runs/monday", "monday", "runs/latest"])
def test_a_run_is_found_by_path_by_name_and_as_the_latest(alize, run, named):
    result = alize("verify", named)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "checked: 12 steps\n"


def test_the_latest_may_be_a_text_file_where_links_are_not_known(alize, run):
    Path("runs/latest").unlink()
    Path("runs/latest").write_text("monday\n", encoding="utf-8")
    assert alize("verify").exit_code == 0
    assert alize("verify", "runs/latest").exit_code == 0


def test_verify_ends_with_two_where_something_is_found(alize, run):
    found = SimpleNamespace(ok=False, findings=("cost: 35 recomputed, 34 claimed",), checked=())
    result = alize("verify", recheck=lambda _run: found)
    assert result.exit_code == 2
    assert "wrong:   cost: 35 recomputed, 34 claimed" in result.stdout


def test_verify_finds_a_table_that_was_edited(alize, run):
    table = run / "timeseries.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",3.0,", ",4.0,"), encoding="utf-8")
    result = alize("verify")
    assert result.exit_code == 2
    assert "timeseries.csv" in result.stdout


def test_a_damaged_run_is_told_by_its_file(alize, run):
    (run / "plan.json").write_text("{", encoding="utf-8")
    result = alize("verify")
    assert result.exit_code == 2
    assert "plan.json: damaged" in result.stderr


def test_a_report_of_a_run_is_written_into_it(alize, run):
    result = alize("report")
    assert result.exit_code == 0
    assert result.stdout == "runs/monday/report.html\n"
    assert Path("runs/monday/report.html").is_file()


def test_a_report_goes_where_it_is_told(alize, run):
    assert alize("report", "monday", "--output", "page.html").exit_code == 0
    assert Path("page.html").read_text() == f"<html>{WORLD}</html>\n"
    assert alize("report", "-o", "-").stdout == f"<html>{WORLD}</html>\n"


def test_a_report_that_cannot_be_written_says_so(alize, run):
    result = alize("report", "--output", "nowhere/page.html")
    assert result.exit_code == 2
    assert "nowhere/page.html: cannot be written" in result.stderr


def test_a_report_of_a_scenario_plans_it_first(alize):
    result = alize("report", WORLD)
    assert result.exit_code == 0
    assert Path(result.stdout.strip()).is_file()
    assert Path("runs/latest/plan.json").is_file()


def the_real(planned):
    return Explainer(planned).explain


def test_explain_tells_every_start_when_asked(alize, run):
    few = alize("explain", "train", explain=the_real).stdout
    every = alize("explain", "train", "-o", "wide", explain=the_real).stdout
    # Twelve hours at one site; the few that tell the story say how many are left out.
    assert sum(line.startswith("home ") for line in every.splitlines()) == 12
    assert "more starts; -o wide lists every start" in few


def test_explain_is_json_for_programs(alize, run):
    told = json.loads(alize("explain", "train", "-o", "json", explain=the_real).stdout)
    assert told["job"] == "train"
    assert [start["cost"] for start in told["starts"][:4]] == pytest.approx([80, 64, 48, 24])
    assert "hard deadline" in told["starts"][-1]["limit"]
