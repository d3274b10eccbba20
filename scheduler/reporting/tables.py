"""The tables a reader sees: frames in words, numbers as the language writes them."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from scheduler.planning.explainer import Explainer
from scheduler.planning.run import PlannedRun
from scheduler.reporting.figures.waterfall import key_of
from scheduler.reporting.frames.account import WATERFALL
from scheduler.reporting.texts import NONE, Language

UNIT_OF_ENDING = {
    "_kg": "kg CO2e",
    "_kwh": "kWh",
    "_kw": "kW",
    "_kw_h": "kW h",
    "_l": "l",
    "gpu_h": "GPU-h",
    "gpu_hours": "GPU-h",
}
SLA = "sla_violation_share"
JOB_INSTANTS = ("release", "start", "end", "due", "deadline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: its text, and whether it is a number."""

    text: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table; the first cell of a row is its header.

    Attributes:
        name: Of the element, unique in a page.
    """

    name: str
    caption: str
    headers: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


def text(value: str) -> Cell:
    """A cell of words."""
    return Cell(text=value)


def number(value: str) -> Cell:
    """A cell with a number already written."""
    return Cell(text=value, is_number=True)


def unit_of(name: str, currency: str) -> str:
    """Unit of a figure, from its name."""
    if name == "cost" or name.endswith("_cost"):
        return currency
    return next((unit for ending, unit in UNIT_OF_ENDING.items() if name.endswith(ending)), "")


def kpis(run: PlannedRun, frame: pd.DataFrame, words: Language) -> Table:
    """Plan, run-now and saving, with units; ranges where there are any."""
    rows = []
    for row in frame.to_dict("records"):
        name = str(row["kpi"])

        def shown(value: float, name: str = name) -> str:
            return words.percent(100 * value) if name == SLA else words.number(value)

        values = []
        for plan in ("plan", "run_now"):
            values.append(shown(row[plan]))
            if run.spread:
                ends = (shown(row[f"{plan}_{end}"]) for end in ("low", "high"))
                values.append(words.say("range", **dict(zip(("low", "high"), ends, strict=True))))
        rows.append(
            (
                text(words.say(f"kpi.{name}")),
                text(unit_of(name, run.kpis.currency)),
                *(number(one) for one in values),
                number(words.percent(row["saving_percent"], sign=True)),
            )
        )
    numeric = ["plan", "run_now", "saving"]
    if run.spread:
        numeric = ["plan", "plan_range", "run_now", "run_now_range", "saving"]
    return _table("kpis", words, ["figure", "unit"], numeric, rows)


def waterfall(run: PlannedRun, frame: pd.DataFrame, words: Language) -> Table:
    """The bars of the waterfall, as numbers: totals at both ends, changes between."""
    rows = []
    last = len(frame) - 1
    for order, freedom in enumerate(frame["freedom"]):
        is_total = order in (0, last)
        rows.append(
            (
                text(words.say(key_of(freedom))),
                *(
                    number(words.number(frame[f"{kpi}_change"][order], sign=not is_total))
                    for kpi in WATERFALL
                ),
            )
        )
    headers = (
        text(words.say("column.freedom")),
        number(words.say("column.emissions_change")),
        number(words.say("column.cost_change", currency=run.kpis.currency)),
    )
    caption = words.say("table.waterfall")
    return Table(name="waterfall", caption=caption, headers=headers, rows=tuple(rows))


def sites(run: PlannedRun, frame: pd.DataFrame, words: Language) -> Table:
    """Each site's account, a row a figure; what is nowhere above zero is left out."""
    figures = [name for name in frame.columns if name not in ("site", "plan")]
    rows = []
    for name in figures:
        values = frame[name]
        if (values == 0).all():
            continue
        rows.append(
            (
                text(words.say(f"kpi.{name}")),
                text(unit_of(name, run.kpis.currency)),
                *(number(words.number(value)) for value in values),
            )
        )
    pairs = zip(frame["site"], frame["plan"], strict=True)
    headers = (
        text(words.say("column.figure")),
        text(words.say("column.unit")),
        *(number(f"{site}, {words.say(plan)}") for site, plan in pairs),
    )
    caption = words.say("table.sites")
    return Table(name="sites", caption=caption, headers=headers, rows=tuple(rows))


def jobs(frame: pd.DataFrame, words: Language) -> Table:
    """One row a job: when, where, why."""
    rows = [
        (
            text(job["job"]),
            text(words.say(f"kind.{job['kind']}")),
            number(words.number(job["gpus"])),
            number(words.number(job["work_h"])),
            text(job["home"]),
            text(job["site"] if pd.notna(job["start_utc"]) else NONE),
            *(number(words.instant(job[f"{one}_utc"])) for one in JOB_INSTANTS),
            number(words.number(job["wait_h"])),
            number(words.instant(job["run_now_start_utc"])),
            number(words.number(job["saves_kg"], sign=True)),
            text(job["why"]),
        )
        for job in frame.to_dict("records")
    ]
    headers = (
        *(text(words.say(f"column.{name}")) for name in ("job", "kind")),
        *(number(words.say(f"column.{name}")) for name in ("gpus", "work_h")),
        *(text(words.say(f"column.{name}")) for name in ("home", "site")),
        *(number(words.say(f"column.{name}")) for name in JOB_INSTANTS),
        *(number(words.say(f"column.{name}")) for name in ("wait_h", "run_now_start", "saves_kg")),
        text(words.say("column.why")),
    )
    caption = words.say("table.jobs")
    return Table(name="jobs", caption=caption, headers=headers, rows=tuple(rows))


def services(run: PlannedRun, frame: pd.DataFrame, words: Language) -> Table:
    """Two rows a service: plan and run-now; the models that answer where there are several."""
    places = [site.name for site in run.problem.sites]
    varied = any(service.variants for service in run.problem.services)
    rows = [
        (
            text(row["service"]),
            text(words.say(row["plan"])),
            text(row["home"]),
            *(number(words.number(row[name])) for name in ("requests", "unserved_requests")),
            number(words.number(row["replica_h"])),
            *(number(words.percent(100 * row[f"share_at_{place}"])) for place in places),
            *(_quality(row, words) if varied else ()),
        )
        for row in frame.to_dict("records")
    ]
    headers = (
        *(text(words.say(f"column.{name}")) for name in ("service", "plan", "home")),
        *(number(words.say(f"column.{name}")) for name in ("requests", "unserved", "replica_h")),
        *(number(words.say("column.share_at", site=place)) for place in places),
        *((number(words.say("column.mean_quality")),) if varied else ()),
        *((text(words.say("column.models")),) if varied else ()),
    )
    caption = words.say("table.services")
    return Table(name="services", caption=caption, headers=headers, rows=tuple(rows))


def _quality(row: Mapping[Hashable, Any], words: Language) -> tuple[Cell, Cell]:
    """Mean quality of the answers, and who gives how many of them."""
    shares = (f"{name} {words.percent(100 * share)}" for name, share in row["models"].items())
    return number(words.percent(100 * row["mean_quality"])), text(", ".join(shares))


def shortfalls(run: PlannedRun, frame: pd.DataFrame, words: Language) -> Table:
    """What could not be met, and at what price it was left."""
    rows = [
        (
            text(words.say(f"shortfall.{row['shortfall']}")),
            text(row["unit"]),
            number(words.number(row["amount"])),
            number(words.money(row["price_per_unit"], run.kpis.currency)),
        )
        for row in frame.to_dict("records")
    ]
    return _table("shortfalls", words, ["shortfall", "unit"], ["amount", "price"], rows)


def futures(run: PlannedRun, frame: pd.DataFrame, words: Language) -> Table:
    """What the plan comes to in each future it was made for."""
    rows = [
        (
            text(words.number(row["future"])),
            number(words.percent(100 * row["weight"])),
            number(words.money(row["cost"], run.kpis.currency)),
        )
        for row in frame.to_dict("records")
    ]
    return _table("futures", words, ["future"], ["weight", "objective"], rows)


def sources(frame: pd.DataFrame, words: Language) -> Table:
    """Every forecast: kind, issue time, rung, source."""
    rows = [
        (
            text(words.say(f"variable.{row['variable']}")),
            text(row["place"]),
            text(row["unit"]),
            text(words.say(f"origin.{row['kind']}")),
            text(words.instant(row["issued_at_utc"])),
            text(
                words.say("rung", rung=words.quote(row["rung"]), reason=words.quote(row["reason"]))
            ),
            text(words.quote(row["source"])),
            number(words.percent(_in_percent(row["coverage_90"]))),
        )
        for row in frame.to_dict("records")
    ]
    wordy = ["variable", "place", "unit", "origin", "issued", "rung", "source"]
    return _table("sources", words, wordy, ["coverage"], rows)


def prices(run: PlannedRun, words: Language) -> Table:
    """What weighs what has no bill; of what may be left unsaid, only what is said."""
    objective = run.problem.objective
    rows = [
        (
            text(words.say(f"price.{one.name}")),
            number(
                f"{words.number(getattr(objective, one.name))} kg CO2e"
                if one.name == "carbon_budget_kg"
                else words.money(getattr(objective, one.name), objective.currency)
            ),
        )
        for one in fields(objective)
        if one.name != "currency"
        and not (one.metadata and getattr(objective, one.name) == one.default)
    ]
    headers = (text(words.say("column.figure")), number(words.say("column.price_of")))
    caption = words.say("assumed.prices")
    return Table(name="prices", caption=caption, headers=headers, rows=tuple(rows))


def versions(run: PlannedRun, words: Language) -> Table:
    """Packages that decide the numbers."""
    rows = [(text(name), text(version)) for name, version in sorted(run.versions.items())]
    headers = tuple(text(words.say(f"column.{name}")) for name in ("package", "version"))
    caption = words.say("reproduce.versions")
    return Table(name="versions", caption=caption, headers=headers, rows=tuple(rows))


def explained(run: PlannedRun, frame: pd.DataFrame, words: Language) -> pd.DataFrame:
    """`frame` of jobs with a column `why`: what `alize explain` says of each."""
    explainer = Explainer(run)
    return frame.assign(why=[words.tell(explainer.tell(job)) for job in frame["job"]])


def _in_percent(share: float | None) -> float | None:
    return None if share is None or pd.isna(share) else 100 * share


def _table(
    name: str,
    words: Language,
    wordy: Iterable[str],
    numeric: Iterable[str],
    rows: Sequence[tuple[Cell, ...]],
) -> Table:
    return Table(
        name=name,
        caption=words.say(f"table.{name}"),
        headers=(
            *(text(words.say(f"column.{one}")) for one in wordy),
            *(number(words.say(f"column.{one}")) for one in numeric),
        ),
        rows=tuple(rows),
    )
