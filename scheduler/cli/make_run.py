"""Plan a scenario and keep the run: what `plan` and `report` have in common."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from scheduler.cli.progress import Phases, interruptible
from scheduler.cli.runs import folder_of, must_be_free, must_be_writable, remember
from scheduler.cli.tools import tools

if TYPE_CHECKING:
    from scheduler.planning.foresight import Foresight
    from scheduler.planning.run import PlannedRun
    from scheduler.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to plan.

    Attributes:
        scenario: A file, or a world that ships.
        edits: Changes such as `sites.dakhla.battery.energy_kwh=800`.
        start: Start of the horizon instead of the scenario's.
        days: Length of the horizon instead of the scenario's. [d]
        name: Of the run folder; its own when None.
        replace: Whether a folder of that name may be replaced.
        foresight: For how many futures; the expected one alone when None.
    """

    scenario: str
    edits: tuple[str, ...] = ()
    start: str | None = None
    days: float | None = None
    name: str | None = None
    replace: bool = False
    foresight: "Foresight | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A run that was planned and written.

    Attributes:
        interrupted: Whether somebody ended the solve by Ctrl-C.
    """

    run: "PlannedRun"
    folder: Path
    interrupted: bool


def make_run(context: typer.Context, wish: Wish, settings: "Settings") -> Made:
    """Load, plan, check and write; the last run is remembered."""
    must_be_free(settings.runs_dir, wish.name, replace=wish.replace)
    with Phases() as phases:
        phases("load", wish.scenario)
        from optimizer.limits import Limits
        from scheduler.planning import run_folder
        from scheduler.scenario import load

        scenario = load(wish.scenario, edits=wish.edits, start=wish.start, days=wish.days)
        must_be_writable(settings.runs_dir)
        with interruptible() as stop:
            limits = Limits(gap=settings.gap, time_s=settings.time_limit_s, stop=stop)
            run = tools(context).plan(
                scenario,
                limits=limits,
                seed=settings.seed,
                progress=phases,
                foresight=wish.foresight,
            )
            interrupted = stop()
        folder = folder_of(run, settings.runs_dir, wish.name)
        phases("write", str(folder))
        # A folder with its own name holds the same decisions, and may be written again.
        run_folder.write(run, folder, replace=wish.replace or wish.name is None)
        remember(folder)
    return Made(run=run, folder=folder, interrupted=interrupted)
