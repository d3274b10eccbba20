"""When a generator may be on: its minimum up and down times, and the cheapest way to keep them.

All times are rounded up to whole steps; what the horizon cuts short is kept as far as it reaches.
"""

import numpy as np

from optimizer.site import BoolArray, FloatArray, Generator


def up_steps(generator: Generator, step_h: float) -> int:
    """Steps it runs at least, once started; 1 or more."""
    return max(1, _steps(generator.min_up_h, step_h))


def down_steps(generator: Generator, step_h: float) -> int:
    """Steps it stands at least, once stopped; 1 or more."""
    return max(1, _steps(generator.min_down_h, step_h))


def held_steps(generator: Generator, step_h: float) -> int:
    """Steps at the start of the horizon in which it must stay as it is."""
    least_h = generator.min_up_h if generator.runs_at_start else generator.min_down_h
    return _steps(max(0.0, least_h - generator.hours_so_far), step_h)


def _steps(hours: float, step_h: float) -> int:
    return int(np.ceil(hours / step_h - 1e-9))


def limits(generator: Generator, n_steps: int, step_h: float) -> tuple[FloatArray, FloatArray]:
    """Least and most of `on` by step, 0 or 1, from how the horizon begins; shape (T,) each."""
    held = np.arange(n_steps) < held_steps(generator, step_h)
    least = np.where(held & generator.runs_at_start, 1.0, 0.0)
    most = np.where(held & (not generator.runs_at_start), 0.0, 1.0)
    return least, most


def n_starts(generator: Generator, on: FloatArray) -> int:
    """How often it starts inside the horizon."""
    before = np.append(float(generator.runs_at_start), on[:-1])
    return int(((on > 0) & (before == 0)).sum())


def least_cost(generator: Generator, running: FloatArray, step_h: float) -> float:
    """Least cost of any allowed way to be on and off, starts included. [money]

    A walk over the steps with the states "on (or off) for a steps", a capped at the minimum up (or
    down) time (Bellman 1957):

        on[1](t) = min(off[down](t-1)) + start_cost + running(t)
        on[a](t) = on[a-1](t-1) + running(t), the last a also from itself
        off likewise, from on[up] and for nothing

    Args:
        generator: Whose rules hold.
        running: Cost of being on by step, of either sign, shape (T,). [money]
        step_h: [h]
    """
    least, most = limits(generator, len(running), step_h)
    on = np.full(up_steps(generator, step_h), np.inf)
    off = np.full(down_steps(generator, step_h), np.inf)
    (on if generator.runs_at_start else off)[-1] = 0.0
    for cost, must, may in zip(running, least, most, strict=True):
        started, stopped = off[-1] + generator.start_cost, on[-1]
        on, off = _aged(on, started) + cost, _aged(off, stopped)
        if must:
            off[:] = np.inf
        if not may:
            on[:] = np.inf
    return float(min(on.min(), off.min()))


def _aged(state: FloatArray, fresh: float) -> FloatArray:
    """Every age one step older, the last standing for all above it, and a fresh first."""
    older: FloatArray = np.append(fresh, state[:-1])
    older[-1] = min(older[-1], state[-1])
    return older


def follow(generator: Generator, wanted: BoolArray, step_h: float) -> FloatArray:
    """On and off as somebody on shift would, 1 or 0 by step, shape (T,).

    It starts when it is wanted, as soon as it may; it stops when its time is up, unless it would be
    wanted again before it could start again.
    """
    least, most = limits(generator, len(wanted), step_h)
    up, down = up_steps(generator, step_h), down_steps(generator, step_h)
    on, age = generator.runs_at_start, max(up, down)
    followed = np.zeros(len(wanted))
    for t in range(len(wanted)):
        if on:
            switch = age >= up and not wanted[t : t + down].any() and not least[t]
        else:
            switch = age >= down and bool(wanted[t]) and bool(most[t])
        on, age = (not on, 1) if switch else (on, age + 1)
        followed[t] = on
    return followed


def breach(generator: Generator, on: FloatArray, step_h: float) -> tuple[str, int] | None:
    """The first rule of `on` and off that is broken, and the step in which it is; None if none."""
    least, most = limits(generator, len(on), step_h)
    times = {True: up_steps(generator, step_h), False: down_steps(generator, step_h)}
    state, age = generator.runs_at_start, max(times.values())
    for t in range(len(on)):
        rule = "minimum up time" if state else "minimum down time"
        if bool(on[t]) == state:
            age += 1
        elif age < times[state] or not least[t] <= on[t] <= most[t]:
            return rule, t
        else:
            state, age = not state, 1
    return None
