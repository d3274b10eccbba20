"""`alize report`: one self-contained HTML file, from a run folder or straight from a scenario."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli.completion import worlds
from scheduler.cli.exits import ExitCode
from scheduler.cli.make_run import Wish, plan_run
from scheduler.cli.options import RunsDir
from scheduler.cli.runs import LATEST, find
from scheduler.cli.terminal import say
from scheduler.cli.tools import tools
from scheduler.cli.words import opening
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.planning.run import PlannedRun

HELP = opening(
    "Write one HTML file on a run; a scenario is planned first.",
    "alize report",
    "alize report dakhla --output dakhla.html",
)


def report(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|SCENARIO",
            help="Run folder (the last one), or a scenario.",
            autocompletion=worlds,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write; - for stdout. [RUN/report.html]"),
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Render the report of a run."""
    run, folder, interrupted = _run(context, source, runs_dir)
    page = tools(context).render(run)
    if output == Path("-"):
        sys.stdout.write(page)
    else:
        path = output or folder / "report.html"
        write_page(path, page)
        print(path)
        say(f"next: open {path} in a browser; alize verify {folder}")
    raise typer.Exit(_code(run, interrupted=interrupted))


def write_page(path: Path, page: str) -> None:
    """Write a report whole, or not at all.

    Raises:
        InputError: It cannot be written.
    """
    beside = path.with_name(f".{path.name}-part")
    try:
        beside.write_text(page, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def _run(
    context: typer.Context, source: str | None, runs_dir: Path | None
) -> tuple["PlannedRun", Path, bool | None]:
    """The run, its folder, and whether it was interrupted; None where it was only read."""
    from scheduler import settings

    chosen = settings.load({"runs_dir": runs_dir})
    is_run = source is None or Path(source).is_dir() or (chosen.runs_dir / source).is_dir()
    if is_run or source == LATEST:
        from scheduler.planning import run_folder

        folder = find(source, chosen.runs_dir)
        return run_folder.read(folder), folder, None
    assert source is not None
    made = plan_run(context, Wish(scenario=source), chosen)
    return made.result, made.folder, made.interrupted


def _code(run: "PlannedRun", *, interrupted: bool | None) -> ExitCode:
    """Reading a run is done when it is read; planning one says what became of the wishes."""
    if interrupted is None:
        return ExitCode.DONE
    from scheduler.planning.document import shortfalls

    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.WISH_NOT_MET if shortfalls(run) else ExitCode.DONE
