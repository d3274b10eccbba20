"""How things look on a screen, and that they stay plain where there is none.

Colour and movement only on a terminal, and never with NO_COLOR; a pipe gets whole lines, however
long.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 100_000
SMALL_AMOUNT = 100
UNSEEN_PERCENT = 0.05


def is_lively(stream: TextIO) -> bool:
    """Whether colour and movement are welcome on `stream`."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(stream: TextIO) -> "Console":
    """A console on `stream`, as wide as its terminal, or without end where there is none."""
    from rich.console import Console

    return Console(
        file=stream,
        color_system="auto" if is_lively(stream) else None,
        force_terminal=stream.isatty(),
        width=None if stream.isatty() else PIPE_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; the last column wraps where the terminal is narrow."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for number, header in enumerate(headers):
        last = number == len(headers) - 1
        table.add_column(header, no_wrap=not last, overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen = console(sys.stdout)
    with screen.capture() as captured:
        screen.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())


def say(message: str) -> None:
    """Talk: one line on stderr."""
    print(message, file=sys.stderr)


def amount(value: float, unit: str) -> str:
    """`value` with its unit, as many digits as a reader can use.

    >>> amount(1204.4, "MAD"), amount(3.14159, "kg"), amount(0.0, "kg")
    ('1,204 MAD', '3.1 kg', '0 kg')
    """
    digits = 0 if abs(value) >= SMALL_AMOUNT or value == 0 else 1
    return f"{value:,.{digits}f}".replace("-", "−") + f" {unit}"


def percent(value: float | None) -> str:
    """A change in percent, with its sign.

    >>> percent(-21.04), percent(3), percent(0), percent(None)
    ('−21.0 %', '+3.0 %', '±0 %', 'n/a')
    """
    if value is None:
        return "n/a"
    return "±0 %" if abs(value) < UNSEEN_PERCENT else f"{value:+.1f} %".replace("-", "−")


def duration(hours: float) -> str:
    """Hours, or minutes below one hour.

    >>> duration(6), duration(0.75), duration(2.5)
    ('6 h', '45 min', '2.5 h')
    """
    return f"{hours * 60:.0f} min" if hours < 1 else f"{round(hours, 1):g} h"


def moment(instant: datetime, *, now: datetime, span_days: float) -> str:
    """An instant in UTC, short where the day of the week says enough."""
    if instant <= now:
        return "now"
    return instant.strftime("%a %H:%M" if span_days <= 7 else "%a %d %b %H:%M")  # noqa: PLR2004
