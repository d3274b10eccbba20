"""Options that several commands take, and how they become settings: each worded once."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli.completion import worlds

if TYPE_CHECKING:
    from scheduler.settings import Settings


class Output(StrEnum):
    """Forms of a result."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"

    @property
    def is_for_people(self) -> bool:
        """Whether somebody reads it, rather than a program."""
        return self in (Output.TABLE, Output.WIDE)


Scenario = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="A file, or a world that ships.", autocompletion=worlds
    ),
]
Form = Annotated[Output | None, typer.Option("-o", "--output", help="Form of the result (table).")]
Edits = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change the scenario; repeatable."),
]
Start = Annotated[
    str | None, typer.Option(metavar="TIME", help="Start in UTC instead of the scenario's.")
]
Days = Annotated[float | None, typer.Option(help="Length instead of the scenario's. [d]")]
Gap = Annotated[float | None, typer.Option(help="Relative gap that ends a solve (0.03).")]
TimeLimit = Annotated[float | None, typer.Option(help="Wall time that ends a solve (120). [s]")]
Seed = Annotated[int | None, typer.Option(help="Of the search orders (0).")]
RunsDir = Annotated[Path | None, typer.Option(help="Folder of the run folders (runs).")]
RunName = Annotated[
    str | None, typer.Option("--run", metavar="NAME", help="Name of the run folder.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace a run of that name.")]


def settings_with(
    *,
    output: Output | None,
    gap: float | None,
    time_limit: float | None,
    seed: int | None,
    runs_dir: Path | None,
) -> "Settings":
    """The settings in force, with the options that were given."""
    from scheduler import settings

    return settings.load(
        {
            "output": output.value if output else None,
            "gap": gap,
            "time_limit_s": time_limit,
            "seed": seed,
            "runs_dir": runs_dir,
        }
    )
