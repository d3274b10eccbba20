"""A cost of a service's steps that no replicas undercut, whole ones or not.

For services with too many whole choices to list. Two relaxations, and the larger of them: to serve,
and, where that is asked for, to survive the loss of any site.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.ranks import Ranks
from optimizer.site import FloatArray, IntArray

TOLERANCE = 1e-9
#: Numbers of full replicas, of each capacity, that are all tried.
MOST_MIXES = 3000
#: Prices tried for room in a replica, in the bound of a service that survives the loss of a site.
LEVELS = 33


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """One service without whole replicas.

    Attributes:
        demand_rps: All regions together, shape (T,). [1/s]
        capacity_rps: Of a replica by host, shape (H,). [1/s]
        most: Replicas of each host at most, shape (T, H).
        flow: Requests that hosts with `most` replicas answer, of one choice.
        unserved_price: Of one request a second left unserved for a step. [money s]
        n_sites: Where the service may run.
        survives_site_loss: Whether the replicas left by the loss of any site must do.
    """

    demand_rps: FloatArray
    capacity_rps: FloatArray
    most: IntArray
    flow: Ranks
    unserved_price: float
    n_sites: int
    survives_site_loss: bool

    def cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """A cost that no choice undercuts, shape (T,). [money]

        Args:
            replica: Price of a replica by host and step, shape (H, T). [money]
            request: Price of one request a second likewise. [money s]
        """
        serving = self._serving_cost(replica, request)
        if not self._is_uniform:
            serving = np.maximum(serving, self._whole_cost(replica, request))
        if not self.survives_site_loss or self.n_sites == 1:
            return serving
        surviving: FloatArray = np.maximum(serving, self._surviving_cost(replica, request))
        return surviving

    @property
    def _is_uniform(self) -> bool:
        """Whether all replicas answer equally much, so that their number can be rounded up."""
        return bool((self.capacity_rps == self.capacity_rps[0]).all())

    def _whole_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """Whole replicas that differ in what they answer, wherever their requests come from.

        Given its replicas, a step costs least with all but one of them full or idle, so the least
        is among these: so many full replicas of each capacity at its cheapest host, and the rest of
        the demand at one more replica or left unserved. Nothing is proven where those are many.
        """
        demand, n_steps = self.demand_rps, len(self.demand_rps)
        sizes = np.unique(self.capacity_rps)
        tops = np.ceil(demand.max(initial=0.0) / sizes - TOLERANCE).astype(int)
        if np.prod(tops + 1.0) > MOST_MIXES:
            return np.full(n_steps, -np.inf)
        earned = (np.minimum(0.0, replica).T * self.most).sum(axis=1)
        least = np.maximum(0.0, replica)
        full = [(least + request * size)[self.capacity_rps == size].min(axis=0) for size in sizes]
        mixes = np.indices(tops + 1).reshape(len(sizes), -1).T
        rest_rps = demand[:, None] - mixes @ sizes
        rest = self.unserved_price * rest_rps
        for host, size in enumerate(self.capacity_rps):
            last = least[host][:, None] + request[host][:, None] * rest_rps
            rest = np.where(rest_rps <= size + TOLERANCE, np.minimum(rest, last), rest)
        cost = np.where(rest_rps >= -TOLERANCE, np.array(full).T @ mixes.T + rest, np.inf)
        proven: FloatArray = cost.min(axis=1) + earned
        return proven

    def _surviving_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """Standing against the loss of any site, and answering only where replicas stand.

        Standing: sites other than the lost one must hold the demand in whole replicas, so the k
        cheapest hold 1 / (k - 1) of it each, for the best k. Answering: a request needs room in a
        replica there; that rule is priced (Lagrange), so that at a level `theta` a host's request
        costs at least `theta` and its replicas are cheaper by what that adds. Any level is valid,
        the best of some is kept.
        """
        demand, capacity = self.demand_rps, self.capacity_rps[:, None]
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
        demand, by_site = self.demand_rps, (-1, self.n_sites, replica.shape[1])
        if not self._is_uniform:
            # A site stands as cheaply as its cheapest model, by what it answers; parts count.
            per_rps = (replica / self.capacity_rps[:, None]).reshape(by_site).min(axis=0)
            none_left: FloatArray = np.minimum(self._shared(per_rps), self.unserved_price) * demand
            return none_left
        capacity = self.capacity_rps[0]
        shared = self._shared(replica.reshape(by_site).min(axis=0))
        needed = np.ceil(demand / capacity - TOLERANCE)
        fewer = np.maximum(0.0, needed - 1)
        # Linear in the replicas between whole numbers, so the least is at an end.
        short_rps = np.maximum(0.0, demand - fewer * capacity)
        all_or_none = np.minimum(needed * shared, self.unserved_price * demand)
        cost: FloatArray = np.minimum(all_or_none, fewer * shared + self.unserved_price * short_rps)
        return cost

    def _shared(self, by_site: FloatArray) -> FloatArray:
        """What a unit costs that stands at the k cheapest sites but one, for the best k."""
        cheapest = np.cumsum(np.sort(by_site, axis=0), axis=0)[1:]
        shared: FloatArray = (cheapest / np.arange(1, self.n_sites)[:, None]).min(axis=0)
        return shared

    def _serving_cost(self, replica: FloatArray, request: FloatArray) -> FloatArray:
        """Each request with its share of a replica, the cheapest hosts filled first.

        What costs more than leaving it unserved is left; replicas of equal capacity add up to a
        whole number.
        """
        demand = self.demand_rps
        least = np.maximum(0.0, replica)
        earned = np.minimum(0.0, replica).T * self.most
        price = least / self.capacity_rps[:, None] + request
        served = self.flow.split(price)[:, 0]
        gained = np.minimum(price.T - self.unserved_price, 0.0) * served
        cost: FloatArray = self.unserved_price * demand + (gained + earned).sum(axis=1)
        if not self._is_uniform:
            return cost
        # The replica that is not full costs its empty part too, or its requests are left.
        capacity = self.capacity_rps[0]
        spare = np.ceil(demand / capacity - TOLERANCE) - demand / capacity
        reached = served.sum(axis=1) >= demand - TOLERANCE
        empty = np.maximum(0.0, spare) * least.min(axis=0)
        left = np.maximum(0.0, self.unserved_price - price.max(axis=0)) * (1 - spare) * capacity
        whole = np.where(reached, np.minimum(empty, left), 0.0)
        proven: FloatArray = cost + whole
        return proven
