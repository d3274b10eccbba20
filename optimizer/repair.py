"""Take a few jobs out, put them back in another order, keep what is better.

Large neighbourhood search (Shaw 1998) around a packing: late and unfinished jobs go first, with the
jobs that ran around them; every try is dispatched anew, so the battery follows. What it tries, kept
or not, is worth offering to the master.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.dispatcher import Dispatcher
from optimizer.merit_order import MeritOrder
from optimizer.packing import Packing, by_work, choose_replicas, place_cheapest
from optimizer.problem import Problem
from optimizer.replicas import Choices, shortfall_rps
from optimizer.timing import is_finished, late_h

MOST_AT_ONCE = 12
REPLICAS_TOO = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Tries around packings of one problem.

    Attributes:
        left_s: Time left; raises when there is none. [s]
        tried: Shown every packing tried.
    """

    problem: Problem
    choices: tuple[Choices, ...]
    dispatcher: Dispatcher
    left_s: Callable[[], float]
    tried: Callable[[Packing], None]

    def improve(self, packing: Packing, rng: np.random.Generator, n_tries: int) -> Packing:
        """The best packing found in `n_tries` tries around `packing`."""
        best, (cost, order) = packing, self._cost(packing)
        for _ in range(n_tries):
            trial = best.copy()
            jobs = self._pick(trial, rng)
            for j in jobs:
                trial.take_out(j)
            if rng.random() < REPLICAS_TOO:
                for v, one in enumerate(self.choices):
                    choose_replicas(trial, v, one, order)
            for j in jobs:
                place_cheapest(trial, j, order)
            self.tried(trial)
            trial_cost, trial_order = self._cost(trial)
            if trial_cost < cost:
                best, cost, order = trial, trial_cost, trial_order
        return best

    def complete(self, packing: Packing) -> Packing:
        """`packing` with every service served and every job placed that still fits, in place."""
        _, order = self._cost(packing)
        for v, service in enumerate(self.problem.services):
            if packing.replicas[v].sum(axis=1).min() < max(1, service.min_replicas):
                choose_replicas(packing, v, self.choices[v], order)
        for j in by_work(self.problem):
            if not packing.placements[j].runs:
                place_cheapest(packing, j, order)
        return packing

    def _pick(self, packing: Packing, rng: np.random.Generator) -> list[int]:
        """Jobs to take out, in the order in which they come back."""
        problem, n_jobs = self.problem, len(self.problem.jobs)
        if not n_jobs:
            return []
        size = int(rng.integers(1, min(MOST_AT_ONCE, n_jobs) + 1))
        if rng.random() < 1 / 3:
            return [int(j) for j in rng.permutation(n_jobs)[:size]]
        pairs = list(zip(problem.jobs, packing.placements, strict=True))
        middle = np.array(
            [
                (p.runs[0].first_step + p.runs[-1].end_step) / 2
                if p.runs
                else (problem.first_step(j, j.home) + problem.end_step(j)) / 2
                for j, p in pairs
            ]
        )
        unhappy = [
            n
            for n, (job, placed) in enumerate(pairs)
            if not is_finished(problem, job, placed) or late_h(problem, job, placed) > 0
        ]
        if unhappy:
            return self._in_the_way(packing, int(rng.choice(unhappy)), size, rng)
        first = int(rng.integers(n_jobs))
        distance = np.abs(middle - middle[first]) + rng.random(n_jobs) * problem.horizon.n_steps / 8
        return [int(j) for j in rng.permutation(np.argsort(distance, kind="stable")[:size])]

    def _in_the_way(
        self, packing: Packing, unhappy: int, size: int, rng: np.random.Generator
    ) -> list[int]:
        """A late or unfinished job, then jobs with GPUs at one of its sites when it needs them."""
        problem, job = self.problem, self.problem.jobs[unhappy]
        name = problem.sites[int(rng.choice(problem.admissible_sites(job)))].name
        first = problem.first_step(job, name)
        due = int(np.ceil(problem.horizon.steps_until(job.due) - 1e-9))
        beside = [
            j
            for j, placed in enumerate(packing.placements)
            if j != unhappy
            and placed.site == name
            and any(run.first_step < due and run.end_step > first for run in placed.runs)
        ]
        return [unhappy, *(int(j) for j in rng.permutation(beside)[:size])]

    def _cost(self, packing: Packing) -> tuple[float, MeritOrder]:
        """Objective of a packing, its routes as they stand, and the merit order around it."""
        problem, load, h = self.problem, packing.load, self.problem.horizon.step_h
        cost, dispatch, _ = self.dispatcher.solve(
            load.facility_kw(problem), time_limit_s=self.left_s()
        )
        price = problem.objective
        lease = np.array([[pool.lease_price_per_gpu_h] for _, pool in problem.pools])
        water = np.array([site.cooling.water_l_per_kwh for site in problem.sites])
        cost += h * float((load.gpus * lease).sum())
        cost += h * price.water_price_per_l * float((load.it_kw * water).sum())
        for job, placed in zip(problem.jobs, packing.placements, strict=True):
            if is_finished(problem, job, placed):
                late = late_h(problem, job, placed) * job.base.gpus
                cost += late * price.late_price_per_gpu_h + problem.transfer_cost(job, placed.site)
            else:
                cost += price.unfinished_price_per_gpu_h * job.gpu_hours
        for v, service in enumerate(problem.services):
            short = shortfall_rps(problem, service, packing.replicas[v], packing.served_rps[v])
            cost += price.unserved_price_per_request * float(short.sum()) * h * 3600
        return cost, MeritOrder.of(problem, dispatch)
