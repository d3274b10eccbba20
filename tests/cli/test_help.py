"""Help teaches: a sentence, two examples that work, no line too long, nothing heavy loaded."""

import re
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from scheduler.cli.main import app
from scheduler.cli.words import EXAMPLES
from scheduler.settings import Settings

ROOT = get_command(app)
COMMANDS = [
    (),
    ("plan",),
    ("simulate",),
    ("compare",),
    ("sweep",),
    ("explain",),
    ("report",),
    ("verify",),
    ("validate",),
    ("backtest",),
    ("capacity",),
    ("scenario",),
    ("scenario", "list"),
    ("scenario", "show"),
    ("scenario", "copy"),
    ("settings",),
]
HEAVY = ("pyomo", "highspy", "pvlib", "pandas", "numpy", "altair", "pydantic_settings", "rich")


def help_of(command):
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    return result.stdout


def examples(command):
    lines = help_of(command).split(EXAMPLES)[1].split("\n\n")[0]
    return [line.strip() for line in lines.splitlines() if line.strip()]


def test_the_table_above_holds_every_command():
    groups = {("scenario", name) for name in ROOT.commands["scenario"].commands}
    assert {(name,) for name in ROOT.commands} | groups | {()} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_opens_with_a_sentence_and_two_examples(command):
    usage, sentence, shown, *_ = help_of(command).split("\n\n")
    assert usage.startswith("Usage: alize")
    assert sentence.strip().endswith(".")
    assert shown.strip().startswith(EXAMPLES)
    assert len(examples(command)) == 2


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_eighty_columns_and_says_every_sentence_to_its_end(command):
    text = help_of(command)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert not re.search(r"\w\.\.\.$", text, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_example_is_a_command_line_that_parses(command):
    for example in examples(command):
        words = shlex.split(example.split(" | ")[0].split(" > ")[0])
        words = words[words.index("alize") + 1 :]
        part = ROOT
        while hasattr(part, "commands"):
            part = part.commands[words.pop(0)]
        with part.make_context(part.name, words):
            pass


@pytest.mark.parametrize(
    ("option", "setting"),
    [("--gap", "gap"), ("--time-limit", "time_limit_s"), ("--seed", "seed")],
)
def test_the_default_that_help_tells_is_the_setting(option, setting):
    (line,) = [line for line in help_of(("plan",)).splitlines() if option in line]
    assert f"({Settings.model_fields[setting].default:g})" in line


def test_no_arguments_show_the_help():
    result = CliRunner().invoke(app, [])
    assert "Commands:" in result.output


def test_help_loads_nothing_heavy():
    script = (
        "import sys\n"
        "from scheduler.cli.main import app\n"
        "sys.argv = ['alize', '--help']\n"
        "try: app()\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_mistyped_command_is_told_the_right_one(alize):
    result = alize("plna", "dakhla")
    assert result.exit_code == 2
    assert "Did you mean 'plan'?" in result.stderr


def test_a_mistyped_option_is_told_the_right_one(alize):
    result = alize("plan", "one-site-one-battery", "--gpa", "0.1")
    assert result.exit_code == 2
    assert "--gap" in result.stderr
