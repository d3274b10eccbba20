"""`alize validate`: every problem of a scenario, each with its place and the repair."""

from typing import Annotated

import typer

from scheduler.cli.completion import worlds
from scheduler.cli.exits import ExitCode
from scheduler.cli.terminal import say
from scheduler.cli.words import opening

HELP = opening(
    "Say every problem of a scenario, with its line and the repair.",
    "alize validate dakhla",
    "alize validate dakhla dakhla-island",
)


def validate(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO", help="Files, or worlds that ship.", autocompletion=worlds
        ),
    ],
) -> None:
    """Check scenarios without planning them."""
    from scheduler.scenario import ScenarioError, load

    broken = False
    for one in scenarios:
        try:
            scenario = load(one)
        except ScenarioError as error:
            say(str(error))
            broken = True
        else:
            horizon = scenario.horizon
            print(
                f"{one}: fine: {len(scenario.sites)} sites, {len(scenario.services)} services, "
                f"{len(scenario.jobs)} jobs, {horizon.n_steps} steps of {horizon.step_min} min"
            )
            for note in scenario.notes:
                say(f"{one}: note: {note}")
    if broken:
        raise typer.Exit(ExitCode.YOUR_INPUT)
