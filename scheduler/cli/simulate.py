"""`alize simulate`: live through a scenario, step by step, with wrong forecasts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli.completion import worlds
from scheduler.cli.make_run import Wish
from scheduler.cli.plan import Output, outcome, print_document
from scheduler.cli.progress import Phases, interruptible
from scheduler.cli.runs import folder_of, must_be_free, must_be_writable, remember
from scheduler.cli.terminal import say
from scheduler.cli.tools import tools
from scheduler.cli.words import opening

if TYPE_CHECKING:
    from scheduler.settings import Settings
    from scheduler.simulation.run import SimulatedRun

HELP = opening(
    "Live through a scenario, with forecasts that are wrong as in life.",
    "alize simulate dakhla",
    "alize simulate dakhla --days 2 --replan-h 1 -o json",
)
LOG = "simulation.json"


def simulate(
    context: typer.Context,
    *,
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", help="A file, or a world that ships.", autocompletion=worlds
        ),
    ],
    output: Annotated[
        Output | None, typer.Option("-o", "--output", help="Form of the result (table).")
    ] = None,
    edits: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change the scenario; repeatable."),
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Start in UTC instead of the scenario's.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="Length instead of the scenario's. [d]")
    ] = None,
    replan_h: Annotated[float, typer.Option(min=0.05, help="Time between plans. [h]")] = 2.0,
    window_h: Annotated[float, typer.Option(min=1, help="How far each plan looks. [h]")] = 72.0,
    gap: Annotated[
        float | None, typer.Option(help="Relative gap that ends a solve (0.03).")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Wall time that ends a solve (120). [s]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the search orders (0).")] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Folder of the run folders (runs).")] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="NAME", help="Name of the run folder.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a run of that name.")] = False,
) -> None:
    """Live through a scenario, write its run folder, print what came of it."""
    from scheduler import settings

    chosen = settings.load(
        {
            "output": output.value if output else None,
            "gap": gap,
            "time_limit_s": time_limit,
            "seed": seed,
            "runs_dir": runs_dir,
        }
    )
    wish = Wish(
        scenario=scenario,
        edits=tuple(edits or ()),
        start=start,
        days=days,
        name=run,
        replace=replace,
    )
    simulated, folder, document, interrupted = _lived(context, wish, chosen, (replan_h, window_h))
    explain = tools(context).explain(simulated.run)
    print_document(document, Output(chosen.output), why=lambda job: explain(job).sentence)
    share = simulated.captured_share
    if share is not None and chosen.output in (Output.TABLE, Output.WIDE):
        print(f"  {share:.0%} of what perfect foresight could save, after {_counted(document)}")
    say(f"\nrun:    {folder}")
    say(f"next:   alize report {folder}")
    raise typer.Exit(outcome(document, interrupted=interrupted))


def _lived(
    context: typer.Context, wish: Wish, settings: "Settings", pace_h: tuple[float, float]
) -> tuple["SimulatedRun", Path, dict[str, Any], bool]:
    """Load, live through, check and write; the last run is remembered."""
    must_be_free(settings.runs_dir, wish.name, replace=wish.replace)
    with Phases() as phases:
        phases("load", wish.scenario)
        from optimizer.limits import Limits
        from scheduler.planning import codec, run_folder
        from scheduler.scenario import load
        from scheduler.simulation.document import document, log
        from scheduler.simulation.simulate import Pace

        scenario = load(wish.scenario, edits=wish.edits, start=wish.start, days=wish.days)
        must_be_writable(settings.runs_dir)
        replan, window = (max(1, round(hours / scenario.horizon.step_h)) for hours in pace_h)
        with interruptible() as stop:
            simulated = tools(context).simulate(
                scenario,
                limits=Limits(gap=settings.gap, time_s=settings.time_limit_s, stop=stop),
                pace=Pace(replan_steps=replan, window_steps=max(window, replan)),
                seed=settings.seed,
                progress=phases,
            )
            interrupted = stop()
        folder = folder_of(simulated.run, settings.runs_dir, wish.name)
        phases("write", str(folder))
        run_folder.write(simulated.run, folder, replace=wish.replace or wish.name is None)
        (folder / LOG).write_text(codec.text(log(simulated)), encoding="utf-8", newline="\n")
        remember(folder)
    return simulated, folder, document(simulated), interrupted


def _counted(document: dict[str, Any]) -> str:
    counts = document["simulation"]["deeds_by_action"]
    said = [f"{document['simulation']['replans']} plans"]
    said += [f"{counts[name]} {name}s" for name in ("start", "resume", "preempt") if name in counts]
    return ", ".join(said)
