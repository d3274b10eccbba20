"""The page of a sweep: what moves cost and carbon most, what may be had for what, every world."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from scheduler.reporting.attach import columns_text, json_text, specification
from scheduler.reporting.drawings import Figure, Group
from scheduler.reporting.figures import sweep as figures
from scheduler.reporting.figures.door import trusted
from scheduler.reporting.frames import sweep as frames
from scheduler.reporting.shell import shell
from scheduler.reporting.tables import Cell, Table, number, text
from scheduler.reporting.texts import Language
from scheduler.reporting.texts import language as language_of

FIGURES = ("cost", "emissions_kg")
SHOWN = (
    "cost",
    "emissions_kg",
    "energy_efficiency_gain_percent",
    "jobs_late",
    "jobs_unfinished",
    "sla_violation_share",
    "gap",
)
#: More rows help nobody; the file has them all.
MOST_ROWS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A sweep to be shown.

    Attributes:
        name: Of the scenario.
        question: That it asks; may be empty.
        lived: Whether worlds were lived through, rather than planned.
        paths: What was varied.
        frame: A row a world.
        of: How many worlds the sweep has, those not worked out yet too.
        command: That makes it again.
    """

    name: str
    question: str
    lived: bool
    paths: tuple[str, ...]
    frame: pd.DataFrame
    of: int
    command: str


def render(swept: Swept, *, language: str = "en") -> str:
    """The page as one HTML document.

    Raises:
        InputError: altair, of the extra `report`, is not installed.
    """
    said = language_of(language)
    there = frames.done(swept.frame)
    unit = str(there["currency"].iloc[0]) if len(there) else ""
    attached: dict[str, pd.DataFrame] = {"worlds": swept.frame}
    groups = _groups(swept, attached, said, unit) if len(there) else []
    return shell("sweep.html.jinja").render(
        title=said.say("sweep.title", name=swept.name),
        question=said.quote(swept.question) or said.say("sweep.question", name=swept.name),
        basis=said.say(
            "sweep.basis.lived" if swept.lived else "sweep.basis.planned",
            done=len(there),
            of=swept.of,
        ),
        groups=groups,
        worlds=_worlds(swept, said, unit),
        troubled=[
            f"{frames.said([row[path] for path in swept.paths])}: {row['error']}"
            for row in swept.frame[swept.frame["status"] != "done"].to_dict("records")
        ],
        command=swept.command,
        attached={name: (columns_text(frame), len(frame)) for name, frame in attached.items()},
        locale=json_text({"numbers": said.numbers, "times": said.times}),
        say=said.say,
        lang=said.code,
    )


def _groups(
    swept: Swept, attached: dict[str, pd.DataFrame], said: Language, currency: str
) -> list[Group]:
    """Tornado, Pareto and heat map, with what each is drawn from."""
    units = {"cost": currency, "emissions_kg": "kg CO2e"}
    title = {name: f"{said.say(f'kpi.{name}')} [{units[name]}]" for name in FIGURES}
    tornados, heats = [], []
    with trusted():
        for name in FIGURES:
            rows = frames.tornado(swept.frame, swept.paths, name)
            attached[f"tornado-{name}"] = rows
            caption = said.say("sweep.tornado.alt", figure=title[name])
            chart = figures.tornado(
                f"tornado-{name}", title[name], n_axes=len(rows), description=caption
            )
            tornados.append(_figure(f"tornado-{name}", title[name], caption, chart))
        attached["pareto"] = frames.pareto(swept.frame, swept.paths)
        caption = said.say("sweep.pareto.alt")
        chart = figures.pareto("pareto", title["cost"], title["emissions_kg"], description=caption)
        pareto = _figure("pareto", "", caption, chart)
        for name in FIGURES:
            rows = frames.heat(swept.frame, swept.paths, name)
            if rows.empty:
                continue
            attached[f"heat-{name}"] = rows
            axes = (swept.paths[0], swept.paths[1])
            caption = said.say("sweep.heat.alt", figure=title[name], first=axes[0], second=axes[1])
            chart = figures.heat(
                f"heat-{name}",
                axes,
                title[name],
                n_rows=rows["second"].nunique(),
                description=caption,
            )
            heats.append(_figure(f"heat-{name}", title[name], caption, chart))
    kinds = (("tornado", tornados), ("pareto", [pareto]), ("heat", heats))
    return [
        Group(
            heading=said.say(f"sweep.{kind}"),
            caption=said.say(f"sweep.{kind}.caption"),
            rows=(tuple(row),),
        )
        for kind, row in kinds
        if row
    ]


def _figure(name: str, title: str, alt: str, chart: Any) -> Figure:
    return Figure(name=name, title=title, alt=alt, spec=json_text(specification(chart)))


def _worlds(swept: Swept, said: Language, currency: str) -> Table:
    units = {"cost": f" [{currency}]", "emissions_kg": " [kg CO2e]"}
    rows = [
        (
            text(str(row["world"])),
            *(_choice(row[path], said) for path in swept.paths),
            text(said.say(f"sweep.status.{row['status']}")),
            *(_number(row.get(name), said) for name in SHOWN),
        )
        for row in swept.frame.head(MOST_ROWS).to_dict("records")
    ]
    headers = (
        text(said.say("sweep.world")),
        *(text(path) for path in swept.paths),
        text(said.say("sweep.status")),
        *(number(said.say(f"kpi.{name}") + units.get(name, "")) for name in SHOWN),
    )
    caption = said.say("sweep.worlds", shown=len(rows), of=swept.of)
    return Table(name="worlds", caption=caption, headers=headers, rows=tuple(rows))


def _choice(value: object, said: Language) -> Cell:
    if pd.isna(value):  # type: ignore[call-overload]
        return text(said.say("sweep.as_is"))
    return number(said.number(float(value))) if isinstance(value, int | float) else text(str(value))


def _number(value: object, said: Language) -> Cell:
    known = isinstance(value, int | float) and not pd.isna(value)
    return number(said.number(float(value) if known else None))  # type: ignore[arg-type]
