"""The cheapest path of a job through its steps: unbroken, or with pauses and changes of mode.

A sliding window for the first, for the second a dynamic program over steps, progress and whether
the job is running (Bellman 1957). Written twice: here in NumPy, and as machine code where numba is
installed; both give the same path to the last digit, numba some tens of times sooner.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from optimizer.compiled import has_numba
from optimizer.site import FloatArray
from optimizer.terms import Grain, Terms


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


def least_path(terms: Terms, cost: FloatArray, grain: Grain) -> Path:
    """The cheapest way to do the work of a job that may pause; of equals, the one that ends first.

    Args:
        terms: Of the job.
        cost: Of a step, infinite where it cannot run, shape (sites, modes, T). [money]
        grain: The job's times in whole units.
    """
    return _searches()[0](terms, cost, grain)


def least_window(terms: Terms, cost: FloatArray) -> tuple[float, int, int]:
    """Cost, position of the site and start of the cheapest unbroken run in the base mode.

    Args:
        terms: Of the job.
        cost: Of a step, infinite where it cannot run, shape (sites, T). [money]
    """
    return _searches()[1](terms, cost)


@cache
def _searches() -> tuple[
    Callable[[Terms, FloatArray, Grain], Path],
    Callable[[Terms, FloatArray], tuple[float, int, int]],
]:
    if not has_numba():
        return numpy_path, numpy_window
    from optimizer.compiled_paths import compiled_path, compiled_window  # noqa: PLC0415  (a second)

    return compiled_path, compiled_window


def numpy_window(terms: Terms, cost: FloatArray) -> tuple[float, int, int]:
    """`least_window` in NumPy."""
    costs = window_costs(terms, cost)
    position, start = np.unravel_index(int(np.argmin(costs)), costs.shape)
    return float(costs[position, start]), int(position), int(start)


def window_costs(terms: Terms, cost: FloatArray) -> FloatArray:
    """Cost of every unbroken run in the base mode by site and start, shape (sites, T). [money]

    Infinite where it cannot start.
    """
    length, n_steps = terms.n_steps, cost.shape[1]
    costs = np.full(cost.shape, np.inf)
    starts = n_steps - length + 1
    if starts <= 0:
        return costs
    steps = np.arange(n_steps)
    early = steps < terms.first_step[:, None]
    blocked = early | (steps >= terms.end_step) | ~np.isfinite(cost)
    summed = np.cumsum(np.pad(np.where(blocked, 0.0, cost), ((0, 0), (1, 0))), axis=1)
    walls = np.cumsum(np.pad(blocked.astype(np.int64), ((0, 0), (1, 0))), axis=1)
    costs[:, :starts] = summed[:, length:] - summed[:, :-length]
    costs[:, :starts][walls[:, length:] > walls[:, :-length]] = np.inf
    finish_h: FloatArray = steps.astype(np.float64) * terms.lateness.step_h + terms.job.work_h
    costs += terms.start_cost[:, None] + terms.lateness.cost(finish_h)
    return costs


def numpy_path(terms: Terms, cost: FloatArray, grain: Grain) -> Path:
    """`least_path` in NumPy.

    `running[p]` and `paused[p]` are the least costs of having done p units with the job running
    or not in the step before; all sites advance together. A running job begins with the units that
    a resume would repeat done already, and has so many more to do.
    """
    begin, repeat, head = int(terms.first_step.min()), grain.repeat, terms.head(grain)
    work = grain.work + head
    n_sites, fastest, lateness = len(terms.sites), max(grain.gain), terms.lateness
    early = np.arange(cost.shape[2]) < terms.first_step[:, None]
    cost = np.where(early[:, None, :], np.inf, cost)
    running = np.full((n_sites, work), np.inf)
    paused = np.full((n_sites, work), np.inf)
    paused[:, head] = terms.start_cost
    if terms.running >= 0:
        running[terms.running, head] = terms.start_cost[terms.running]
    trail: list[tuple[FloatArray, FloatArray]] = []
    best = (np.inf, 0, 0, 0, 0)
    for t in range(begin, terms.end_step):
        trail.append((running, paused))
        known = min(work, (t - begin) * fastest + 1 + head)
        entered = _entered(running[:, :known], paused[:, :known], repeat)
        after = np.full((n_sites, work), np.inf)
        for mode, gain in enumerate(grain.gain):
            if gain <= 0:
                continue
            done = entered + cost[:, mode, t, None]
            inside = after[:, gain : known + gain]
            np.minimum(inside, done[:, : inside.shape[1]], out=inside)
            nearly = max(0, work - gain)
            if nearly < known and (tail := done[:, nearly:]).min() < best[0]:
                left = work - np.arange(nearly, known)
                total = tail + lateness.cost((t + left / gain) * lateness.step_h)
                s, p = np.unravel_index(int(np.argmin(total)), total.shape)
                if total[s, p] < best[0]:
                    best = (float(total[s, p]), int(s), t, mode, int(p) + nearly)
        running, paused = after, np.minimum(paused, running)
    if not np.isfinite(best[0]):
        return NO_PATH
    return Path(
        cost=best[0], site=best[1], steps=_retraced(cost[best[1]], grain, begin, trail, best)
    )


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
    cost: FloatArray,
    grain: Grain,
    begin: int,
    trail: list[tuple[FloatArray, FloatArray]],
    best: tuple[float, int, int, int, int],
) -> tuple[tuple[int, int], ...]:
    """Walk the tables back from the best finish to the steps and modes behind it."""
    _, site, t, mode, progress = best
    repeat, work = grain.repeat, trail[0][0].shape[1]
    steps = [(t, mode)]
    while True:
        running, paused = (table[site] for table in trail[t - begin])
        before_pause = progress + repeat
        resumed = paused[before_pause] if 0 < before_pause < work else np.inf
        if t == begin:
            return tuple(steps[::-1])
        if progress == 0 and paused[0] <= min(running[0], resumed):
            return tuple(steps[::-1])
        if resumed < running[progress]:
            progress = before_pause
            while True:
                t -= 1
                running, paused = (table[site] for table in trail[t - begin])
                if t == begin:
                    return tuple(steps[::-1])
                if running[progress] <= paused[progress]:
                    break
        t -= 1
        running, paused = (table[site : site + 1] for table in trail[t - begin])
        entered = _entered(running, paused, repeat)[0]
        costs = [
            entered[progress - gain] + cost[k, t] if 0 < gain <= progress else np.inf
            for k, gain in enumerate(grain.gain)
        ]
        mode = int(np.argmin(costs))
        progress -= grain.gain[mode]
        steps.append((t, mode))
