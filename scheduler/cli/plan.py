"""`alize plan`: where and when each job runs, and how energy flows."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli.exits import ExitCode
from scheduler.cli.make_run import Made, Wish, plan_run
from scheduler.cli.options import (
    Days,
    Edits,
    Form,
    Gap,
    Output,
    Replace,
    RunName,
    RunsDir,
    Scenario,
    Seed,
    Start,
    TimeLimit,
    settings_with,
)
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


def plan(
    context: typer.Context,
    *,
    scenario: Scenario,
    output: Form = None,
    edits: Edits = None,
    start: Start = None,
    days: Days = None,
    gap: Gap = None,
    time_limit: TimeLimit = None,
    seed: Seed = None,
    runs_dir: RunsDir = None,
    run: RunName = None,
    replace: Replace = False,
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
    from scheduler.planning.document import document

    chosen = settings_with(
        output=output, gap=gap, time_limit=time_limit, seed=seed, runs_dir=runs_dir
    )
    wish = Wish(
        scenario=scenario,
        edits=tuple(edits or ()),
        start=start,
        days=days,
        name=run,
        replace=replace,
    )
    made = plan_run(context, wish, chosen, foresight(scenarios, cvar_weight, cvar_tail))
    page = made.folder / "report.html"
    if report:
        write_page(page, tools(context).render(made.result))
    printed = document(made.result)
    print_run(context, made.result, printed, Output(chosen.output))
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


def print_run(
    context: typer.Context, run: "PlannedRun", whole: dict[str, Any], output: Output
) -> None:
    """Print the document of `run` on stdout; only people are told why each job runs when it does.

    Args:
        context: Of the command.
        run: The run, for its explanations.
        whole: Its document, with whatever else is to be printed.
        output: The form.
    """
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

            explain = tools(context).explain(run)
            print_plan(whole, wide=output is Output.WIDE, why=lambda job: explain(job).sentence)


def outcome(document: dict[str, Any], *, interrupted: bool) -> ExitCode:
    """What the exit code says of a plan that was printed."""
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.WISH_NOT_MET if document["shortfalls"] else ExitCode.DONE


def _next(made: "Made[PlannedRun]", document: dict[str, Any], *, report: bool) -> str:
    """The command that most likely comes next."""
    unfinished = [one["job"] for one in document["placements"] if one["state"] != "planned"]
    late = [one["job"] for one in document["placements"] if one["late_h"] > 0]
    if unfinished or late:
        return f"alize explain {(unfinished or late)[0]}"
    return f"alize {'verify' if report else 'report'} {made.folder}"
