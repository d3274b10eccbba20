"""Servers on loopback: ports from the kernel, logs in files, ends that are sure."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A port nobody listens on."""
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def end_with_parent() -> None:
    """In the child: a test run that is killed leaves no server behind, where the kernel can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """A process with its log, which can be killed and started again with the same words."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name, self.command, self.folder = name, command, folder
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it outright: on SIGTERM an API server lingers for a minute and keeps its port."""
        if self.process is None:
            return
        if self.runs:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""


def wait_until(
    what: str, true: Callable[[], object], *, within_s: float, every_s: float = 0.1
) -> None:
    """Return as soon as `true` says so; an exception it raises counts as not yet."""
    begun, last = time.monotonic(), None
    while time.monotonic() - begun < within_s:
        try:
            if true():
                return
            last = None
        # Whatever keeps it from being true is told below.
        except Exception as error:
            last = error
        time.sleep(every_s)
    raise TimeoutError(f"{what}: not within {within_s:g} s" + (f"; last: {last!r}" if last else ""))
