"""Jobs fail as their machines do: at a rate by the GPU-hours that they hold."""

import numpy as np


class Failures:
    """When each job of a world fails, whoever decides where and when it runs.

    A job's failures lie so many GPU-hours apart, drawn from the seed and its name: exponential, as
    for a machine that does not age.
    """

    def __init__(self, seed: int, gpu_h_between: float | None) -> None:
        """Failures `gpu_h_between` GPU-hours apart on average; none where that is None."""
        self._seed, self._between = seed, gpu_h_between
        self._chances: dict[str, np.random.Generator] = {}
        self._left_gpu_h: dict[str, float] = {}

    def strikes(self, job: str, gpu_h: float) -> bool:
        """Whether `job` fails, having held GPUs for `gpu_h` more GPU-hours."""
        if self._between is None:
            return False
        if job not in self._chances:
            self._chances[job] = np.random.default_rng([self._seed, *f"failures {job}".encode()])
            self._left_gpu_h[job] = self._draw(job)
        self._left_gpu_h[job] -= gpu_h
        if self._left_gpu_h[job] > 0:
            return False
        self._left_gpu_h[job] = self._draw(job)
        return True

    def _draw(self, job: str) -> float:
        assert self._between is not None
        return float(self._chances[job].exponential(self._between))
