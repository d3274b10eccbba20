"""YAML text in, a document that remembers its lines out; or what is wrong with the text.

Times stay text here: YAML's own idea of a time drops its zone, and the fields want it.
"""

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarbool import ScalarBoolean

from scheduler.scenario.errors import Path, Problem, ScenarioError, dotted
from scheduler.scenario.suggest import quoted

LARGEST_BYTES = 5_000_000
LARGEST_NODES = 500_000
DEEPEST_LEVEL = 100
START_HINT = "`alize scenario copy dakhla` makes one to start from"


class _Constructor(RoundTripConstructor):
    """As ruamel.yaml's, but a time is text."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_str)


class _Composer(Composer):
    """As ruamel.yaml's, but refuses what is nested deeper than anyone writes by hand."""

    level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The node of the next event, inside `parent`."""
        if self.level >= DEEPEST_LEVEL:
            mark = self.parser.peek_event().start_mark
            raise ComposerError(None, None, f"nested deeper than {DEEPEST_LEVEL} levels", mark)
        self.level += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.level -= 1


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Composer = _Composer
    yaml.Constructor = _Constructor
    yaml.allow_duplicate_keys = True
    return yaml


def parse(text: str, source: str) -> tuple[CommentedMap, list[Problem]]:
    """The document in `text`, with a problem for each key that stands twice.

    Raises:
        ScenarioError: Where the text is no YAML mapping at all.
    """
    if len(text) > LARGEST_BYTES:
        raise ScenarioError([_whole(source, _too_large(len(text)))])
    try:
        constructor, _ = _yaml().get_constructor_parser(text)
        node = constructor.composer.get_single_node()
        twice = list(_duplicates(source, node, (), set()))
        document = None if node is None else constructor.construct_document(node)
    except ReaderError as error:
        message = f"not text YAML can hold: character #x{error.character:04x}; save it as UTF-8"
        raise ScenarioError([_whole(source, message)]) from None
    except MarkedYAMLError as error:
        raise ScenarioError([_syntax(source, text, error)]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ScenarioError([_whole(source, f"not valid YAML: {error}")]) from None
    if document is None:
        raise ScenarioError([_whole(source, f"the file is empty; {START_HINT}")])
    if not isinstance(document, CommentedMap):
        message = f"must be a mapping such as `version: 1`, got {quoted(plain(document))}"
        raise ScenarioError([Problem(source=source, line=1, column=1, message=message)])
    return document, twice


def parse_value(text: str) -> Any:
    """The value of `text` as a scenario would read it: `800`, `true`, `[1, 2]`, `fixed`.

    Raises:
        YAMLError: Where the text is no YAML.
    """
    return _yaml().load(text)


def plain(node: Any) -> Any:
    """`node` without its lines and comments: dicts, lists, text, numbers, true or false.

    Raises:
        ValueError: Where aliases make the document larger than anyone wrote it.
    """
    budget = [LARGEST_NODES]

    def walk(value: Any) -> Any:
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError(f"more than {LARGEST_NODES} values")
        match value:
            case dict():
                return {walk(key): walk(item) for key, item in value.items()}
            case list():
                return [walk(item) for item in value]
        return _scalar(value)

    return walk(node)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, ScalarBoolean):
        return bool(value)
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def _whole(source: str, message: str) -> Problem:
    return Problem(source=source, message=message)


def _too_large(size: int) -> str:
    return (
        f"must not exceed {LARGEST_BYTES / 1e6:g} MB, got {size / 1e6:.1f} MB; "
        "put series and jobs into files beside it"
    )


def _syntax(source: str, text: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    content = lines[line] if line < len(lines) else ""
    indentation = content[: len(content) - len(content.lstrip())]
    what = str(error.problem or error.context or error)
    if "\t" in indentation:
        column = indentation.index("\t")
        message = "a tab indents this line; YAML wants spaces"
    elif "\\t" in what:
        message = "a tab stands here; YAML wants spaces"
    elif "mapping values are not allowed" in what:
        message = "not valid YAML: a second `:` on the line, or wrong indentation; quote the text"
    elif "expected a single document" in str(error):
        message = "one scenario a file, got a second one after `---`; put it into its own file"
    elif "undefined alias" in what:
        message = f"not valid YAML: {what}; define it with & before it is used"
    else:
        message = f"not valid YAML: {what}; look for a missing quote, bracket or indentation"
    return Problem(source=source, line=line + 1, column=column + 1, message=message)


def _duplicates(source: str, node: Node | None, path: Path, seen: set[int]) -> Iterator[Problem]:
    """A problem for each key that stands twice in one mapping; YAML would keep only one."""
    if id(node) in seen:
        return  # an alias: told where it is defined
    seen.add(id(node))
    match node:
        case MappingNode():
            first: dict[str, int] = {}
            for key, value in node.value:
                name = key.value if isinstance(key, ScalarNode) else ""
                here = (*path, name)
                line = key.start_mark.line + 1
                if name in first and name != "<<":
                    message = f"stands twice, first in line {first[name]}; keep one of them"
                    column = key.start_mark.column + 1
                    yield Problem(
                        source=source, line=line, column=column, path=dotted(here), message=message
                    )
                first.setdefault(name, line)
                yield from _duplicates(source, value, here, seen)
        case SequenceNode():
            for number, item in enumerate(node.value):
                yield from _duplicates(source, item, (*path, number), seen)
