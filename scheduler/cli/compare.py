"""`alize compare`: two runs, or two scenarios, side by side: inputs first, then effects."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from scheduler.cli.make_run import Wish, plan_run
from scheduler.cli.options import Output
from scheduler.cli.simulate import LOG, lived
from scheduler.cli.words import opening
from scheduler.errors import InputError

HELP = opening(
    "Compare two runs or scenarios: inputs first, then effects.",
    "alize compare runs/before runs/after",
    "alize compare dakhla what-if.yaml --simulate",
)
SCHEMA = "alize.dev/comparison/v1"


def compare(
    context: typer.Context,
    *,
    first: Annotated[str, typer.Argument(metavar="A", help="A run folder, or a scenario.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Live through scenarios, rather than plan them.")
    ] = False,
    output: Annotated[
        Output | None,
        typer.Option("-o", "--output", "--format", help="Form of the result (table)."),
    ] = None,
    runs_dir: Annotated[
        Path | None, typer.Option(help="Folder of the runs of scenarios (runs).")
    ] = None,
) -> None:
    """Print what differs; scenarios are planned or lived through first, run folders only read."""
    from scheduler import settings
    from scheduler.planning.compare import effects, inputs

    chosen = settings.load({"output": output.value if output else None, "runs_dir": runs_dir})
    sides = [_side(context, one, chosen, simulate=simulate) for one in (first, second)]
    told = [side["kpis"] for side in sides]
    if told[0]["basis"] != told[1]["basis"]:
        raise InputError(
            f"{second}: its figures are of kind {told[1]['basis']}, those of {first} of kind "
            f"{told[0]['basis']}; compare two plans, or two simulated runs"
        )
    document = {
        "schema": SCHEMA,
        "a": first,
        "b": second,
        "basis": told[0]["basis"],
        "inputs": [asdict(one) for one in inputs(*(side["scenario"] for side in sides))],
        "effects": [
            {**asdict(one), "change": one.change} for one in effects(*(one["plan"] for one in told))
        ],
        "regret": [side["regret"] for side in sides],
    }
    if chosen.output == "json":
        from scheduler.planning import codec

        print(codec.text(document), end="")
        return
    if chosen.output == "yaml":
        from ruamel.yaml import YAML

        YAML(typ="safe", pure=True).dump(document, sys.stdout)
        return
    _print(document)


def _side(context: typer.Context, name: str, chosen: Any, *, simulate: bool) -> dict[str, Any]:
    """Scenario, figures and regret of a run folder, or of a scenario once there is one of it."""
    from ruamel.yaml import YAML

    from scheduler.planning import run_folder

    folder = Path(name)
    if not run_folder.is_run_folder(folder):
        if folder.is_dir():
            raise InputError(f"{name}: is no run folder; `alize plan SCENARIO` makes one")
        wish = Wish(scenario=name)
        folder = (lived if simulate else plan_run)(context, wish, chosen).folder
    run_folder.read(folder)
    log = folder / LOG
    kpis = json.loads((folder / run_folder.KPIS).read_text(encoding="utf-8"))["kpis"]
    return {
        "scenario": YAML(typ="safe", pure=True).load(
            (folder / run_folder.SCENARIO).read_text(encoding="utf-8")
        ),
        "kpis": kpis,
        "regret": json.loads(log.read_text(encoding="utf-8"))["regret"] if log.is_file() else None,
    }


def _print(document: dict[str, Any]) -> None:
    from scheduler.cli.terminal import print_table
    from scheduler.planning.compare import shown

    print("What differs:")
    if document["inputs"]:
        rows = [
            [one["name"], shown(one["first"]), shown(one["second"])] for one in document["inputs"]
        ]
        print_table(["INPUT", "A", "B"], rows)
    else:
        print("  nothing")
    print(f"\nWhat comes of it ({document['basis']}):")
    rows = [
        [one["name"], shown(one["first"]), shown(one["second"]), f"{one['change']:+,.6g}"]
        for one in document["effects"]
    ]
    print_table(["FIGURE", "A", "B", "CHANGE"], rows)
    if None not in document["regret"]:
        a, b = document["regret"]
        print(f"regret to perfect foresight: A {a:,.2f}, B {b:,.2f}")
