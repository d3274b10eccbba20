"""Dataclasses to JSON and back, without losing a digit, a unit of time or a dtype.

What a run folder holds must be readable by other tools and by eye, and must come back as the same
objects. Knows the shapes of Python types, and nothing of what they mean.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import numpy as np
from cattrs import Converter, transform_error
from cattrs.v import format_exception

T = TypeVar("T")
NUMERIC_KINDS = "biuf"
TOLD_PROBLEMS = 3


class DamagedDocument(ValueError):
    """A document that does not hold what it should; the message says where and why."""


def encode(value: Any, kind: Any = None) -> Any:
    """`value` as JSON types; `kind` where its own class does not say all, as for a mapping."""
    return _converter().unstructure(value, unstructure_as=kind or type(value))


def decode(document: Any, kind: type[T]) -> T:
    """The `kind` that `document` was encoded from.

    Raises:
        DamagedDocument: Where it is not one.
    """
    try:
        return _converter().structure(document, kind)
    except Exception as error:
        # cattrs gathers whatever the classes' own checks raise; each comes with its place.
        raise DamagedDocument(_problems(error)) from error


def _problems(error: Exception) -> str:
    """The first few problems, the place first."""
    found = transform_error(error, path="$", format_exception=_message)
    told = []
    for one in found[:TOLD_PROBLEMS]:
        message, _, place = one.rpartition(" @ $")
        told.append(f"{place.removeprefix('.')}: {message}".removeprefix(": "))
    more = len(found) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _message(error: BaseException, kind: type | None) -> str:
    if type(error) in (ValueError, TypeError) and str(error):
        return str(error)
    return format_exception(error, kind)


def text(document: Any) -> str:
    """`document` as JSON text: sections indented, each row of numbers on one line."""
    return "".join(_pieces(document, "\n")) + "\n"


def _pieces(node: Any, newline: str) -> list[str]:
    deeper = newline + "  "
    if isinstance(node, Mapping) and node:
        pieces = ["{"]
        for number, (key, value) in enumerate(node.items()):
            pieces += [",", deeper] if number else [deeper]
            pieces += [json.dumps(str(key), ensure_ascii=False), ": ", *_pieces(value, deeper)]
        return [*pieces, newline, "}"]
    if isinstance(node, list | tuple) and any(isinstance(one, Mapping | list) for one in node):
        pieces = ["["]
        for number, value in enumerate(node):
            pieces += [",", deeper] if number else [deeper]
            pieces += _pieces(value, deeper)
        return [*pieces, newline, "]"]
    return [json.dumps(node, ensure_ascii=False, allow_nan=False, default=_scalar)]


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"no JSON for {type(value).__name__}")


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(datetime, instant_text)
    converter.register_structure_hook(datetime, lambda value, _: _instant(value))
    converter.register_unstructure_hook(timedelta, timedelta.total_seconds)
    converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    converter.register_unstructure_hook(float, _number)
    converter.register_structure_hook(float, lambda value, _: _real(value))
    converter.register_unstructure_hook(np.ndarray, _rows)
    converter.register_unstructure_hook_func(_is_array, _rows)
    converter.register_structure_hook_func(_is_array, lambda value, _: _array(value))
    converter.register_unstructure_hook_func(_is_set, sorted)
    converter.register_unstructure_hook_factory(
        _has_compound_keys, lambda kind: _pairs_writer(converter, kind)
    )
    converter.register_structure_hook_factory(
        _has_compound_keys, lambda kind: _pairs_reader(converter, kind)
    )
    return converter


def instant_text(instant: datetime) -> str:
    """`instant` in UTC, as ISO 8601 with a Z.

    >>> instant_text(datetime(2026, 3, 2, 6, 30, tzinfo=UTC))
    '2026-03-02T06:30:00Z'
    """
    if instant.utcoffset() is None:
        raise ValueError(f"an instant must be aware, got {instant.isoformat()}")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _instant(written: Any) -> datetime:
    instant = datetime.fromisoformat(written)
    if instant.utcoffset() is None:
        raise ValueError(f"an instant must say its zone, got {written}")
    return instant.astimezone(UTC)


def _number(value: float) -> float | str:
    """JSON has no infinity; Python reads "inf" back."""
    if isinstance(value, int):
        return value
    return float(value) if math.isfinite(value) else repr(float(value))


def _real(written: Any) -> float:
    """A whole number stays what it was, so that a digest of the object stays the same."""
    if isinstance(written, bool):
        raise TypeError("a number was expected, got true or false")
    return written if isinstance(written, int) else float(written)


def _rows(array: Any) -> dict[str, Any]:
    values = array.tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        values = np.vectorize(_number, otypes=[object])(array).tolist()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "values": values}


def _array(document: Any) -> Any:
    if not isinstance(document, Mapping) or set(document) != {"dtype", "shape", "values"}:
        raise ValueError("an array has dtype, shape and values")
    dtype = np.dtype(document["dtype"])
    if dtype.kind not in NUMERIC_KINDS:
        raise ValueError(f"an array holds numbers, got {dtype}")
    array = np.array(document["values"], dtype=dtype)
    shape = tuple(document["shape"])
    if array.size and array.shape != shape:
        raise ValueError(f"an array of shape {shape} was announced, got {array.shape}")
    return array.reshape(shape)


def _is_array(kind: Any) -> bool:
    return get_origin(kind) is np.ndarray


def _is_set(kind: Any) -> bool:
    return kind is frozenset or get_origin(kind) is frozenset


def _has_compound_keys(kind: Any) -> bool:
    """A mapping whose keys JSON cannot hold: tuples, frozensets."""
    origin = get_origin(kind)
    if not (isinstance(origin, type) and issubclass(origin, Mapping)):
        return False
    return get_origin(get_args(kind)[0]) in (tuple, frozenset)


def _pairs_writer(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    key_kind, value_kind = get_args(kind)

    def write(mapping: Mapping[Any, Any]) -> list[dict[str, Any]]:
        return [
            {
                "key": list(converter.unstructure(key, unstructure_as=key_kind)),
                "value": converter.unstructure(value, unstructure_as=value_kind),
            }
            for key, value in mapping.items()
        ]

    return write


def _pairs_reader(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    key_kind, value_kind = get_args(kind)

    def read(pairs: Any, _: Any) -> dict[Any, Any]:
        return {
            converter.structure(pair["key"], key_kind): converter.structure(
                pair["value"], value_kind
            )
            for pair in pairs
        }

    return read
