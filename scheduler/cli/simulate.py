"""`alize simulate`: live through a scenario, step by step, with wrong forecasts."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli.make_run import Made, Wish, make_run
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
from scheduler.cli.plan import outcome, print_run
from scheduler.cli.terminal import say
from scheduler.cli.tools import Progress, tools
from scheduler.cli.words import opening

if TYPE_CHECKING:
    from optimizer.limits import Limits
    from scheduler.scenario import Scenario as World
    from scheduler.settings import Settings
    from scheduler.simulation.run import SimulatedRun

HELP = opening(
    "Live through a scenario, with forecasts that are wrong as in life.",
    "alize simulate dakhla",
    "alize simulate dakhla --days 2 --policies -o json",
)
LOG = "simulation.json"
#: Time between plans, and how far each looks. [h]
PACE_H = (2.0, 72.0)
#: As long as a scenario may be. [h]
LONGEST_H = 366 * 24


def simulate(
    context: typer.Context,
    *,
    scenario: Scenario,
    output: Form = None,
    edits: Edits = None,
    start: Start = None,
    days: Days = None,
    replan_h: Annotated[
        float, typer.Option(min=0.05, max=LONGEST_H, help="Time between plans. [h]")
    ] = PACE_H[0],
    window_h: Annotated[
        float, typer.Option(min=1, max=LONGEST_H, help="How far each plan looks. [h]")
    ] = PACE_H[1],
    policies: Annotated[
        bool, typer.Option("--policies", help="Run-now and the peers' policies in the same world.")
    ] = False,
    gap: Gap = None,
    time_limit: TimeLimit = None,
    seed: Seed = None,
    runs_dir: RunsDir = None,
    run: RunName = None,
    replace: Replace = False,
) -> None:
    """Live through a scenario, write its run folder, print what came of it."""
    from scheduler.simulation.document import document

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
    made = lived(context, wish, chosen, (replan_h, window_h), policies=policies)
    whole, form = document(made.result), Output(chosen.output)
    print_run(context, made.result.run, whole, form)
    share = made.result.captured_share
    if share is not None and form.is_for_people:
        print(f"  {share:.0%} of what perfect foresight could save, after {_counted(whole)}")
    if policies and form.is_for_people:
        print(_side_by_side(whole))
    say(f"\nrun:    {made.folder}")
    say(f"next:   alize report {made.folder}")
    raise typer.Exit(outcome(whole, interrupted=made.interrupted))


def lived(
    context: typer.Context,
    wish: Wish,
    settings: "Settings",
    pace_h: tuple[float, float] = PACE_H,
    *,
    policies: bool = False,
) -> "Made[SimulatedRun]":
    """Live through a scenario and keep the run, what happened on the way beside it."""

    def work(scenario: "World", limits: "Limits", progress: Progress) -> "SimulatedRun":
        from scheduler.simulation.simulate import Pace

        replan, window = (max(1, round(hours / scenario.horizon.step_h)) for hours in pace_h)
        return tools(context).simulate(
            scenario,
            limits=limits,
            pace=Pace(replan_steps=replan, window_steps=max(window, replan)),
            seed=settings.seed,
            progress=progress,
            policies=policies,
        )

    def beside(simulated: "SimulatedRun") -> dict[str, Any]:
        from scheduler.simulation.document import log

        return {LOG: log(simulated)}

    return make_run(wish, settings, work, run_of=lambda simulated: simulated.run, beside=beside)


def _counted(document: dict[str, Any]) -> str:
    counts = document["simulation"]["deeds_by_action"]
    said = [f"{document['simulation']['replans']} plans"]
    said += [f"{counts[name]} {name}s" for name in ("start", "resume", "preempt") if name in counts]
    return ", ".join(said)


def _side_by_side(document: dict[str, Any]) -> str:
    """One line a policy: what its life in this world came to."""
    rows = document["simulation"]["policies"]
    currency = rows[0]["kpis"]["currency"]
    head = ("POLICY", f"COST {currency}", "CO2e kg", "BOUGHT kWh", "LATE", "UNFINISHED", "REGRET")
    lines = [f"\n  {head[0]:<18}" + "".join(f"{one:>14}" for one in head[1:])]
    for row in rows:
        kpis = row["kpis"]
        figures = (
            *(f"{kpis[name]:,.0f}" for name in ("cost", "emissions_kg", "bought_kwh")),
            str(kpis["jobs_late"]),
            str(kpis["jobs_unfinished"]),
            f"{row['regret']:,.0f}",
        )
        lines.append(f"  {row['policy']:<18}" + "".join(f"{one:>14}" for one in figures))
    return "\n".join(lines)
