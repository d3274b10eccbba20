"""Worlds to look at, to copy and to check; settings; and a terminal left plain when asked to."""

import io
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from scheduler.cli.completion import jobs, worlds
from scheduler.cli.terminal import is_lively
from scheduler.scenario import names, read

WORLD = "one-site-one-battery"


def test_the_list_says_each_world_and_its_question(alize):
    lines = alize("scenario", "list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "QUESTION"]
    assert [line.split()[0] for line in lines[1:]] == list(names())
    assert all(line.endswith("?") for line in lines[1:])


def test_a_world_is_shown_as_it_is_written(alize):
    assert alize("scenario", "show", WORLD).stdout == read(WORLD)


def test_a_copy_is_never_written_over_a_file(alize):
    assert alize("scenario", "copy", WORLD, "mine.yaml").stdout == "mine.yaml\n"
    before = Path("mine.yaml").read_text(encoding="utf-8")
    again = alize("scenario", "copy", "dakhla", "mine.yaml")
    assert again.exit_code == 2
    assert "mine.yaml: exists already" in again.stderr
    assert Path("mine.yaml").read_text(encoding="utf-8") == before


def test_a_mistyped_world_is_told_the_right_one(alize):
    result = alize("scenario", "show", "dahkla")
    assert result.exit_code == 2
    assert "did you mean dakhla?" in result.stderr


def test_validate_goes_through_every_file_and_fails_for_any(alize):
    Path("bad.yaml").write_text("version: 1\nnmae: bad\n", encoding="utf-8")
    result = alize("validate", WORLD, "bad.yaml")
    assert result.exit_code == 2
    assert result.stdout == f"{WORLD}: fine: 1 sites, 0 services, 1 jobs, 12 steps of 60 min\n"
    assert "bad.yaml:2:1: nmae: unknown key; did you mean name?" in result.stderr.splitlines()
    assert alize("validate", WORLD).exit_code == 0


def setting(alize, name):
    lines = alize("settings").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith(name)]
    return line


def test_a_setting_says_where_its_value_comes_from(alize, monkeypatch):
    assert "0.03" in setting(alize, "gap")
    assert "default" in setting(alize, "gap")
    Path("alize.toml").write_text("gap = 0.03\nseed = 4\n", encoding="utf-8")
    assert "file alize.toml" in setting(alize, "seed")
    monkeypatch.setenv("ALIZE_GAP", "0.04")
    assert "0.04" in setting(alize, "gap")
    assert "environment ALIZE_GAP" in setting(alize, "gap")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(b"gap = 2\n", "alize.toml: gap: must be less than 1, got 2", id="a value"),
        pytest.param(b"gpa = 2\n", "alize.toml: gpa: no such setting", id="a name"),
        pytest.param(b"gap = \n", "alize.toml: not valid TOML", id="no TOML"),
        pytest.param(b"\xff", "alize.toml: is not text in UTF-8; save it as such", id="no text"),
    ],
)
def test_a_wrong_setting_is_told_by_its_file(alize, text, told):
    Path("alize.toml").write_bytes(text)
    result = alize("settings")
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_folder_where_the_settings_file_should_be_is_told(alize):
    Path("alize.toml").mkdir()
    result = alize("settings")
    assert result.exit_code == 2
    assert result.stderr.startswith("alize.toml: is not a file; move it")


def test_a_wrong_variable_is_told_by_its_name(alize, monkeypatch):
    monkeypatch.setenv("ALIZE_SEED", "first")
    result = alize("settings")
    assert result.exit_code == 2
    assert result.stderr.startswith("ALIZE_SEED: seed: ")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colour_is_for_terminals_that_did_not_refuse_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert is_lively(Terminal())
    assert not is_lively(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_lively(Terminal())


def test_nothing_that_is_piped_holds_an_escape(alize):
    result = alize("plan", WORLD)
    assert "\x1b" not in result.output


def test_the_shell_completes_worlds_and_jobs_of_the_last_run(alize):
    assert worlds("one") == [WORLD]
    assert jobs("") == []
    alize("plan", WORLD)
    assert jobs("tr") == ["train"]


def test_commands_of_other_packages_are_named_alike(alize):
    listed = alize("--help").stdout
    for one in entry_points(group="alize.commands"):
        assert one.name in listed


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_full_disk_is_not_called_a_bug(tmp_path):
    code = "import sys; sys.argv[1:] = ['settings']; from scheduler.cli.main import run; run()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
            cwd=tmp_path,
        )
    assert done.returncode == 2
    assert done.stderr == "output: No space left on device; make room or write elsewhere\n"
