"""`alize capacity`: what to build, for least cost."""

import json
from typing import Annotated, Literal

import typer

from scheduler.cli.completion import worlds
from scheduler.cli.terminal import say
from scheduler.cli.words import opening
from scheduler.errors import InputError

HELP = opening(
    "Size sun, wind, battery, grid and GPUs for least cost a year.",
    "alize capacity world.yaml",
    "alize capacity world.yaml --weeks 12 --front -o json",
)
SHARES = (0.75, 0.5, 0.25, 0.1, 0.0)


def capacity(
    *,
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help="Scenario file with an investment.",
            autocompletion=worlds,
        ),
    ],
    weeks: Annotated[int, typer.Option(help="Typical weeks to size on.")] = 8,
    full_year: Annotated[
        bool, typer.Option("--full-year", help="Size on every hour of the year.")
    ] = False,
    front: Annotated[bool, typer.Option("--front", help="Add cost against carbon.")] = False,
    sensitivity: Annotated[
        bool,
        typer.Option("--sensitivity", help="Add what moves the cost, and what waiting is worth."),
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Live through four seasonal weeks and the hardest one."),
    ] = False,
    edits: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value.")
    ] = None,
    output: Annotated[
        Literal["table", "json"], typer.Option("-o", "--output", help="Form of the answer.")
    ] = "table",
    time_limit: Annotated[float, typer.Option(help="Most seconds a solve may take.")] = 600.0,
) -> None:
    """Print sizes, a year beside business as usual, and what the investment brings."""
    from optimizer.highs import TimeLimitReached
    from scheduler.capacity.document import document, table
    from scheduler.capacity.live import live as live_through
    from scheduler.capacity.sensitivity import flexibility, tornado
    from scheduler.capacity.study import front as cost_and_carbon
    from scheduler.capacity.study import study
    from scheduler.scenario import load

    if not full_year and not 2 <= weeks <= 52:  # noqa: PLR2004 - weeks of a year
        raise InputError(f"--weeks: must lie between 2 and 52, got {weeks}; 8 are usual")
    world = load(scenario, edits=edits or ())
    say(f"sizing {world.name} on {'the whole year' if full_year else f'{weeks} typical weeks'}")
    try:
        one = study(world, weeks=None if full_year else weeks, time_limit_s=time_limit)
        points = cost_and_carbon(one, SHARES, time_limit_s=time_limit) if front else []
        swings = tornado(one, time_limit_s=time_limit) if sensitivity else ()
        flexible = flexibility(one, time_limit_s=time_limit) if sensitivity else None
    except TimeLimitReached:
        raise InputError(
            f"--time-limit: {time_limit:g} s were not enough; give more, or fewer --weeks"
        ) from None
    lived = live_through(one, progress=say) if live else ()
    told = document(one, points, swings, flexible, lived)
    print(json.dumps(told, indent=2) if output == "json" else table(told))
