"""The cheapest path of a job that may pause or change its mode, step by step.

A dynamic program over steps, progress and whether the job is running (Bellman 1957). Written twice:
here in NumPy, and as machine code where numba is installed; both give the same path to the last
digit, numba some tens of times sooner.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np

from optimizer.site import FloatArray
from optimizer.timing import TOLERANCE_H


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What an exact finish costs.

    Attributes:
        step_h: Length of a step. [h]
        due_h: Soft deadline, from the horizon's start. [h]
        end_h: Hard deadline likewise. [h]
        price_per_h: Of an hour between the two. [money/h]
    """

    step_h: float
    due_h: float
    end_h: float
    price_per_h: float

    def cost(self, finish_h: FloatArray) -> FloatArray:
        """Cost of finishing then, infinite after the hard deadline. [money]"""
        late_h = np.where(finish_h > self.due_h + TOLERANCE_H, finish_h - self.due_h, 0.0)
        return np.where(finish_h > self.end_h + TOLERANCE_H, np.inf, self.price_per_h * late_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A job in whole units of progress, and the price of each of its steps.

    Attributes:
        cost: Of a step, infinite where it cannot run, shape (sites, modes, T). [money]
        start_cost: Of choosing a site at all, shape (sites,). [money]
        begin: Earliest step.
        end: Number of the step after the last.
        work: Units to be done.
        gain: Units done in a step, by mode.
        repeat: Units repeated at a resume.
        lateness: What its finish costs.
    """

    cost: FloatArray
    start_cost: FloatArray
    begin: int
    end: int
    work: int
    gain: tuple[int, ...]
    repeat: int
    lateness: Lateness


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Where and when to run.

    Attributes:
        cost: Infinite where there is no way to finish. [money]
        site: Position along the sites of the question.
        steps: Step and mode, in order.
    """

    cost: float
    site: int
    steps: tuple[tuple[int, int], ...]


NO_PATH = Path(cost=np.inf, site=0, steps=())


def least_path(question: Question) -> Path:
    """The cheapest way through `question`; of equals, the one that ends first."""
    return _search()(question)


@cache
def _search() -> Callable[[Question], Path]:
    if find_spec("numba") is None:
        return numpy_path
    from optimizer.compiled_paths import compiled_path  # noqa: PLC0415  (takes a second)

    return compiled_path


def numpy_path(question: Question) -> Path:
    """`least_path` in NumPy.

    `running[p]` and `paused[p]` are the least costs of having done p units with the job running
    or not in the step before; all sites advance together.
    """
    begin, work, repeat = question.begin, question.work, question.repeat
    n_sites, fastest = len(question.start_cost), max(question.gain)
    running = np.full((n_sites, work), np.inf)
    paused = np.full((n_sites, work), np.inf)
    paused[:, 0] = question.start_cost
    trail: list[tuple[FloatArray, FloatArray]] = []
    best = (np.inf, 0, 0, 0, 0)
    for t in range(begin, question.end):
        trail.append((running, paused))
        known = min(work, (t - begin) * fastest + 1)
        entered = _entered(running[:, :known], paused[:, :known], repeat)
        after = np.full((n_sites, work), np.inf)
        for mode, gain in enumerate(question.gain):
            if gain <= 0:
                continue
            done = entered + question.cost[:, mode, t, None]
            inside = after[:, gain : known + gain]
            np.minimum(inside, done[:, : inside.shape[1]], out=inside)
            nearly = max(0, work - gain)
            if nearly < known and (tail := done[:, nearly:]).min() < best[0]:
                left = work - np.arange(nearly, known)
                total = tail + question.lateness.cost((t + left / gain) * question.lateness.step_h)
                s, p = np.unravel_index(int(np.argmin(total)), total.shape)
                if total[s, p] < best[0]:
                    best = (float(total[s, p]), int(s), t, mode, int(p) + nearly)
        running, paused = after, np.minimum(paused, running)
    if not np.isfinite(best[0]):
        return NO_PATH
    return Path(cost=best[0], site=best[1], steps=_retraced(question, trail, best))


def _entered(running: FloatArray, paused: FloatArray, repeat: int) -> FloatArray:
    """Least cost of being about to run from effective progress p, a resume's repeat taken off."""
    entered = running.copy()
    entered[:, 0] = np.minimum(entered[:, 0], paused[:, 0])
    if repeat == 0:
        np.minimum(entered, paused, out=entered)
    elif repeat < paused.shape[1]:
        np.minimum(entered[:, :-repeat], paused[:, repeat:], out=entered[:, :-repeat])
    return entered


def _retraced(
    question: Question,
    trail: list[tuple[FloatArray, FloatArray]],
    best: tuple[float, int, int, int, int],
) -> tuple[tuple[int, int], ...]:
    """Walk the tables back from the best finish to the steps and modes behind it."""
    _, site, t, mode, progress = best
    begin, repeat = question.begin, question.repeat
    steps = [(t, mode)]
    while True:
        running, paused = (table[site] for table in trail[t - begin])
        before_pause = progress + repeat
        resumed = paused[before_pause] if 0 < before_pause < question.work else np.inf
        if progress == 0 and paused[0] <= min(running[0], resumed):
            return tuple(steps[::-1])
        if resumed < running[progress]:
            progress = before_pause
            while True:
                t -= 1
                running, paused = (table[site] for table in trail[t - begin])
                if running[progress] <= paused[progress]:
                    break
        t -= 1
        running, paused = (table[site : site + 1] for table in trail[t - begin])
        entered = _entered(running, paused, repeat)[0]
        costs = [
            entered[progress - gain] + question.cost[site, k, t] if 0 < gain <= progress else np.inf
            for k, gain in enumerate(question.gain)
        ]
        mode = int(np.argmin(costs))
        progress -= question.gain[mode]
        steps.append((t, mode))
