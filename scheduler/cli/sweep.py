"""`alize sweep`: the same scenario under many choices, here or on other machines."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli.exits import ExitCode
from scheduler.cli.group import ARGS
from scheduler.cli.options import (
    Days,
    Edits,
    Form,
    Gap,
    Output,
    Scenario,
    Seed,
    Start,
    TimeLimit,
    settings_with,
)
from scheduler.cli.progress import Phases, interruptible
from scheduler.cli.report import write_page
from scheduler.cli.simulate import LONGEST_H, PACE_H
from scheduler.cli.terminal import say
from scheduler.cli.words import opening
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.reporting.sweep_page import Swept
    from scheduler.scenario import Scenario as Loaded
    from scheduler.sweep.axes import Axis
    from scheduler.sweep.crew import Crew
    from scheduler.sweep.sweep import Progress

HELP = opening(
    "Work out many worlds: every combination of choices.",
    "alize sweep dakhla --over policy.carbon_price_per_kg=0,0.5,1",
    "alize sweep dakhla --over sites.dakhla.battery.energy_kwh=0:900:4 --simulate",
)
PAGE = "sweep.html"
#: Shown on the screen; the table has them all.
FIGURES = ("cost", "emissions_kg", "jobs_late", "jobs_unfinished")


def sweep(
    context: typer.Context,
    *,
    scenario: Scenario,
    over: Annotated[
        list[str],
        typer.Option("--over", metavar="PATH=VALUES", help="V1,V2,… or FROM:TO:COUNT; repeatable."),
    ],
    one_at_a_time: Annotated[
        bool, typer.Option("--one-at-a-time", help="Each value alone, not every combination.")
    ] = False,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Live through each world, rather than plan it.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=512, help="Processes (one a core).")
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler, as tcp://10.0.0.5:8786.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; one begun before goes on.")
    ] = None,
    output: Form = None,
    edits: Edits = None,
    start: Start = None,
    days: Days = None,
    replan_h: Annotated[
        float, typer.Option(min=0.05, max=LONGEST_H, help="Time between plans of a life. [h]")
    ] = PACE_H[0],
    window_h: Annotated[
        float, typer.Option(min=1, max=LONGEST_H, help="How far each plan of a life looks. [h]")
    ] = PACE_H[1],
    lang: Annotated[str, typer.Option(metavar="en|fr", help="Language of the page.")] = "en",
    gap: Gap = None,
    time_limit: TimeLimit = None,
    seed: Seed = None,
) -> None:
    """Work out every world, keep each as it comes, write one table and one page."""
    chosen = settings_with(output=output, gap=gap, time_limit=time_limit, seed=seed, runs_dir=None)
    if lang not in ("en", "fr"):
        raise InputError(f"--lang: must be en or fr, got {lang}")
    if dask and workers:
        raise InputError("--workers: is of this machine; a cluster has its own, leave it out")
    with Phases() as phases, interruptible() as stop:
        phases("load", scenario)
        from scheduler.reporting.sweep_page import Swept
        from scheduler.sweep import axes as spaces
        from scheduler.sweep.folder import Folder
        from scheduler.sweep.outcome import table
        from scheduler.sweep.sweep import sweep as work
        from scheduler.sweep.task import How

        axes = [spaces.axis(one) for one in over]
        worlds = (spaces.one_at_a_time if one_at_a_time else spaces.combined)(axes)
        loaded = _checked(scenario, tuple(edits or ()), start, days, axes)
        how = How(
            lived=simulate,
            gap=chosen.gap,
            time_limit_s=chosen.time_limit_s,
            seed=chosen.seed,
            replan_h=replan_h,
            window_h=window_h,
        )
        folder = Folder(out or Path("sweeps", loaded.name))
        phases("work", f"{len(worlds)} worlds")
        rows = work(
            _text(loaded),
            worlds,
            how,
            folder=folder,
            crew=_crew(workers, dask),
            version=_version(),
            tell=lambda progress: phases("work", _told(progress)),
            stop=stop,
        )
        phases("write", str(folder.path))
        swept = Swept(
            name=loaded.name,
            question=loaded.world.question,
            lived=simulate,
            paths=(paths := tuple(axis.path for axis in axes)),
            frame=table(rows, paths),
            of=len(worlds),
            command=shlex.join(["alize", *context.meta[ARGS]]),
        )
        _write(folder.path, swept, lang)
        interrupted = len(rows) < len(worlds)
    _print(swept, Output(chosen.output))
    say(f"\ntable:  {folder.path / 'results.parquet'}\npage:   {folder.path / PAGE}")
    if interrupted:
        say(f"next:   the same command goes on; {len(worlds) - len(rows)} worlds are left")
        raise typer.Exit(ExitCode.INTERRUPTED)
    raise typer.Exit(_code(swept))


def _checked(
    scenario: str,
    edits: tuple[str, ...],
    start: str | None,
    days: float | None,
    axes: "list[Axis]",
) -> "Loaded":
    """The scenario as it stands; each value of each axis is tried alone before anything is done.

    Raises:
        InputError: One of them is none that the scenario can take.
    """
    from scheduler.scenario import load

    loaded = load(scenario, edits=edits, start=start, days=days)
    for axis in axes:
        for value in axis.values:
            load(scenario, edits=(*edits, axis.edit(value)), start=start, days=days)
    return loaded


def _text(loaded: "Loaded") -> str:
    from scheduler.scenario import dump

    return dump(loaded)


def _crew(workers: int | None, dask: str | None) -> "Crew":
    from scheduler.sweep.crew import Dask, Local

    if dask:
        return Dask(dask)
    return Local(workers or len(os.sched_getaffinity(0)))


def _version() -> str:
    from importlib.metadata import version

    return version("alize")


def _told(progress: "Progress") -> str:
    said = f"{progress.done} of {progress.of}"
    if progress.troubled:
        said += f", {progress.troubled} without figures"
    if progress.left_s is not None and progress.done < progress.of:
        minutes, seconds = divmod(round(progress.left_s), 60)
        said += f", about {minutes}:{seconds:02} left"
    return said


def _write(folder: Path, swept: "Swept", lang: str) -> None:
    """The table and the page."""
    from scheduler.reporting.sweep_page import render
    from scheduler.sweep import outcome

    outcome.write(swept.frame, folder)
    write_page(folder / PAGE, render(swept, language=lang))


def _print(swept: "Swept", form: Output) -> None:
    text = swept.frame.to_json(orient="records", indent=1)
    if form is Output.JSON:
        print(text)
        return
    if form is Output.YAML:
        import json
        import sys

        from ruamel.yaml import YAML

        YAML(typ="safe", pure=True).dump(json.loads(text), sys.stdout)
        return
    from scheduler.cli.terminal import print_table

    figures = [name for name in FIGURES if name in swept.frame]
    shown = swept.frame[["world", *swept.paths, "status", *figures]].astype("string").fillna("-")
    headers = ["WORLD", *swept.paths, "STATUS", *(name.upper() for name in figures)]
    print_table(headers, shown.to_numpy().tolist())


def _code(swept: "Swept") -> ExitCode:
    """A bug in one world is ours; a refused world is a wish that was not met."""
    states = set(swept.frame["status"])
    if "failed" in states:
        return ExitCode.OUR_BUG
    return ExitCode.WISH_NOT_MET if "refused" in states else ExitCode.DONE
