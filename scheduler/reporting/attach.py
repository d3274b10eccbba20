"""Tables and specifications as the text a page holds: the same bytes for the same numbers.

A table is embedded once, by columns; the figures are drawn from it and the downloads made from it.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from markupsafe import Markup

from scheduler.planning.codec import instant_text

DECIMALS = 6


def json_text(value: Any) -> Markup:
    """`value` as JSON that may stand inside a script element."""
    text = json.dumps(
        _plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    # Nothing may be left in it that HTML would read.
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)


def columns_text(frame: pd.DataFrame) -> Markup:
    """A table by columns, in their order."""
    return json_text([[str(name), frame[name].tolist()] for name in frame.columns])


def specification(chart: Any) -> dict[str, Any]:
    """A chart as Vega-Lite, without the address of its schema and without counted names."""
    spec: dict[str, Any] = chart.to_dict(validate=False)
    for unwanted in ("$schema", "config", "datasets"):
        spec.pop(unwanted, None)
    return dict(_unnamed(spec))


def _unnamed(value: Any) -> Any:
    """`value` without the names of views, which altair counts over the whole process."""
    match value:
        case dict():
            return {
                key: _unnamed(item)
                for key, item in value.items()
                if not (key == "name" and isinstance(item, str) and item.startswith("view_"))
            }
        case list():
            return [_unnamed(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """`value` of JSON's own types; rounded, no number that is none, no minus before zero."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case bool() | int() | str() | None:
            return value
        case float():
            return None if not math.isfinite(value) else round(value, DECIMALS) + 0.0
        case datetime():
            return None if pd.isna(value) else instant_text(value)
    return None if pd.isna(value) else str(value)
