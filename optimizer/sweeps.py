"""All jobs and services in place, the pools crowded at first and every limit kept in the end.

A round takes each job and then each service away and puts it back where it adds least. First the
prices and the load that the ascent found lead: a held battery says little about what an hour is
worth while loads still move. Then the real supply curves, around batteries dispatched anew each
round. All the while a GPU beyond a pool costs more from round to round, so that jobs leave full
hours one by one, those first that lose least (penalties that grow as in Lagrangian packing
heuristics).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from optimizer.chains import Chains, add, sweep_chained
from optimizer.compiled import has_numba
from optimizer.fleet import Roster, Timetable
from optimizer.limits import Watch
from optimizer.marginal import Guide, Marginal
from optimizer.merit_order import MeritOrder
from optimizer.packing import Packing, by_work, choose_replicas
from optimizer.plan import Prices
from optimizer.pricing import untrimmed
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import BoolArray, FloatArray, IntArray
from optimizer.supply import Dispatches, Supply

GUIDED_ROUNDS, CROWDED_ROUNDS, HARD_ROUNDS = 10, 10, 3
#: Of more jobs than this only some are asked once they have settled: those in crowded pools, and
#: this share of the others.
MANY, FULL_ROUNDS, WATCHED_SHARE = 3000, 4, 0.25
#: Crowded rounds of a packing that nearly keeps every limit.
SETTLING_ROUNDS = 5
#: Rounds that a packing may need until it keeps every limit, with time to spare for its flows.
LANDING_ROUNDS = SETTLING_ROUNDS + HARD_ROUNDS + 3
#: Times that room is made for jobs that lose, of few jobs and of many.
RESCUES, FEW_RESCUES = 2, 1
#: What a GPU beyond a pool costs at first, all of the pool over, and in the end, one over: both
#: against what leaving a GPU-hour of work costs.
FIRST_CROWDING, LAST_CROWDING = 0.02, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeps:
    """Rounds over the jobs and services of one problem.

    Attributes:
        roster: Its jobs.
        choices: Of its services.
        supply: Of the problem.
        watch: Shortens the rounds where they would take too long.
        chains: Who waits for whom.
    """

    problem: Problem
    roster: Roster
    choices: tuple[Choices, ...]
    supply: Supply
    watch: Watch
    chains: Chains = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chains", Chains.of(self.problem, self.roster.jobs))

    def pack(
        self,
        start: Packing,
        prices: Prices,
        target_kw: FloatArray,
        rng: np.random.Generator,
    ) -> Packing:
        """A packing that keeps every limit, led by `prices` and `target_kw`.

        Args:
            start: Where services stand, and jobs that are in place already.
            prices: Of the relaxed problem.
            target_kw: Facility power of its optimum, shape (S, T). [kW]
            rng: Orders the jobs.
        """
        problem, n_jobs = self.problem, len(self.roster.jobs)
        timetable, packing = self._free(start)
        flat = MeritOrder.flat(prices.power_per_kwh, problem.horizon.step_h)
        goal = self.supply.dispatch(target_kw, time_limit_s=self.watch.left_s())
        crowding = self._crowding()
        for n, price in self._paced(list(enumerate(crowding))):
            guide = replace(self._guide(prices, target_kw), crowding_price=price)
            order = flat
            if n >= GUIDED_ROUNDS:
                order = self._around(packing, goal)
                guide = replace(guide, pull=np.zeros(target_kw.shape))
            jobs = rng.permutation(n_jobs)
            if n_jobs > MANY and n % GUIDED_ROUNDS >= FULL_ROUNDS:
                crowded = self._crowded(packing, timetable)
                jobs = jobs[crowded[jobs] | (rng.random(n_jobs) < WATCHED_SHARE)]
            self._round(packing, timetable, Marginal.of(problem, order, guide), jobs)
        self._settle_hard(packing, timetable)
        with self.watch.part():
            for _ in range(FEW_RESCUES if n_jobs > MANY else RESCUES):
                before, (packing, timetable) = timetable, self._with_room(packing, timetable)
                if timetable is before:
                    break
        return self._packed(packing, timetable)

    def _paced(self, rounds: list[tuple[int, float]]) -> Iterator[tuple[int, float]]:
        """`rounds`, without those before the last few where all would take too long."""
        left_s = self.watch.left_s()
        while rounds:
            yield rounds.pop(0)
            before_s, left_s = left_s, self.watch.left_s()
            if len(rounds) > SETTLING_ROUNDS:
                round_s = before_s - left_s
                if left_s < LANDING_ROUNDS * round_s:
                    self.watch.cut_short = True
                    rounds = rounds[-SETTLING_ROUNDS:]

    def polish(self, packing: Packing) -> Packing:
        """`packing`, which keeps every limit, after each job and service looked for better."""
        timetable, packing = self._free(packing)
        self._settle_hard(packing, timetable)
        return self._packed(packing, timetable)

    def _free(self, start: Packing) -> tuple[Timetable, Packing]:
        """`start` without the jobs that wait, or are waited for: the first round puts those in."""
        timetable = Timetable.empty(len(self.roster.jobs), self.problem.horizon.n_steps)
        packing = start.copy()
        for j in np.flatnonzero(self.chains.rank >= 0).tolist():
            packing.take_out(j)
        for j, placement in enumerate(packing.placements):
            timetable.note(j, self.roster.jobs[j], placement)
        return timetable, packing

    def _settle_hard(self, packing: Packing, timetable: Timetable) -> None:
        """Rounds with pools as hard limits, until no job moves; in place."""
        largest_first = np.array(by_work(self.problem), dtype=np.int64)
        crowded = self._crowded(packing, timetable)
        smallest_first = largest_first[crowded[largest_first]][::-1]
        for order in (smallest_first, *(HARD_ROUNDS * [largest_first])):
            moved = self._round(packing, timetable, self._crowded_curves(packing, np.inf), order)
            if order is largest_first and not moved:
                break

    def _with_room(self, packing: Packing, timetable: Timetable) -> tuple[Packing, Timetable]:
        """The same, or with room made for jobs that were left out or are late.

        Crowding is dearest to wide jobs, so they leave a full pool first, though many a narrow one
        could go elsewhere for less. Those who lose are put where they lose nothing, whoever stands
        there; then the others move, until pools hold what they get.
        """
        crowding, before = self._crowding(), self._losses(timetable)
        losers = np.flatnonzero((before > 0) & (self.chains.rank < 0))
        if not len(losers):
            return packing, timetable
        losers = losers[np.argsort(-before[losers], kind="stable")]
        tried, times = packing.copy(), Timetable(*(one.copy() for one in timetable))
        losing = losers
        for price in crowding[::-1]:
            sweep(self.roster, times, tried, self._crowded_curves(tried, price), losing)
            losing = losers[self._losses(times)[losers] > 0]
            if not len(losing):
                break
        others = np.ones(len(before), dtype=np.bool_)
        others[losers] = False
        for price in crowding[-SETTLING_ROUNDS:]:
            crowded = np.flatnonzero(self._crowded(tried, times) & others)
            self._round(tried, times, self._crowded_curves(tried, price), crowded)
        self._settle_hard(tried, times)
        better = self._losses(times).sum() < before.sum()
        return (tried, times) if better else (packing, timetable)

    def _losses(self, timetable: Timetable) -> FloatArray:
        """What each job costs for being left out, or late at its last step, shape (J,). [money]"""
        fleet, runs = self.roster.fleet, timetable.modes >= 0
        last_h = (
            runs.shape[1] - 1 - np.argmax(runs[:, ::-1], axis=1)
        ) * self.problem.horizon.step_h
        late_cost = fleet.late_price_per_h * np.maximum(0.0, last_h - fleet.due_h)
        losses: FloatArray = np.where(timetable.position < 0, fleet.unfinished_cost, late_cost)
        return losses

    def _crowded_curves(self, packing: Packing, price: float) -> Marginal:
        """Supply around `packing`, a GPU beyond a pool at this price."""
        guide = replace(Guide.none(self.problem), crowding_price=price)
        return Marginal.of(self.problem, self._around(packing), guide)

    def settle(self, start: Packing, movers: IntArray) -> Packing:
        """A packing that keeps every limit, close to one that nearly does.

        Args:
            start: Jobs and services in place; pools may be crowded.
            movers: Numbers of the jobs that may move from the beginning; others move only where
                they stand in a crowded pool.
        """
        timetable, packing = self._free(start)
        may_move = np.zeros(len(self.roster.jobs), dtype=np.bool_)
        may_move[movers] = True
        rounds = [*self._crowding()[-SETTLING_ROUNDS:], *(HARD_ROUNDS * [np.inf])]
        for price in rounds:
            may_move[self._crowded(packing, timetable)] = True
            marginal = self._crowded_curves(packing, price)
            self._round(packing, timetable, marginal, np.flatnonzero(may_move))
        return self._packed(packing, timetable)

    def _packed(self, packing: Packing, timetable: Timetable) -> Packing:
        """The jobs of `timetable` and the replicas of `packing`."""
        placed = [timetable.placement(j, terms) for j, terms in enumerate(self.roster.jobs)]
        return Packing.of(self.problem, placed, packing.replicas, packing.served_rps)

    def _crowded(self, packing: Packing, timetable: Timetable) -> BoolArray:
        """Whether each job stands in an overfull pool or not at all, shape (J,)."""
        fleet = self.roster.fleet
        over = packing.load.gpus > self.problem.pool_gpus
        row = np.arange(len(timetable.position))
        pool = fleet.pools[row, np.maximum(0, timetable.position)]
        inside: BoolArray = np.any(over[pool] & (timetable.modes >= 0), axis=1)
        inside[timetable.position < 0] = True
        return inside

    def _crowding(self) -> FloatArray:
        """Price of crowding by round, from hardly felt to beyond any other."""
        highest = max((terms.job.priority for terms in self.roster.jobs), default=1.0)
        worth = self.problem.objective.unfinished_price_per_gpu_h
        size = max(1.0, float(self.problem.pool_gpus.mean()))
        n_rounds = GUIDED_ROUNDS + CROWDED_ROUNDS
        last = LAST_CROWDING * worth * max(1.0, highest)
        return np.geomspace(FIRST_CROWDING * worth / size, last, n_rounds)

    def _guide(self, prices: Prices, target_kw: FloatArray) -> Guide:
        level = np.abs(prices.power_per_kwh).mean(axis=1)
        most_kw = np.maximum(target_kw.max(axis=1), 1e-9)
        return Guide(
            gpu_price_per_gpu_h=prices.gpu_per_gpu_h,
            crowding_price=np.inf,
            target_kw=target_kw,
            pull=np.repeat((level / most_kw)[:, None], target_kw.shape[1], axis=1),
        )

    def _around(self, packing: Packing, billed: Dispatches | None = None) -> MeritOrder:
        """Supply around the best dispatch of `packing`, the peaks of `billed` reached already."""
        load_kw = packing.load.facility_kw(self.problem)
        return self.supply.curves(load_kw, billed, time_limit_s=self.watch.left_s())[1]

    def _round(
        self, packing: Packing, timetable: Timetable, marginal: Marginal, order: IntArray
    ) -> int:
        """Jobs that wait, every free job in that order, then every service; how many moved."""
        self.watch.left_s()
        chains = self.chains
        moved = sweep_chained(chains, self.roster, timetable, packing.load, marginal)
        free = order[chains.rank[order] < 0]
        moved += sweep(self.roster, timetable, packing, marginal, free)
        for v, one in enumerate(self.choices):
            choose_replicas(packing, v, one, marginal)
        return moved


Sweep = Callable[[Roster, Timetable, Packing, Marginal, IntArray], int]


def sweep(
    roster: Roster, timetable: Timetable, packing: Packing, marginal: Marginal, order: IntArray
) -> int:
    """Take each job of `order` out and put it back where it adds least; how many moved.

    Args:
        roster: The jobs.
        timetable: Where they run, changed in place.
        packing: Whose load they are part of, changed in place; its placements are not.
        marginal: What a step costs.
        order: Job numbers.
    """
    return _kind()(roster, timetable, packing, marginal, order)


@cache
def _kind() -> Sweep:
    return compiled_sweep if has_numba() else numpy_sweep


def numpy_sweep(
    roster: Roster, timetable: Timetable, packing: Packing, marginal: Marginal, order: IntArray
) -> int:
    """`sweep` in NumPy."""
    load, moved = packing.load, 0
    for j in order.tolist():
        terms, before = roster.jobs[j], (timetable.position[j], timetable.modes[j].copy())
        add(load, roster, timetable, j, -1)
        _, placement = untrimmed(terms, marginal.step_costs(terms, load), terms.grain)
        timetable.note(j, terms, placement)
        add(load, roster, timetable, j, 1)
        same = before[0] == timetable.position[j] and np.array_equal(before[1], timetable.modes[j])
        moved += not same
    return moved


def compiled_sweep(
    roster: Roster, timetable: Timetable, packing: Packing, marginal: Marginal, order: IntArray
) -> int:
    """`sweep` as machine code."""
    from optimizer.compiled_fleet import swept  # noqa: PLC0415  (takes a second)

    curves, guide = marginal.order, marginal.guide
    moved: int = swept(
        roster.fleet,
        order,
        curves.step_h,
        (curves.start_kw, curves.width_kw, curves.price_per_kwh, curves.added_kw),
        (
            marginal.overhead_kw,
            marginal.slope,
            marginal.water_cost_per_kw,
            marginal.pool_gpus,
        ),
        (guide.gpu_price_per_gpu_h, guide.crowding_price, guide.target_kw, guide.pull),
        roster.table_size,
        (packing.load.gpus, packing.load.it_kw),
        *timetable,
    )
    return moved
