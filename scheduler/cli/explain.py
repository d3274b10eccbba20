"""`alize explain`: why a job waits, and what would change that."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli.completion import jobs
from scheduler.cli.options import RunsDir
from scheduler.cli.runs import find
from scheduler.cli.terminal import amount, duration, print_table
from scheduler.cli.tools import tools
from scheduler.cli.words import opening

if TYPE_CHECKING:
    from scheduler.planning.explain import Explanation, Start
    from scheduler.planning.run import PlannedRun

HELP = opening(
    "Say why a job runs when and where, and what would change that.",
    "alize explain train",
    "alize explain train --run runs/monday -o wide",
)
CLOSEST = 3


class Form(StrEnum):
    """How an explanation is printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"


def explain(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its name.", autocompletion=jobs)],
    run: Annotated[
        str | None, typer.Option("--run", metavar="DIR", help="Run folder (the last one).")
    ] = None,
    output: Annotated[
        Form, typer.Option("-o", "--output", help="wide and json tell every possible start.")
    ] = Form.TABLE,
    runs_dir: RunsDir = None,
) -> None:
    """Read a run folder and explain one job."""
    from scheduler import settings
    from scheduler.planning import run_folder

    folder = find(run, settings.load({"runs_dir": runs_dir}).runs_dir)
    planned = run_folder.read(folder)
    said = tools(context).explain(planned)(job)
    if output is Form.JSON:
        from scheduler.planning import codec

        print(codec.text(_document(said)), end="")
        return
    reason = said.reason.value if said.reason else "no wait"
    print(f"{said.job}: {reason}")
    print(f"  {said.sentence}")
    for why in _unmet(planned, said.job):
        print(f"  Why: {why}")
    chosen = said.chosen
    if chosen:
        issued = planned.issued_at.strftime("%a %d %b %H:%M")
        print(f"  starts {_when(chosen)} at {chosen.site} (forecast issued {issued} UTC)")
        for line in _against_at_once(planned, said, chosen):
            print(f"  {line}")
    if said.alternatives:
        print("What would change it:")
        for alternative in said.alternatives:
            print(f"  - {alternative}")
    shown = said.starts if output is Form.WIDE else _telling(said)
    if shown:
        print()
        rows = [_row(planned, start) for start in shown]
        print_table(["SITE", "START (UTC)", "COST", "EMITS", "LATE", "LIMIT"], rows)
        known = {(start.site, start.start) for start in shown}
        left = sum((start.site, start.start) not in known for start in said.starts)
        if left:
            print(f"… and {left} more starts; -o wide lists every start")


def _unmet(planned: "PlannedRun", job: str) -> list[str]:
    """Why a job is late or unfinished, where the run explains that."""
    from optimizer.shortfalls.conflict import Wish
    from scheduler.planning.clauses import sentence
    from scheduler.planning.wishes import Teller

    teller = Teller(planned.problem)
    wishes = (Wish.FINISHED, Wish.ON_TIME)
    found = (one for one in planned.conflicts if one.wish in wishes and one.subject == job)
    return [sentence(teller.tell(one)) for one in found]


def _document(said: "Explanation") -> dict[str, Any]:
    """An explanation for programs: money in the plan's currency, kg CO2e, hours."""
    return {
        "job": said.job,
        "reason": said.reason.value if said.reason else None,
        "sentence": said.sentence,
        "chosen": said.chosen and _start(said.chosen),
        "starts": [_start(start) for start in said.starts],
        "alternatives": list(said.alternatives),
    }


def _start(start: "Start") -> dict[str, Any]:
    return {
        "site": start.site,
        "start": start.start.isoformat(),
        "cost": start.cost,
        "emissions_kg": start.emissions_kg,
        "late_h": start.late_h,
        "limit": None if start.limit is None else str(start.limit),
    }


def _against_at_once(planned: "PlannedRun", said: "Explanation", chosen: "Start") -> list[str]:
    """What the wait buys: the chosen start against the earliest possible one."""
    possible = [start for start in said.starts if start.cost is not None]
    if not possible or chosen.cost is None or chosen.emissions_kg is None:
        return []
    first = min(possible, key=lambda start: (start.start, start.site))
    if first.start >= chosen.start or first.cost is None or first.emissions_kg is None:
        return []
    currency = planned.problem.objective.currency
    kg, cost = first.emissions_kg - chosen.emissions_kg, first.cost - chosen.cost
    return [
        f"starting {_when(first)} at {first.site} would emit {_more(kg, 'kg CO2e')} "
        f"and cost {_more(cost, currency)}"
    ]


def _more(difference: float, unit: str) -> str:
    return f"{amount(abs(difference), unit)} {'more' if difference >= 0 else 'less'}"


def _telling(said: "Explanation") -> list["Start"]:
    """A few starts that tell the story: earliest, chosen, cheapest, cleanest, first refused."""
    possible = [start for start in said.starts if start.cost is not None]
    refused = [start for start in said.starts if start.limit]
    told = [
        *possible[:1],
        *([said.chosen] if said.chosen else []),
        *sorted(possible, key=lambda start: (start.cost or 0.0, start.start))[:CLOSEST],
        *sorted(possible, key=lambda start: (start.emissions_kg or 0.0, start.start))[:CLOSEST],
        *refused[:1],
    ]
    once = {(start.site, start.start): start for start in told}
    return sorted(once.values(), key=lambda start: (start.start, start.site))


def _row(planned: "PlannedRun", start: "Start") -> list[str]:
    currency = planned.problem.objective.currency
    return [
        start.site,
        _when(start),
        "–" if start.cost is None else amount(start.cost, currency),
        "–" if start.emissions_kg is None else amount(start.emissions_kg, "kg"),
        duration(start.late_h) if start.late_h > 0 else "–",
        "" if start.limit is None else str(start.limit),
    ]


def _when(start: "Start") -> str:
    return start.start.strftime("%a %d %b %H:%M")
