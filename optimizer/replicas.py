"""How many replicas where: every sensible choice of a service, step by step, and its worth.

A service's steps are independent once power, GPUs and the quality of answers have a price, and a
step has few whole choices: replica counts by host. Where they can all be enumerated the bound keeps
replicas whole too; a large service is weighed by shares of its demand and bounded by fractions of a
replica.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from optimizer.covers import covers
from optimizer.hosts import Hosts
from optimizer.problem import Problem
from optimizer.ranks import Ranks, rank
from optimizer.relaxed import Relaxed
from optimizer.site import BoolArray, FloatArray, IntArray
from optimizer.work import Service

MAX_CHOICES = 2500
MAX_ASSIGNMENTS = 64
#: Loads by site up to which each site may answer with another model; of more, all with the same.
MAX_MIXED = 1500
TOLERANCE = 1e-9


def _neighbours(problem: Problem, service: Service, sites: tuple[int, ...]) -> list[set[int]]:
    names = [problem.sites[site].name for site in sites]
    return [
        {position for position, name in enumerate(names) if service.reaches(region, name)}
        for region in service.regions
    ]


def unprotected_rps(
    problem: Problem, service: Service, replicas: IntArray, steps: IntArray | None = None
) -> FloatArray:
    """Most requests that the loss of one site would leave unserved, shape (T,). [1/s]

    0 where redundancy was not asked for; a demand that only one site can reach counts in full.

    Args:
        problem: The problem.
        service: One of its services.
        replicas: By step and host, shape (T, H).
        steps: Which steps those are; all by default.
    """
    short: FloatArray = np.zeros(len(replicas))
    if not service.survives_site_loss:
        return short
    hosts = problem.hosts[service.name]
    neighbours = _neighbours(problem, service, hosts.sites)
    demand = service.demand_rps if steps is None else service.demand_rps[:, steps]
    total = demand.sum(axis=0)
    everywhere = tuple(range(len(hosts.sites)))
    for lost in everywhere:
        capacity = hosts.by_site((replicas * hosts.capacity_rps).astype(np.float64))
        capacity[:, lost] = 0.0
        kept = rank(demand, neighbours, everywhere, capacity[:, None, :], everywhere)[:, 0]
        short = np.maximum(short, total - kept)
    short[short <= 1e-9 * np.maximum(1.0, total)] = 0.0
    return short


def shortfall_rps(
    problem: Problem,
    service: Service,
    replicas: IntArray,
    served_rps: FloatArray,
    steps: IntArray | None = None,
) -> FloatArray:
    """Requests unserved and unprotected together, shape (T,). [1/s]

    Args:
        problem: The problem.
        service: One of its services.
        replicas: By step and host, shape (T, H).
        served_rps: Likewise. [1/s]
        steps: Which steps those are; all by default.
    """
    demand = service.demand_rps.sum(axis=0)
    unserved = (demand if steps is None else demand[steps]) - served_rps.sum(axis=1)
    lost: FloatArray = np.maximum(0.0, unserved)
    return lost + unprotected_rps(problem, service, replicas, steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What one service may hold, step by step.

    Attributes:
        hosts: Where replicas may be; their order is that of the last axes below.
        replicas: Of each choice by step, shape (T, C, H).
        rank_rps: Most requests served by each subset of hosts, by step and choice.
        shortfall: Priced unserved and unprotected requests, shape (T, C). [money]
        allowed: Whether a step's pools hold a choice, shape (T, C).
        complete: Whether no choice worth making is missing; a bound may then keep replicas whole.
        most: Replicas the pools hold alone, or the demand needs at most, shape (T, H).
        flow_rps: Most requests each subset of hosts serves with `most` replicas, one choice a step.
        unserved_price: Of one request a second left unserved for a step. [money s]
    """

    service: Service
    hosts: Hosts
    replicas: IntArray
    rank_rps: Ranks
    shortfall: FloatArray
    allowed: BoolArray
    complete: bool
    most: IntArray
    flow_rps: Ranks
    unserved_price: float

    @staticmethod
    def of(problem: Problem, service: Service) -> "Choices":
        """The choices of `service` worth weighing.

        No choice holds more replicas at a host than all of the demand needs.
        """
        hosts = problem.hosts[service.name]
        neighbours = _neighbours(problem, service, hosts.sites)
        most = _most(problem, service, hosts)
        replicas, complete = _options(service, hosts, neighbours, most)

        def ranks(counts: IntArray) -> Ranks:
            return Ranks(
                demand_rps=service.demand_rps,
                neighbours=neighbours,
                capacity_rps=(counts * hosts.capacity_rps).astype(float),
                place=hosts.place,
            )

        answered = ranks(replicas)
        demand = service.demand_rps.sum(axis=0)[:, None]
        short = demand - answered.everywhere
        if service.survives_site_loss:
            places = range(len(hosts.sites))
            short = short + np.max([demand - answered.without(s) for s in places], axis=0)
        price = problem.unserved_price_per_rps
        return Choices(
            service=service,
            hosts=hosts,
            replicas=replicas,
            rank_rps=answered,
            shortfall=price * short,
            allowed=(replicas <= most[:, None, :]).all(axis=2)
            & (replicas.sum(axis=2) >= problem.floor(service)[:, None]),
            complete=complete,
            most=most,
            flow_rps=ranks(most[:, None, :]),
            unserved_price=price,
        )

    @property
    def sites(self) -> tuple[int, ...]:
        """Numbers of the sites that may run the service."""
        return self.hosts.sites

    def at(self, steps: IntArray) -> "Choices":
        """The same choices in some steps only; `service` keeps its demand of all."""
        return replace(
            self,
            replicas=self.replicas[steps],
            rank_rps=self.rank_rps.at(steps),
            shortfall=self.shortfall[steps],
            allowed=self.allowed[steps],
            most=self.most[steps],
            flow_rps=self.flow_rps.at(steps),
        )

    def thinned(self) -> "Choices":
        """Without choices that leave more unserved than they must, or hold a replica for nothing.

        A replica is for nothing where without it as many requests are answered, as well and with as
        little energy. What is left is worth searching; only all choices together prove a bound.
        """
        if not self.complete:
            return self
        lattice, n_hosts = self.replicas[0], self.replicas.shape[2]
        number = {tuple(one): c for c, one in enumerate(lattice.tolist())}
        short = np.where(self.allowed, self.shortfall, np.inf)
        serves = short <= short.min(axis=1, keepdims=True) + TOLERANCE
        keeps = serves.copy()
        worth = list(self._worth())
        for host in range(n_hosts):
            fewer = lattice - np.eye(n_hosts, dtype=np.int64)[host]
            found = np.array([number.get(tuple(one), -1) for one in fewer.tolist()])
            has = found >= 0
            as_good = serves[:, found[has]]
            for one in worth:
                as_good = as_good & (one[:, found[has]] <= one[:, has] + TOLERANCE)
            keeps[:, has] &= ~as_good
        width = int(keeps.sum(axis=1).max())
        kept = np.argsort(~keeps, axis=1, kind="stable")[:, :width]
        return replace(
            self,
            replicas=lattice[kept],
            rank_rps=self.rank_rps.chosen(kept),
            shortfall=np.take_along_axis(self.shortfall, kept, axis=1),
            allowed=np.take_along_axis(keeps, kept, axis=1),
            complete=False,
        )

    def _worth(self) -> Iterator[FloatArray]:
        """Least quality lost, then least energy used, by each choice, shape (T, C) each.

        Nothing where there is one model, of which all replicas are worth the same.
        """
        hosts, n_steps = self.hosts, len(self.replicas)
        for price in (-hosts.gain, hosts.request_kw) if hosts.has_variants else ():
            yield self.split(np.repeat(price[:, None], n_steps, axis=1)) @ price

    def split(self, price: FloatArray) -> FloatArray:
        """Requests by step, choice and host, cheapest hosts first, shape (T, C, H). [1/s]

        Args:
            price: What a request costs by host and step, shape (H, T).
        """
        return self.rank_rps.split(price)

    def doubled(self, price: FloatArray) -> tuple["Choices", FloatArray]:
        """Every choice with the requests of `split`, and again with those of the best quality.

        Returns:
            The choices, and their requests by step, choice and host, shape (T, 2 C, H). [1/s]
        """
        lowest, highest = price.min(), price.max()
        # Quality first; of equal quality the cheapest.
        best = (price - lowest) / max(highest - lowest, TOLERANCE) - 1e3 * self.hosts.gain[:, None]
        served = np.concatenate([self.split(price), self.split(best)], axis=1)
        twice = replace(
            self,
            replicas=np.concatenate([self.replicas] * 2, axis=1),
            shortfall=np.concatenate([self.shortfall] * 2, axis=1),
            allowed=np.concatenate([self.allowed] * 2, axis=1),
        )
        return twice, served

    def squeezed(self, steps: IntArray, room: IntArray) -> tuple[IntArray, FloatArray]:
        """Replicas and requests [1/s] where no choice fits, by step and host, shape (n, H).

        Of one model in each step: the one that answers most, of those that keep the floor on the
        quality by themselves.

        Args:
            steps: Which steps.
            room: GPUs there is room for by step and site, shape (n, sites).
        """
        hosts = self.hosts
        held = np.zeros((len(steps), len(hosts.gpus)), dtype=np.int64)
        served = np.zeros(held.shape)
        most_rps: FloatArray = np.full(len(steps), -np.inf)
        for m, model in enumerate(hosts.models):
            if model.quality < self.service.quality_floor:
                continue
            own, answered = self._squeezed_model(m, steps, room // model.gpus_per_replica)
            more = answered.sum(axis=1) > most_rps + TOLERANCE
            most_rps[more] = answered.sum(axis=1)[more]
            held[more], served[more] = 0, 0.0
            hosts.by_model(held)[more, m] = own[more]
            hosts.by_model(served)[more, m] = answered[more]
        return held, served

    def _squeezed_model(
        self, m: int, steps: IntArray, room: IntArray
    ) -> tuple[IntArray, FloatArray]:
        """Replicas and requests [1/s] of one model, by step and site, shape (n, sites).

        `room` is that for its replicas.
        """
        most, capacity_rps = self.hosts.by_model(self.most)[steps, m], self._capacity_of(m)
        held = np.minimum(most, np.maximum(0, room))
        capacity = (held * capacity_rps).astype(np.float64)[:, None, :]
        demand, everywhere = self.service.demand_rps[:, steps], range(len(self.sites))
        place, near = tuple(everywhere), self.rank_rps.neighbours
        ranks = [
            rank(demand, near, place[:size], capacity, place)[:, 0]
            for size in range(len(self.sites) + 1)
        ]
        served = np.diff(ranks, axis=0).T
        if self.service.survives_site_loss:
            return held, served
        needed = np.ceil(served / capacity_rps - 1e-9).astype(np.int64)
        for site in everywhere:
            short = np.maximum(0, self.service.min_replicas - needed.sum(axis=1))
            needed[:, site] += np.minimum(short, held[:, site] - needed[:, site])
        return needed, served

    def _capacity_of(self, m: int) -> float:
        """Of a replica of one model. [1/s]"""
        return self.hosts.models[m].capacity_rps

    def relaxed_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """A cost that no choice undercuts, whole replicas or not, shape (T,). [money]

        Args:
            replica: Price of a replica by host and step, shape (H, T). [money]
            request: Price of one request a second likewise. [money s]
        """
        relaxed = Relaxed(
            demand_rps=self.service.demand_rps.sum(axis=0),
            capacity_rps=self.hosts.capacity_rps,
            most=self.most,
            flow=self.flow_rps,
            unserved_price=self.unserved_price,
            n_sites=len(self.sites),
            survives_site_loss=self.service.survives_site_loss,
        )
        return relaxed.cost(replica, request)


def _most(problem: Problem, service: Service, hosts: Hosts) -> IntArray:
    """Most replicas worth holding by step and host, shape (T, H)."""
    demand = service.demand_rps.sum(axis=0)[:, None]
    needed = np.ceil(demand / hosts.capacity_rps - 1e-9).astype(np.int64)
    pools = [problem.pool_number[s, service.gpu_type] for s in hosts.site]
    room = problem.pool_gpus[pools].T // hosts.gpus
    most: IntArray = np.minimum(room, np.maximum(needed, service.min_replicas))
    return most


def _options(
    service: Service, hosts: Hosts, neighbours: list[set[int]], most: IntArray
) -> tuple[IntArray, bool]:
    """Replica counts worth weighing, shape (T, C, H), and whether those are all.

    Every count where that is few. Else shares of the demand by site in eighths (quarters, and more
    than all of it, where the loss of a site must be survived), and each region whole at one site;
    every site answers with one model in a step, or, where that is few, replicas of several models
    cover the demand with none to spare.
    """
    tops, n_sites = most.max(axis=0), len(hosts.sites)
    if np.prod(tops + 1.0) <= MAX_CHOICES:
        lattice = np.array(list(product(*(range(top + 1) for top in tops))), dtype=np.int64)
        return np.broadcast_to(lattice, (len(most), *lattice.shape)), True
    demand = service.demand_rps
    loads: list[FloatArray] = []
    total = demand.sum(axis=0)
    parts = 4 if service.survives_site_loss else 8
    for shares in product(range(parts + 1), repeat=n_sites):
        if sum(shares) == parts or (service.survives_site_loss and sum(shares) > parts):
            loads.append(np.outer(total, shares) / parts)
    regions = [sorted(near) for near in neighbours]
    reachable = [r for r, near in enumerate(regions) if near]
    for assigned in islice(product(*(regions[r] for r in reachable)), MAX_ASSIGNMENTS):
        load = np.zeros((len(total), n_sites))
        for r, site in zip(reachable, assigned, strict=True):
            load[:, site] += demand[r]
        loads.append(load)
    counts = _by_models(hosts, np.array(loads)).transpose(1, 0, 2)
    if hosts.has_variants and not service.survives_site_loss:
        counts = np.concatenate([counts, covers(hosts, total)], axis=1)
    counts = np.minimum(counts, most[:, None, :])
    for host in range(most.shape[1]):
        short = np.maximum(0, service.min_replicas - counts.sum(axis=2))
        counts[:, :, host] = np.minimum(counts[:, :, host] + short, most[:, None, host])
    return counts, False


def _by_models(hosts: Hosts, loads: FloatArray) -> IntArray:
    """Replicas for loads by site, shape (L, T, sites), with models by site, shape (C, T, H)."""
    n_models, n_sites = len(hosts.models), len(hosts.sites)
    mixes = list(product(range(n_models), repeat=n_sites))
    if len(loads) * len(mixes) > MAX_MIXED:
        mixes = [(m,) * n_sites for m in range(n_models)]
    counts = []
    for mix in mixes:
        on = np.zeros((n_models, n_sites))
        on[list(mix), range(n_sites)] = 1.0
        spread = np.tile(loads, n_models) * on.ravel()
        counts.append(np.ceil(spread / hosts.capacity_rps - 1e-9).astype(np.int64))
    return np.concatenate(counts)
