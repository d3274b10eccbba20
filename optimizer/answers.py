"""What every job would choose at linear prices, all of them asked at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from optimizer.compiled import has_numba
from optimizer.fleet import Roster, Timetable
from optimizer.pricing import untrimmed
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Linear prices.

    Attributes:
        it_price: Of a further IT kWh by site and step, shape (S, T). [money/kWh]
        gpu_price: Of a reserved GPU-hour by pool and step, lease in, shape (K, T).
        room: GPUs a job may take by pool and step, shape (K, T).
        step_h: [h]
    """

    it_price: FloatArray
    gpu_price: FloatArray
    room: IntArray
    step_h: float

    def step_costs(self, terms: Terms) -> FloatArray:
        """Cost of each step of a job, shape (sites, modes, T), infinite without room. [money]"""
        sites, pools, gpus = list(terms.sites), terms.pools, terms.gpus[:, :, None]
        power = terms.extra_kw[:, :, None] * self.it_price[sites][:, None, :]
        cost: FloatArray = self.step_h * (power + gpus * self.gpu_price[pools][:, None, :])
        cost[gpus > self.room[pools][:, None, :]] = np.inf
        return cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The cheapest schedule of every job.

    Attributes:
        least: Its cost, lateness included, shape (J,). [money]
        timetable: The schedules.
    """

    least: FloatArray
    timetable: Timetable


def ask(roster: Roster, question: Question) -> Answers:
    """The cheapest schedule of every job of `roster`, its times rounded against it."""
    answers = Answers(
        least=np.zeros(len(roster.jobs)),
        timetable=Timetable.empty(len(roster.jobs), question.it_price.shape[1]),
    )
    _kinds()[0](roster, question, answers)
    return answers


def add_load(
    roster: Roster, timetable: Timetable, weight: float, it_kw: FloatArray, gpus: FloatArray
) -> None:
    """Add `weight` times what the jobs draw and reserve, in place.

    Args:
        roster: The jobs.
        timetable: Where and when they run.
        weight: How often each job counts.
        it_kw: IT power by site and step, shape (S, T). [kW]
        gpus: Reserved, by pool and step, shape (K, T).
    """
    _kinds()[1](roster, timetable, weight, it_kw, gpus)


Ask = Callable[[Roster, Question, Answers], None]
AddLoad = Callable[[Roster, Timetable, float, FloatArray, FloatArray], None]


@cache
def _kinds() -> tuple[Ask, AddLoad]:
    return (compiled_ask, compiled_add_load) if has_numba() else (numpy_ask, numpy_add_load)


def numpy_ask(roster: Roster, question: Question, answers: Answers) -> None:
    """`ask` in NumPy, one job after the other."""
    for j, terms in enumerate(roster.jobs):
        least, placement = untrimmed(terms, question.step_costs(terms), terms.grain)
        answers.least[j] = least
        answers.timetable.note(j, terms, placement)


def compiled_ask(roster: Roster, question: Question, answers: Answers) -> None:
    """`ask` as machine code."""
    from optimizer.compiled_fleet import priced  # noqa: PLC0415  (takes a second)

    priced(
        roster.fleet,
        question.it_price,
        question.gpu_price,
        question.room,
        question.step_h,
        roster.table_size,
        answers.least,
        *answers.timetable,
    )


def numpy_add_load(
    roster: Roster, timetable: Timetable, weight: float, it_kw: FloatArray, gpus: FloatArray
) -> None:
    """`add_load` in NumPy."""
    fleet = roster.fleet
    for j in np.flatnonzero(timetable.position >= 0):
        steps = np.flatnonzero(timetable.modes[j] >= 0)
        position, modes = timetable.position[j], timetable.modes[j, steps]
        it_kw[fleet.sites[j, position], steps] += weight * fleet.extra_kw[j, position, modes]
        gpus[fleet.pools[j, position], steps] += weight * fleet.gpus[j, position, modes]


def compiled_add_load(
    roster: Roster, timetable: Timetable, weight: float, it_kw: FloatArray, gpus: FloatArray
) -> None:
    """`add_load` as machine code."""
    from optimizer.compiled_fleet import loaded  # noqa: PLC0415  (takes a second)

    loaded(roster.fleet, *timetable, weight, it_kw, gpus)
