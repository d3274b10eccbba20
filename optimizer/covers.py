"""Replicas of several models that answer a demand with none to spare.

Of a service that is too large to list every count, and small enough that whole replicas matter:
every multiset of replicas that covers the demand and would not without any one of them.
"""

from itertools import product

import numpy as np

from optimizer.hosts import Hosts
from optimizer.site import FloatArray, IntArray

#: Multisets listed at most, over all steps and in one of them; of more, none.
MOST_LISTED, MOST_IN_A_STEP = 6000, 600
TOLERANCE = 1e-9


def covers(hosts: Hosts, demand_rps: FloatArray) -> IntArray:
    """Replicas by step, choice and host, shape (T, C, H); C is 0 where there are too many.

    In steps with fewer covers than others the rest of the choices are covers of other steps.

    Args:
        hosts: Of the service.
        demand_rps: All regions together, shape (T,). [1/s]
    """
    nothing: IntArray = np.zeros((len(demand_rps), 0, len(hosts.gpus)), dtype=np.int64)
    n_sites = len(hosts.sites)
    capacity_rps = hosts.by_model(hosts.capacity_rps)[:, 0]
    tops = np.ceil(demand_rps.max(initial=0.0) / capacity_rps - TOLERANCE).astype(int)
    if np.prod(tops + 1.0) > MOST_LISTED:
        return nothing
    counts = np.indices(tops + 1).reshape(len(tops), -1).T
    answered = counts @ capacity_rps
    least = np.where(counts > 0, capacity_rps, np.inf).min(axis=1)
    demand = demand_rps[:, None]
    is_cover = (answered >= demand - TOLERANCE) & (answered - least < demand - TOLERANCE)
    used = np.flatnonzero(is_cover.any(axis=0))
    spread = [_spread(counts[n], n_sites, MOST_LISTED) for n in used]
    sizes = np.array([len(one) for one in spread])
    width = int((is_cover[:, used] * sizes).sum(axis=1).max(initial=0))
    if sizes.sum() > MOST_LISTED or width > MOST_IN_A_STEP or not width:
        return nothing
    listed = np.concatenate(spread)
    fits = np.repeat(is_cover[:, used], sizes, axis=1)
    kept = np.argsort(~fits, axis=1, kind="stable")[:, :width]
    chosen: IntArray = listed[kept]
    return chosen


def _spread(counts: IntArray, n_sites: int, most: int) -> IntArray:
    """All ways to spread so many replicas of each model over sites, shape (ways, H)."""
    ways = [_parts(int(n), n_sites) for n in counts]
    if np.prod([float(len(one)) for one in ways]) > most:
        return np.zeros((most + 1, len(counts) * n_sites), dtype=np.int64)
    return np.array([np.concatenate(one) for one in product(*ways)], dtype=np.int64)


def _parts(total: int, n_sites: int) -> list[tuple[int, ...]]:
    """All ways to write `total` as a sum of that many numbers from 0 up."""
    if n_sites == 1:
        return [(total,)]
    return [
        (first, *rest) for first in range(total + 1) for rest in _parts(total - first, n_sites - 1)
    ]
