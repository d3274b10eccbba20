"""One hash of any value of the domain: what it says, not how it is held in memory."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum

import numpy as np


def fingerprint(value: object, *, without: Iterable[str] = ()) -> str:
    """SHA-256 of `value`, as 64 hexadecimal digits.

    Dataclasses count by their compared fields, mappings and sets in sorted order, arrays by shape
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
            if one.compare and one.name not in without:
                feed(f" {one.name}=".encode())
                _read(getattr(value, one.name), without, feed)
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
