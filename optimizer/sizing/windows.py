"""Windows of work that may move: how large its backlog may grow, and how far it may run ahead.

Backlog is what has come less what has run. Work that must be done within D hours of its coming is
done in time, in the order of its coming, as long as the backlog never exceeds what came in the last
D hours; so a deadline is a bound, and no row of the model.
"""

import numpy as np

from optimizer.site import FloatArray
from optimizer.sizing.problem import Calendar, FlexibleWork


def within_hours(
    name: str, arriving_gpus: FloatArray, slack_h: float, sites: tuple[int, ...], of: Calendar
) -> FlexibleWork:
    """Work that may wait `slack_h` hours; what waits at the end of a period leads its beginning."""
    steps = round(slack_h / of.step_h)
    most = np.zeros(of.n_steps)
    for period in range(len(of.weight)):
        own = np.flatnonzero(of.period == period)
        came = arriving_gpus[own] * of.step_h
        waits = min(steps, len(own) - 1)
        twice = np.concatenate([[0.0], np.cumsum(np.tile(came, 2))])
        ends = np.arange(len(own), 2 * len(own)) + 1
        most[own] = twice[ends] - twice[ends - waits]
    return FlexibleWork(
        name=name,
        arriving_gpus=arriving_gpus,
        least_backlog_gpu_h=np.zeros(of.n_steps),
        most_backlog_gpu_h=most,
        sites=sites,
    )


def within_day(
    name: str, arriving_gpus: FloatArray, day: np.ndarray, sites: tuple[int, ...], of: Calendar
) -> FlexibleWork:
    """Work that may run at any time of the day it comes, before it comes too; `day` of each step.

    Its sum over each day is kept: the backlog is nothing as the day ends.
    """
    came = np.bincount(day, weights=arriving_gpus * of.step_h)[day]
    last = np.append(np.diff(day) != 0, True)
    room = np.where(last, 0.0, came)
    return FlexibleWork(
        name=name,
        arriving_gpus=arriving_gpus,
        least_backlog_gpu_h=-room,
        most_backlog_gpu_h=room,
        sites=sites,
    )
