"""Tables of jobs: one job a row, its columns named as the fields of a job.

A list in a CSV cell is parted by `;`: `MA;FR`. A mode is `gpus:speed:power_kw_per_gpu`, such as
`4:0.55:1.2;16:1.8:1.2`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from scheduler.scenario.errors import Finding, Path, Problem, dotted
from scheduler.scenario.fields import NAME_PATTERN
from scheduler.scenario.job_checks import job_findings
from scheduler.scenario.jobs import Job, JobFile, instants
from scheduler.scenario.positions import strip_branches
from scheduler.scenario.suggest import did_you_mean, quoted
from scheduler.scenario.table import Table, TableError
from scheduler.scenario.wording import message
from scheduler.scenario.world import World

MOST_PROBLEMS = 20
_WHOLE = ("gpus",)
_TEXT = ("kind", "gpu_type", "home", "running_at")
_FLAGS = {"true": True, "false": False}
_YES_OR_NO = ("whole_nodes",)
_LISTS = ("residency", "certifications", "after")
_INSTANTS = ("release", "due", "deadline")
_MODE_PARTS = ("gpus", "speed", "power_kw_per_gpu")


@dataclass(slots=True)
class JobTable:
    """What a table of jobs gave.

    Attributes:
        jobs: By name, as a scenario writes them.
        findings: What is wrong with the defaults of the table, by place in the scenario.
        problems: What is wrong with rows.
        left_out: Rows whose job is released outside the horizon.
    """

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0


def read_jobs(
    table: Table, wanted: JobFile, path: Path, world: World, taken: Mapping[str, str]
) -> JobTable:
    """The jobs of `table`, each checked against `world`.

    Args:
        table: Rows of the file.
        wanted: How the scenario names it.
        path: Where the scenario names it.
        world: Whose sites and horizon the jobs are for.
        taken: Names of jobs that exist already, and where.
    """
    result = JobTable()
    columns = [str(name) for name in table.frame.columns]
    for name in columns:
        if name != "name" and name not in Job.model_fields:
            hint = did_you_mean(name, ["name", *Job.model_fields])
            text = f"unknown column {quoted(name)}{hint}"
            result.problems.append(Problem(source=wanted.file, line=1, message=text))
    if "name" not in columns:
        text = "no column name; each job needs a name of its own"
        result.problems.append(Problem(source=wanted.file, line=1, message=text))
    if result.problems:
        return result
    seen = dict(taken)
    for position, record in enumerate(table.frame.to_dict("records")):
        row = table.row(position)
        cells = {str(key): value for key, value in record.items() if not _empty(value)}
        for problem in _read_row(
            cells=cells,
            wanted=wanted,
            path=path,
            row=row,
            world=world,
            seen=seen,
            result=result,
        ):
            result.problems.append(problem)
        if len(result.problems) > MOST_PROBLEMS:
            result.problems[MOST_PROBLEMS:] = [
                Problem(source=wanted.file, line=row, message="and more; the rest was not read")
            ]
            break
    result.findings = list(dict.fromkeys(result.findings))
    return result


def _read_row(
    *,
    cells: dict[str, Any],
    wanted: JobFile,
    path: Path,
    row: int,
    world: World,
    seen: dict[str, str],
    result: JobTable,
) -> Iterator[Problem]:
    name = str(cells.pop("name", "")).strip()

    def problem(key: Path, text: str) -> Problem:
        return Problem(source=wanted.file, line=row, path=dotted((name, *key)), message=text)

    if not re.fullmatch(NAME_PATTERN, name):
        text = f"letters, digits, - and _ only, at most 63, got {quoted(name or None)}"
        yield Problem(source=wanted.file, line=row, path="name", message=text)
        return
    if name in seen:
        yield problem((), f"a job of that name stands in {seen[name]}; names must differ")
        return
    seen[name] = f"{wanted.file}:{row}"
    try:
        own = {key: _cell(key, value) for key, value in cells.items()}
        content = {**_fitting(wanted.defaults, own), **own}
        job = Job.model_validate(content)
    except TableError as error:
        yield problem((), str(error))
        return
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            key = strip_branches(detail["loc"])
            if key and key[0] in wanted.defaults and key[0] not in own:
                here = (*path, "defaults", *key)
                result.findings.append(Finding(here, message(detail, ("jobs", "list", "", *key))))
            else:
                yield problem(key, message(detail, ("jobs", "list", "", *key)))
        return
    release = instants(job, world)[0]
    began = job.running_at is not None
    if not (began or world.horizon.start <= release < world.horizon.end):
        result.left_out += 1
        return
    found = [problem(finding.path, finding.message) for finding in job_findings(world, job, ())]
    yield from found
    if not found:
        result.jobs[name] = content


def _fitting(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults, but for an instant the row gives in the other form."""
    given = {key.removesuffix("_h") for key in own if key.removesuffix("_h") in _INSTANTS}
    return {key: value for key, value in defaults.items() if key.removesuffix("_h") not in given}


def _empty(value: Any) -> bool:
    if isinstance(value, list | tuple | dict | np.ndarray):
        return False
    return bool(pd.isna(value)) or (isinstance(value, str) and not value.strip())


def _cell(key: str, value: Any) -> Any:
    """A cell as the field `key` wants it: CSV text parsed, parquet's own types unwrapped."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if key in _LISTS:
        return _parts(value) if isinstance(value, str) else value
    if key == "modes":
        return [_mode(text) for text in _parts(value)] if isinstance(value, str) else value
    if isinstance(value, str):
        return _of_text(key, value.strip())
    if key in _WHOLE and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _of_text(key: str, text: str) -> Any:
    if key in _TEXT or key in _INSTANTS:
        return text
    return (
        _FLAGS.get(text.lower(), text) if key in _YES_OR_NO else _number(text, whole=key in _WHOLE)
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _mode(text: str) -> dict[str, Any]:
    parts = text.split(":")
    if len(parts) != len(_MODE_PARTS):
        raise TableError(
            f"modes must be gpus:speed:power_kw_per_gpu parted by ;, got {quoted(text)}"
        )
    return {
        key: _number(part.strip(), whole=key in _WHOLE)
        for key, part in zip(_MODE_PARTS, parts, strict=True)
    }


def _number(text: str, *, whole: bool) -> float | int | str:
    """The number in `text`; what is none stays text, and its field refuses it."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if whole and number.is_integer() else number
