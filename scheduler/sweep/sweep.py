"""The loop: what is not yet known is worked out, kept as it comes, and told with what is left."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scheduler.sweep.axes import World
from scheduler.sweep.crew import Crew
from scheduler.sweep.folder import Folder
from scheduler.sweep.task import How, Row, Status, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sweep is.

    Attributes:
        done: Worlds that are known, those of earlier sittings too.
        of: All worlds.
        troubled: Refused or failed among them.
        left_s: How long the rest will take at the pace so far; None before the first. [s]
    """

    done: int
    of: int
    troubled: int
    left_s: float | None


def sweep(
    text: str,
    worlds: Sequence[World],
    how: How,
    *,
    folder: Folder,
    crew: Crew,
    version: str,
    tell: Callable[[Progress], None] = lambda _progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[tuple[World, Row]]:
    """Work out every world of `text` that `folder` does not know yet.

    Args:
        text: The scenario, which needs no other file.
        worlds: What makes each world of it.
        how: Planned once or lived through.
        folder: Where it is kept, and may have been begun before.
        crew: Who works.
        version: Of Alizé.
        tell: Told after each world.
        stop: Asked after each world.

    Returns:
        What is known, in the order of the worlds: all of them unless stopped.

    Raises:
        InputError: The folder holds another sweep, or another sweep is at work in it.
    """
    with folder.taken():
        folder.begin(text, worlds, how, version)
        known = {one.number: row for one in worlds if (row := folder.found(one))}
        left = [one for one in worlds if one.number not in known]
        began, before = time.monotonic(), len(known)
        troubled = sum(row["status"] != Status.DONE for row in known.values())
        tell(Progress(done=before, of=len(worlds), troubled=troubled, left_s=None))
        coming = crew.rows(_tasks(text, left, how))
        by_number = {one.number: one for one in worlds}
        try:
            for done, (number, row) in enumerate(coming, 1):
                folder.keep(by_number[number], row)
                troubled += row["status"] != Status.DONE
                left_s = (time.monotonic() - began) / done * (len(left) - done)
                tell(Progress(done=before + done, of=len(worlds), troubled=troubled, left_s=left_s))
                if stop():
                    break
        finally:
            coming.close()
        return folder.rows(worlds)


def _tasks(text: str, worlds: Sequence[World], how: How) -> Iterator[tuple[int, Task]]:
    return ((one.number, Task(text=text, edits=one.edits, how=how)) for one in worlds)
