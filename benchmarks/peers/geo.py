"""Inference placed over five regions under a latency limit (a case of the kind of CASPER, IGSC'23).

Every request is served, at a site in reach; a site holds 1.5 times its own region's peak. Whole
replicas, which take power standing idle and five minutes to start, are placed an hour ahead on
forecasts of carbon and demand.
"""

from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

import numpy as np

from benchmarks.peers.series import google_load, steam_carbon
from optimizer.site import FloatArray
from scheduler.simulation.errors import ErrorField, Issuer

REGIONS = ("PT", "ES", "FR", "DE", "GB")
UTC_OFFSET_H = (0, 1, 1, 1, 0)
RTT_MS = np.array(
    [
        [2, 18, 30, 45, 38],
        [18, 2, 24, 38, 34],
        [30, 24, 2, 14, 12],
        [45, 38, 14, 2, 18],
        [38, 34, 12, 18, 2],
    ]
)
CAPACITY_SHARE = 1.5
#: A replica carries a hundredth of a region's mean demand.
REPLICA = 0.01
#: Power of a replica without requests, as a share of its power at full load.
IDLE_SHARE, START_H = 0.3, 5 / 60
#: Standard deviations of the demand's error that replicas are held for beside what is expected.
STAFFED_SIGMAS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One year; arrays of shape (regions, hours).

    Attributes:
        carbon: [g/kWh]
        demand: In units of a region's mean.
        reach: Which region may be served at which site, shape (regions, sites).
        capacity: Of each site, shape (sites, 1).
    """

    carbon: FloatArray
    demand: FloatArray
    reach: np.ndarray
    capacity: FloatArray

    @staticmethod
    def of(data: Path, sla_ms: float) -> "World":
        """The case under a limit on round trips."""
        load = google_load(data)
        demand = np.array([np.roll(load / load.mean(), -offset) for offset in UTC_OFFSET_H])
        carbon = np.array([steam_carbon(data, zone) for zone in REGIONS])
        hours = min(demand.shape[1], carbon.shape[1])
        return World(
            carbon=carbon[:, :hours],
            demand=demand[:, :hours],
            reach=sla_ms >= RTT_MS,
            capacity=CAPACITY_SHARE * demand.max(axis=1, keepdims=True),
        )


def loads(
    carbon: FloatArray, demand: FloatArray, capacity: FloatArray, reach: np.ndarray
) -> FloatArray:
    """Load by site and hour that serves all demand with least carbon, shape (sites, hours).

    What a set of sites can serve is a polymatroid (Edmonds 1970): the least over its parts of what
    the regions in reach of a part ask for and what the rest can hold. So filling the cleanest sites
    first, each as far as the rank of the set so far allows, is exact.
    """
    n_sites, n_hours = carbon.shape
    capacity = np.broadcast_to(capacity, (n_sites, n_hours))
    order = np.argsort(carbon, axis=0, kind="stable")
    everything = range(n_sites)
    parts = list(chain.from_iterable(combinations(everything, n) for n in range(n_sites + 1)))
    asked = np.array([demand[reach[:, list(part)].any(axis=1)].sum(axis=0) for part in parts])
    inside = np.zeros((n_sites, n_hours), dtype=bool)
    rank, found = np.zeros(n_hours), np.zeros((n_sites, n_hours))
    hours = np.arange(n_hours)
    for place in everything:
        inside[order[place], hours] = True
        least = np.full(n_hours, np.inf)
        for part, wanted in zip(parts, asked, strict=True):
            rest = [s for s in everything if s not in part]
            allowed = inside[list(part)].all(axis=0)
            held = (capacity[rest] * inside[rest]).sum(axis=0)
            least = np.where(allowed, np.minimum(least, wanted + held), least)
        found[order[place], hours] = least - rank
        rank = least
    return found


def bound_g(world: World) -> float:
    """Fractional replicas that start at once, with all known ahead."""
    return float(
        (world.carbon * loads(world.carbon, world.demand, world.capacity, world.reach)).sum()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What a year came to.

    Attributes:
        grams: In the unit of the bound: a replica's full power is its capacity.
        unserved_share: Of the requests.
        restaffed_h: Hours in which replicas had to be added at once.
    """

    grams: float
    unserved_share: float
    restaffed_h: int


def _emitted(world: World, load: FloatArray, replicas: FloatArray) -> float:
    """Idle power of replicas, what requests add, and what starting takes."""
    started = np.maximum(0.0, np.diff(replicas, axis=1, prepend=replicas[:, :1]))
    idle = IDLE_SHARE * REPLICA * (replicas + START_H * started)
    return float((world.carbon * (idle + (1 - IDLE_SHARE) * load)).sum())


def at_home_g(world: World) -> float:
    """Every region serves itself, with just as many replicas as it turns out to need."""
    return _emitted(world, world.demand, np.ceil(world.demand / REPLICA - 1e-9))


def closed_loop(world: World, seed: int) -> Year:
    """Replicas placed an hour ahead; requests then go to the cleanest that stand."""
    rng = np.random.default_rng(seed)

    def seen(truth: FloatArray) -> FloatArray:
        field = ErrorField(n_steps=1, step_h=1.0, rng=rng)
        issuer = Issuer(truth=truth, field=field, mean=float(truth.mean()))
        return np.array([issuer.issue(hour)[0] for hour in range(len(truth))])

    carbon = np.array([seen(one) for one in world.carbon])
    demand = np.array([seen(one) for one in world.demand])
    margin = STAFFED_SIGMAS * 0.02 * demand.mean(axis=1, keepdims=True)
    staffed = np.minimum(demand + margin, world.capacity)
    most = np.floor(world.capacity / REPLICA + 1e-9)
    wanted = loads(carbon, staffed, most * REPLICA, world.reach)
    replicas = np.minimum(most, np.ceil(wanted / REPLICA - 1e-9))
    served = loads(carbon, world.demand, replicas * REPLICA, world.reach)
    missing = world.demand.sum(axis=0) - served.sum(axis=0)
    short = missing > 1e-9 * world.demand.sum(axis=0)
    if short.any():
        # Those hours are served as they come, by replicas that start at once.
        again = loads(carbon[:, short], world.demand[:, short], most * REPLICA, world.reach)
        served[:, short] = again
        needed = np.minimum(most, np.ceil(again / REPLICA - 1e-9))
        replicas[:, short] = np.maximum(replicas[:, short], needed)
    return Year(
        grams=_emitted(world, served, replicas),
        unserved_share=float(1 - served.sum() / world.demand.sum()),
        restaffed_h=int(short.sum()),
    )
