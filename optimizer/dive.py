"""Whole schedules out of a relaxed master: settle a few, let the rest adapt, look again.

A dive down one branch of the tree that branch and bound would search (Berthold 2006). A batch that
costs the relaxation too much is taken back and halved; a column that it does not bear even alone is
closed, and its job or service looks elsewhere.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np

from optimizer.answers import ask
from optimizer.bound import (
    gpu_price_per_gpu_h,
    it_price_per_kwh,
    question,
    service_prices,
    service_step_costs,
)
from optimizer.columns import Schedule, hold_key
from optimizer.fleet import Roster
from optimizer.highs import CutOff
from optimizer.master import TOLERANCE, Master
from optimizer.money import dearer, dearer_terms
from optimizer.packing import Packing
from optimizer.plan import Prices
from optimizer.replicas import Choices
from optimizer.site import IntArray

FIRST_SETTLED = 0.1
MOST_REFUSED = 3
MOST_LOST = 0.002


class Dive:
    """One dive through one master."""

    def __init__(
        self,
        master: Master,
        choices: tuple[Choices, ...],
        constant: float,
        left_s: Callable[[], float],
    ) -> None:
        """Nothing settled yet.

        Args:
            master: With columns that price generation has brought.
            choices: Of the services.
            constant: What no decision can change; what a batch may cost is a share of the rest.
                [money]
            left_s: Time left; raises when there is none. [s]
        """
        self._master, self._choices, self._left_s = master, choices, left_s
        self._constant = constant
        self._chosen: list[int] = []
        self._closed: list[int] = []
        self._refused: Counter[int] = Counter()

    def packing(self) -> Packing:
        """One hold a step and one schedule a job; what fits nowhere is left out.

        Services are settled first, while jobs can still give way; then jobs, those with the least
        spare time first.
        """
        master = self._master
        steps, jobs = master.step_rows.ravel(), master.job_rows
        try:
            prices = self._settle(steps, lambda _: 0.0, lambda _: None)
            self._serve_the_rest(prices)
            self._settle(jobs, self._slack_steps, self._ask_jobs)
            self._relaxed([])
            fitting = [n for n in self._chosen if master.values[n] > 1 - TOLERANCE]
        finally:
            master.hold_to([], [])
        return master.packing_of([master.entries[n] for n in fitting])

    def _settle(
        self,
        rows: IntArray,
        urgency: Callable[[int], float],
        ask: Callable[[Prices], None],
    ) -> Prices:
        """Choose a column for each of `rows`, as many at a time as the relaxation bears.

        Args:
            rows: Of the master.
            urgency: Of a column, the least first; of equals the likeliest.
            ask: Offers more columns at the prices reached.
        """
        master, batch = self._master, int(np.ceil(FIRST_SETTLED * len(rows)))
        value, prices = self._relaxed([])
        while True:
            ask(prices)
            if master.waiting:
                value, prices = self._relaxed([])
            whole, others = self._leaders(rows)
            if not whole and not others:
                return prices
            others.sort(key=urgency)
            self._chosen += whole
            most = value + MOST_LOST * abs(value - self._constant)
            batch = min(batch, len(others))
            while batch > 1:
                try:
                    value, prices = self._relaxed(others[:batch], cutoff=most)
                except CutOff:
                    batch = int(np.ceil(batch / 2))
                else:
                    self._chosen += others[:batch]
                    break
            if batch == 1:
                value, prices = self._branch(others[0], most)
            batch = max(1, 2 * batch)

    def _branch(self, n: int, most: float) -> tuple[float, Prices]:
        """Choose column number n, or close it where it costs more than `most` and than without it.

        A row that has been closed often enough is settled.
        """
        with_it = self._relaxed([n])
        row = int(self._master.rows[n])
        if with_it[0] > most and self._refused[row] < MOST_REFUSED:
            self._refused[row] += 1
            self._closed.append(n)
            without = self._relaxed([])
            if without[0] < with_it[0]:
                return without
            self._closed.remove(n)
        self._chosen.append(n)
        return self._relaxed([])

    def _relaxed(self, more: list[int], cutoff: float = np.inf) -> tuple[float, Prices]:
        """The relaxed master held to what is chosen and to `more`: its value and prices."""
        master, held = self._master, self._chosen + more
        master.take_in()
        closed = np.append(master.misfits(master.room(held)), self._closed)
        master.hold_to(held, closed)
        return master.relax(time_limit_s=self._left_s(), cutoff=cutoff)

    def _leaders(self, rows: IntArray) -> tuple[list[int], list[int]]:
        """The likeliest column of each open row, likeliest first: the whole ones, the others."""
        master = self._master
        order = np.lexsort((np.arange(len(master.rows)), -master.values, master.rows))
        leaders = order[np.flatnonzero(np.diff(master.rows[order], prepend=-1))]
        settled = master.rows[np.array(self._chosen, dtype=np.int64)]
        is_open = np.isin(master.rows[leaders], np.setdiff1d(rows, settled))
        leaders = leaders[is_open & (master.values[leaders] > TOLERANCE)]
        leaders = leaders[np.argsort(-master.values[leaders], kind="stable")]
        n_whole = int((master.values[leaders] > 1 - TOLERANCE).sum())
        return leaders[:n_whole].tolist(), leaders[n_whole:].tolist()

    def _slack_steps(self, n: int) -> float:
        """Spare time of the job that column number n places, in steps."""
        entry = self._master.entries[n]
        assert isinstance(entry, Schedule)
        terms = self._master.terms[entry.job]
        h = terms.horizon.step_h
        return (terms.lateness.due_h - terms.job.work_h) / h - float(terms.first_step.min())

    def _ask_jobs(self, prices: Prices) -> None:
        """Offer what the unsettled jobs would choose at `prices`."""
        master = self._master
        settled = set(master.rows[np.array(self._chosen, dtype=np.int64)].tolist())
        numbers = [j for j, row in enumerate(master.job_rows.tolist()) if row not in settled]
        terms = tuple(master.terms[j] for j in numbers)
        asked = Roster.of(dearer_terms(master.problem, terms, prices.money_premium))
        priced = dearer(master.problem, prices.money_premium)
        room = master.room(self._chosen)
        answers = ask(asked, question(priced, prices, room)).timetable
        for n, j in enumerate(numbers):
            master.offer_schedule(j, answers.placement(n, asked.jobs[n]))

    def _serve_the_rest(self, prices: Prices) -> None:
        """Settle every step still open for the cheapest hold that the pools have room for.

        Services that must survive a loss, and those with fewer places to go, choose first.
        """
        master, choices = self._master, self._choices
        problem = dearer(master.problem, prices.money_premium)
        rows = set(master.step_rows.ravel().tolist())
        rows -= set(master.rows[np.array(self._chosen, dtype=np.int64)].tolist())
        if not rows:
            return
        free = master.room(self._chosen)
        it_price, gpu_price = (
            it_price_per_kwh(problem, prices),
            gpu_price_per_gpu_h(problem, prices),
        )
        urgency = [(not one.service.survives_site_loss, len(one.sites)) for one in choices]
        keys: list[tuple[object, ...]] = []
        for v in sorted(range(len(choices)), key=urgency.__getitem__):
            open_steps = [t for t, row in enumerate(master.step_rows[v].tolist()) if row in rows]
            steps = np.array(open_steps, dtype=np.int64)
            one, hosts = choices[v].at(steps), choices[v].hosts
            pools = [problem.pool_number[s, one.service.gpu_type] for s in one.sites]
            quality_price = prices.quality_of(v)
            replica, request = service_prices(
                problem, choices[v], it_price, gpu_price, quality_price
            )
            costs, split = service_step_costs(one, replica[:, steps], request[:, steps])
            room = free[pools][:, steps].T
            needed = hosts.by_site(one.replicas * hosts.gpus)
            fits = (needed <= room[:, None, :]).all(axis=2) & one.allowed
            best = np.argmin(np.where(fits, costs, np.inf), axis=1)
            replicas = one.replicas[np.arange(len(steps)), best]
            served = split[np.arange(len(steps)), best]
            full = np.flatnonzero(~fits.any(axis=1))
            if len(full):
                replicas[full], served[full] = choices[v].squeezed(steps[full], room[full])
            free[np.ix_(pools, open_steps)] -= hosts.by_site(replicas * hosts.gpus).T
            master.offer_holds(v, steps, replicas, served)
            keys += [hold_key(v, t, replicas[n], served[n]) for n, t in enumerate(steps)]
        master.take_in()
        self._chosen += [master.number_of(key) for key in keys]
