"""From a scenario to a run that is kept: what every command that computes has in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import typer

from scheduler.cli.progress import Phases, interruptible
from scheduler.cli.runs import folder_of, must_be_free, must_be_writable, remember
from scheduler.cli.tools import Progress, tools

if TYPE_CHECKING:
    from optimizer.limits import Limits
    from scheduler.planning.foresight import Foresight
    from scheduler.planning.run import PlannedRun
    from scheduler.scenario import Scenario
    from scheduler.settings import Settings

Result = TypeVar("Result")


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
    """

    scenario: str
    edits: tuple[str, ...] = ()
    start: str | None = None
    days: float | None = None
    name: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Generic[Result]):
    """What came of a scenario, and where it was written.

    Attributes:
        interrupted: Whether somebody ended the solve by Ctrl-C.
    """

    result: Result
    folder: Path
    interrupted: bool


def make_run(
    wish: Wish,
    settings: "Settings",
    work: "Callable[[Scenario, Limits, Progress], Result]",
    *,
    run_of: "Callable[[Result], PlannedRun]",
    beside: Callable[[Result], Mapping[str, Any]] = lambda _result: {},
) -> Made[Result]:
    """Load, work, check and write; the last run is remembered.

    Args:
        wish: The scenario, and the name of the run folder.
        settings: Where runs go and when a solve ends.
        work: Scenario to result.
        run_of: The run in a result.
        beside: Further documents of the run folder by the names of their files.
    """
    must_be_free(settings.runs_dir, wish.name, replace=wish.replace)
    with Phases() as phases:
        phases("load", wish.scenario)
        from optimizer.limits import Limits
        from scheduler.planning import codec, run_folder
        from scheduler.scenario import load

        scenario = load(wish.scenario, edits=wish.edits, start=wish.start, days=wish.days)
        must_be_writable(settings.runs_dir)
        with interruptible() as stop:
            limits = Limits(gap=settings.gap, time_s=settings.time_limit_s, stop=stop)
            result = work(scenario, limits, phases)
            interrupted = stop()
        run = run_of(result)
        folder = folder_of(run, settings.runs_dir, wish.name)
        phases("write", str(folder))
        # A folder with its own name holds the same decisions, and may be written again.
        run_folder.write(run, folder, replace=wish.replace or wish.name is None)
        for name, document in beside(result).items():
            (folder / name).write_text(codec.text(document), encoding="utf-8", newline="\n")
        remember(folder)
    return Made(result=result, folder=folder, interrupted=interrupted)


def plan_run(
    context: typer.Context,
    wish: Wish,
    settings: "Settings",
    foresight: "Foresight | None" = None,
) -> "Made[PlannedRun]":
    """Plan a scenario and keep the run.

    Args:
        context: Of the command.
        wish: The scenario, and the name of the run folder.
        settings: Where runs go and when a solve ends.
        foresight: For how many futures; the expected one alone when None.
    """

    def work(scenario: "Scenario", limits: "Limits", progress: Progress) -> "PlannedRun":
        return tools(context).plan(
            scenario, limits=limits, seed=settings.seed, progress=progress, foresight=foresight
        )

    return make_run(wish, settings, work, run_of=lambda run: run)
