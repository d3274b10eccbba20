"""Schedules weighed against each other: the core model with the priced schedules as its columns.

Dantzig-Wolfe decomposition: a linear master over the schedules found so far gives prices; at those
prices every job and service names its best (`bound.respond`), which proves a bound and adds
columns; a dive settles for whole schedules. Prices are smoothed between rounds (Wentges
1997), which keeps them from swinging.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import numpy as np

from optimizer.bound import (
    Response,
    gpu_price_per_gpu_h,
    it_price_per_kwh,
    respond,
    service_prices,
    service_step_costs,
)
from optimizer.columns import Columns, Entry, Hold, Rows, Schedule, hold_key
from optimizer.dispatcher import Flows
from optimizer.highs import Column, LinearModel
from optimizer.model.core import master_model
from optimizer.nearby import near_choices, near_windows
from optimizer.packing import Packing
from optimizer.plan import Placement, Prices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray, IntArray
from optimizer.timing import is_finished

HOLDS_SETTLED = 0.15
JOBS_SETTLED = 0.25
MOST_REOPENED = 3
CHOSEN = 0.5
TOLERANCE = 1e-6


class Master:
    """The core model of one problem and the schedules known so far."""

    def __init__(self, problem: Problem) -> None:
        """Compile the core; it holds no schedule yet."""
        self._problem = problem
        model = master_model(problem)
        self._linear = LinearModel(model)
        self._flows = Flows(problem, model, self._linear)
        shape = (-1, problem.horizon.n_steps)
        self._balance = self._flows.balance_rows.reshape(shape)
        self._pool = self._linear.rows(model.pool_is_shared).reshape(shape)
        self._job = self._linear.rows(model.one_schedule)
        self._step = self._linear.rows(model.one_choice).reshape(shape)
        self._make = Columns(
            problem,
            Rows(balance=self._balance, pool=self._pool, job=self._job, step=self._step),
        )
        self._all: IntArray = np.arange(problem.horizon.n_steps, dtype=np.int64)
        #: Number of the column that stands for a schedule or a hold.
        self._known: dict[tuple[object, ...], int] = {}
        self.waiting: list[tuple[Entry, Column]] = []
        self.entries: list[Entry] = []
        self.values: FloatArray = np.zeros(0)
        self._columns: IntArray = np.zeros(0, dtype=np.int64)

    def offer(self, packing: Packing) -> None:
        """Make everything in `packing` available."""
        for j, placement in enumerate(packing.placements):
            self._offer_schedule(j, placement)
        for v in range(len(self._problem.services)):
            self._offer_holds(v, self._all, packing.replicas[v], packing.served_rps[v])

    def offer_response(self, response: Response, choices: tuple[Choices, ...]) -> None:
        """Make what everyone chose at some prices available."""
        for j, placement in enumerate(response.placements):
            self._offer_schedule(j, placement)
        for v in range(len(choices)):
            self._offer_holds(v, self._all, response.replicas[v], response.served_rps[v])

    def offer_near(self, choices: tuple[Choices, ...], prices: Prices, margin: float) -> None:
        """Make what is within `margin` of everyone's best at `prices` available. [money]"""
        for j, placement in near_windows(self._problem, prices, margin):
            self._offer_schedule(j, placement)
        for v, steps, replicas, served in near_choices(self._problem, choices, prices, margin):
            self._offer_holds(v, steps, replicas, served)

    def _offer_schedule(self, j: int, placement: Placement) -> None:
        key = (j, placement.site, placement.runs)
        if key in self._known or not is_finished(self._problem, self._problem.jobs[j], placement):
            return
        self._known[key] = len(self._known)
        entry = Schedule(job=j, placement=placement)
        self.waiting.append((entry, self._make.schedule(j, placement)))

    def _offer_holds(
        self, v: int, steps: IntArray, replicas: IntArray, served_rps: FloatArray
    ) -> None:
        for hold, column in self._make.holds(v, steps, replicas, served_rps):
            key = hold_key(v, hold.step, hold.replicas, hold.served_rps)
            if key not in self._known:
                self._known[key] = len(self._known)
                self.waiting.append((hold, column))

    def _take_in(self) -> int:
        if self.waiting:
            numbers = self._linear.add_columns([column for _, column in self.waiting])
            self.entries += [entry for entry, _ in self.waiting]
            self._columns = np.concatenate([self._columns, numbers])
        taken = len(self.waiting)
        self.waiting = []
        return taken

    def relax(self, *, time_limit_s: float) -> tuple[float, Prices]:
        """Best mix of the schedules known, and the prices it sets."""
        self._take_in()
        answer = self._linear.solve(time_limit_s=time_limit_s)
        self.values = answer.column_values[self._columns]
        duals = -answer.row_duals[self._pool] / self._problem.horizon.step_h
        return answer.objective, self._flows.prices(answer.row_duals, np.maximum(0.0, duals))

    def whole(
        self,
        incumbent: Packing,
        *,
        free: Callable[[Entry], bool],
        target: float,
        left_s: Callable[[], float],
    ) -> Packing:
        """One schedule a job and one hold a step, as good as `target` or the best there is. [money]

        Columns whose reduced cost exceeds what `incumbent` leaves to gain stay out: no better
        choice has them (Nemhauser and Wolsey 1988, I.5.2). What is not `free` stays as it is: HiGHS
        may take minutes over some thousands of columns at once.
        """
        self.offer(incumbent)
        self._take_in()
        held = np.zeros(len(self._columns))
        held[[self._known[key] for key in self._keys(incumbent)]] = 1.0
        upper = np.where([free(entry) for entry in self.entries], np.inf, held)
        nothing = np.zeros(len(held))
        try:
            self._linear.set_bounds(self._columns, nothing, upper)
            relaxed = self._linear.solve(time_limit_s=left_s())
            self._linear.set_bounds(self._columns, held, held)
            best = self._linear.solve(time_limit_s=left_s()).objective
            room = best - relaxed.objective
            upper[relaxed.reduced_costs[self._columns] > room + TOLERANCE] = 0.0
            self._linear.set_bounds(self._columns, nothing, upper)
            self._linear.set_integer(self._columns, integer=True)
            self._linear.set_option("objective_target", target)
            self._linear.set_option("mip_abs_gap", max(0.1 * (best - target), TOLERANCE))
            self._linear.start_from(self._columns, held)
            found = self._linear.solve(time_limit_s=left_s()).column_values[self._columns]
        finally:
            self._linear.set_integer(self._columns, integer=False)
            self._linear.set_option("objective_target", -np.inf)
            self._linear.set_bounds(self._columns, nothing, np.full(len(held), np.inf))
        return self._packing([self.entries[n] for n in np.flatnonzero(found > CHOSEN)])

    def _keys(self, packing: Packing) -> list[tuple[object, ...]]:
        """Of everything in `packing` that a column can stand for."""
        keys: list[tuple[object, ...]] = []
        for j, placement in enumerate(packing.placements):
            if is_finished(self._problem, self._problem.jobs[j], placement):
                keys.append((j, placement.site, placement.runs))
        for v in range(len(self._problem.services)):
            for t in self._all:
                keys.append(hold_key(v, t, packing.replicas[v][t], packing.served_rps[v][t]))
        return keys

    def dive(self, choices: tuple[Choices, ...], *, left_s: Callable[[], float]) -> Packing:
        """One hold a step and one schedule a job, settled by the relaxed master.

        Services are settled first, while jobs can still give way; then jobs, those with the least
        spare time first: each round solves the relaxation, lets the unsettled name what they would
        now choose, settles what is whole and the tightest of the rest, and lets that adapt.
        What is crowded out is opened again; what fits nowhere is left out.
        """
        chosen = self._settle_services(choices, left_s)
        settled = set(self._step.ravel().tolist())
        self._hold_to(chosen, settled)
        reopened: Counter[int] = Counter()
        try:
            while True:
                _, prices = self.relax(time_limit_s=left_s())
                self._ask_unsettled(settled, prices)
                self.relax(time_limit_s=left_s())
                for n in self._crowded_out(chosen):
                    row = self._row_of(self.entries[n])
                    if reopened[row] < MOST_REOPENED:
                        reopened[row] += 1
                        chosen.remove(n)
                        settled.discard(row)
                leaders, whole = self._leaders(set(self._job.tolist()) - settled)
                if not len(leaders):
                    break
                tightest = sorted(leaders[whole:].tolist(), key=self._slack_h)
                n_more = int(np.ceil(JOBS_SETTLED * len(tightest)))
                next_ones = leaders[:whole].tolist() + tightest[:n_more]
                chosen += next_ones
                settled |= {self._row_of(self.entries[n]) for n in next_ones}
                self._hold_to(chosen, settled)
        finally:
            values = self.values
            self._hold_to([], set())
        return self._packing([self.entries[n] for n in chosen if values[n] > 1 - TOLERANCE])

    def _slack_h(self, n: int) -> float:
        """Spare time of the job that column `n` places. [h]"""
        entry = self.entries[n]
        assert isinstance(entry, Schedule)
        job = self._problem.jobs[entry.job]
        return (job.due - job.release) / timedelta(hours=1) - job.work_h

    def _crowded_out(self, chosen: list[int]) -> list[int]:
        """Schedules settled on that the relaxed master no longer finds room for."""
        return [
            n
            for n in chosen
            if isinstance(self.entries[n], Schedule) and self.values[n] < 1 - TOLERANCE
        ]

    def _settle_services(
        self, choices: tuple[Choices, ...], left_s: Callable[[], float]
    ) -> list[int]:
        """Columns of one hold a step of every service, together inside the pools."""
        pool_gpus = self._problem.pool_gpus
        chosen: list[int] = []
        settled: set[int] = set()
        everything = set(self._step.ravel().tolist())
        _, prices = self.relax(time_limit_s=left_s())
        # Where jobs compete for the pool, services keep to what the relaxation gives them.
        share = np.ceil(self._held_gpus() - TOLERANCE).astype(np.int64)
        free = np.where(prices.gpu_per_gpu_h > TOLERANCE, np.minimum(share, pool_gpus), pool_gpus)
        while True:
            _, prices = self.relax(time_limit_s=left_s())
            leaders, whole = self._leaders(everything - settled)
            n_more = int(np.ceil(HOLDS_SETTLED * (len(leaders) - whole)))
            fitting = [n for n in leaders[: whole + n_more] if self._reserve(n, free)]
            if not fitting:
                break
            chosen += fitting
            settled |= {self._row_of(self.entries[n]) for n in fitting}
            self._hold_to(chosen, settled)
        left = pool_gpus - self._packing([self.entries[n] for n in chosen]).load.gpus
        return chosen + self._cheapest_fitting(choices, prices, everything - settled, left)

    def _held_gpus(self) -> FloatArray:
        """GPUs the relaxed master gives to services, by pool and step, shape (K, T)."""
        gpus = np.zeros(self._problem.pool_gpus.shape)
        for n in np.flatnonzero(self.values > TOLERANCE):
            entry = self.entries[n]
            if isinstance(entry, Hold):
                size = self._problem.services[entry.service].gpus_per_replica
                gpus[self._make.pools(entry.service), entry.step] += (
                    self.values[n] * size * entry.replicas
                )
        return gpus

    def _reserve(self, n: int, free: IntArray) -> bool:
        """Take the GPUs of hold number `n` from `free`, in place, if they are there."""
        hold = self.entries[n]
        assert isinstance(hold, Hold)
        pools = self._make.pools(hold.service)
        gpus = hold.replicas * self._problem.services[hold.service].gpus_per_replica
        if (gpus > free[pools, hold.step]).any():
            return False
        free[pools, hold.step] -= gpus
        return True

    def _cheapest_fitting(
        self, choices: tuple[Choices, ...], prices: Prices, rows: set[int], free: IntArray
    ) -> list[int]:
        """Columns of the cheapest hold that `free` still has room for, for each of `rows`.

        Services that must survive a loss, and those with fewer places to go, choose first.
        """
        it_price = it_price_per_kwh(self._problem, prices)
        gpu_price = gpu_price_per_gpu_h(self._problem, prices)
        urgency = [(not c.service.survives_site_loss, len(c.sites)) for c in choices]
        keys: list[tuple[object, ...]] = []
        for v in sorted(range(len(choices)), key=urgency.__getitem__):
            steps = np.array(
                [t for t in self._all if int(self._step[v, t]) in rows], dtype=np.int64
            )
            if not len(steps):
                continue
            one, pools = choices[v], self._make.pools(v)
            costs = service_step_costs(
                one, *service_prices(self._problem, one, it_price, gpu_price)
            )
            size = one.service.gpus_per_replica
            fits = (one.replicas * size <= free[pools].T[:, None, :]).all(axis=2) & one.allowed
            best = np.argmin(np.where(fits, costs[0], np.inf), axis=1)
            replicas, served = one.replicas[steps, best[steps]], costs[1][steps, best[steps]]
            full = np.flatnonzero(~fits[steps].any(axis=1))
            if len(full):
                room = free[np.ix_(pools, steps[full])].T // size
                replicas[full], served[full] = one.squeezed(steps[full], room)
            free[np.ix_(pools, steps)] -= replicas.T * size
            self._offer_holds(v, steps, replicas, served)
            keys += [hold_key(v, t, replicas[n], served[n]) for n, t in enumerate(steps)]
        self._take_in()
        return [self._known[key] for key in keys]

    def _leaders(self, open_rows: set[int]) -> tuple[IntArray, int]:
        """The likeliest column of each open row, likeliest first, and how many are whole."""
        rows = np.array([self._row_of(entry) for entry in self.entries])
        order = np.lexsort((np.arange(len(rows)), -self.values, rows))
        leaders = order[np.flatnonzero(np.diff(rows[order], prepend=-1))]
        is_open = np.isin(rows[leaders], list(open_rows))
        leaders = leaders[is_open & (self.values[leaders] > TOLERANCE)]
        leaders = leaders[np.argsort(-self.values[leaders], kind="stable")]
        return leaders, int((self.values[leaders] > 1 - TOLERANCE).sum())

    def _ask_unsettled(self, settled: set[int], prices: Prices) -> None:
        """Offer what the unsettled jobs would choose at `prices`."""
        numbers = [j for j in range(len(self._job)) if int(self._job[j]) not in settled]
        jobs = tuple(self._problem.jobs[j] for j in numbers)
        for j, placement in zip(
            numbers, respond(self._problem, prices, (), jobs).placements, strict=True
        ):
            self._offer_schedule(j, placement)

    def _hold_to(self, chosen: list[int], settled: set[int]) -> None:
        """Close every column of a settled row but the chosen ones."""
        self._take_in()
        rows = np.array([self._row_of(entry) for entry in self.entries])
        upper = np.where(np.isin(rows, list(settled)), 0.0, np.inf)
        upper[chosen] = np.inf
        self._linear.set_bounds(self._columns, np.zeros(len(upper)), upper)

    def _row_of(self, entry: Entry) -> int:
        if isinstance(entry, Schedule):
            return int(self._job[entry.job])
        return int(self._step[entry.service, entry.step])

    def _packing(self, chosen: list[Entry]) -> Packing:
        problem, n_steps = self._problem, self._problem.horizon.n_steps
        placements = [Placement(job=job.name, site=job.home, runs=()) for job in problem.jobs]
        widths = [len(problem.admissible_sites(service)) for service in problem.services]
        replicas = [np.zeros((n_steps, width), dtype=np.int64) for width in widths]
        served = [np.zeros((n_steps, width)) for width in widths]
        for entry in chosen:
            if isinstance(entry, Schedule):
                placements[entry.job] = entry.placement
            else:
                replicas[entry.service][entry.step] = entry.replicas
                served[entry.service][entry.step] = entry.served_rps
        return Packing.of(problem, placements, replicas, served)
