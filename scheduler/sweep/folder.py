"""What a sweep has found so far, kept so that a crash costs no more than the worlds in work.

    study.json       what is swept, and how: another sweep is not mixed into it
    scenario.yaml    the scenario, its files in it
    worlds/N.json    the figures of world N, written whole or not at all

Two sweeps in one folder would do the work twice: the second is turned away.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from scheduler.errors import InputError
from scheduler.sweep.axes import World
from scheduler.sweep.task import How, Row, Status

SCHEMA = "alize.dev/sweep/v1"
STUDY, SCENARIO, WORLDS = "study.json", "scenario.yaml", "worlds"


class Folder:
    """One sweep's folder."""

    def __init__(self, path: Path) -> None:
        """Nothing is written yet."""
        self.path = path

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Nobody else sweeps into it meanwhile.

        Raises:
            InputError: Somebody does, or it cannot be written.
        """
        try:
            (self.path / WORLDS).mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{self.path}: another sweep is at work in it; wait for it, or name another --out"
            ) from None
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written: {error.strerror}; --out names another folder"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, text: str, worlds: Sequence[World], how: How, version: str) -> None:
        """Say what is swept, or find that just this was begun before.

        Raises:
            InputError: Another sweep stands there.
        """
        study = {
            "schema": SCHEMA,
            "version": version,
            "how": asdict(how),
            "worlds": [one.values for one in worlds],
        }
        written, known = _text(study), self.path / STUDY
        if not known.exists():
            _write(self.path / SCENARIO, text)
            _write(known, written)
            return
        same = known.read_text(encoding="utf-8") == written
        if not same or (self.path / SCENARIO).read_text(encoding="utf-8") != text:
            raise InputError(
                f"{self.path}: holds a sweep of other worlds, another scenario or another version; "
                "--out names another folder"
            )

    def keep(self, world: World, row: Row) -> None:
        """The figures of one world."""
        _write(self._file(world), _text(row))

    def found(self, world: World) -> Row | None:
        """The figures of one world; None where it has to be worked out, once more if it failed."""
        try:
            row: Row = json.loads(self._file(world).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return None if row["status"] == Status.FAILED else row

    def rows(self, worlds: Sequence[World]) -> list[tuple[World, Row]]:
        """All that is there, failures too, in the order of the sweep."""
        there = [(one, self._file(one)) for one in worlds]
        return [
            (one, json.loads(path.read_text(encoding="utf-8")))
            for one, path in there
            if path.exists()
        ]

    def _file(self, world: World) -> Path:
        return self.path / WORLDS / f"{world.number}.json"


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, default=str) + "\n"


def _write(path: Path, text: str) -> None:
    """Write whole or not at all."""
    beside = path.with_name(f".{path.name}-part")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)
