"""What ends a solve, as every case that plans is asked it."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """When a solve may stop, in a form that reaches another process.

    Attributes:
        gap: Relative gap, as the optimizer defines it.
        time_s: Wall time. [s]
    """

    gap: float
    time_s: float

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser, *, gap: float, time_s: float) -> None:
        """Let people ask for another; the arguments are the defaults."""
        parser.add_argument(
            "--gap", type=float, default=gap, help="ends a solve (%(default)s)", metavar="G"
        )
        parser.add_argument(
            "--time-limit", type=float, default=time_s, metavar="S", help="likewise (%(default)s)"
        )

    @staticmethod
    def of(options: argparse.Namespace) -> "Ending":
        """What was asked for."""
        return Ending(gap=options.gap, time_s=options.time_limit)

    @property
    def limits(self) -> "Limits":
        """The same for the optimizer."""
        from optimizer.limits import Limits

        return Limits(gap=self.gap, time_s=self.time_s)

    @property
    def conditions(self) -> dict[str, float]:
        """The same for a line."""
        return {"gap_limit": self.gap, "time_limit_s": self.time_s}
