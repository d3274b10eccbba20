"""What placements and servings draw: GPUs by pool, IT and facility power by site.

One arithmetic for the heuristics, the baseline, the verifier and the report, so that none can
disagree about a kilowatt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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


def by_host(problem: Problem, service: Service, serving: Serving) -> tuple[IntArray, FloatArray]:
    """Replicas and requests [1/s] of a serving by step and host, shape (T, H) each."""
    hosts = problem.hosts[service.name]
    sites, n_steps = list(hosts.sites), problem.horizon.n_steps
    replicas = np.zeros((n_steps, len(hosts.gpus)), dtype=np.int64)
    served_rps = np.zeros(replicas.shape)
    of_model = hosts.by_model(replicas), hosts.by_model(served_rps)
    for m, part in enumerate(serving.parts):
        of_model[0][:, m] = part.replicas[sites].T
        of_model[1][:, m] = part.served_rps.sum(axis=0)[sites].T
    return replicas, served_rps


def routed(
    problem: Problem,
    replicas: Sequence[IntArray],
    routes: Iterable[tuple[tuple[int, int, int], FloatArray]],
) -> dict[str, Serving]:
    """The servings of all services, by their names.

    Args:
        problem: The problem.
        replicas: Of each service by step and host, shape (T, H) each.
        routes: Service, region and host, with the requests that go there, shape (T,). [1/s]
    """
    n_sites, n_steps, servings = len(problem.sites), problem.horizon.n_steps, {}
    for service, held in zip(problem.services, replicas, strict=True):
        hosts, parts = problem.hosts[service.name], []
        for m in range(len(hosts.models)):
            own = np.zeros((n_sites, n_steps), dtype=np.int64)
            own[list(hosts.sites)] = hosts.by_model(held)[:, m].T
            silent = np.zeros((len(service.regions), n_sites, n_steps))
            parts.append(Serving(replicas=own, served_rps=silent))
        servings[service.name] = replace(parts[0], variants=tuple(parts[1:]))
    for (v, r, h), rate in routes:
        service = problem.services[v]
        hosts = problem.hosts[service.name]
        part = servings[service.name].parts[h // len(hosts.sites)]
        part.served_rps[r, hosts.site[h]] = rate
    return servings


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
        self.add_replicas(problem, service, *by_host(problem, service, serving))

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
            replicas: By step and host, shape (T, H).
            served_rps: Likewise. [1/s]
            sign: 1 or -1.
        """
        hosts = problem.hosts[service.name]
        for i, site in enumerate(hosts.site):
            pool = problem.pool_number[site, service.gpu_type]
            self.gpus[pool] += sign * replicas[:, i] * hosts.gpus[i]
            self.it_kw[site] += sign * (
                replicas[:, i] * hosts.extra_kw[i] + served_rps[:, i] * hosts.request_kw[i]
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
