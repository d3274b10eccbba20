"""How an error of a field reads: what must hold, what was got, what to do.

pydantic says what it checked, in its own words and by its own names; the table here says the same
to someone who writes YAML, keyed on pydantic's error types.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from scheduler.scenario.errors import Path
from scheduler.scenario.fields import NUMBER
from scheduler.scenario.keys import place_at
from scheduler.scenario.suggest import did_you_mean, quoted

PERCENT = 100
W_PER_KW = 1000
_Context = Mapping[str, Any]
_SERIES = ", or a list with one value a step, or {file: …, column: …}"


def _least(value: Any, context: _Context) -> str:
    return f"must be at least {context['ge']:g}, got {quoted(value)}"


def _above(value: Any, context: _Context) -> str:
    return f"must be above {context['gt']:g}, got {quoted(value)}"


def _most(value: Any, context: _Context) -> str:
    return f"must be at most {context['le']:g}, got {quoted(value)}"


def _below(value: Any, context: _Context) -> str:
    return f"must be below {context['lt']:g}, got {quoted(value)}"


def _literal(value: Any, context: _Context) -> str:
    choices = [choice.strip("'") for choice in _split(str(context["expected"]))]
    hint = did_you_mean(value, choices)
    hint = hint if "did you mean" in hint else ""
    return f"must be {' or '.join(choices)}, got {quoted(value)}{hint}"


def _split(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _whole(value: Any, _: _Context) -> str:
    return f"must be a whole number, got {quoted(value)}"


def _length(value: Any, context: _Context) -> str:
    least, most = context.get("min_length"), context.get("max_length")
    got = context.get("actual_length", len(value) if hasattr(value, "__len__") else "?")
    if least is not None:
        return f"must hold at least {least}, got {got}"
    return f"must hold at most {most}, got {got}"


def _pattern(value: Any, context: _Context) -> str:
    pattern = str(context["pattern"])
    if pattern == "^[A-Z]{3}$":
        return f"must be an ISO code such as MAD or EUR, got {quoted(value)}"
    if ":" in pattern:
        return f"must be hours such as 22:00-07:00, got {quoted(value)}"
    return f"a name holds letters, digits, - and _ only, at most 63, got {quoted(value)}"


def _number(value: Any, _: _Context) -> str:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return f"must be a number, got {quoted(value)}"
        return f"must be a number, got the text {quoted(value)}; remove the quotes"
    return f"must be a number, got {quoted(value)}"


def _text(value: Any, _: _Context) -> str:
    if isinstance(value, bool | int | float):
        return f"must be text, got {quoted(value)}; put it in quotes"
    return f"must be text, got {quoted(value)}"


def _mapping(value: Any, _: _Context) -> str:
    return f"must be a mapping of keys and values, got {quoted(value)}"


def _list(value: Any, _: _Context) -> str:
    return f"must be a list, got {quoted(value)}; write [{'…' if value is None else value}]"


WORDING: Mapping[str, Callable[[Any, _Context], str]] = {
    "missing": lambda _value, _context: "required, but missing",
    "greater_than_equal": _least,
    "greater_than": _above,
    "less_than_equal": _most,
    "less_than": _below,
    "literal_error": _literal,
    "float_type": _number,
    "float_parsing": _number,
    "finite_number": lambda value, _: f"must be a finite number, got {quoted(value)}",
    "int_type": _whole,
    "int_parsing": _whole,
    "int_parsing_size": _whole,
    "int_from_float": _whole,
    "bool_type": lambda value, _: f"must be true or false, got {quoted(value)}",
    "string_type": _text,
    "string_pattern_mismatch": _pattern,
    "string_too_short": lambda _value, _context: "must not be empty",
    "string_too_long": lambda _value, context: f"must be at most {context['max_length']} letters",
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "dict_type": _mapping,
    "tuple_type": _list,
    "too_short": _length,
    "too_long": _length,
}


def message(error: ErrorDetails, path: Path) -> str:
    """What to tell the user about `error`, found at `path` of the document."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(path[-1], place_at(path[:-1]).fields)}"
    wording = WORDING.get(kind)
    if wording is None:
        return error["msg"]
    text = wording(value, context)
    if kind in ("float_type", "int_type") and error["loc"][-1] == NUMBER:
        text += _SERIES
    return text + _scale_hint(kind, value, context, path)


def follows(kind: str, path: Path, wrong: Sequence[Path], unknown: Sequence[Path]) -> bool:
    """Whether an error of `kind` at `path` only follows from another: one mistake, one problem.

    A key is missing because it is misspelt beside; a list is short because an item is wrong.
    """
    if kind == "missing":
        meant = f"; did you mean {path[-1]}?"
        siblings = (key[-1] for key in unknown if key[:-1] == path[:-1])
        fields = place_at(path[:-1]).fields
        return any(did_you_mean(key, fields) == meant for key in siblings)
    deeper = (other for other in wrong if len(other) > len(path) and other[: len(path)] == path)
    return kind in ("too_short", "too_long") and any(deeper)


def _scale_hint(kind: str, value: Any, context: _Context, path: Path) -> str:
    """A repair for a number in the wrong unit: per cent for a share, W for kW."""
    if kind not in ("less_than_equal", "less_than") or not isinstance(value, int | float):
        return ""
    limit = context.get("le", context.get("lt"))
    if limit == 1 and 1 < value <= PERCENT:
        return f"; did you mean {value / PERCENT:g}?"
    if str(path[-1]).endswith("kw_per_gpu") and value / W_PER_KW <= limit:
        return f", which looks like W; did you mean {value / W_PER_KW:g}?"
    return ""
