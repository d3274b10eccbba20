"""What a computation costs its process: CPU and wall seconds, and peak memory."""

import resource
import sys
import time

from benchmarks.line import Cost

BYTES_A_MB = 1e6
# The kernel counts in KiB on Linux, in bytes on macOS.
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class Meter:
    """Started when made; the peak of memory is the whole process's, so a case has its own."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.monotonic(), time.process_time()

    def read(self) -> Cost:
        """Spent since the start."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Cost(
            cpu_seconds=time.process_time() - self._cpu_s,
            wall_seconds=time.monotonic() - self._wall_s,
            peak_rss_mb=peak * RSS_UNIT_BYTES / BYTES_A_MB,
        )
