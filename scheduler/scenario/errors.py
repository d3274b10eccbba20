"""What is wrong with a scenario, and where: one line a problem, the place first, the repair last.

All problems of a file are told at once, so nobody repairs a file one run at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scheduler.errors import InputError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to repair.

    Attributes:
        source: File as the user named it, or the command-line option at fault.
        line: Line in that file, from 1; None for an option or a whole file.
        column: Column of the key, from 1; None where a line says enough.
        path: Dotted path of the value, empty for the whole file.
        message: What is wrong, what was got, and what to do.

    >>> print(Problem(source="berlin.yaml", line=5, column=5, path="pue", message="too low"))
    berlin.yaml:5:5: pue: too low
    """

    source: str
    line: int | None = None
    column: int | None = None
    path: str = ""
    message: str

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.source, self.line, self.column) if p is not None)
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ScenarioError(InputError):
    """A scenario that cannot be used, with every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep `problems` in the order of the files' lines."""
        self.problems: tuple[Problem, ...] = tuple(
            sorted(problems, key=lambda p: (p.source, p.line or 0, p.column or 0))
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem before anyone knows at which line its path stands."""

    path: Path
    message: str


def dotted(path: Path) -> str:
    """`path` as users write it in `--set`.

    >>> dotted(("sites", "dakhla", "grid", "tariff", "time_of_use", 0))
    'sites.dakhla.grid.tariff.time_of_use.0'
    """
    return ".".join(str(key) for key in path)
