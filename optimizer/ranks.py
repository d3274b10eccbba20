"""Most requests that some of a service's replicas can answer together.

What replicas can answer is a flow from regions to sites; its value is a minimum cut (Ford and
Fulkerson 1956), and the cheapest split over hosts is greedy because those values form a polymatroid
(Edmonds 1970): fill the cheapest host as far as any flow allows, then the next.

A host is a place where replicas of one kind may stand. Knows neither power nor prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from optimizer.site import FloatArray, IntArray

#: Subsets of hosts that are all worked out at once; of more, each when it is first asked for.
FEW_SUBSETS = 64


def subsets(sites: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Every subset of `sites`, the smallest first."""
    return [chosen for size in range(len(sites) + 1) for chosen in combinations(sites, size)]


def rank(
    demand_rps: FloatArray,
    neighbours: list[set[int]],
    within: tuple[int, ...],
    capacity_rps: FloatArray,
    place: Sequence[int],
) -> FloatArray:
    """Most requests a second that the hosts `within` can answer, by minimum cut.

        value = min over B: capacity of the hosts at B + demand of the regions with a site outside B

    over the subsets B of the sites where those hosts are.

    Args:
        demand_rps: By region and step, shape (R, T). [1/s]
        neighbours: Sites that reach each region in time.
        within: Positions in the last axis of `capacity_rps`.
        capacity_rps: By step, choice and host, shape (T or 1, C, H). [1/s]
        place: Site of each host, as in `neighbours`.

    Returns:
        Shape (T, C). [1/s]
    """
    sites = tuple(dict.fromkeys(place[host] for host in within))
    best: FloatArray | None = None
    for inside in subsets(sites):
        outside = [r for r, near in enumerate(neighbours) if (near & set(sites)) - set(inside)]
        demand = demand_rps[outside].sum(axis=0)[:, None]
        hosts = [host for host in within if place[host] in inside]
        cut = capacity_rps[..., hosts].sum(axis=-1) + demand
        best = cut if best is None else np.minimum(best, cut)
    assert best is not None
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Most requests that each subset of hosts answers, by step and choice.

    Attributes:
        demand_rps: By region and step, shape (R, T). [1/s]
        neighbours: Sites that reach each region in time.
        capacity_rps: By step, choice and host, shape (T, C, H). [1/s]
        place: Site of each host, as in `neighbours`.
        known: Those worked out so far, by subset, shape (T, C) each. [1/s]
    """

    demand_rps: FloatArray
    neighbours: list[set[int]]
    capacity_rps: FloatArray
    place: tuple[int, ...]
    known: dict[frozenset[int], FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.known and 2 ** len(self.place) <= FEW_SUBSETS:
            for subset in subsets(tuple(range(len(self.place)))):
                self.of(frozenset(subset))

    def of(self, subset: frozenset[int]) -> FloatArray:
        """Of one subset of the hosts, shape (T, C). [1/s]"""
        if subset not in self.known:
            within = tuple(sorted(subset))
            self.known[subset] = rank(
                self.demand_rps, self.neighbours, within, self.capacity_rps, self.place
            )
        return self.known[subset]

    @property
    def everywhere(self) -> FloatArray:
        """Of all hosts together, shape (T, C). [1/s]"""
        return self.of(frozenset(range(len(self.place))))

    def without(self, site: int) -> FloatArray:
        """Of all hosts but those at one site, shape (T, C). [1/s]"""
        return self.of(frozenset(h for h, place in enumerate(self.place) if place != site))

    def at(self, steps: IntArray) -> "Ranks":
        """The same in some steps only."""
        return replace(
            self,
            demand_rps=self.demand_rps[:, steps],
            capacity_rps=self.capacity_rps[steps],
            known={subset: rate[steps] for subset, rate in self.known.items()},
        )

    def chosen(self, choices: IntArray) -> "Ranks":
        """The same of some choices only, by step, shape (T, fewer)."""
        return replace(
            self,
            capacity_rps=np.take_along_axis(self.capacity_rps, choices[:, :, None], axis=1),
            known={
                subset: np.take_along_axis(rate, choices, axis=1)
                for subset, rate in self.known.items()
            },
        )

    def split(self, price: FloatArray) -> FloatArray:
        """Requests of each host when the cheapest is filled first, shape (T, C, H). [1/s]

        Args:
            price: What a request costs by host and step, shape (H, T).
        """
        orders = np.argsort(price, axis=0, kind="stable").T
        served = np.zeros(self.capacity_rps.shape)
        for order in np.unique(orders, axis=0):
            steps = (orders == order).all(axis=1)
            filled: frozenset[int] = frozenset()
            for host in order:
                more = filled | {int(host)}
                served[steps, :, host] = self.of(more)[steps] - self.of(filled)[steps]
                filled = more
        return served
