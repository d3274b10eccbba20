"""What one instance is asked for, in a form that reaches another process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ending import Ending
from benchmarks.meter import Meter
from benchmarks.optimizer.instance import Size, instance
from optimizer.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One instance to plan.

    Attributes:
        trace: Name of the trace its jobs are taken from; None draws them.
        data: Folder of public data, where a trace is.
        scenarios: Futures of wind and sun to plan for at once; None for the one that is drawn.
    """

    size: Size
    seed: int
    ending: Ending
    trace: str | None = None
    data: Path = Path()
    scenarios: int | None = None

    def problem(self) -> Problem:
        """The instance.

        Raises:
            DataUnavailable: Where the trace is absent or has no job that fits.
        """
        if self.trace is None:
            return instance(self.size, self.seed)
        from benchmarks.optimizer.trace import take
        from benchmarks.traces import TRACES

        taken = take(TRACES[self.trace].jobs(self.data), self.size, self.seed, self.trace)
        return instance(self.size, self.seed, taken.jobs)

    def talk(self, meter: Meter, who: str = "") -> Callable[[str], None]:
        """Says on stderr, after how long, what has been reached."""

        def say(text: str) -> None:
            after = f"{meter.read().wall_seconds:6.1f} s"
            print(f"optimizer seed {self.seed}: {who}{after}  {text}", file=sys.stderr, flush=True)

        return say
