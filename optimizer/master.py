"""Schedules weighed against each other: the core model with the priced schedules as its columns.

Dantzig-Wolfe decomposition: a linear master over the schedules found so far gives prices; at those
prices every job and service names its best (`bound.respond`), which proves a bound and adds
columns; a dive settles for whole schedules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from optimizer.bound import Response
from optimizer.columns import (
    Columns,
    Entry,
    Rows,
    Schedule,
    hold_key,
)
from optimizer.dispatcher import Flows
from optimizer.highs import Column, LinearModel
from optimizer.model.core import master_model
from optimizer.money import dearer, dearer_terms
from optimizer.nearby import near_choices, near_windows
from optimizer.packing import Packing
from optimizer.plan import Dispatch, Placement, Prices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms
from optimizer.timing import is_finished

CHOSEN = 0.5
#: Of branch and bound: what better schedules it finds at all, it finds in the first of them.
MOST_NODES = 50
TOLERANCE = 1e-6


class Master:
    """The core model of one problem and the schedules known so far."""

    def __init__(self, problem: Problem, terms: tuple[Terms, ...]) -> None:
        """Compile the core; it holds no schedule yet."""
        self.problem, self.terms = problem, terms
        model = master_model(problem)
        self._linear = LinearModel(model)
        self._flows = Flows(problem, model, self._linear)
        shape = (-1, problem.horizon.n_steps)
        self._balance = self._flows.balance_rows.reshape(shape)
        self._pool = self._linear.rows(model.pool_is_shared).reshape(shape)
        self.job_rows = self._linear.rows(model.one_schedule)
        self.step_rows = self._linear.rows(model.one_choice).reshape(shape)
        self._quality = np.full(len(problem.services), -1, dtype=np.int64)
        self._quality[list(model.varied)] = self._linear.rows(model.quality_is_kept)
        self._make = Columns(
            problem,
            Rows(
                balance=self._balance,
                pool=self._pool,
                job=self.job_rows,
                step=self.step_rows,
                quality=self._quality,
                cost=self._linear.rows(model.cost_within_budget),
            ),
        )
        self._all: IntArray = np.arange(problem.horizon.n_steps, dtype=np.int64)
        #: Number of the column that stands for a schedule or a hold.
        self._known: dict[tuple[object, ...], int] = {}
        self.waiting: list[tuple[Entry, Column]] = []
        self.entries: list[Entry] = []
        #: Row that each column belongs to, and how much of it the last relaxation took.
        self.rows: IntArray = np.zeros(0, dtype=np.int64)
        self.values: FloatArray = np.zeros(0)
        #: Power of that mix at each site's meter, shape (S, T). [kW]
        self.facility_kw: FloatArray = np.zeros((len(problem.sites), problem.horizon.n_steps))
        self._columns: IntArray = np.zeros(0, dtype=np.int64)
        #: Which column takes how many GPUs of which pool and step, one entry each.
        self._takers: IntArray = np.zeros(0, dtype=np.int64)
        self._places: IntArray = np.zeros(0, dtype=np.int64)
        self._gpus: FloatArray = np.zeros(0)

    def offer(self, packing: Packing) -> None:
        """Make everything in `packing` available."""
        for j, placement in enumerate(packing.placements):
            self.offer_schedule(j, placement)
        for v in range(len(self.problem.services)):
            self.offer_holds(v, self._all, packing.replicas[v], packing.served_rps[v])

    def offer_response(self, response: Response) -> None:
        """Make what everyone chose at some prices available."""
        for j, terms in enumerate(self.terms):
            self.offer_schedule(j, response.timetable.placement(j, terms))
        answers = zip(response.replicas, response.served_rps, strict=True)
        for v, (replicas, served) in enumerate(answers):
            self.offer_holds(v, self._all, replicas, served)

    def offer_near(self, choices: tuple[Choices, ...], prices: Prices, margin: float) -> None:
        """Make what is within `margin` of everyone's best at `prices` available. [money]"""
        priced = dearer(self.problem, prices.money_premium)
        terms = dearer_terms(self.problem, self.terms, prices.money_premium)
        for j, placement in near_windows(priced, terms, prices, margin):
            self.offer_schedule(j, placement)
        for v, steps, replicas, served in near_choices(priced, choices, prices, margin):
            self.offer_holds(v, steps, replicas, served)

    def offer_schedule(self, j: int, placement: Placement) -> None:
        """Make one schedule of job number j available, if it does the work."""
        key = (j, placement.site, placement.runs)
        if key in self._known or not is_finished(self.problem, self.problem.jobs[j], placement):
            return
        self._known[key] = len(self._known)
        entry = Schedule(job=j, placement=placement)
        self.waiting.append((entry, self._make.schedule(j, placement)))

    def offer_holds(
        self, v: int, steps: IntArray, replicas: IntArray, served_rps: FloatArray
    ) -> None:
        """Make replicas of service number v available, one choice for each of `steps`."""
        for hold, column in self._make.holds(v, steps, replicas, served_rps):
            key = hold_key(v, hold.step, hold.replicas, hold.served_rps)
            if key not in self._known:
                self._known[key] = len(self._known)
                self.waiting.append((hold, column))

    def take_in(self) -> int:
        """Bring what was offered into the model; how much that is."""
        if self.waiting:
            columns = [column for _, column in self.waiting]
            self._note_gpus(columns)
            numbers = self._linear.add_columns(columns)
            more = [entry for entry, _ in self.waiting]
            self.entries += more
            self.rows = np.append(self.rows, [self._row_of(entry) for entry in more])
            self._columns = np.concatenate([self._columns, numbers])
        taken = len(self.waiting)
        self.waiting = []
        return taken

    def _note_gpus(self, columns: list[Column]) -> None:
        first, last = int(self._pool.min()), int(self._pool.max())
        sizes = [len(column.rows) for column in columns]
        takers = np.repeat(np.arange(len(sizes)) + len(self.entries), sizes)
        rows = np.concatenate([column.rows for column in columns])
        inside = (rows >= first) & (rows <= last)
        gpus = np.concatenate([column.coefficients for column in columns])[inside]
        self._takers = np.append(self._takers, takers[inside])
        self._places = np.append(self._places, rows[inside] - first)
        self._gpus = np.append(self._gpus, gpus)

    def room(self, chosen: Sequence[int]) -> IntArray:
        """GPUs that the columns `chosen` leave free, by pool and step, shape (K, T)."""
        taken = np.isin(self._takers, np.array(chosen, dtype=np.int64))
        shape = self.problem.pool_gpus.shape
        held = np.bincount(
            self._places[taken], self._gpus[taken], minlength=self.problem.pool_gpus.size
        )
        room: IntArray = self.problem.pool_gpus - held.round().astype(np.int64).reshape(shape)
        return room

    def misfits(self, room: IntArray) -> IntArray:
        """Numbers of the columns that need more GPUs than there is `room` for."""
        numbers: IntArray = np.unique(self._takers[self._gpus > room.ravel()[self._places]])
        return numbers

    def relax(self, *, time_limit_s: float, cutoff: float = np.inf) -> tuple[float, Prices]:
        """Best mix of the schedules known, and the prices it sets.

        Raises:
            CutOff: It is worth more than `cutoff`.
        """
        self.take_in()
        cutoff -= self.problem.idle_water_cost
        answer = self._linear.solve(time_limit_s=time_limit_s, cutoff=cutoff)
        self.values = answer.column_values[self._columns]
        self.facility_kw = self._flows.facility_kw(answer.column_values)
        duals = -answer.row_duals[self._pool] / self.problem.horizon.step_h
        value = answer.objective + self.problem.idle_water_cost
        prices = self._flows.prices(answer.row_duals, duals)
        least = (1.0 + prices.money_premium) * self.problem.least_gpu_price
        return value, replace(
            prices,
            gpu_per_gpu_h=np.maximum(least, duals),
            quality_per_request=self._quality_prices(answer.row_duals),
        )

    def _quality_prices(self, duals: FloatArray) -> tuple[float, ...]:
        """What a request of better quality is worth to each service; none where no floor binds."""
        seconds = self.problem.horizon.step_s
        has_floor = self._quality >= 0
        found = np.where(has_floor, np.maximum(0.0, duals[self._quality]) / seconds, 0.0)
        return tuple(found.tolist()) if found.any() else ()

    def whole(
        self,
        incumbent: Packing,
        *,
        free: Callable[[Entry], bool],
        held: Mapping[str, Dispatch],
        target: float,
        left_s: Callable[[], float],
    ) -> Packing:
        """One schedule a job and one hold a step, as good as `target` or the best found. [money]

        Columns whose reduced cost exceeds what `incumbent` leaves to gain stay out: no better
        choice has them (Nemhauser and Wolsey 1988, I.5.2). What is not `free` stays as it is: HiGHS
        may take minutes over some thousands of columns at once. Generators are on or off as `held`.
        """
        self.offer(incumbent)
        self.take_in()
        chosen = np.zeros(len(self._columns))
        chosen[[self._known[key] for key in self._keys(incumbent)]] = 1.0
        upper = np.where([free(entry) for entry in self.entries], np.inf, chosen)
        nothing = np.zeros(len(chosen))
        try:
            self._flows.hold(held)
            self._linear.set_bounds(self._columns, nothing, upper)
            relaxed = self._linear.solve(time_limit_s=left_s())
            self._linear.set_bounds(self._columns, chosen, chosen)
            best = self._linear.solve(time_limit_s=left_s()).objective
            room = best - relaxed.objective
            upper[relaxed.reduced_costs[self._columns] > room + TOLERANCE] = 0.0
            self._linear.set_bounds(self._columns, nothing, upper)
            self._linear.set_integer(self._columns, integer=True)
            target -= self.problem.idle_water_cost
            self._linear.set_option("mip_abs_gap", max(0.1 * (best - target), TOLERANCE))
            self._linear.set_option("mip_max_nodes", MOST_NODES)
            # Strong branching would take most of the time.
            self._linear.set_option("mip_pscost_minreliable", 0)
            self._linear.start_from(self._columns, chosen)
            answer = self._linear.solve(time_limit_s=left_s(), target=target)
            found = answer.column_values[self._columns]
        finally:
            self._linear.set_integer(self._columns, integer=False)
            self._linear.set_bounds(self._columns, nothing, np.full(len(chosen), np.inf))
            self._flows.hold(None)
        return self.packing_of([self.entries[n] for n in np.flatnonzero(found > CHOSEN)])

    def _keys(self, packing: Packing) -> list[tuple[object, ...]]:
        """Of everything in `packing` that a column can stand for."""
        keys: list[tuple[object, ...]] = []
        for j, placement in enumerate(packing.placements):
            if is_finished(self.problem, self.problem.jobs[j], placement):
                keys.append((j, placement.site, placement.runs))
        for v in range(len(self.problem.services)):
            for t in self._all:
                keys.append(hold_key(v, t, packing.replicas[v][t], packing.served_rps[v][t]))
        return keys

    def number_of(self, key: tuple[object, ...]) -> int:
        """Number of the column that stands for a schedule or a hold."""
        return self._known[key]

    def hold_to(self, chosen: Sequence[int], closed: Sequence[int] | IntArray) -> None:
        """Close the columns `closed` and, of every row that `chosen` settles, all the others."""
        self.take_in()
        upper = np.full(len(self.rows), np.inf)
        numbers = np.array(chosen, dtype=np.int64)
        upper[np.isin(self.rows, self.rows[numbers])] = 0.0
        upper[np.array(closed, dtype=np.int64)] = 0.0
        upper[numbers] = np.inf
        self._linear.set_bounds(self._columns, np.zeros(len(upper)), upper)

    def _row_of(self, entry: Entry) -> int:
        if isinstance(entry, Schedule):
            return int(self.job_rows[entry.job])
        return int(self.step_rows[entry.service, entry.step])

    def packing_of(self, chosen: list[Entry]) -> Packing:
        """The packing that `chosen` stand for, and nothing else."""
        problem, n_steps = self.problem, self.problem.horizon.n_steps
        placements = [Placement.none(job) for job in problem.jobs]
        widths = [len(problem.hosts[service.name].gpus) for service in problem.services]
        replicas = [np.zeros((n_steps, width), dtype=np.int64) for width in widths]
        served = [np.zeros((n_steps, width)) for width in widths]
        for entry in chosen:
            if isinstance(entry, Schedule):
                placements[entry.job] = entry.placement
            else:
                replicas[entry.service][entry.step] = entry.replicas
                served[entry.service][entry.step] = entry.served_rps
        return Packing.of(problem, placements, replicas, served)
