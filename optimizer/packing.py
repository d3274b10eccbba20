"""Jobs and replicas put in place one by one, each where it costs least with all else held.

List scheduling by useful work, then sweeps: take one away, price every step exactly at the supply
curves of the sites, put it back where it is cheapest. The battery stands still meanwhile; the
dispatch between sweeps moves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.bound import Response
from optimizer.load import Load, by_host
from optimizer.marginal import Marginal
from optimizer.plan import Placement, Plan
from optimizer.pricing import cheapest
from optimizer.problem import Problem
from optimizer.quality import cheapest_above
from optimizer.replicas import Choices, shortfall_rps
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms


@dataclass(slots=True, kw_only=True)
class Packing:
    """What is placed so far, and what it draws. Changed in place by the sweeps.

    Attributes:
        placements: By job, in the problem's order; no runs where not placed.
        replicas: Of each service by step and host, shape (T, H) each.
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
        held = [by_host(problem, one, plan.servings[one.name]) for one in problem.services]
        return Packing.of(
            problem,
            plan.placements,
            [replicas for replicas, _ in held],
            [served_rps for _, served_rps in held],
        )

    @staticmethod
    def of_response(problem: Problem, terms: Sequence[Terms], response: Response) -> "Packing":
        """What everyone chose at some prices, whether there is room for it or not."""
        placements = [response.timetable.placement(j, one) for j, one in enumerate(terms)]
        return Packing.of(problem, placements, response.replicas, response.served_rps)

    def copy(self) -> "Packing":
        """An independent packing, to try on."""
        return Packing(
            problem=self.problem,
            placements=list(self.placements),
            replicas=list(self.replicas),
            served_rps=list(self.served_rps),
            load=Load(gpus=self.load.gpus.copy(), it_kw=self.load.it_kw.copy()),
        )

    def become(self, other: "Packing") -> None:
        """Take over everything of `other`."""
        self.placements, self.replicas = other.placements, other.replicas
        self.served_rps, self.load = other.served_rps, other.load

    def take_out(self, j: int) -> None:
        """Leave job number j unplaced."""
        job = self.problem.jobs[j]
        self.load.add(self.problem, job, self.placements[j], -1)
        self.placements[j] = Placement.none(job)

    def set_service(
        self, v: int, steps: IntArray, replicas: IntArray, served_rps: FloatArray
    ) -> None:
        """Give service number v, which is out, these replicas and requests in `steps`."""
        held, served = self.replicas[v].copy(), self.served_rps[v].copy()
        held[steps], served[steps] = replicas, served_rps
        self.replicas[v], self.served_rps[v] = held, served
        self.add_service(v)

    def put(self, j: int, placement: Placement) -> None:
        """Place job number j, which is out."""
        self.load.add(self.problem, self.problem.jobs[j], placement)
        self.placements[j] = placement

    def add_service(self, v: int, sign: int = 1) -> None:
        """Add (or with `sign` -1 take away) the load of service number v."""
        service, replicas, served = self.problem.services[v], self.replicas[v], self.served_rps[v]
        self.load.add_replicas(self.problem, service, replicas, served, sign=sign)


def rechoose_short_steps(
    packing: Packing, choices: tuple[Choices, ...], marginal: Marginal
) -> bool:
    """Where a service is short, let it choose first and all others after it; whether any was."""
    problem = packing.problem
    short = np.array(
        [
            shortfall_rps(problem, one.service, packing.replicas[v], packing.served_rps[v]) > 0
            for v, one in enumerate(choices)
        ]
    ).reshape(len(choices), problem.horizon.n_steps)
    steps = np.flatnonzero(short.any(axis=0))
    if not len(steps):
        return False
    for v, one in enumerate(choices):
        nothing = np.zeros((len(steps), len(one.hosts.gpus)))
        packing.add_service(v, -1)
        packing.set_service(v, steps, nothing.astype(np.int64), nothing)
    urgency = [(-int(short[v].sum()), len(one.sites)) for v, one in enumerate(choices)]
    for v in sorted(range(len(choices)), key=urgency.__getitem__):
        choose_replicas(packing, v, choices[v], marginal, steps)
    return True


def place_cheapest(packing: Packing, j: int, terms: Terms, marginal: Marginal) -> None:
    """Take job number j away and put it where it adds least."""
    packing.take_out(j)
    _, placement = cheapest(terms, marginal.step_costs(terms, packing.load))
    packing.put(j, placement)


def choose_replicas(
    packing: Packing,
    v: int,
    choices: Choices,
    marginal: Marginal,
    steps: IntArray | None = None,
) -> None:
    """Take service number v away and give it, step by step, the choice that adds least.

    Its steps together keep the floor on the mean quality, beside those that are not chosen anew.

    Args:
        packing: Changed in place.
        v: Number of the service.
        choices: Of that service.
        marginal: Supplies, the batteries held still.
        steps: Which steps; all by default.
    """
    problem, service, hosts = packing.problem, choices.service, choices.hosts
    chosen = np.arange(problem.horizon.n_steps) if steps is None else steps
    packing.add_service(v, -1)
    one, marginal = choices.at(chosen), marginal.at(chosen)
    rows, sites = list(hosts.sites), hosts.sites
    slope = marginal.slope[rows]
    before_kw = marginal.overhead_kw[rows, None] + slope * packing.load.it_kw[rows][:, chosen]
    pools = np.array([problem.pool_number[s, service.gpu_type] for s in rows])
    held = packing.load.gpus[pools][:, chosen]
    lease = np.array([problem.pools[k][1].lease_price_per_gpu_h for k in pools])
    mean_rps = max(1.0, float(service.demand_rps.sum(axis=0).mean()))
    price = np.concatenate(
        [
            marginal.power_cost(before_kw, before_kw + slope * (kw * mean_rps), sites)
            for kw in hosts.request_kw[:: len(sites)]
        ]
    )
    if hosts.has_variants:
        one, served = one.doubled(price)
    else:
        served = one.split(price)
    extra = hosts.by_site(one.replicas * hosts.extra_kw + served * hosts.request_kw)
    after_kw = before_kw + slope * extra.transpose(1, 2, 0)
    cost = marginal.power_cost(before_kw, after_kw, sites).sum(axis=1).T + one.shortfall
    cost += (extra * marginal.water_cost_per_kw[rows].T[:, None, :]).sum(axis=2)
    leased = (hosts.by_model(one.replicas) * lease).sum(axis=3) * hosts.gpus[:: len(sites)]
    cost += leased.sum(axis=2) * problem.horizon.step_h
    more = hosts.by_site(one.replicas * hosts.gpus).transpose(1, 2, 0)
    cost += marginal.gpu_cost(held, more, pools).sum(axis=1).T
    fits = np.isfinite(cost) & one.allowed
    cost = np.where(fits, cost, np.inf)
    full = np.flatnonzero(~fits.any(axis=1))
    squeezed = choices.squeezed(chosen[full], (marginal.pool_gpus[pools] - held).T[full])
    if hosts.has_variants:
        gained = hosts.gained(served)
        gained[full] = 0.0
        others = np.delete(packing.served_rps[v], chosen, axis=0)
        least = -float(hosts.gained(others).sum() + hosts.gained(squeezed[1]).sum())
        choice = cheapest_above(cost, gained, least)
    else:
        choice = np.argmin(cost, axis=1)
    replicas = one.replicas[np.arange(len(choice)), choice]
    requests = served[np.arange(len(choice)), choice]
    replicas[full], requests[full] = squeezed
    packing.set_service(v, chosen, replicas, requests)


def by_work(problem: Problem) -> list[int]:
    """Job numbers, most useful work first, each weighed by its priority."""

    def key(j: int) -> tuple[float, str]:
        job = problem.jobs[j]
        return -job.gpu_hours * job.priority, job.name

    return sorted(range(len(problem.jobs)), key=key)
