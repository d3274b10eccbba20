"""When synthetic jobs are released: in working hours, and where their home pool has room.

Run at once, none of them waits for another, so that no plan looks good for ending a queue.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scheduler.scenario.split import FloatArray, IntArray

ATTEMPTS = 8
DISORDER = 0.3
HOPELESS = 0.2
WORKING_HOURS = (8, 18)
SATURDAY = 5
LEAST_CHANCE = 1e-6


def rhythm(local: pd.DatetimeIndex, working_hours_factor: float) -> FloatArray:
    """How likely a release is at each of the `local` times: working hours count more."""
    hour, weekday = local.hour.to_numpy(), local.day_of_week.to_numpy()
    working = (hour >= WORKING_HOURS[0]) & (hour < WORKING_HOURS[1]) & (weekday < SATURDAY)
    likely: FloatArray = np.where(working, max(working_hours_factor, LEAST_CHANCE), 1.0)
    return likely


def place(
    home: IntArray,
    width: IntArray,
    length: IntArray,
    *,
    last: IntArray,
    free: Sequence[IntArray],
    rhythm: Sequence[FloatArray],
    chance: np.random.Generator,
) -> tuple[IntArray, int]:
    """Slot of each release, at random where the pool has room for the whole run.

    The largest choose first. Where a job finds no room, all draw again a few times, in an order
    less strict; the draw with the fewest that would queue is kept.

    Args:
        home: Number of each job's pool, shape (n,).
        width: GPUs of each job, shape (n,).
        length: Slots of each job, shape (n,).
        last: Last slot in which each job may be released, shape (n,).
        free: GPUs of each pool by slot.
        rhythm: How likely a release is, by pool and slot.
        chance: Source of chance.

    Returns:
        The releases, and how many jobs would queue.
    """
    work = width * length
    best, fewest = np.zeros(len(home), dtype=np.int64), len(home) + 1
    for attempt in range(ATTEMPTS):
        noise = np.exp(DISORDER * attempt * chance.standard_normal(len(work)))
        pools = [pool.copy() for pool in free]
        release = np.zeros(len(home), dtype=np.int64)
        queued = 0
        for job in np.argsort(-work * noise, kind="stable"):
            pool, run = pools[home[job]], int(length[job])
            slots = max(1, int(last[job]) + 1)
            room = np.lib.stride_tricks.sliding_window_view(pool, run).min(axis=1)[:slots]
            chances = np.where(room >= width[job], rhythm[home[job]][: len(room)], 0.0)
            if chances.any():
                at = int(chance.choice(len(room), p=chances / chances.sum()))
            else:
                at, queued = int(np.argmax(room)), queued + 1
            pool[at : at + run] -= width[job]
            release[job] = at
        if queued < fewest:
            best, fewest = release, queued
        if not queued or queued > HOPELESS * len(home):
            break
    return best, fewest
