"""`alize verify`: is a run what it claims to be? Recomputed with no solver."""

from typing import Annotated

import typer

from scheduler.cli.exits import ExitCode
from scheduler.cli.options import RunsDir
from scheduler.cli.runs import find
from scheduler.cli.terminal import say
from scheduler.cli.tools import tools
from scheduler.cli.words import opening

HELP = opening(
    "Recompute limits, figures and bound of a run, with no solver.",
    "alize verify",
    "alize verify runs/monday",
)


def verify(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Run folder (the last one).")
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Read a run folder and check what it claims."""
    from scheduler import settings
    from scheduler.planning import run_folder

    folder = find(run, settings.load({"runs_dir": runs_dir}).runs_dir)
    planned = run_folder.read(folder)
    result = tools(context).recheck(planned)
    for line in result.checked:
        print(f"checked: {line}")
    findings = [
        *result.findings,
        *(
            f"{folder / name}: does not say what the rest of the run says; it was edited, or "
            "written by another version"
            for name in run_folder.differing(folder, planned)
        ),
    ]
    for finding in findings:
        print(f"wrong:   {finding}")
    if findings or not result.ok:
        say(f"{folder}: does not hold what it claims; `alize plan` writes it anew")
        raise typer.Exit(ExitCode.YOUR_INPUT)
    say(f"{folder}: holds what it claims")
