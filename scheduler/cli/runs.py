"""Which run folder is meant: by path, by name, or the last one written."""

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import DataUnavailable, InputError

if TYPE_CHECKING:
    from scheduler.planning.run import PlannedRun

LATEST = "latest"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DIGITS_OF_DIGEST = 8


def folder_of(run: "PlannedRun", runs_dir: Path, name: str | None) -> Path:
    """Where `run` is written: under its name and digest unless the user gave a `name`."""
    return runs_dir / (name or f"{run.scenario.name}-{run.digest[:DIGITS_OF_DIGEST]}")


def must_be_free(runs_dir: Path, name: str | None, *, replace: bool) -> None:
    """Refuse a `name` that cannot be used, before anything is computed.

    Raises:
        InputError: It is no plain name, or taken.
    """
    if name is None:
        return
    if not NAME.fullmatch(name) or name == LATEST:
        raise InputError(
            f"--run {name}: must be a plain name such as monday, got {name}; "
            "--runs-dir says in which folder"
        )
    if (runs_dir / name).exists() and not replace:
        raise InputError(f"--run {name}: {runs_dir / name} exists; add --replace, or rename")


def must_be_writable(runs_dir: Path) -> None:
    """Refuse a folder of the runs that cannot be made or written, before anything is computed.

    Raises:
        InputError: Nothing can be written there.
    """
    there = next(one for one in (runs_dir, *runs_dir.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise InputError(
            f"{runs_dir}: cannot be written: {error.strerror}; --runs-dir names another folder"
        ) from None


def remember(folder: Path) -> None:
    """Make `folder` the one that readers take when none is named."""
    link = folder.parent / LATEST
    beside = folder.parent / f".{LATEST}-{folder.name}"
    beside.unlink(missing_ok=True)
    try:
        beside.symlink_to(folder.name, target_is_directory=True)
    except OSError:  # a file system without links
        beside.write_text(folder.name + "\n", encoding="utf-8")
    beside.replace(link)


def find(named: str | None, runs_dir: Path) -> Path:
    """The run folder the user means.

    Raises:
        DataUnavailable: There is none.
    """
    path = Path(named) if named else runs_dir / LATEST
    if named and not path.exists() and (runs_dir / named).exists():
        path = runs_dir / named
    if path.is_file() and path.name == LATEST:
        path = path.parent / path.read_text(encoding="utf-8").strip()
    if not path.exists():
        what = f"{named}: no such run" if named else f"{runs_dir}: no run yet"
        raise DataUnavailable(f"{what}; `alize plan dakhla` writes one")
    return path.parent / path.readlink() if path.is_symlink() else path
