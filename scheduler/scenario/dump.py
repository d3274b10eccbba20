"""A loaded scenario as one YAML file that needs no other and loads to an equal scenario.

Defaults are written out, series and tables stand in it as numbers; the job generator stays a
generator, so the file can still be changed with `--set`.
"""

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from scheduler.scenario.scenario import Scenario

WIDTH = 100


def dump(scenario: Scenario) -> str:
    """`scenario` as YAML."""
    content = scenario.world.model_dump(by_alias=True, exclude_none=True)
    yaml = YAML(typ="rt")
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(_written(content), text)
    return text.getvalue()


def _written(value: Any) -> Any:
    match value:
        case dict():
            return CommentedMap({key: _written(item) for key, item in value.items()})
        case list() | tuple():
            items = CommentedSeq(_written(item) for item in value)
            if not any(isinstance(item, dict) for item in value):
                items.fa.set_flow_style()
            return items
        case str() if value[:1].isdigit():
            # Hours and instants: text, whatever another YAML reader takes them for.
            return DoubleQuotedScalarString(value)
    return value
