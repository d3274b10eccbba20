"""At which line a value of a YAML document stands."""

from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from scheduler.scenario.errors import Path


def position(document: CommentedMap, path: Path) -> tuple[int, int]:
    """Line and column, from 1, of the deepest key of `document` on `path`.

    A key that came through a YAML merge (`<<`) has no place of its own; its mapping's is given.
    """
    line, column = document.lc.line, document.lc.col
    node: Any = document
    for key in path:
        try:
            if isinstance(node, CommentedMap):
                line, column = node.lc.key(key)
            elif isinstance(node, CommentedSeq):
                line, column = node.lc.item(key)
            node = node[key]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line + 1, column + 1


def strip_branches(path: Path) -> Path:
    """`path` without the names of union branches, which stand in no document."""
    return tuple(
        key
        for key in path
        if not (isinstance(key, str) and (key == "[key]" or (key[:1] + key[-1:]) == "<>"))
    )
