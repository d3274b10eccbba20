"""`alize plan`: what is printed where, what is written, and with which exit code it ends."""

import dataclasses
import json
import os
import signal
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from optimizer.plan import Stage
from optimizer.shortfalls.find import conflicts
from scheduler.cli.tools import Tools
from scheduler.errors import DataUnavailable
from scheduler.planning import run_folder
from scheduler.planning.foresight import Foresight

WORLD = "one-site-one-battery"


def test_the_result_goes_to_stdout_and_talk_to_stderr(alize):
    result = alize("plan", WORLD, "-o", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["name"] == WORLD
    for phase in ("load", "write", "run:", "next:"):
        assert phase in result.stderr


def test_the_table_says_site_start_saving_and_reason(alize):
    result = alize("plan", WORLD)
    header, row, *rest = result.stdout.splitlines()
    assert header.split() == ["SITE", "JOB", "STARTS", "RUNS", "SAVES", "WHY"]
    assert row.startswith("home")
    assert row.endswith("-3.0 kg and -46 EUR against a start at once")
    text = "\n".join(rest)
    assert "Expected over 0.5 days: 11.8 kg CO2e, 34.0 EUR, 0 jobs late, 0 unfinished" in text
    assert "−22.4 % CO2e, −57.5 % cost" in text
    assert "against run-now (every job at once, at home): 15.2 kg CO2e, 80.0 EUR" in text
    assert "forecast issued Mon 01 Jun 2026 00:00 UTC" in text


def test_wide_adds_columns(alize):
    header = alize("plan", WORLD, "-o", "wide").stdout.splitlines()[0].split()
    assert {"KIND", "GPUS", "ENDS", "LATE", "RUN-NOW"} < set(header)


def test_yaml_and_json_say_the_same(alize):
    as_json = json.loads(alize("plan", WORLD, "-o", "json").stdout)
    as_yaml = YAML(typ="safe").load(alize("plan", WORLD, "-o", "yaml").stdout)
    assert as_yaml["kpis"] == as_json["kpis"]
    assert as_yaml["digest"] == as_json["digest"]


def test_planning_twice_writes_one_folder_and_prints_the_same(alize):
    first, second = alize("plan", WORLD), alize("plan", WORLD)
    assert first.stdout == second.stdout
    assert len([path for path in Path("runs").iterdir() if not path.is_symlink()]) == 1


def test_a_named_run_is_refused_a_second_time_before_anything_is_computed(alize):
    assert alize("plan", WORLD, "--run", "monday").exit_code == 0

    def must_not_run(*_args, **_options):
        raise AssertionError

    again = alize("plan", WORLD, "--run", "monday", plan=must_not_run)
    assert again.exit_code == 2
    assert "--replace" in again.stderr
    assert alize("plan", WORLD, "--run", "monday", "--replace").exit_code == 0


@pytest.mark.parametrize("name", ["latest", "../up", "a/b", ".hidden"])
def test_a_run_is_called_by_a_plain_name(alize, name):
    result = alize("plan", WORLD, "--run", name)
    assert result.exit_code == 2
    assert "plain name" in result.stderr


def test_the_report_stands_in_the_run_folder(alize):
    result = alize("plan", WORLD, "--run", "monday", "--report")
    assert result.exit_code == 0
    assert Path("runs/monday/report.html").read_text() == f"<html>{WORLD}</html>\n"
    assert "runs/monday/report.html" in result.stderr


def test_a_wish_not_met_ends_with_four_and_the_plan_is_printed(alize, unfinished):
    result = alize("plan", WORLD, plan=lambda *_args, **_options: unfinished)
    assert result.exit_code == 4
    assert "Could not be met: unfinished work, 32.0 GPU-h" in result.stdout
    assert "next:   alize explain train" in result.stderr


def test_a_wish_not_met_is_told_with_what_forces_it(alize, unfinished):
    # 4 h may start at once: nothing but the hand of this test left the job undone.
    told = conflicts(unfinished.problem, unfinished.plan)
    run = dataclasses.replace(unfinished, conflicts=told)
    text = alize("plan", WORLD, plan=lambda _scenario, **_options: run).stdout
    assert "Could not be met: unfinished work" in text
    assert (
        "Why: train is left unfinished, though no limit forces that; meeting it would cost" in text
    )
    assert "a plan that the search did not find" in text


def test_futures_and_how_the_worst_count_reach_the_planner(alize, planned):
    asked = []

    def plan(_scenario, **options):
        asked.append(options["foresight"])
        return planned

    alize("plan", WORLD, plan=plan)
    alize("plan", WORLD, "--scenarios", "5", plan=plan)
    alize(
        "plan", WORLD, "--scenarios", "5", "--cvar-weight", "0.7", "--cvar-tail", "0.2", plan=plan
    )
    assert asked == [
        None,
        Foresight(n_scenarios=5, cvar_weight=0.3, cvar_tail=0.1),
        Foresight(n_scenarios=5, cvar_weight=0.7, cvar_tail=0.2),
    ]


def test_a_weight_of_the_worst_futures_without_futures_is_refused(alize):
    result = alize("plan", WORLD, "--cvar-tail", "0.2")
    assert result.exit_code == 2
    assert "--cvar-tail: is of several futures, got it without --scenarios" in result.stderr


def test_a_mistake_in_the_scenario_is_one_line_with_its_place(alize):
    Path("mine.yaml").write_text("version: 1\nnmae: mine\n", encoding="utf-8")
    result = alize("plan", "mine.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "mine.yaml:2:1: nmae: unknown key; did you mean name?" in result.stderr.splitlines()


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        pytest.param("sites.home", "must be path=value", id="no value"),
        pytest.param("sites.home.batery.energy_kwh=8", "did you mean battery?", id="a wrong key"),
        pytest.param("sites.home.battery.energy_kwh=-8", "got -8", id="a wrong value"),
    ],
)
def test_a_wrong_change_is_told_by_its_option(alize, edit, told):
    result = alize("plan", WORLD, "--set", edit)
    assert result.exit_code == 2
    assert f"--set {edit}" in result.stderr
    assert told in result.stderr


def test_changes_reach_the_planner_in_order(alize, planned):
    seen = []

    def plan(scenario, *, limits, seed, progress, foresight):
        seen.append((scenario.world.sites["home"].battery.energy_kwh, limits.gap, seed))
        progress("solve", "best 12, bound 11, gap 8 %")
        return planned

    changes = ["--set", "sites.home.battery.energy_kwh=7", "--set"]
    result = alize(
        "plan", WORLD, *changes, "sites.home.battery.energy_kwh=8", "--gap", "0.1", plan=plan
    )
    assert seen == [(8, 0.1, 0)]
    assert "best 12, bound 11, gap 8 %" in result.stderr


def test_a_wrong_gap_is_told_by_its_flag(alize):
    result = alize("plan", WORLD, "--gap", "2")
    assert result.exit_code == 2
    assert "--gap: gap: must be less than 1, got 2" in result.stderr


def test_missing_data_end_with_three(alize):
    def plan(*_args, **_options):
        raise DataUnavailable("feed.example: no answer since Monday; try again later")

    result = alize("plan", WORLD, plan=plan)
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-1].startswith("feed.example: no answer")


def broken(*_args, **_options):
    raise ZeroDivisionError("a bug")


def test_our_bug_ends_with_one_and_a_ready_issue_text_without_a_traceback(alize):
    result = alize("plan", WORLD, plan=broken)
    assert result.exit_code == 1
    assert f"command: alize plan {WORLD}" in result.stderr
    assert "ZeroDivisionError: a bug" in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("runs").exists()


def test_debug_shows_the_traceback(alize):
    result = alize("--debug", "plan", WORLD, plan=broken)
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_ctrl_c_while_solving_prints_the_best_plan_so_far(alize, planned):
    def plan(_scenario, *, limits, **_options):
        assert not limits.stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert limits.stop()
        proof = dataclasses.replace(planned.solution.proof, stage=Stage.INTERRUPTED)
        solution = dataclasses.replace(planned.solution, proof=proof)
        return dataclasses.replace(planned, solution=solution)

    # In the background of a shell it is SIG_IGN.
    before = signal.getsignal(signal.SIGINT)
    result = alize("plan", WORLD, plan=plan)
    assert result.exit_code == 130
    assert "ended by interrupted" in result.stdout
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_there_is_a_plan_says_so(alize):
    def plan(*_args, **_options):
        raise KeyboardInterrupt

    result = alize("plan", WORLD, plan=plan)
    assert result.exit_code == 130
    assert "interrupted before a plan was printed" in result.stderr


def test_the_run_folder_holds_the_printed_document_less_the_seconds(alize):
    printed = json.loads(alize("plan", WORLD, "-o", "json", "--run", "monday").stdout)
    assert printed["solver"].pop("seconds") > 0
    assert json.loads(Path("runs/monday/kpis.json").read_text(encoding="utf-8")) == printed


def test_the_real_planner_plans_the_world_that_ships(alize, planned):
    result = alize("plan", WORLD, "--gap", "0.05", "--run", "real", plan=Tools().plan)
    assert result.exit_code == 0, result.stderr
    for phase in ("load", "forecast", "solve", "check", "write"):
        assert any(line.startswith(phase) for line in result.stderr.splitlines())
    assert run_folder.read(Path("runs/real")).digest == planned.digest


def test_a_runs_folder_that_cannot_be_written_is_refused_before_planning(alize, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    result = alize("plan", WORLD, "--runs-dir", str(taken), plan=broken)
    assert result.exit_code == 2
    assert f"{taken}: cannot be written" in result.stderr
