"""What is being done, and for how long; and how to stop it without losing the best plan so far.

On a terminal the running phase moves; elsewhere each phase is one line when it is over.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from scheduler.cli.terminal import console, is_lively, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SHOW_CURSOR = b"\x1b[?25h"
STOPPING = b"stopping with the best plan so far; Ctrl-C again ends at once\n"


class Phases:
    """Tells phases and messages as they come: `load`, `forecast`, `build`, `solve`, `check` …"""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.phase, self.message, self.since_s = "", "", 0.0
        self.screen: Progress | None = None
        self.task: TaskID | None = None

    def __enter__(self) -> "Phases":
        if is_lively(sys.stderr):
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self.screen = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<8}"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[message]}"),
                console=console(sys.stderr),
                transient=True,
            )
            self.screen.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._end()
        if self.screen:
            self.screen.stop()

    def __call__(self, phase: str, message: str) -> None:
        """Take note that `phase` has come to `message`."""
        if phase != self.phase:
            self._end()
            self.phase, self.since_s = phase, self.clock()
            if self.screen:
                self.task = self.screen.add_task(phase, total=None, message=message)
        self.message = message
        if self.screen and self.task is not None:
            self.screen.update(self.task, message=message)

    def _end(self) -> None:
        if not self.phase:
            return
        line = f"{self.phase:<8} {self.clock() - self.since_s:6.1f} s  {self.message}".rstrip()
        if self.screen and self.task is not None:
            self.screen.remove_task(self.task)
            self.screen.console.print(line)
        else:
            say(line)
        self.phase = ""


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Whether the user has asked to stop, by Ctrl-C; a second Ctrl-C ends the process at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def first(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # A second Ctrl-C leaves no time to show the cursor again.
        os.write(2, SHOW_CURSOR + STOPPING if is_lively(sys.stderr) else STOPPING)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
