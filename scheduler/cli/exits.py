"""Exit codes, and how each way to fail is told.

A user's mistake is one line a problem, the place first; a bug of ours is a text ready to be sent
to us. A traceback is for whoever asks with `--debug`.
"""

import errno
import os
import platform
import shlex
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum
from importlib.metadata import version

from scheduler.errors import DataUnavailable, InputError

#: What the machine refuses, whatever we ask of it.
_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE})


class ExitCode(IntEnum):
    """What the exit code of `alize` means. Part of the API: never renumbered."""

    DONE = 0
    OUR_BUG = 1
    YOUR_INPUT = 2
    DATA_UNAVAILABLE = 3
    WISH_NOT_MET = 4
    INTERRUPTED = 130


def tell(error: BaseException, args: Sequence[str], *, debug: bool) -> ExitCode:
    """Say on stderr what `error` means for the user, and return the exit code."""
    if debug and not isinstance(error, KeyboardInterrupt):
        traceback.print_exception(error, file=sys.stderr)
    match error:
        case BrokenPipeError():
            # Whoever read our output has seen enough.
            _forget_output()
            return ExitCode.DONE
        case KeyboardInterrupt():
            print("interrupted before a plan was printed", file=sys.stderr)
            return ExitCode.INTERRUPTED
        case InputError():
            print(error, file=sys.stderr)
            return ExitCode.YOUR_INPUT
        case DataUnavailable():
            print(error, file=sys.stderr)
            return ExitCode.DATA_UNAVAILABLE
        case OSError() if error.errno in _OF_THE_MACHINE:
            _forget_output()
            place = error.filename or "output"
            print(f"{place}: {error.strerror}; make room or write elsewhere", file=sys.stderr)
            return ExitCode.YOUR_INPUT
    print(issue_text(error, args), file=sys.stderr)
    return ExitCode.OUR_BUG


def _forget_output() -> None:
    """Let nothing more be written at exit, where it would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def issue_text(error: BaseException, args: Sequence[str]) -> str:
    """What to send to the authors of Alizé when it fails by its own fault."""
    command = shlex.join(["alize", *args])
    return "\n".join(
        [
            "This is a bug in Alizé, not a mistake of yours. Please open an issue with:",
            "",
            f"    command: {command}",
            f"    error:   {type(error).__name__}: {error}",
            f"    where:   {_place(error)}",
            f"    alize {version('alize')}, Python {platform.python_version()}, "
            f"{platform.system()} {platform.machine()}",
            "",
            f"`{shlex.join(['alize', '--debug', *args])}` shows the traceback.",
        ]
    )


def _place(error: BaseException) -> str:
    """Modules and lines the error came through, innermost last."""
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " > ".join(frames[-4:]) or "unknown"
