"""The search of `optimizer.paths` as machine code; needs numba.

The same additions and comparisons in the same order as in NumPy, one cell at a time, so that a plan
does not depend on whether numba is there.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from optimizer.paths import NO_PATH, Path, Question
from optimizer.site import FloatArray, IntArray
from optimizer.timing import TOLERANCE_H

F = TypeVar("F", bound=Callable[..., Any])


def compiled_path(question: Question) -> Path:
    """`least_path` as machine code."""
    gain, late = np.array(question.gain, dtype=np.int64), question.lateness
    span = (question.begin, question.end, question.work, question.repeat)
    lateness = (late.step_h, late.due_h, late.end_h, late.price_per_h)
    n_steps = max(0, question.end - question.begin)
    shape = (len(question.start_cost), n_steps + 1, question.work)
    running, paused = np.full(shape, np.inf), np.full(shape, np.inf)
    paused[:, 0, 0] = question.start_cost
    best = (np.inf, 0, 0, 0, 0)
    for site in range(len(question.start_cost)):
        found = _filled(running[site], paused[site], question.cost[site], gain, span, lateness)
        if (found[0], found[1], found[2]) < (best[0], best[2], best[3]):
            best = (found[0], site, found[1], found[2], found[3])
    cost, site = best[:2]
    if not np.isfinite(cost):
        return NO_PATH
    steps = _retraced(running[site], paused[site], question.cost[site], gain, span, best[2:])
    return Path(cost=cost, site=site, steps=tuple((int(t), int(mode)) for t, mode in steps[::-1]))


def _compiled(function: F) -> F:
    """`function` as machine code, kept on disk from one run to the next."""
    return cast("F", numba.njit(cache=True)(function))


@_compiled
def _filled(
    running: FloatArray,
    paused: FloatArray,
    cost: FloatArray,
    gain: IntArray,
    span: tuple[int, int, int, int],
    lateness: tuple[float, float, float, float],
) -> tuple[float, int, int, int]:
    """Fill the tables of one site, shape (steps + 1, work) each, from their first row.

    Returns:
        Cost, step, mode and progress before it of the cheapest last step.
    """
    begin, end, work, repeat = span
    step_h, due_h, end_h, price_per_h = lateness
    fastest = gain.max()
    best, best_t, best_mode, best_p = np.inf, 0, 0, 0
    for t in range(begin, end):
        i = t - begin
        known = min(work, i * fastest + 1)
        # Less progress than this cannot be finished any more.
        first = max(0, work - (end - t) * fastest)
        for p in range(first, known):
            paused[i + 1, p] = min(paused[i, p], running[i, p])
        for mode in range(len(gain)):
            step_cost = cost[mode, t]
            if gain[mode] <= 0 or step_cost == np.inf:
                continue
            for p in range(first, known):
                entered = running[i, p]
                if p == 0:
                    entered = min(entered, paused[i, 0])
                if p + repeat < known:
                    entered = min(entered, paused[i, p + repeat])
                done = entered + step_cost
                if p + gain[mode] < work:
                    running[i + 1, p + gain[mode]] = min(running[i + 1, p + gain[mode]], done)
                elif done < best:
                    finish_h = (t + (work - p) / gain[mode]) * step_h
                    if finish_h > end_h + TOLERANCE_H:
                        continue
                    late_h = finish_h - due_h if finish_h > due_h + TOLERANCE_H else 0.0
                    total = done + price_per_h * late_h
                    if total < best:
                        best, best_t, best_mode, best_p = total, t, mode, p
    return best, best_t, best_mode, best_p


@_compiled
def _retraced(
    running: FloatArray,
    paused: FloatArray,
    cost: FloatArray,
    gain: IntArray,
    span: tuple[int, int, int, int],
    last: tuple[int, int, int],
) -> list[tuple[int, int]]:
    """Steps and modes behind the step `last`, backwards."""
    begin, _, work, repeat = span
    t, mode, progress = last
    steps = [(t, mode)]
    while True:
        i = t - begin
        resumed = paused[i, progress + repeat] if 0 < progress + repeat < work else np.inf
        if progress == 0 and paused[i, 0] <= min(running[i, 0], resumed):
            return steps
        if resumed < running[i, progress]:
            progress += repeat
            t -= 1
            while running[t - begin, progress] > paused[t - begin, progress]:
                t -= 1
        t -= 1
        i = t - begin
        least, mode = np.inf, 0
        for k in range(len(gain)):
            before = progress - gain[k]
            if gain[k] <= 0 or before < 0:
                continue
            entered = running[i, before]
            if before == 0:
                entered = min(entered, paused[i, 0])
            if before + repeat < work:
                entered = min(entered, paused[i, before + repeat])
            if entered + cost[k, t] < least:
                least, mode = entered + cost[k, t], k
        progress -= gain[mode]
        steps.append((t, mode))
