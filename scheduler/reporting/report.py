"""Composes the report: frames, figures, tables and sentences set into one HTML file.

The file needs nothing else: scripts, styles and data lie in it, and its content security policy
forbids it any connection. The same run gives the same bytes.
"""

import pandas as pd

from scheduler.planning.document import document
from scheduler.planning.run import PlannedRun
from scheduler.reporting import tables, words
from scheduler.reporting.attach import columns_text, json_text
from scheduler.reporting.drawings import Drawings
from scheduler.reporting.figures.door import trusted
from scheduler.reporting.frames import account, energy, outlook, work
from scheduler.reporting.shell import shell
from scheduler.reporting.texts import Language
from scheduler.reporting.texts import language as language_of
from scheduler.scenario import dump

MINUTE_S = 60


def render(run: PlannedRun, *, language: str = "en") -> str:
    """The report of `run` as one HTML document.

    Args:
        run: What was planned.
        language: en or fr.

    Raises:
        InputError: altair, of the extra `report`, is not installed.
    """
    said = language_of(language)
    frames = frames_of(run, said)
    return shell("report.html.jinja").render(
        **_head(run, said),
        **_figures(run, frames, said),
        **_tables(run, frames, said),
        assumptions=words.assumptions(run, frames["sources"], said),
        limits=words.limits(run, said),
        conflicts=words.conflicts(run, said),
        futures=words.futures(run, said),
        command=words.command(run),
        scenario_file=words.scenario_file(run),
        scenario=json_text(dump(run.scenario)),
        document=json_text(_document(run)),
        attached={name: (columns_text(frame), len(frame)) for name, frame in frames.items()},
        locale=json_text({"numbers": said.numbers, "times": said.times}),
        run=run,
        say=said.say,
        lang=said.code,
    )


def frames_of(run: PlannedRun, said: Language) -> dict[str, pd.DataFrame]:
    """Every table that is drawn, shown and attached, by name."""
    jobs = tables.explained(run, work.jobs(run), said)
    return {
        "energy": energy.energy(run),
        "jobs": jobs,
        "runs": work.runs(run, jobs),
        "services": work.services(run),
        "forecasts": outlook.bands(run),
        "sources": outlook.sources(run),
        "kpis": account.kpis(run),
        "sites": account.sites(run),
        "waterfall": account.waterfall(run),
        "shortfalls": account.shortfalls(run),
        **({"futures": account.futures(run.futures)} if run.futures else {}),
    }


def _head(run: PlannedRun, said: Language) -> dict[str, object]:
    horizon, world = run.problem.horizon, run.scenario.world
    return {
        "title": said.say("title", name=run.scenario.name),
        "question": said.quote(world.question) or said.say("no_question", name=run.scenario.name),
        "span": said.say(
            "span",
            start=said.instant(horizon.start),
            end=said.instant(horizon.end),
            step_min=said.number(horizon.step.total_seconds() / MINUTE_S),
            issued=said.instant(run.issued_at),
        ),
        "basis": words.basis(run, said),
        "cards": words.cards(run, said),
        "advice": words.advice(run, said),
        "advice_basis": words.advice_basis(run, said),
    }


def _figures(run: PlannedRun, frames: dict[str, pd.DataFrame], said: Language) -> dict[str, object]:
    drawings = Drawings(run, frames, said)
    with trusted():
        return {
            "first": drawings.first(),
            "legend": drawings.legend(),
            "savings": drawings.savings(),
            "sites": list(drawings.sites()),
            "gantts": list(drawings.gantts()),
            "job_legend": drawings.job_legend(),
            "batteries": list(drawings.batteries()),
            "bands": list(drawings.forecasts()),
        }


def _tables(run: PlannedRun, frames: dict[str, pd.DataFrame], said: Language) -> dict[str, object]:
    shown = {
        "kpis": tables.kpis(run, frames["kpis"], said),
        "waterfall": tables.waterfall(run, frames["waterfall"], said) if run.waterfall else None,
        "sites": tables.sites(run, frames["sites"], said),
        "jobs": tables.jobs(frames["jobs"], said) if run.problem.jobs else None,
        "services": tables.services(run, frames["services"], said)
        if run.problem.services
        else None,
        "shortfalls": tables.shortfalls(run, frames["shortfalls"], said)
        if len(frames["shortfalls"])
        else None,
        "futures": tables.futures(run, frames["futures"], said) if run.futures else None,
        "sources": tables.sources(frames["sources"], said) if len(frames["sources"]) else None,
        "prices": tables.prices(run, said),
        "versions": tables.versions(run, said),
    }
    return {"tables": shown}


def _document(run: PlannedRun) -> dict[str, object]:
    """The run's document without the seconds it took, the one thing that differs between runs."""
    whole = document(run)
    whole["solver"] = {name: one for name, one in whole["solver"].items() if name != "seconds"}
    return whole
