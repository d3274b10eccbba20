"""What placements and servings draw: GPUs by pool, IT and facility power by site.

One arithmetic for the heuristics, the baseline, the verifier and the report, so that none can
disagree about a kilowatt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.plan import Placement, Serving
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.work import Job, Service


def reserved_gpus(problem: Problem, job: Job, site: int, mode: int) -> int:
    """GPUs that `job` reserves at `site`: those it uses, or all of the nodes they are on."""
    gpus, pool = job.modes[mode].gpus, problem.pools[problem.pool_number[site, job.gpu_type]][1]
    return pool.on_whole_nodes(gpus) if job.whole_nodes else gpus


def extra_it_kw(problem: Problem, job: Job, site: int, mode: int) -> float:
    """IT power `job` adds at `site` over its GPUs at rest, in its own steps. [kW]

    GPUs that it reserves and does not use stand idle: where nodes never sleep they add nothing.
    """
    pool = problem.pools[problem.pool_number[site, job.gpu_type]][1]
    over_idle_kw = job.modes[mode].power_kw - job.modes[mode].gpus * pool.idle_kw_per_gpu
    return over_idle_kw + reserved_gpus(problem, job, site, mode) * pool.waking_kw_per_gpu


def extra_replica_kw(problem: Problem, service: Service, site: int) -> float:
    """IT power a replica adds at `site` over its GPUs at rest. [kW]"""
    pool = problem.pools[problem.pool_number[site, service.gpu_type]][1]
    over_idle_kw = service.replica_kw - service.gpus_per_replica * pool.idle_kw_per_gpu
    return over_idle_kw + service.gpus_per_replica * pool.waking_kw_per_gpu


def request_kw(service: Service) -> float:
    """IT power of one request a second. [kW s]"""
    return service.energy_per_request_kwh * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Reservations and draw of everything placed.

    Attributes:
        gpus: Reserved by pool and step, shape (K, T).
        it_kw: IT power by site and step, GPUs at rest included, shape (S, T); each reserved GPU is
            awake in its own steps, others of its node and steps before them are not in it. [kW]
    """

    gpus: IntArray
    it_kw: FloatArray

    @staticmethod
    def idle(problem: Problem) -> "Load":
        """Nothing placed."""
        n_steps = problem.horizon.n_steps
        return Load(
            gpus=np.zeros((len(problem.pools), n_steps), dtype=np.int64),
            it_kw=np.array([site.idle_it_kw for site in problem.sites]).reshape(-1, n_steps),
        )

    @staticmethod
    def of(
        problem: Problem, placements: Iterable[Placement], servings: Mapping[str, Serving]
    ) -> "Load":
        """The load of `placements` and `servings`, added up from nothing."""
        load = Load.idle(problem)
        jobs = {job.name: job for job in problem.jobs}
        for placement in placements:
            load.add(problem, jobs[placement.job], placement)
        for service in problem.services:
            load.add_serving(problem, service, servings[service.name])
        return load

    def add(self, problem: Problem, job: Job, placement: Placement, sign: int = 1) -> None:
        """Add (or with `sign` -1 take away) one placement, in place."""
        if not placement.runs:
            return
        site = problem.site_number[placement.site]
        pool = problem.pool_number[site, job.gpu_type]
        for run in placement.runs:
            steps = slice(run.first_step, run.end_step)
            self.gpus[pool, steps] += sign * reserved_gpus(problem, job, site, run.mode)
            self.it_kw[site, steps] += sign * extra_it_kw(problem, job, site, run.mode)

    def add_serving(self, problem: Problem, service: Service, serving: Serving) -> None:
        """Add one service's replicas and requests, in place."""
        sites = list(problem.admissible_sites(service))
        served_rps = serving.served_rps.sum(axis=0)[sites]
        self.add_replicas(problem, service, serving.replicas[sites], served_rps)

    def add_replicas(
        self,
        problem: Problem,
        service: Service,
        replicas: IntArray,
        served_rps: FloatArray,
        *,
        sign: int = 1,
    ) -> None:
        """Add (or with `sign` -1 take away) replicas and requests, in place.

        Args:
            problem: The problem.
            service: One of its services.
            replicas: By admissible site and step, shape (sites, T).
            served_rps: Likewise. [1/s]
            sign: 1 or -1.
        """
        for i, site in enumerate(problem.admissible_sites(service)):
            pool = problem.pool_number[site, service.gpu_type]
            self.gpus[pool] += sign * replicas[i] * service.gpus_per_replica
            self.it_kw[site] += sign * (
                replicas[i] * extra_replica_kw(problem, service, site)
                + served_rps[i] * request_kw(service)
            )

    def drawn_it_kw(self, problem: Problem) -> FloatArray:
        """IT power by site and step with all nodes that are awake, shape (S, T). [kW]"""
        if not problem.sleeping:
            return self.it_kw
        drawn_kw: FloatArray = self.it_kw.copy()
        for k in problem.sleeping:
            s, pool = problem.pools[k]
            awake = pool.awake_gpus(self.gpus[k], problem.horizon.step_h)
            drawn_kw[s] += (awake - self.gpus[k]) * pool.waking_kw_per_gpu
        return drawn_kw

    def facility_kw(self, problem: Problem) -> FloatArray:
        """Power at each site's meter, shape (S, T). [kW]"""
        overhead = np.array([[site.cooling.overhead_kw] for site in problem.sites])
        return overhead + slopes(problem) * self.drawn_it_kw(problem)


def slopes(problem: Problem) -> FloatArray:
    """Facility kW per IT kW by site and step, shape (S, T). [1]"""
    return np.array([site.cooling.slope for site in problem.sites])
