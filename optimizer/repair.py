"""Take a few jobs out, put them back in another order, keep what is better.

Large neighbourhood search (Shaw 1998) around a packing: late and unfinished jobs go first, with the
jobs that hold GPUs when they need them. A try is priced on the supply curves with the batteries
held still, which is arithmetic; between rounds of tries the dispatch moves them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.chains import Chains
from optimizer.marginal import Marginal
from optimizer.merit_order import MeritOrder
from optimizer.packing import (
    Packing,
    by_work,
    choose_replicas,
    rechoose_short_steps,
)
from optimizer.plan import Placement
from optimizer.pricing import cheapest, schedule_cost
from optimizer.problem import Problem
from optimizer.quality import keeps_floor
from optimizer.replicas import Choices, shortfall_rps
from optimizer.site import FloatArray, IntArray
from optimizer.supply import Supply
from optimizer.terms import Terms
from optimizer.timing import is_finished, late_h

MOST_AT_ONCE = 12
MOST_STEPS = 12
REPLICAS_TOO = 0.3
WORTHWHILE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Tries around packings of one problem.

    Attributes:
        terms: Of its jobs.
        choices: Of its services.
        supply: Of the problem.
        left_s: Time left; raises when there is none. [s]
    """

    problem: Problem
    terms: tuple[Terms, ...]
    choices: tuple[Choices, ...]
    supply: Supply
    left_s: Callable[[], float]

    def improve(self, packing: Packing, rng: np.random.Generator, n_tries: int) -> Packing:
        """The best packing found in a round of `n_tries` tries around `packing`."""
        chains = self._chains()
        before, order = self.cost(packing)
        best, cost, order = self._with_better_replicas(packing, before, order)
        trial, marginal = best.copy(), Marginal.of(self.problem, order)
        state = _State(trial, self.terms)
        for _ in range(n_tries):
            if self.choices and rng.random() < REPLICAS_TOO:
                self._clear_window(trial, marginal, state, rng, chains)
            else:
                self._exchange(trial, chains.sorted(state.pick(rng)), marginal, state, chains)
        trial_cost, _ = self.cost(trial)
        return trial if trial_cost < cost else best

    def complete(self, packing: Packing) -> Packing:
        """`packing` with every service served and every job placed that still fits, in place."""
        chains = self._chains()
        chains.clear(packing)
        marginal = Marginal.of(self.problem, self.cost(packing)[1])
        for v, service in enumerate(self.problem.services):
            held = packing.replicas[v].sum(axis=1)
            short = shortfall_rps(self.problem, service, packing.replicas[v], packing.served_rps[v])
            steps = np.flatnonzero((held < self.problem.floor(service)) | (short > 0))
            if not keeps_floor(self.problem, service, packing.served_rps[v]):
                steps = np.arange(self.problem.horizon.n_steps)
            if len(steps):
                choose_replicas(packing, v, self.choices[v], marginal, steps)
        for j in chains.sorted(by_work(self.problem)):
            if not packing.placements[j].runs:
                self._put(packing, j, marginal, chains)
        return packing

    def _chains(self) -> Chains:
        return Chains.of(self.problem, self.terms)

    def _put(self, packing: Packing, j: int, marginal: Marginal, chains: Chains) -> float:
        """Put job number j, which is out, where it adds least; what it adds. [money]"""
        costs = marginal.step_costs(self.terms[j], packing.load)
        if chains.rank[j] < 0:
            cost, placement = cheapest(self.terms[j], costs)
            packing.put(j, placement)
            return cost
        chains.put(packing, j, marginal)
        return schedule_cost(self.terms[j], costs, packing.placements[j])

    def _with_better_replicas(
        self, packing: Packing, cost: float, order: MeritOrder
    ) -> tuple[Packing, float, MeritOrder]:
        trial, marginal = packing.copy(), Marginal.of(self.problem, order)
        if not rechoose_short_steps(trial, self.choices, marginal):
            for v, one in enumerate(self.choices):
                choose_replicas(trial, v, one, marginal)
        trial_cost, trial_order = self.cost(trial)
        return (trial, trial_cost, trial_order) if trial_cost < cost else (packing, cost, order)

    def _exchange(
        self,
        packing: Packing,
        jobs: list[int],
        marginal: Marginal,
        state: "_State",
        chains: Chains,
    ) -> None:
        """Take `jobs` out and put them back one by one; undo it where that does not pay."""
        before = [packing.placements[j] for j in jobs]
        saved = spent = 0.0
        for j, placement in zip(jobs, before, strict=True):
            packing.take_out(j)
            costs = marginal.step_costs(self.terms[j], packing.load)
            saved += schedule_cost(self.terms[j], costs, placement)
        for j in jobs:
            spent += self._put(packing, j, marginal, chains)
        if spent < saved - WORTHWHILE * abs(saved) and chains.keeps(packing):
            for j in jobs:
                state.note(j, packing.placements[j])
            return
        for j in jobs:
            packing.take_out(j)
        for j, placement in zip(jobs, before, strict=True):
            packing.put(j, placement)

    def _clear_window(
        self,
        packing: Packing,
        marginal: Marginal,
        state: "_State",
        rng: np.random.Generator,
        chains: Chains,
    ) -> None:
        """Take some jobs out of a few steps, let services choose anew there, put the jobs back."""
        first = int(rng.integers(self.problem.horizon.n_steps))
        n_steps = int(rng.integers(1, MOST_STEPS + 1))
        steps = np.arange(first, min(first + n_steps, self.problem.horizon.n_steps))
        running = state.running(steps)
        jobs = [int(j) for j in rng.permutation(running)[: rng.integers(MOST_AT_ONCE + 1)]]
        before = packing.copy()
        for j in jobs:
            packing.take_out(j)
        for v in rng.permutation(len(self.choices)):
            choose_replicas(packing, int(v), self.choices[v], marginal, steps)
        for j in chains.sorted(jobs):
            self._put(packing, j, marginal, chains)
        changed = (before, packing)
        saved, spent = (self._held_cost(one, marginal.order, jobs, steps) for one in changed)
        if spent < saved - WORTHWHILE * abs(saved) and chains.keeps(packing):
            for j in jobs:
                state.note(j, packing.placements[j])
        else:
            packing.become(before)

    def _held_cost(
        self, packing: Packing, order: MeritOrder, jobs: list[int], steps: IntArray
    ) -> float:
        """Objective, batteries held, less other jobs' lateness and other steps' shortfall."""
        problem = self.problem
        cost = float(order.cost(packing.load.facility_kw(problem)).sum())
        cost += self._lease_and_water(packing)
        cost += sum(self._job_cost(j, packing.placements[j]) for j in jobs)
        return cost + self._shortfall_cost(packing, steps)

    def cost(self, packing: Packing) -> tuple[float, MeritOrder]:
        """Objective of a packing, its routes as they stand, and the merit order around it."""
        problem = self.problem
        load_kw = packing.load.facility_kw(problem)
        cost, order = self.supply.curves(load_kw, None, time_limit_s=self.left_s())
        cost += self._lease_and_water(packing)
        cost += sum(self._job_cost(j, placed) for j, placed in enumerate(packing.placements))
        cost += self._shortfall_cost(packing, np.arange(problem.horizon.n_steps))
        return cost, order

    def _lease_and_water(self, packing: Packing) -> float:
        problem, load = self.problem, packing.load
        it_kw = load.drawn_it_kw(problem)
        water = np.array([site.cooling.water_l_per_kwh for site in problem.sites])
        water_cost = problem.objective.water_price_per_l * float((it_kw * water).sum())
        return float(problem.lease_cost(load.gpus).sum()) + problem.horizon.step_h * water_cost

    def _job_cost(self, j: int, placement: Placement) -> float:
        """Lateness and transfer, or what leaving it costs."""
        terms = self.terms[j]
        if not is_finished(terms, terms.job, placement):
            return terms.unfinished_cost
        late = terms.lateness.price_per_h * late_h(terms, terms.job, placement)
        return late + float(terms.start_cost[terms.names.index(placement.site)])

    def _shortfall_cost(self, packing: Packing, steps: IntArray) -> float:
        problem = self.problem
        short = sum(
            float(
                shortfall_rps(
                    problem,
                    service,
                    packing.replicas[v][steps],
                    packing.served_rps[v][steps],
                    steps,
                ).sum()
            )
            for v, service in enumerate(problem.services)
        )
        price = problem.objective.unserved_price_per_request
        return price * short * problem.horizon.step_s


class _State:
    """Where the jobs of a packing stand: what to try next."""

    def __init__(self, packing: Packing, terms: tuple[Terms, ...]) -> None:
        self._packing, self._terms = packing, terms
        self._middle: FloatArray = np.zeros(len(terms))
        self._unhappy: set[int] = set()
        for j, placement in enumerate(packing.placements):
            self.note(j, placement)

    def note(self, j: int, placement: Placement) -> None:
        """Job number j is placed like this now."""
        terms, runs = self._terms[j], placement.runs
        begin, end = (
            (runs[0].first_step, runs[-1].end_step)
            if runs
            else (int(terms.first_step.min()), terms.end_step)
        )
        self._middle[j] = (begin + end) / 2
        happy = is_finished(terms, terms.job, placement)
        happy = happy and late_h(terms, terms.job, placement) == 0
        (self._unhappy.discard if happy else self._unhappy.add)(j)

    def pick(self, rng: np.random.Generator) -> list[int]:
        """Jobs to take out, in the order in which they come back."""
        n_jobs = len(self._terms)
        if not n_jobs:
            return []
        size = int(rng.integers(1, min(MOST_AT_ONCE, n_jobs) + 1))
        if self._unhappy and rng.random() < 1 / 2:
            return self._in_the_way(int(rng.choice(sorted(self._unhappy))), size, rng)
        if rng.random() < 1 / 3:
            return [int(j) for j in rng.choice(n_jobs, size, replace=False)]
        middle = self._middle[int(rng.integers(n_jobs))]
        n_steps = self._packing.problem.horizon.n_steps
        distance = np.abs(self._middle - middle) + rng.random(n_jobs) * n_steps / 8
        nearest = np.argsort(distance, kind="stable")[:size]
        return [int(j) for j in rng.permutation(nearest)]

    def running(self, steps: IntArray) -> list[int]:
        """Jobs that run in one of `steps`."""
        return [
            j
            for j, placed in enumerate(self._packing.placements)
            if any(run.first_step <= steps[-1] and run.end_step > steps[0] for run in placed.runs)
        ]

    def _in_the_way(self, unhappy: int, size: int, rng: np.random.Generator) -> list[int]:
        """A late or unfinished job, then jobs with GPUs at one of its sites when it needs them."""
        terms, gpu_type = self._terms[unhappy], self._terms[unhappy].job.gpu_type
        position = int(rng.integers(len(terms.sites)))
        name, first = terms.names[position], int(terms.first_step[position])
        due = int(np.ceil(terms.lateness.due_h / terms.lateness.step_h - 1e-9))
        beside = [
            j
            for j, placed in enumerate(self._packing.placements)
            if j != unhappy
            and placed.site == name
            and self._terms[j].job.gpu_type == gpu_type
            and any(run.first_step < due and run.end_step > first for run in placed.runs)
        ]
        return [unhappy, *(int(j) for j in rng.permutation(beside)[: size - 1])]
