"""The ML project of Let's Wait Awhile (Wiesner et al., Middleware 2021), in its strict convention.

3,387 jobs that may pause for free, issued on working days of 2020, each with the slack its deadline
rule leaves it. Run-now is truly at once, and every job ends by its deadline.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimizer.site import FloatArray, IntArray

N_JOBS, N_WORKING_DAYS, STEPS_A_DAY, STEP_H, POWER_KW = 3387, 262, 48, 0.5, 2.0366
NEW_YEAR = pd.Timestamp("2020-01-01")
NINE, FIVE, THURSDAY, SATURDAY, SUNDAY = 18, 34, 3, 5, 6
FIRST_MIN, LAST_MIN, SHORTEST_MIN, LONGEST_MIN, MINUTES_A_STEP = 540, 1020, 240, 5400, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Jobs in steps of half an hour; arrays of shape (jobs,).

    Attributes:
        start: Step in which each is issued.
        length: Steps of work.
        end: Step by whose left edge it must have ended.
    """

    start: IntArray
    length: IntArray
    end: IntArray

    def windows(self) -> tuple[IntArray, np.ndarray]:
        """Steps of every job's window, padded to the longest, and which of them are inside."""
        steps = self.start[:, None] + np.arange(int((self.end - self.start).max()))
        inside = steps < self.end[:, None]
        return np.minimum(steps, int(self.end.max()) - 1), inside


def project(rule: str) -> Project:
    """The jobs under the deadline rule `next-workday` or `semi-weekly`."""
    rng = np.random.default_rng(0)
    days = pd.bdate_range("2020-01-01", "2020-12-31")
    counts = rng.multinomial(N_JOBS, np.ones(N_WORKING_DAYS) / N_WORKING_DAYS)
    minutes = np.arange(FIRST_MIN, LAST_MIN, MINUTES_A_STEP)
    start = np.concatenate(
        [
            (day - NEW_YEAR).days * STEPS_A_DAY + np.sort(rng.choice(minutes, n)) // MINUTES_A_STEP
            for day, n in zip(days, counts, strict=True)
        ]
    )
    lengths = np.arange(SHORTEST_MIN, LONGEST_MIN, MINUTES_A_STEP)
    length = rng.choice(lengths, N_JOBS) // MINUTES_A_STEP
    deadline = {"next-workday": _next_workday, "semi-weekly": _semi_weekly}[rule]
    end = np.array([deadline(int(at)) for at in start + length])
    return Project(start=start, length=length, end=end)


def _weekday(day: int) -> int:
    return int((NEW_YEAR + pd.Timedelta(days=day)).weekday())


def _next_workday(finish: int) -> int:
    """Nine in the morning after a run-now finish outside working hours; else the finish itself."""
    day, step = divmod(finish, STEPS_A_DAY)
    weekday = _weekday(day)
    if weekday == SATURDAY:
        return (day + 2) * STEPS_A_DAY + NINE
    if weekday == SUNDAY or step > FIVE:
        return (day + 1) * STEPS_A_DAY + NINE
    return day * STEPS_A_DAY + NINE if step < NINE else finish


def _semi_weekly(finish: int) -> int:
    """The next Monday or Thursday at nine."""
    day, step = divmod(finish, STEPS_A_DAY)
    monday = day - _weekday(day)
    since = (day - monday) * STEPS_A_DAY + step
    if since <= NINE:
        return monday * STEPS_A_DAY + NINE
    if since <= THURSDAY * STEPS_A_DAY + NINE:
        return (monday + THURSDAY) * STEPS_A_DAY + NINE
    return (monday + SUNDAY + 1) * STEPS_A_DAY + NINE


def tonnes(grams_per_kwh_steps: float) -> float:
    """Emissions of one job's power over a sum of carbon intensities. [t]"""
    return grams_per_kwh_steps * STEP_H * POWER_KW / 1e6


def run_now_t(jobs: Project, carbon: FloatArray) -> float:
    """Emissions when every job starts at once. [t]"""
    before = np.append(0.0, np.cumsum(carbon))
    return tonnes(float((before[jobs.start + jobs.length] - before[jobs.start]).sum()))


def interruptible_t(jobs: Project, carbon: FloatArray, forecast: FloatArray) -> float:
    """Emissions when every job takes the steps of its window that look cheapest. [t]

    With the forecast that was issued this is Let's Wait Awhile's interruptible policy; with the
    truth it is the bound.
    """
    steps, inside = jobs.windows()
    looks = np.where(inside, forecast[steps], np.inf)
    order = np.argsort(looks, axis=1, kind="stable")
    taken = np.arange(order.shape[1]) < jobs.length[:, None]
    return tonnes(float((np.take_along_axis(carbon[steps], order, axis=1) * taken).sum()))
