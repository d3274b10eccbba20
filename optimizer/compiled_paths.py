"""The search of `optimizer.paths` as machine code; needs numba.

The same additions and comparisons in the same order as in NumPy, one cell at a time, so that a plan
does not depend on whether numba is there.
"""

import numpy as np

from optimizer.compiled import compiled
from optimizer.paths import NO_PATH, Path
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Grain, Terms
from optimizer.timing import TOLERANCE_H


def compiled_path(terms: Terms, cost: FloatArray, grain: Grain) -> Path:
    """`least_path` as machine code."""
    gain, late = np.array(grain.gain, dtype=np.int64), terms.lateness
    begin, end = int(terms.first_step.min()), terms.end_step
    lateness = (late.step_h, late.due_h, late.end_h, late.price_per_h, TOLERANCE_H)
    head = terms.head(grain)
    work = grain.work + head
    shape = (len(terms.sites), max(0, end - begin) + 1, work)
    running, paused = np.full(shape, np.inf), np.full(shape, np.inf)
    paused[:, 0, head] = terms.start_cost
    if terms.running >= 0:
        running[terms.running, 0, head] = terms.start_cost[terms.running]
    entered = np.empty(work)
    best = (np.inf, 0, 0, 0, 0)
    span = (begin, end, work, grain.repeat, head)
    for site, first in enumerate(terms.first_step.tolist()):
        found = filled(
            running[site], paused[site], entered, cost[site], gain, (first, *span), lateness
        )
        if (found[0], found[1], found[2]) < (best[0], best[2], best[3]):
            best = (found[0], site, found[1], found[2], found[3])
    least, site = best[:2]
    if not np.isfinite(least):
        return NO_PATH
    steps = retraced(running[site], paused[site], cost[site], gain, span, best[2:])
    return Path(cost=least, site=site, steps=tuple((int(t), int(mode)) for t, mode in steps[::-1]))


def compiled_window(terms: Terms, cost: FloatArray) -> tuple[float, int, int]:
    """`least_window` as machine code."""
    late = terms.lateness
    lateness = (late.step_h, late.due_h, late.end_h, late.price_per_h, TOLERANCE_H)
    found: tuple[float, int, int] = slid(
        cost,
        terms.start_cost,
        terms.first_step,
        terms.end_step,
        terms.n_steps,
        terms.job.work_h,
        lateness,
    )
    return found


@compiled
def filled(  # noqa: PLR0912  (numba compiles it whole)
    running: FloatArray,
    paused: FloatArray,
    entered: FloatArray,
    cost: FloatArray,
    gain: IntArray,
    span: tuple[int, int, int, int, int, int],
    lateness: tuple[float, float, float, float, float],
) -> tuple[float, int, int, int]:
    """Fill the tables of one site, shape (steps + 1, work) each, from their first row.

    Every inner loop runs along a slice, without a branch, so that the processor takes several
    cells at once. `entered` is room for one row: least cost of being about to run.

    Returns:
        Cost, step, mode and progress before it of the cheapest last step.
    """
    first_step, begin, end, work, repeat, head = span
    step_h, due_h, end_h, price_per_h, tolerance_h = lateness
    fastest = gain.max()
    best, best_t, best_mode, best_p = np.inf, 0, 0, 0
    for t in range(begin, end):
        i = t - begin
        known = min(work, i * fastest + 1 + head)
        # Less progress than this cannot be finished any more.
        first = max(0, work - (end - t) * fastest)
        if first >= known:
            return np.inf, 0, 0, 0
        ran, stood = running[i, first:known], paused[i, first:known]
        stands, enters = paused[i + 1, first:known], entered[first:known]
        for q in range(len(ran)):
            stands[q] = min(stood[q], ran[q])
            enters[q] = ran[q]
        if first + repeat < known:
            back = paused[i, first + repeat : known]
            for q in range(len(back)):
                enters[q] = min(enters[q], back[q])
        if first == 0:
            enters[0] = min(enters[0], paused[i, 0])
        if t < first_step:
            continue
        for mode in range(len(gain)):
            step_cost = cost[mode, t]
            if gain[mode] <= 0 or step_cost == np.inf:
                continue
            nearly = max(first, work - gain[mode])
            inside = min(known, work - gain[mode])
            if inside > first:
                source = entered[first:inside]
                target = running[i + 1, first + gain[mode] : inside + gain[mode]]
                for q in range(len(source)):
                    target[q] = min(target[q], source[q] + step_cost)
            for p in range(nearly, known):
                done = entered[p] + step_cost
                if done < best:
                    finish_h = (t + (work - p) / gain[mode]) * step_h
                    if finish_h > end_h + tolerance_h:
                        continue
                    late_h = finish_h - due_h if finish_h > due_h + tolerance_h else 0.0
                    total = done + price_per_h * late_h
                    if total < best:
                        best, best_t, best_mode, best_p = total, t, mode, p
    return best, best_t, best_mode, best_p


@compiled
def retraced(
    running: FloatArray,
    paused: FloatArray,
    cost: FloatArray,
    gain: IntArray,
    span: tuple[int, int, int, int, int],
    last: tuple[int, int, int],
) -> list[tuple[int, int]]:
    """Steps and modes behind the step `last`, backwards."""
    begin, _, work, repeat, _ = span
    t, mode, progress = last
    steps = [(t, mode)]
    while True:
        i = t - begin
        resumed = paused[i, progress + repeat] if 0 < progress + repeat < work else np.inf
        if i == 0:
            return steps
        if progress == 0 and paused[i, 0] <= min(running[i, 0], resumed):
            return steps
        if resumed < running[i, progress]:
            progress += repeat
            t -= 1
            while t > begin and running[t - begin, progress] > paused[t - begin, progress]:
                t -= 1
            if t == begin:
                return steps
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


@compiled
def slid(
    cost: FloatArray,
    start_cost: FloatArray,
    first_step: IntArray,
    end_step: int,
    length: int,
    work_h: float,
    lateness: tuple[float, float, float, float, float],
) -> tuple[float, int, int]:
    """Cost, site and start of the cheapest window of `length` steps."""
    step_h, due_h, end_h, price_per_h, tolerance_h = lateness
    n_sites, n_steps = cost.shape
    best, best_site, best_start = np.inf, 0, 0
    summed = np.empty(n_steps + 1)
    for site in range(n_sites):
        summed[0], wall = 0.0, -1
        for t in range(n_steps):
            blocked = t < first_step[site] or t >= end_step or not np.isfinite(cost[site, t])
            summed[t + 1] = summed[t] + (0.0 if blocked else cost[site, t])
            if blocked:
                wall = t
            start = t + 1 - length
            if start <= wall:
                continue
            finish_h = start * step_h + work_h
            if finish_h > end_h + tolerance_h:
                continue
            late_h = finish_h - due_h if finish_h > due_h + tolerance_h else 0.0
            total = summed[t + 1] - summed[start] + (start_cost[site] + price_per_h * late_h)
            if total < best:
                best, best_site, best_start = total, site, start
    return best, best_site, best_start
