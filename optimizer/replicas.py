"""How many replicas where: every sensible choice of a service, step by step, and its worth.

A service's steps are independent once power and GPUs have a price, and a step has few whole
choices: replica counts by site. Where they can all be enumerated the bound keeps replicas whole
too; a large service is weighed by shares of its demand and bounded by fractions of a replica.

What a choice can serve is a flow from regions to sites; its value is a minimum cut (Ford and
Fulkerson 1956), and the cheapest split over sites is greedy because those values form a
polymatroid (Edmonds 1970): fill the cheapest site as far as any flow allows, then the next.
"""

from dataclasses import dataclass, replace
from itertools import combinations, islice, product

import numpy as np

from optimizer.load import extra_replica_kw, request_kw
from optimizer.problem import Problem
from optimizer.site import BoolArray, FloatArray, IntArray
from optimizer.work import Service

MAX_CHOICES = 2500
MAX_ASSIGNMENTS = 64
TOLERANCE = 1e-9
#: Prices tried for room in a replica, in the bound of a service that survives the loss of a site.
LEVELS = 33


def _subsets(sites: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [chosen for size in range(len(sites) + 1) for chosen in combinations(sites, size)]


def _rank(
    demand_rps: FloatArray,
    neighbours: list[set[int]],
    within: tuple[int, ...],
    capacity: FloatArray,
) -> FloatArray:
    """Most requests a second that the sites `within` can serve, by minimum cut.

        value = min over B within: capacity(B) + demand of the regions with a site outside B

    Args:
        demand_rps: By region and step, shape (R, T). [1/s]
        neighbours: Sites that reach each region in time.
        within: Positions in the last axis of `capacity`.
        capacity: Requests a second by step, choice and site, shape (T or 1, C, sites). [1/s]

    Returns:
        Shape (T, C). [1/s]
    """
    best: FloatArray | None = None
    for inside in _subsets(within):
        outside = [r for r, near in enumerate(neighbours) if (near & set(within)) - set(inside)]
        demand = demand_rps[outside].sum(axis=0)[:, None]
        cut = capacity[..., list(inside)].sum(axis=-1) + demand
        best = cut if best is None else np.minimum(best, cut)
    assert best is not None
    return best


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
        replicas: By step and admissible site, shape (T, sites).
        steps: Which steps those are; all by default.
    """
    short: FloatArray = np.zeros(len(replicas))
    if not service.survives_site_loss:
        return short
    sites = problem.admissible_sites(service)
    neighbours = _neighbours(problem, service, sites)
    demand = service.demand_rps if steps is None else service.demand_rps[:, steps]
    total = demand.sum(axis=0)
    for lost in range(len(sites)):
        capacity: FloatArray = (replicas * service.capacity_rps).astype(np.float64)
        capacity[:, lost] = 0.0
        everywhere = tuple(range(len(sites)))
        kept = _rank(demand, neighbours, everywhere, capacity[:, None, :])[:, 0]
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
        replicas: By step and admissible site, shape (T, sites).
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
        sites: Admissible sites; their order is that of the last axes below.
        replicas: Of each choice by step, shape (T, C, sites).
        rank_rps: Most requests served by each subset of sites, by subset, shape (T, C) each.
        shortfall: Priced unserved and unprotected requests, shape (T, C). [money]
        allowed: Whether a step's pools hold a choice, shape (T, C).
        complete: Whether no choice worth making is missing; a bound may then keep replicas whole.
        extra_kw: IT power a replica adds, by site. [kW]
        request_kw: IT power of one request a second. [kW s]
        most: Replicas the pools hold alone, or the demand needs at most, shape (T, sites).
        flow_rps: Most requests each subset of sites serves with `most` replicas, shape (T,) each.
        unserved_price: Of one request a second left unserved for a step. [money s]
        neighbours: Positions in `sites` that reach each region in time.
    """

    service: Service
    sites: tuple[int, ...]
    replicas: IntArray
    rank_rps: dict[frozenset[int], FloatArray]
    shortfall: FloatArray
    allowed: BoolArray
    complete: bool
    extra_kw: FloatArray
    request_kw: float
    most: IntArray
    flow_rps: dict[frozenset[int], FloatArray]
    unserved_price: float
    neighbours: list[set[int]]

    @staticmethod
    def of(problem: Problem, service: Service) -> "Choices":
        """The choices of `service` worth weighing.

        No choice holds more replicas at a site than all of the demand needs.
        """
        sites = problem.admissible_sites(service)
        neighbours = _neighbours(problem, service, sites)
        most = _most(problem, service, sites)
        replicas, complete = _options(service, neighbours, most)
        capacity = (replicas * service.capacity_rps).astype(float)
        subsets = _subsets(tuple(range(len(sites))))
        demand_rps = service.demand_rps
        rank = {frozenset(one): _rank(demand_rps, neighbours, one, capacity) for one in subsets}
        full = (most * service.capacity_rps).astype(float)[:, None, :]
        flow = {frozenset(one): _rank(demand_rps, neighbours, one, full)[:, 0] for one in subsets}
        demand = demand_rps.sum(axis=0)[:, None]
        everywhere = frozenset(range(len(sites)))
        short = demand - rank[everywhere]
        if service.survives_site_loss:
            short = short + np.max([demand - rank[everywhere - {s}] for s in everywhere], axis=0)
        price = problem.objective.unserved_price_per_request * problem.horizon.step_h * 3600
        return Choices(
            service=service,
            sites=sites,
            replicas=replicas,
            rank_rps=rank,
            shortfall=price * short,
            allowed=(replicas <= most[:, None, :]).all(axis=2)
            & (replicas.sum(axis=2) >= problem.floor(service)[:, None]),
            complete=complete,
            extra_kw=np.array([extra_replica_kw(problem, service, s) for s in sites]),
            request_kw=request_kw(service),
            most=most,
            flow_rps=flow,
            unserved_price=price,
            neighbours=neighbours,
        )

    def at(self, steps: IntArray) -> "Choices":
        """The same choices in some steps only; `service` keeps its demand of all."""
        return replace(
            self,
            replicas=self.replicas[steps],
            rank_rps={subset: rate[steps] for subset, rate in self.rank_rps.items()},
            shortfall=self.shortfall[steps],
            allowed=self.allowed[steps],
            most=self.most[steps],
            flow_rps={subset: rate[steps] for subset, rate in self.flow_rps.items()},
        )

    def thinned(self) -> "Choices":
        """Without choices that leave more unserved than they must, or hold a replica for nothing.

        What is left is worth searching; only all choices together prove a bound.
        """
        if not self.complete:
            return self
        lattice = self.replicas[0]
        number = {tuple(one): c for c, one in enumerate(lattice.tolist())}
        short = np.where(self.allowed, self.shortfall, np.inf)
        serves = short <= short.min(axis=1, keepdims=True) + TOLERANCE
        keeps = serves.copy()
        for site in range(len(self.sites)):
            fewer = lattice - np.eye(len(self.sites), dtype=np.int64)[site]
            found = np.array([number.get(tuple(one), -1) for one in fewer.tolist()])
            keeps[:, found >= 0] &= ~serves[:, found[found >= 0]]
        width = int(keeps.sum(axis=1).max())
        kept = np.argsort(~keeps, axis=1, kind="stable")[:, :width]

        def of(values: FloatArray) -> FloatArray:
            return np.take_along_axis(values, kept, axis=1)

        return replace(
            self,
            replicas=lattice[kept],
            rank_rps={subset: of(rate) for subset, rate in self.rank_rps.items()},
            shortfall=of(self.shortfall),
            allowed=np.take_along_axis(keeps, kept, axis=1),
            complete=False,
        )

    def split(self, price: FloatArray) -> FloatArray:
        """Requests by step, choice and site, cheapest sites first, shape (T, C, sites). [1/s]

        Args:
            price: What a request costs by site and step, shape (sites, T).
        """
        return _greedy(self.rank_rps, price)

    def squeezed(self, steps: IntArray, room: IntArray) -> tuple[IntArray, FloatArray]:
        """Replicas and requests [1/s] where no choice fits, by step and site, shape (n, sites).

        Args:
            steps: Which steps.
            room: Replicas there is room for, likewise.
        """
        held = np.minimum(self.most[steps], np.maximum(0, room))
        capacity = (held * self.service.capacity_rps).astype(np.float64)[:, None, :]
        demand, everywhere = self.service.demand_rps[:, steps], range(len(self.sites))
        ranks = [
            _rank(demand, self.neighbours, tuple(everywhere[:size]), capacity)[:, 0]
            for size in range(len(self.sites) + 1)
        ]
        served = np.diff(ranks, axis=0).T
        if self.service.survives_site_loss:
            return held, served
        needed = np.ceil(served / self.service.capacity_rps - 1e-9).astype(np.int64)
        for site in everywhere:
            short = np.maximum(0, self.service.min_replicas - needed.sum(axis=1))
            needed[:, site] += np.minimum(short, held[:, site] - needed[:, site])
        return needed, served

    def relaxed_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """A cost that no choice undercuts, shape (T,). [money]

        The larger of two relaxations. To serve: every request costs its share of a replica, the
        cheapest sites are filled first, what costs more than leaving it unserved is left, and the
        replicas add up to a whole number. To survive the loss of any site, where that is asked
        for: `_surviving_cost`.

        Args:
            replica: Price of a replica by site and step, shape (sites, T). [money]
            request: Price of one request a second likewise. [money s]
        """
        serving = self._serving_cost(replica, request)
        if not self.service.survives_site_loss or len(self.sites) == 1:
            return serving
        surviving: FloatArray = np.maximum(serving, self._surviving_cost(replica, request))
        return surviving

    def _surviving_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """Standing against the loss of any site, and answering only where replicas stand.

        Standing: sites other than the lost one must hold the demand in whole replicas, so the k
        cheapest hold 1 / (k - 1) of it each, for the best k. Answering: a request needs room in a
        replica there; that rule is priced (Lagrange), so that at a level `theta` a site's request
        costs at least `theta` and its replicas are cheaper by what that adds. Any level is valid,
        the best of some is kept.
        """
        demand, capacity = self.service.demand_rps.sum(axis=0), self.service.capacity_rps
        # Replicas that earn money may number any that fit; the rest cost at least nothing.
        earned = (np.minimum(0.0, replica).T * self.most).sum(axis=1)
        least = np.maximum(0.0, replica)
        lowest, highest = request.min(axis=0), (request + least / capacity).max(axis=0)
        best: FloatArray = np.full(demand.shape, -np.inf)
        for share in np.linspace(0.0, 1.0, LEVELS):
            theta = lowest + share * (highest - lowest)
            room = np.clip(theta - request, 0.0, least / capacity)
            answering = np.minimum((request + room).min(axis=0), self.unserved_price)
            standing = self._standing_cost(least - room * capacity)
            best = np.maximum(best, answering * demand + standing)
        proven: FloatArray = best + earned
        return proven

    def _standing_cost(self, replica: FloatArray) -> FloatArray:
        """Least cost of replicas that survive the loss of any site, or of what that leaves."""
        demand, capacity = self.service.demand_rps.sum(axis=0), self.service.capacity_rps
        cheapest = np.cumsum(np.sort(replica, axis=0), axis=0)[1:]
        shared = (cheapest / np.arange(1, len(self.sites))[:, None]).min(axis=0)
        needed = np.ceil(demand / capacity - TOLERANCE)
        fewer = np.maximum(0.0, needed - 1)
        # Linear in the replicas between whole numbers, so the least is at an end.
        short_rps = np.maximum(0.0, demand - fewer * capacity)
        all_or_none = np.minimum(needed * shared, self.unserved_price * demand)
        cost: FloatArray = np.minimum(all_or_none, fewer * shared + self.unserved_price * short_rps)
        return cost

    def _serving_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        demand, capacity = self.service.demand_rps.sum(axis=0), self.service.capacity_rps
        least = np.maximum(0.0, replica)
        earned = np.minimum(0.0, replica).T * self.most
        price = least / capacity + request
        flow = {subset: rate[:, None] for subset, rate in self.flow_rps.items()}
        served = _greedy(flow, price)[:, 0]
        gained = np.minimum(price.T - self.unserved_price, 0.0) * served
        # The replica that is not full costs its empty part too, or its requests are left.
        spare = np.ceil(demand / capacity - TOLERANCE) - demand / capacity
        reached = served.sum(axis=1) >= demand - TOLERANCE
        empty = np.maximum(0.0, spare) * least.min(axis=0)
        left = np.maximum(0.0, self.unserved_price - price.max(axis=0)) * (1 - spare) * capacity
        whole = np.where(reached, np.minimum(empty, left), 0.0)
        cost: FloatArray = self.unserved_price * demand + (gained + earned).sum(axis=1) + whole
        return cost


def _greedy(rank_rps: dict[frozenset[int], FloatArray], price: FloatArray) -> FloatArray:
    """Requests of each site when the cheapest is filled first, shape (T, C, sites)."""
    orders = np.argsort(price, axis=0, kind="stable").T
    n_sites = price.shape[0]
    served = np.zeros((*rank_rps[frozenset()].shape, n_sites))
    for order in np.unique(orders, axis=0):
        steps = (orders == order).all(axis=1)
        filled: frozenset[int] = frozenset()
        for site in order:
            more = filled | {int(site)}
            served[steps, :, site] = rank_rps[more][steps] - rank_rps[filled][steps]
            filled = more
    return served


def _most(problem: Problem, service: Service, sites: tuple[int, ...]) -> IntArray:
    """Most replicas worth holding by step and site, shape (T, sites)."""
    demand = service.demand_rps.sum(axis=0)
    needed = np.ceil(demand / service.capacity_rps - 1e-9).astype(np.int64)
    pools = [problem.pool_number[s, service.gpu_type] for s in sites]
    room = problem.pool_gpus[pools].T // service.gpus_per_replica
    most: IntArray = np.minimum(room, np.maximum(needed, service.min_replicas)[:, None])
    return most


def _options(service: Service, neighbours: list[set[int]], most: IntArray) -> tuple[IntArray, bool]:
    """Replica counts worth weighing, shape (T, C, sites), and whether those are all.

    Every count where that is few. Else shares of the demand by site in eighths (quarters, and more
    than all of it, where the loss of a site must be survived), and each region whole at one site.
    """
    tops = most.max(axis=0)
    n_sites = most.shape[1]
    if np.prod(tops + 1.0) <= MAX_CHOICES:
        lattice = np.array(list(product(*(range(top + 1) for top in tops))), dtype=np.int64)
        return np.broadcast_to(lattice, (len(most), *lattice.shape)), True
    demand, capacity = service.demand_rps, service.capacity_rps
    loads: list[FloatArray] = []
    total = demand.sum(axis=0)
    parts = 4 if service.survives_site_loss else 8
    for shares in product(range(parts + 1), repeat=n_sites):
        if sum(shares) == parts or (service.survives_site_loss and sum(shares) > parts):
            loads.append(np.outer(total, shares) / parts)
    regions = [sorted(near) for near in neighbours]
    reachable = [r for r, near in enumerate(regions) if near]
    for hosts in islice(product(*(regions[r] for r in reachable)), MAX_ASSIGNMENTS):
        load = np.zeros((len(total), n_sites))
        for r, site in zip(reachable, hosts, strict=True):
            load[:, site] += demand[r]
        loads.append(load)
    counts = np.ceil(np.array(loads) / capacity - 1e-9).astype(np.int64).transpose(1, 0, 2)
    counts = np.minimum(counts, most[:, None, :])
    for site in range(n_sites):
        short = np.maximum(0, service.min_replicas - counts.sum(axis=2))
        counts[:, :, site] = np.minimum(counts[:, :, site] + short, most[:, None, site])
    return counts, False
