"""From a file, or the name of a built-in world, to a `Scenario`; or every problem at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from scheduler.scenario import builtin
from scheduler.scenario.checks import findings
from scheduler.scenario.document import LARGEST_BYTES, START_HINT, parse, plain
from scheduler.scenario.edit import Edit, apply_edits, read_edits
from scheduler.scenario.errors import Finding, Path, Problem, ScenarioError, dotted
from scheduler.scenario.fields import utc_text
from scheduler.scenario.generate import generate
from scheduler.scenario.job_checks import order_findings
from scheduler.scenario.job_files import read_jobs
from scheduler.scenario.jobs import job_spec
from scheduler.scenario.positions import position, strip_branches
from scheduler.scenario.prune import pruned
from scheduler.scenario.records import read_records, record_findings
from scheduler.scenario.resolve import (
    SeriesReader,
    length_findings,
    price_findings,
    put,
    service_series,
    site_series,
)
from scheduler.scenario.scenario import Scenario
from scheduler.scenario.suggest import did_you_mean
from scheduler.scenario.table import TableError
from scheduler.scenario.wording import follows, message
from scheduler.scenario.world import World


def load(
    ref: str | FilePath,
    *,
    edits: Sequence[str] = (),
    start: datetime | str | None = None,
    days: float | None = None,
) -> Scenario:
    """The scenario in a file, or of a built-in world, changed as asked.

    Args:
        ref: A path, or the name of a built-in world.
        edits: Changes such as `sites.dakhla.battery.energy_kwh=800`, made in order.
        start: Start of the horizon instead of the file's.
        days: Length of the horizon instead of the file's. [d]

    Raises:
        ScenarioError: With every problem found, each with its place and repair.
    """
    text, source, folder = _find(ref)
    document, problems = parse(text, source)
    changes, wrong = read_edits(edits)
    problems += wrong
    if start is not None:
        at = (
            utc_text(start)
            if isinstance(start, datetime) and start.utcoffset() is not None
            else start
        )
        changes.append(Edit(f"--start {at}", ("horizon", "start"), str(at)))
    if days is not None:
        changes.append(Edit(f"--days {days:g}", ("horizon", "days"), days))
    problems += apply_edits(document, changes)
    places = _Places(source, document, changes)
    try:
        content = plain(document)
    except ValueError as error:
        raise ScenarioError([Problem(source=source, message=f"too large: {error}")]) from None
    world, field_findings = _world(content)
    problems += places.problems(field_findings)
    if world is None:
        raise ScenarioError(problems)
    reader = SeriesReader(folder)
    problems += places.problems(
        [*findings(world), *length_findings(world), *record_findings(world)]
    )
    put(content, reader.series(world))
    put(content, read_records(world, reader))
    notes = _take_jobs(content, world, reader)
    problems += places.problems(reader.findings) + reader.problems
    if problems:
        raise ScenarioError(problems)
    return _scenario(World.model_validate(content), places, source, reader, notes)


def _scenario(
    world: World, places: "_Places", source: str, reader: SeriesReader, notes: list[str]
) -> Scenario:
    """The scenario of a world whose files are read; the last checks need their numbers."""
    late = places.problems([*findings(world), *price_findings(world)])
    if late:
        raise ScenarioError(late)
    generated = generate(world)
    taken = world.jobs.listed.keys() & {job.name for job in generated.jobs}
    if taken:
        text = "the generator uses that name; choose another"
        raise ScenarioError(
            places.problems(Finding(("jobs", "list", name), text) for name in sorted(taken))
        )
    names = [*world.jobs.listed, *(job.name for job in generated.jobs)]
    disorder = places.problems(order_findings(world.jobs.listed, names))
    if disorder:
        raise ScenarioError(disorder)
    listed = tuple(job_spec(name, job, world) for name, job in world.jobs.listed.items())
    return Scenario(
        world=world,
        jobs=listed + generated.jobs,
        sites={name: site_series(site, world.horizon) for name, site in world.sites.items()},
        services={
            name: service_series(service, world.regions, world.horizon)
            for name, service in world.services.items()
        },
        source=source,
        files=reader.files,
        notes=(*notes, *generated.notes),
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Where findings stand: a line of the file, or the option that changed it."""

    source: str
    document: CommentedMap
    changes: Sequence[Edit]

    def problems(self, found: Iterable[Finding]) -> list[Problem]:
        return [self._problem(finding) for finding in found]

    def _problem(self, finding: Finding) -> Problem:
        path = strip_branches(finding.path)
        for change in reversed(self.changes):
            if dotted(path[: len(change.path)]) == dotted(change.path):
                return Problem(source=change.option, path=dotted(path), message=finding.message)
        line, column = position(self.document, path)
        return Problem(
            source=self.source,
            line=line,
            column=column,
            path=dotted(path),
            message=finding.message,
        )


def _find(ref: str | FilePath) -> tuple[str, str, FilePath]:
    """Text, name for messages, and folder of what `ref` names."""
    name = str(ref)
    if name in builtin.names() and not isinstance(ref, FilePath):
        return builtin.read(name), f"{name}.yaml", builtin.FOLDER
    path = FilePath(ref)
    if not path.is_file():
        looks_like_name = path.suffix not in (".yaml", ".yml") and path.name == name
        hint = did_you_mean(name, builtin.names()) if looks_like_name else f"; {START_HINT}"
        what = (
            "is a folder" if path.is_dir() else "no plain file" if path.exists() else "no such file"
        )
        what += ", and no built-in world has that name" if looks_like_name else ""
        raise ScenarioError([Problem(source=name, message=f"{what}{hint}")])
    try:
        if path.stat().st_size > LARGEST_BYTES:
            size = path.stat().st_size / 1e6
            text = f"must not exceed {LARGEST_BYTES / 1e6:g} MB, got {size:.1f} MB"
            raise ScenarioError(
                [Problem(source=name, message=f"{text}; put series and jobs into files beside it")]
            )
        return path.read_text(encoding="utf-8-sig"), name, path.parent
    except UnicodeDecodeError:
        text = "is not text in UTF-8; save it as such"
        raise ScenarioError([Problem(source=name, message=text)]) from None
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
        raise ScenarioError([Problem(source=name, message=text)]) from None


def _world(content: dict[str, Any]) -> tuple[World | None, list[Finding]]:
    """The world in `content`, and what is wrong with its fields.

    With wrong fields it is the rest of the world, fit for further checks only; or none, where a
    part that others refer to is broken.
    """
    try:
        return World.model_validate(content), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    paths = [strip_branches(detail["loc"]) for detail in details]
    unknown: list[Path] = []
    wrong: list[Path] = []
    for path, detail in zip(paths, details, strict=True):
        (unknown if detail["type"] == "extra_forbidden" else wrong).append(path)
    found = [
        Finding(path, message(detail, path))
        for path, detail in zip(paths, details, strict=True)
        if not follows(detail["type"], path, wrong, unknown)
    ]
    if not pruned(content, wrong, unknown):
        return None, found
    try:
        return World.model_validate(content), found
    except ValidationError:
        return None, found


def _take_jobs(content: dict[str, Any], world: World, reader: SeriesReader) -> list[str]:
    """Move the jobs of tables into the list of jobs in `content`; return notes on the way."""
    notes: list[str] = []
    if not world.jobs.files:
        return notes
    jobs = content["jobs"]
    listed = dict(jobs.get("list") or {})
    taken = dict.fromkeys(listed, "jobs.list")
    for number, wanted in enumerate(world.jobs.files):
        path: Path = ("jobs", "files", number)
        try:
            table = reader.table(wanted.file)
        except TableError as error:
            reader.findings.append(Finding((*path, "file"), str(error)))
            continue
        read = read_jobs(table, wanted, path, world, taken)
        reader.findings += read.findings
        reader.problems += read.problems
        listed.update(read.jobs)
        taken.update(dict.fromkeys(read.jobs, wanted.file))
        if read.left_out:
            notes.append(
                f"{wanted.file}: {read.left_out} of {table.file.rows} jobs are released outside "
                "the horizon and left out"
            )
    jobs["list"], jobs["files"] = listed, []
    return notes
