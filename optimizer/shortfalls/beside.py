"""What the work of a plan takes, piece by piece, so that any part of it can be taken away.

One array of runs for all jobs and one load a service: the load of any part of ten thousand jobs is
two sums.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.load import Load, extra_it_kw, reserved_gpus
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.site import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Beside:
    """The work of a plan by owner.

    Attributes:
        owners: Jobs and services, in the problem's order.
        owner: Position in `owners` of each run's job, shape (runs,).
        pool: Number of its pool, likewise.
        site: Number of its site.
        first_step: Its first step.
        end_step: The step after its last.
        gpus: That it reserves.
        it_kw: That it draws over idle GPUs. [kW]
        services: Load of each service alone, idle GPUs apart.
    """

    problem: Problem
    owners: tuple[str, ...]
    owner: IntArray
    pool: IntArray
    site: IntArray
    first_step: IntArray
    end_step: IntArray
    gpus: IntArray
    it_kw: FloatArray
    services: tuple[Load, ...]

    @staticmethod
    def of(problem: Problem, plan: Plan) -> "Beside":
        """The work of `plan`."""
        rows: list[tuple[int, ...]] = []
        drawn: list[float] = []
        for j, (job, placement) in enumerate(zip(problem.jobs, plan.placements, strict=True)):
            if not placement.runs:
                continue
            s = problem.site_number[placement.site]
            k = problem.pool_number[s, job.gpu_type]
            for run in placement.runs:
                gpus = reserved_gpus(problem, job, s, run.mode)
                rows.append((j, k, s, run.first_step, run.end_step, gpus))
                drawn.append(extra_it_kw(problem, job, s, run.mode))
        columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
        owner, pool, site, first_step, end_step, gpus_of = columns
        services = []
        for service in problem.services:
            load = _nothing(problem)
            load.add_serving(problem, service, plan.servings[service.name])
            services.append(load)
        names = [job.name for job in problem.jobs] + [one.name for one in problem.services]
        return Beside(
            problem=problem,
            owners=tuple(names),
            owner=owner,
            pool=pool,
            site=site,
            first_step=first_step,
            end_step=end_step,
            gpus=gpus_of,
            it_kw=np.array(drawn, dtype=float),
            services=tuple(services),
        )

    @cached_property
    def numbers(self) -> dict[str, list[int]]:
        """Positions of each owner by name; a job and a service may share one."""
        numbers: dict[str, list[int]] = {}
        for number, name in enumerate(self.owners):
            numbers.setdefault(name, []).append(number)
        return numbers

    def load(self, numbers: Collection[int]) -> Load:
        """What idle sites and those owners alone draw and reserve."""
        present = np.zeros(len(self.owners), dtype=np.bool_)
        present[list(numbers)] = True
        runs = present[self.owner] if len(self.owner) else np.zeros(0, dtype=np.bool_)
        load = Load.idle(self.problem)
        load.gpus[:] += _summed(load.gpus.shape, self, runs, self.pool, self.gpus).astype(np.int64)
        load.it_kw[:] += _summed(load.it_kw.shape, self, runs, self.site, self.it_kw)
        n_jobs = len(self.problem.jobs)
        for v, one in enumerate(self.services):
            if present[n_jobs + v]:
                load.gpus[:] += one.gpus
                load.it_kw[:] += one.it_kw
        return load

    def of_owner(self, number: int) -> Load:
        """What one owner draws and reserves, idle GPUs apart."""
        n_jobs = len(self.problem.jobs)
        if number >= n_jobs:
            return self.services[number - n_jobs]
        runs, load = self.owner == number, _nothing(self.problem)
        load.gpus[:] = _summed(load.gpus.shape, self, runs, self.pool, self.gpus)
        load.it_kw[:] = _summed(load.it_kw.shape, self, runs, self.site, self.it_kw)
        return load

    def held(self, pools: Collection[int], first_step: int, end_step: int) -> FloatArray:
        """GPU-steps of every owner on those pools between two steps, shape (owners,)."""
        inside = np.minimum(self.end_step, end_step) - np.maximum(self.first_step, first_step)
        there = np.isin(self.pool, list(pools))
        size = np.where(there, np.maximum(0, inside) * self.gpus, 0)
        held = np.bincount(self.owner, weights=size, minlength=len(self.owners)).astype(float)
        for v, one in enumerate(self.services):
            rows = one.gpus[list(pools), first_step:end_step]
            held[len(self.problem.jobs) + v] = float(rows.sum())
        return held


def _nothing(problem: Problem) -> Load:
    n_steps = problem.horizon.n_steps
    return Load(
        gpus=np.zeros((len(problem.pools), n_steps), dtype=np.int64),
        it_kw=np.zeros((len(problem.sites), n_steps)),
    )


def _summed(
    shape: tuple[int, ...],
    work: Beside,
    runs: BoolArray,
    row: IntArray,
    size: IntArray | FloatArray,
) -> FloatArray:
    """`size` of the `runs` summed by row and step."""
    change = np.zeros((shape[0], shape[1] + 1))
    np.add.at(change, (row[runs], work.first_step[runs]), size[runs])
    np.add.at(change, (row[runs], work.end_step[runs]), -size[runs])
    total: FloatArray = np.cumsum(change, axis=1)[:, :-1]
    return total
