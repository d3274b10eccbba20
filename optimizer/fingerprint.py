"""One hash of any value of the domain: what it says, not how it is held in memory."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

import numpy as np

#: Metadata of a field that counts only where it differs from its default, so that what was written
#: before the field existed keeps its hash.
UNSAID_AT_DEFAULT = MappingProxyType({"unsaid_at_default": True})


def fingerprint(value: object, *, without: Iterable[str] = ()) -> str:
    """SHA-256 of `value`, as 64 hexadecimal digits.

    Dataclasses count by their compared fields (those with `UNSAID_AT_DEFAULT` only where they
    differ from their default), mappings and sets in sorted order, arrays by shape
    and bytes. Two values that differ anywhere differ here.

    Args:
        value: Of dataclasses, arrays, mappings, sequences, sets, numbers, text and instants.
        without: Names of fields to pass over, wherever they stand.

    Raises:
        TypeError: A value of another kind, which may hold what cannot be read.
    """
    digest = hashlib.sha256()
    _read(value, frozenset(without), digest.update)
    return digest.hexdigest()


def _read(value: object, without: frozenset[str], feed: object) -> None:
    assert callable(feed)
    if is_dataclass(value) and not isinstance(value, type):
        feed(f"<{type(value).__name__}".encode())
        for one in fields(value):
            said = getattr(value, one.name)
            unsaid = one.metadata.get("unsaid_at_default", False)
            if (
                unsaid
                and (said is None or isinstance(said, int | float | tuple))
                and said == one.default
            ):
                continue
            if one.compare and one.name not in without:
                feed(f" {one.name}=".encode())
                _read(said, without, feed)
        feed(b">")
    elif isinstance(value, np.ndarray):
        feed(f"[{value.dtype.str}{value.shape}".encode())
        feed(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        parts = sorted(
            (fingerprint(key), fingerprint(item, without=without)) for key, item in value.items()
        )
        feed(repr(parts).encode())
    elif isinstance(value, frozenset | set):
        feed(repr(sorted(fingerprint(item) for item in value)).encode())
    elif isinstance(value, tuple | list):
        feed(b"(")
        for item in value:
            _read(item, without, feed)
            feed(b",")
        feed(b")")
    elif isinstance(value, Enum):
        feed(repr(value.value).encode())
    elif value is None or isinstance(
        value, str | int | float | bool | datetime | timedelta | np.generic
    ):
        feed(repr(value).encode())
    else:
        raise TypeError(f"fingerprint: cannot read a {type(value).__name__}")
