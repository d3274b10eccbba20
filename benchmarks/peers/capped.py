"""At most so many jobs at once: the bound that prices of the steps prove, and our closed loop.

With a price on every full step each job again takes the steps cheapest to it. Any prices at least 0
prove a bound (Lagrange); good ones are found by raising those of steps that are asked for too much.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.peers.lwa import Project, tonnes
from optimizer.site import FloatArray, IntArray
from scheduler.simulation.errors import ErrorField, Issuer

STEP_H, STEPS_A_WEEK = 0.5, 336
#: Of the cap, what is kept for jobs that nobody expects.
RESERVED = 9
#: Steps between two plans: an hour.
REPLAN_STEPS = 2
#: Rounds of prices for the bound, and in each plan of the closed loop.
BOUND_ROUNDS, PLAN_ROUNDS = 300, 4
#: First change of a price, as a share of the mean carbon intensity, where a step is asked for twice
#: as often as it has room.
FIRST_RISE, PLAN_RISE = 0.6, 0.15


def bound_t(jobs: Project, carbon: FloatArray, cap: int) -> float:
    """No schedule with at most `cap` jobs at once emits less. [t]"""
    steps, inside = jobs.windows()
    price = np.zeros(len(carbon))
    best, rise = -np.inf, FIRST_RISE * float(carbon.mean())
    for number in range(BOUND_ROUNDS):
        asked, total = _cheapest(carbon + price, steps, inside, jobs.length)
        best = max(best, total - cap * float(price.sum()))
        over = np.bincount(steps[asked], minlength=len(carbon)) - cap
        price = np.maximum(0.0, price + rise / np.sqrt(1 + number) * over / cap)
    return tonnes(best)


def _cheapest(
    cost: FloatArray, steps: IntArray, inside: np.ndarray, length: IntArray
) -> tuple[np.ndarray, float]:
    """Which steps of its window each job takes, and what all of them cost."""
    looks = np.where(inside, cost[steps], np.inf)
    ranked = np.sort(looks, axis=1)
    last = ranked[np.arange(len(length)), length - 1]
    taken = np.arange(looks.shape[1]) < length[:, None]
    return (looks <= last[:, None]) & inside, float(ranked[taken].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was lived through.

    Attributes:
        emitted_t: [t]
        most_at_once: Jobs.
        misses: Jobs that did not end by their deadline.
    """

    emitted_t: float
    most_at_once: int
    misses: int


def closed_loop(jobs: Project, carbon: FloatArray, cap: int, seed: int) -> Outcome:
    """Every hour a new forecast with correlated errors, and a new plan of what is known by then.

    Jobs to come are thought to be those of a week ago. In a step the `cap` go to those that lose
    most by waiting, first of all to those that have no time left to wait.
    """
    n_steps, longest = int(jobs.end.max()), int((jobs.end - jobs.start).max())
    issuer = Issuer(
        truth=carbon,
        field=ErrorField(n_steps=longest + 1, step_h=STEP_H, rng=np.random.default_rng(seed)),
        mean=float(carbon.mean()),
    )
    left = jobs.length.copy()
    price = np.zeros(len(carbon))
    emitted, most = 0.0, 0
    looks = np.zeros(0)
    for step in range(n_steps):
        issued = issuer.issue(step)
        if step % REPLAN_STEPS == 0:
            looks = issued
            _raise(jobs, left, price[step : step + len(looks)], looks, (step, cap))
        live = np.flatnonzero((jobs.start <= step) & (left > 0) & (step < jobs.end))
        if not len(live):
            continue
        at = step % REPLAN_STEPS
        cost = looks[at:] + price[step : step + len(looks) - at]
        least = _least(jobs, left, step, cap)
        running = live[_running(cost, left[live], jobs.end[live] - step, (least, cap))]
        left[running] -= 1
        emitted += carbon[step] * len(running)
        most = max(most, len(running))
    return Outcome(emitted_t=tonnes(emitted), most_at_once=most, misses=int((left > 0).sum()))


def _raise(
    jobs: Project, left: IntArray, price: FloatArray, looks: FloatArray, at: tuple[int, int]
) -> None:
    """Move the prices of the steps ahead to where no step is asked for too often, in place."""
    step, cap = at
    known = np.flatnonzero((jobs.start <= step) & (left > 0) & (step < jobs.end))
    before = step - STEPS_A_WEEK
    ghosts = np.flatnonzero((jobs.start > before) & (jobs.start <= before + len(looks)))
    first = np.append(np.zeros(len(known), dtype=np.int64), jobs.start[ghosts] - before)
    length = np.append(left[known], jobs.length[ghosts])
    end = np.append(jobs.end[known] - step, jobs.end[ghosts] - before)
    whole = end <= len(looks)
    first, length, end = first[whole], length[whole], end[whole]
    if not len(first):
        return
    width = int((end - first).max())
    steps = first[:, None] + np.arange(width)
    inside = steps < end[:, None]
    steps = np.minimum(steps, len(looks) - 1)
    rise = PLAN_RISE * float(looks.mean())
    for number in range(PLAN_ROUNDS):
        asked, _ = _cheapest(looks + price, steps, inside, length)
        over = np.bincount(steps[asked], minlength=len(looks)) - cap
        price += rise / np.sqrt(1 + number) * over / cap
        np.maximum(price, 0.0, out=price)


def _least(jobs: Project, left: IntArray, step: int, cap: int) -> int:
    """How many must run now for the work due by any deadline to fit under the cap until then."""
    live = (jobs.start <= step) & (left > 0) & (step < jobs.end)
    before = step - STEPS_A_WEEK
    ghosts = (jobs.start > before) & (jobs.start <= before + STEPS_A_WEEK)
    due = np.append(jobs.end[live] - step, jobs.end[ghosts] - before)
    work = np.append(left[live], jobs.length[ghosts])
    room = cap - RESERVED
    # By any deadline, what is due by it, and what later jobs cannot do after it.
    over = [
        int(np.maximum(0, work - np.maximum(0, due - by)).sum()) - room * (by - 1)
        for by in np.unique(due).tolist()
    ]
    return int(np.clip(max(over, default=0), 0, cap))


def _running(cost: FloatArray, need: IntArray, window: IntArray, at: tuple[int, int]) -> IntArray:
    """Which of the live jobs run now: those that lose most by waiting.

    Args:
        cost: Of the steps from now on, prices included.
        need: Steps of work left, by job.
        window: Steps left to the deadline, by job.
        at: Jobs that run at least and at most.
    """
    least, cap = at
    inside = np.arange(int(window.max())) < window[:, None]
    later = np.sort(np.where(inside, cost[: inside.shape[1]], np.inf)[:, 1:], axis=1)
    # What it costs not to run now: the dearest step it would take instead, if there is one.
    instead = np.full(len(need), np.inf)
    free = need < window
    instead[free] = later[free, need[free] - 1]
    loss = instead - cost[0]
    order = np.lexsort((window, -loss))
    n_running = min(cap, max(least, int((loss >= 0).sum())))
    chosen: IntArray = order[:n_running]
    return chosen
