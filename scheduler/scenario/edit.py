"""`--set a.b.c=value`: one change to a scenario before it is checked.

Only what exists, or may exist, can be set: a misspelt path is an error with a hint, never a new
key that nobody reads.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from scheduler.scenario.document import parse_value, plain
from scheduler.scenario.errors import Path, Problem, dotted
from scheduler.scenario.keys import ROOT, Place, below
from scheduler.scenario.suggest import did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class Edit:
    """One change.

    Attributes:
        option: As the user wrote it, for errors.
        path: Which value.
        value: What it becomes, as YAML reads it.
    """

    option: str
    path: Path
    value: Any


class EditError(Exception):
    """A change that cannot be made; the message says why."""


def read_edits(texts: Iterable[str]) -> tuple[list[Edit], list[Problem]]:
    """The changes in `texts`, each `path=value`, and what is wrong with the others."""
    edits: list[Edit] = []
    problems: list[Problem] = []
    for text in texts:
        option = f"--set {text}"
        try:
            edits.append(_read(option, text))
        except EditError as error:
            problems.append(Problem(source=option, message=str(error)))
    return edits, problems


def apply_edits(document: CommentedMap, edits: Iterable[Edit]) -> Iterator[Problem]:
    """Make each change in `document`, in order; yield why one cannot be made."""
    for edit in edits:
        try:
            _apply(document, edit)
        except EditError as error:
            yield Problem(source=edit.option, message=str(error))


def _read(option: str, text: str) -> Edit:
    name, equals, value = text.partition("=")
    keys = name.strip().split(".")
    if not equals or not all(keys):
        raise EditError("must be path=value, such as sites.dakhla.battery.energy_kwh=800")
    if not value.strip():
        raise EditError("no value after =; null removes what is set")
    try:
        parsed = parse_value(value)
    except YAMLError:
        raise EditError(f"the value is not valid YAML, got {quoted(value)}") from None
    return Edit(option, tuple(int(key) if key.isdecimal() else key for key in keys), parsed)


def _apply(document: CommentedMap, edit: Edit) -> None:
    node: Any = document
    place: Place = ROOT
    for depth, written in enumerate(edit.path):
        here, last = edit.path[: depth + 1], depth == len(edit.path) - 1
        quoted_name = isinstance(node, dict) and written not in node and str(written) in node
        key = str(written) if quoted_name else written
        _must_be_known(node, place, here, adds=last and isinstance(plain(edit.value), dict))
        place = below(place, key)
        if last:
            node[key] = edit.value
        elif isinstance(node, list) or isinstance(node.get(key), dict | list):
            node = node[key]
        elif place.fields or place.named:
            # A section nobody wrote, or a number that becomes a section.
            node[key] = node = CommentedMap()
        else:
            deeper = edit.path[depth + 1]
            raise EditError(f"{dotted(here)} is a plain value and has no keys, got {deeper}")


def _must_be_known(node: Any, place: Place, path: Path, *, adds: bool) -> None:
    """Refuse a last key of `path` that neither stands in `node` nor may stand there."""
    key, above = path[-1], dotted(path[:-1]) or "the scenario"
    if isinstance(node, list):
        if not isinstance(key, int) or key >= len(node):
            raise EditError(f"{above} is a list of {len(node)}, numbered from 0, got {key}")
        return
    known = place.fields
    if key in known:
        return
    if place.named:
        # A wrong name for a plain number is found later, where it is known what it names.
        if key in node or str(key) in node or adds or not below(place, key).models:
            return
        raise EditError(f"{above} has no {key}{did_you_mean(key, _names(node))}")
    raise EditError(f"{above} has no key {key}{did_you_mean(key, known)}")


def _names(node: Mapping[Any, Any]) -> list[str]:
    return [str(key) for key in node]
