"""`alize scenario`: the worlds that ship, to look at and to start from."""

from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.completion import worlds
from scheduler.cli.terminal import print_table, say
from scheduler.cli.words import opening

HELP = opening(
    "Show or copy the worlds that ship, each an answerable question.",
    "alize scenario list",
    "alize scenario copy dakhla",
)
LIST_HELP = opening(
    "List the worlds that ship, with the question each one answers.",
    "alize scenario list",
    "alize scenario list | grep island",
)
SHOW_HELP = opening(
    "Print a world that ships, as the YAML it is written in.",
    "alize scenario show dakhla",
    "alize scenario show one-site-one-battery > mine.yaml",
)
COPY_HELP = opening(
    "Copy a world that ships to start from; nothing is overwritten.",
    "alize scenario copy dakhla",
    "alize scenario copy dakhla mine.yaml",
)

World = Annotated[
    str, typer.Argument(metavar="NAME", help="A world that ships.", autocompletion=worlds)
]


def list_worlds() -> None:
    """Print names and questions."""
    from scheduler.scenario import worlds as built_in

    print_table(["NAME", "QUESTION"], [[world.name, world.question] for world in built_in()])


def show(name: World) -> None:
    """Print one world."""
    from scheduler.scenario import read

    print(read(name), end="")


def copy(
    name: World,
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="File or folder to write.")
    ] = Path(),
) -> None:
    """Copy one world."""
    from scheduler.scenario import copy as copy_world

    path = copy_world(name, target)
    print(path)
    say(f"next: alize plan {path}")
