"""Jobs and replicas put in place one by one, each where it costs least with all else held.

List scheduling by useful work, then sweeps: take one away, price every step exactly at the supply
curves of the sites, put it back where it is cheapest. A sweep never makes the sum worse. The
battery stands still meanwhile; the dispatch between sweeps moves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.load import Load, extra_it_kw, extra_replica_kw, request_kw, slopes
from optimizer.merit_order import MeritOrder
from optimizer.plan import Placement, Plan
from optimizer.pricing import StepPrices, cheapest, fixed_step_prices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray, IntArray
from optimizer.work import Job


@dataclass(slots=True, kw_only=True)
class Packing:
    """What is placed so far, and what it draws. Changed in place by the sweeps.

    Attributes:
        placements: By job, in the problem's order; no runs where not placed.
        replicas: Of each service by step and admissible site, shape (T, sites) each.
        served_rps: Requests of each service likewise. [1/s]
        load: Of all of it.
    """

    problem: Problem
    placements: list[Placement]
    replicas: list[IntArray]
    served_rps: list[FloatArray]
    load: Load

    @staticmethod
    def of(
        problem: Problem,
        placements: Sequence[Placement],
        replicas: Sequence[IntArray],
        served_rps: Sequence[FloatArray],
    ) -> "Packing":
        """A packing of these placements and replicas, its load added up."""
        packing = Packing(
            problem=problem,
            placements=list(placements),
            replicas=list(replicas),
            served_rps=list(served_rps),
            load=Load.idle(problem),
        )
        for job, placement in zip(problem.jobs, placements, strict=True):
            packing.load.add(problem, job, placement)
        for v in range(len(problem.services)):
            packing.add_service(v)
        return packing

    @staticmethod
    def of_plan(problem: Problem, plan: Plan) -> "Packing":
        """The placements and replicas of a plan."""
        rows = [list(problem.admissible_sites(service)) for service in problem.services]
        servings = [plan.servings[service.name] for service in problem.services]
        return Packing.of(
            problem,
            plan.placements,
            [one.replicas[sites].T for one, sites in zip(servings, rows, strict=True)],
            [
                one.served_rps.sum(axis=0)[sites].T
                for one, sites in zip(servings, rows, strict=True)
            ],
        )

    def copy(self) -> "Packing":
        """An independent packing, to try on."""
        return Packing(
            problem=self.problem,
            placements=list(self.placements),
            replicas=list(self.replicas),
            served_rps=list(self.served_rps),
            load=Load(gpus=self.load.gpus.copy(), it_kw=self.load.it_kw.copy()),
        )

    def take_out(self, j: int) -> None:
        """Leave job number j unplaced."""
        job = self.problem.jobs[j]
        self.load.add(self.problem, job, self.placements[j], -1)
        self.placements[j] = Placement(job=job.name, site=job.home, runs=())

    def add_service(self, v: int, sign: int = 1) -> None:
        """Add (or with `sign` -1 take away) the load of service number v."""
        service = self.problem.services[v]
        for i, s in enumerate(self.problem.admissible_sites(service)):
            pool = self.problem.pool_number[s, service.gpu_type]
            self.load.gpus[pool] += sign * self.replicas[v][:, i] * service.gpus_per_replica
            self.load.it_kw[s] += sign * (
                self.replicas[v][:, i] * extra_replica_kw(self.problem, service, s)
                + self.served_rps[v][:, i] * request_kw(service)
            )


def step_prices(problem: Problem, job: Job, load: Load, order: MeritOrder) -> StepPrices:
    """What each step of `job` would add to the sum, with `load` and the batteries held.

    Infinite where the pool has too few GPUs left.
    """
    sites = problem.admissible_sites(job)
    rows, h = list(sites), problem.horizon.step_h
    slope = slopes(problem)[rows]
    overhead = np.array([[problem.sites[s].cooling.overhead_kw] for s in rows])
    before_kw = overhead + slope * load.it_kw[rows]
    pools = [problem.pool_number[s, job.gpu_type] for s in rows]
    free = problem.pool_gpus[pools] - load.gpus[pools]
    lease = np.array([[problem.pools[k][1].lease_price_per_gpu_h] for k in pools])
    water = np.array([problem.sites[s].cooling.water_l_per_kwh for s in rows])
    modes = range(len(job.modes))
    extra = np.array([[[extra_it_kw(problem, job, s, m)] for s in rows] for m in modes])
    after = order.cost(before_kw + slope * extra, sites)
    cost = after - order.cost(before_kw, sites)
    cost += extra * water * problem.objective.water_price_per_l * h
    for m in modes:
        cost[m] += lease * job.modes[m].gpus * h
        cost[m][free < job.modes[m].gpus] = np.inf
    return fixed_step_prices(problem, job, cost.transpose(1, 0, 2))


def place_cheapest(packing: Packing, j: int, order: MeritOrder) -> None:
    """Take job number j away and put it where it adds least."""
    problem, job = packing.problem, packing.problem.jobs[j]
    packing.take_out(j)
    _, placement = cheapest(problem, job, step_prices(problem, job, packing.load, order))
    packing.placements[j] = placement
    packing.load.add(problem, job, placement)


def choose_replicas(packing: Packing, v: int, one: Choices, order: MeritOrder) -> None:
    """Take service number v away and give it, step by step, the choice that adds least."""
    problem, sites, service = packing.problem, one.sites, one.service
    packing.add_service(v, -1)
    rows, h = list(sites), problem.horizon.step_h
    slope = slopes(problem)[rows]
    overhead = np.array([[problem.sites[s].cooling.overhead_kw] for s in rows])
    before_kw = overhead + slope * packing.load.it_kw[rows]
    pools = [problem.pool_number[s, service.gpu_type] for s in rows]
    free = (problem.pool_gpus[pools] - packing.load.gpus[pools]).T[:, None, :]
    lease = np.array([problem.pools[k][1].lease_price_per_gpu_h for k in pools])
    water = np.array([problem.sites[s].cooling.water_l_per_kwh for s in rows]).T[:, None, :]
    typical_kw = one.request_kw * max(1.0, float(service.demand_rps.sum(axis=0).mean()))
    at_rest = order.cost(before_kw, sites)
    served = one.split(order.cost(before_kw + slope * typical_kw, sites) - at_rest)
    extra = one.replicas * one.extra_kw + served * one.request_kw
    after = order.cost(before_kw + slope * extra.transpose(1, 2, 0), sites)
    cost = (after - at_rest).sum(axis=1).T + one.shortfall
    cost += (extra * water).sum(axis=2) * problem.objective.water_price_per_l * h
    cost += (one.replicas * lease).sum(axis=2) * service.gpus_per_replica * h
    fits = (one.replicas * service.gpus_per_replica <= free).all(axis=2) & one.allowed
    choice = np.argmin(np.where(fits, cost, np.inf), axis=1)
    replicas = one.replicas[np.arange(len(choice)), choice]
    requests = served[np.arange(len(choice)), choice]
    full = np.flatnonzero(~fits.any(axis=1))
    if len(full):
        room = free[full, 0] // service.gpus_per_replica
        replicas[full], requests[full] = one.squeezed(full, room)
    packing.replicas[v], packing.served_rps[v] = replicas, requests
    packing.add_service(v)


def by_work(problem: Problem) -> list[int]:
    """Job numbers, most useful work first."""
    return sorted(
        range(len(problem.jobs)), key=lambda j: (-problem.jobs[j].gpu_hours, problem.jobs[j].name)
    )


def sweep(
    packing: Packing, choices: tuple[Choices, ...], order: MeritOrder, jobs: Sequence[int]
) -> None:
    """One round: every service, then the jobs in the order given."""
    for v, one in enumerate(choices):
        choose_replicas(packing, v, one, order)
    for j in jobs:
        place_cheapest(packing, j, order)
