"""`alize plan`: where and when each job runs, and how energy flows."""

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli.completion import worlds
from scheduler.cli.exits import ExitCode
from scheduler.cli.make_run import Made, Wish, make_run
from scheduler.cli.report import write_page
from scheduler.cli.terminal import say
from scheduler.cli.tools import tools
from scheduler.cli.words import opening
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.planning.foresight import Foresight
    from scheduler.planning.run import PlannedRun

HELP = opening(
    "Plan where and when each job runs, and how energy flows.",
    "alize plan dakhla",
    "alize plan dakhla --days 2 --set sites.dakhla.battery.energy_kwh=800 -o json",
)


class Output(StrEnum):
    """Forms of a result."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def plan(
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
    gap: Annotated[
        float | None, typer.Option(help="Relative gap that ends the solve (0.03).")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Wall time that ends the solve (120). [s]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the search orders (0).")] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Folder of the run folders (runs).")] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="NAME", help="Name of the run folder.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a run of that name.")] = False,
    scenarios: Annotated[
        int | None,
        typer.Option(
            "--scenarios", metavar="K", help="Plan for K futures of wind, sun and carbon at once."
        ),
    ] = None,
    cvar_weight: Annotated[
        float | None, typer.Option(help="With --scenarios: weight of the worst futures (0.3).")
    ] = None,
    cvar_tail: Annotated[
        float | None,
        typer.Option(help="With --scenarios: share of the futures that are the worst (0.1)."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Also write report.html into the run folder.")
    ] = False,
) -> None:
    """Plan a scenario, write its run folder, print the plan."""
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
        foresight=foresight(scenarios, cvar_weight, cvar_tail),
    )
    made = make_run(context, wish, chosen)
    page = made.folder / "report.html"
    if report:
        write_page(page, tools(context).render(made.run))
    printed = print_run(context, made.run, Output(chosen.output))
    say(f"\nrun:    {made.folder}")
    if report:
        say(f"report: {page}")
    say(f"next:   {_next(made, printed, report=report)}")
    raise typer.Exit(outcome(printed, interrupted=made.interrupted))


def foresight(
    n_scenarios: int | None, cvar_weight: float | None, cvar_tail: float | None
) -> "Foresight | None":
    """For how many futures to plan; None for the expected one alone.

    Raises:
        InputError: A value is out of its range, or of no use without the others.
    """
    from scheduler.planning.foresight import Foresight

    risk = {"cvar_weight": cvar_weight, "cvar_tail": cvar_tail}
    said = {name: value for name, value in risk.items() if value is not None}
    if n_scenarios is not None:
        return Foresight(n_scenarios=n_scenarios, **said)
    if said:
        option = "--" + next(iter(said)).replace("_", "-")
        raise InputError(
            f"{option}: is of several futures, got it without --scenarios; add --scenarios 10, or "
            "leave it out"
        )
    return None


def print_run(context: typer.Context, run: "PlannedRun", output: Output) -> dict[str, Any]:
    """Print `run` on stdout and return its document."""
    from scheduler.planning.document import document

    whole = document(run)
    if output in (Output.TABLE, Output.WIDE):
        explain = tools(context).explain(run)
        print_document(whole, output, why=lambda job: explain(job).sentence)
    else:
        print_document(whole, output, why=str)
    return whole


def print_document(whole: dict[str, Any], output: Output, *, why: Callable[[str], str]) -> None:
    """Print a run's document on stdout; `why` says in a sentence why a job runs when it does."""
    match output:
        case Output.JSON:
            from scheduler.planning import codec

            print(codec.text(whole), end="")
        case Output.YAML:
            from ruamel.yaml import YAML

            yaml = YAML(typ="safe", pure=True)
            yaml.default_flow_style = False
            yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
            yaml.allow_unicode = True
            # By way of JSON, which knows no numpy.
            yaml.dump(json.loads(json.dumps(whole)), sys.stdout)
        case _:
            from scheduler.cli.plan_table import print_plan

            print_plan(whole, wide=output is Output.WIDE, why=why)


def outcome(document: dict[str, Any], *, interrupted: bool) -> ExitCode:
    """What the exit code says of a plan that was printed."""
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.WISH_NOT_MET if document["shortfalls"] else ExitCode.DONE


def _next(made: Made, document: dict[str, Any], *, report: bool) -> str:
    """The command that most likely comes next."""
    unfinished = [one["job"] for one in document["placements"] if one["state"] != "planned"]
    late = [one["job"] for one in document["placements"] if one["late_h"] > 0]
    if unfinished or late:
        return f"alize explain {(unfinished or late)[0]}"
    return f"alize {'verify' if report else 'report'} {made.folder}"
