"""Worlds that ship with Alizé: each one a question, offline, ready to be planned or copied."""

from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from scheduler.errors import InputError
from scheduler.scenario.suggest import did_you_mean
from scheduler.scenario.world import SCHEMA_FILE

FOLDER = Path(__file__).with_name("worlds")
SCHEMA_COMMENT = "# yaml-language-server: $schema="


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """A world that ships.

    Attributes:
        name: What to call it on the command line.
        question: What it answers.
        path: Its file.
    """

    name: str
    question: str
    path: Path


def worlds() -> tuple[BuiltIn, ...]:
    """Every world that ships, by name."""
    return tuple(
        BuiltIn(name=path.stem, question=_question(path), path=path)
        for path in sorted(FOLDER.glob("*.yaml"), key=lambda path: path.stem)
    )


def names() -> tuple[str, ...]:
    """Names of the worlds that ship."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read(name: str) -> str:
    """The text of a world that ships.

    Raises:
        InputError: Where none has that name.
    """
    if name not in names():
        raise InputError(f"{name}: no built-in world of that name{did_you_mean(name, names())}")
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def copy(name: str, target: Path) -> Path:
    """Write a world that ships to `target`, a file or a folder, and return the file.

    Its first line points editors at the schema of this installation, for completion.

    Raises:
        InputError: Where none has that name, the file exists, or its folder does not.
    """
    text = read(name)
    path = target / f"{name}.yaml" if target.is_dir() else target
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    first, rest = text.split("\n", 1)
    if first.startswith(SCHEMA_COMMENT):
        text = f"{SCHEMA_COMMENT}{SCHEMA_FILE.as_posix()}\n{rest}"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: exists already, and is left as it is; name another") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def _question(path: Path) -> str:
    question = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["question"]
    return " ".join(str(question).split())
