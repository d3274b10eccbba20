"""`alize`: every command in its place, nothing imported before it is needed."""

import io
import sys
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from scheduler.cli import (
    backtest,
    capacity,
    compare,
    explain,
    plan,
    report,
    scenarios,
    show_settings,
    simulate,
    sweep,
    validate,
    verify,
)
from scheduler.cli.group import Root
from scheduler.cli.words import opening

HELP = opening(
    "Plan AI work on renewable energy: when, where, and from which source.",
    "alize plan dakhla --report",
    "alize explain train",
)
EPILOG = (
    "Exit codes: 0 done, 1 our bug, 2 your input, 3 data unavailable, 4 planned but some wish "
    "could not be met, 130 interrupted."
)

app = typer.Typer(
    name="alize",
    cls=Root,
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
app.command("plan", help=plan.HELP)(plan.plan)
app.command("simulate", help=simulate.HELP)(simulate.simulate)
app.command("compare", help=compare.HELP)(compare.compare)
app.command("sweep", help=sweep.HELP)(sweep.sweep)
app.command("capacity", help=capacity.HELP)(capacity.capacity)
app.command("explain", help=explain.HELP)(explain.explain)
app.command("report", help=report.HELP)(report.report)
app.command("verify", help=verify.HELP)(verify.verify)
app.command("validate", help=validate.HELP)(validate.validate)

app.command("backtest", help=backtest.HELP)(backtest.backtest)

_scenario = typer.Typer(help=scenarios.HELP, no_args_is_help=True, rich_markup_mode=None)
_scenario.command("list", help=scenarios.LIST_HELP)(scenarios.list_worlds)
_scenario.command("show", help=scenarios.SHOW_HELP)(scenarios.show)
_scenario.command("copy", help=scenarios.COPY_HELP)(scenarios.copy)
app.add_typer(_scenario, name="scenario")

app.command("settings", help=show_settings.HELP)(show_settings.show_settings)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"alize {version_of('alize')}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="ALIZE_DEBUG", help="Show tracebacks.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Hold what all commands share; the root acts on both."""


def run() -> None:
    """The `alize` command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without our signs gets question marks, not an error after half a table.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
