"""Few jobs weighed against each other: a master of their schedules, and whole ones drawn from it.

Column generation from prices that are good already takes a handful of rounds; its relaxed optimum
leads the sweeps better than a climb's running mean. Where they do not close the gap, a dive through
the master and its best whole schedules, days at a time, may.
"""

from collections.abc import Callable

import numpy as np

from optimizer.bound import Response, respond
from optimizer.columns import Entry, Schedule
from optimizer.dive import Dive
from optimizer.master import Master
from optimizer.packing import Packing
from optimizer.plan import Stage
from optimizer.search import Search
from optimizer.sweeps import Sweeps

#: Of column generation: rounds at most, and rounds without progress that end it.
MAX_ROUNDS, STALLED_ROUNDS = 40, 2
PACKS, SEARCHES = 2, 3
#: Columns that HiGHS may choose from at once; of more, those of `WINDOW_H` at a time.
FEW_COLUMNS = 500
WINDOW_H = 48.0


class Weighing:
    """The master of one search."""

    def __init__(self, search: Search, packings: list[Packing], response: Response) -> None:
        """Know `packings`, and what everyone chose at the best prices so far."""
        self._search = search
        self._master = Master(search.problem, search.roster.jobs)
        for packing in packings:
            self._master.offer(packing)
        self._master.offer_response(response)

    def sweep(self, sweeps: Sweeps) -> None:
        """Prices of the relaxed optimum, and sweeps that they lead."""
        search = self._search
        self._generate()
        prices = search.generation.prices
        if search.is_budgeted:
            search.put_premium(prices.money_premium)
            sweeps = search.sweeps()
        response = respond(search.problem, prices, search.choices, search.roster)
        search.swept(sweeps, response, self._master.facility_kw, PACKS)

    def draw(self, packing: Packing) -> Stage:
        """Whole schedules out of the master, `packing` known too, until the gap is closed."""
        search, master = self._search, self._master
        repair = search.repair()
        master.offer(packing)
        dive = Dive(master, search.choices, search.constant, search.watch.left_s)
        search.consider(repair.complete(dive.packing()), "whole schedules")
        for _ in range(SEARCHES):
            # The less the incumbent leaves to gain, the fewer columns are worth weighing.
            packing = search.repaired(repair, Packing.of_plan(search.priced, search.best.plan))
            if search.is_closed():
                return Stage.GAP
            for window in self._windows():
                packing = master.whole(
                    packing,
                    free=self._inside(window, packing),
                    held=search.best.plan.dispatch,
                    target=self._target(),
                    left_s=search.watch.left_s,
                )
                search.consider(packing, "best of the schedules known")
                if search.is_closed():
                    return Stage.GAP
            margin = search.best.objective - search.generation.bound
            master.offer_near(search.choices, search.generation.prices, margin)
        return Stage.ITERATIONS

    def _windows(self) -> list[range]:
        """Steps that may change at once: all where there are few columns, else days at a time."""
        n_steps, h = self._search.problem.horizon.n_steps, self._search.problem.horizon.step_h
        if len(self._master.entries) <= FEW_COLUMNS:
            return [range(n_steps)]
        width = max(2, min(int(WINDOW_H / h), n_steps // 2))
        return [range(first, first + width) for first in range(0, n_steps, width // 2)]

    def _inside(self, window: range, packing: Packing) -> Callable[[Entry], bool]:
        """What may change: everything in a window of all steps, else the jobs that start in it."""
        if len(window) >= self._search.problem.horizon.n_steps:
            return lambda _: True
        jobs = {
            j
            for j, placement in enumerate(packing.placements)
            if not placement.runs or placement.runs[0].first_step in window
        }
        return lambda entry: isinstance(entry, Schedule) and entry.job in jobs

    def _target(self) -> float:
        """Objective at which the gap is closed, less what routing may still lose. [money]"""
        search = self._search
        gap, bound, constant = search.limits.gap, search.generation.bound, search.constant
        share = gap / (1 - gap) if gap < 1 else np.inf
        return bound + 0.9 * share * max(0.0, bound - constant)

    def _generate(self) -> None:
        """Rounds until the bound is close enough to the relaxed master to leave room.

        They end early where neither the bound nor the master moves any more.
        """
        search, stalled = self._search, 0
        generation = search.generation
        for _ in range(MAX_ROUNDS):
            reached = (generation.bound, generation.value)
            generation.round(
                search.problem,
                self._master,
                search.choices,
                search.roster,
                time_limit_s=search.watch.left_s(),
            )
            room = 0.15 * search.limits.gap * max(0.0, generation.value - search.constant)
            moved = max(generation.bound - reached[0], reached[1] - generation.value)
            stalled = 0 if moved >= room / 3 else stalled + 1
            closed = generation.value - generation.bound <= room
            complete = generation.exact and not generation.added
            if closed or complete or stalled == STALLED_ROUNDS:
                break
            search.tell("pricing")
