"""How many replicas keep a percentile of the latency inside its target, and how much one carries.

A service is an M/G/c queue: requests come as a Poisson process, wait in one line (a balancer that
sends each to a free slot) and occupy one of c slots for their service time. A replica has one slot
or several. The time in the system is the wait plus the request's own service, independent of it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from optimizer.service_time import (
    ServiceTime,
    moment,
    percentile_ms,
    residual_limited_ms,
    residual_tail,
    tail,
)
from optimizer.site import FloatArray

#: Cells of the time up to the target.
CELLS = 1024
#: Points of the Gauss–Legendre rule inside a cell.
POINTS = 4
MOST_REPLICAS = 100_000
#: Load that is reckoned with over the load told: near full use a percent more of it doubles the
#: wait, and no demand is known to a percent.
HEADROOM = 1.01
MS_PER_S = 1000.0
_TIGHT = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a service promises.

    Attributes:
        share: Of the requests that stay within it. [0..1)
        ms: From arrival to answer, round trip left out. [ms]
    """

    share: float
    ms: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(
                f"share must lie between 0 and 1, got {self.share}; write 0.95 for p95"
            )
        if not 0 < self.ms < np.inf:
            raise ValueError(f"ms must be above 0 and finite, got {self.ms}")


class Unreachable(ValueError):
    """A target that even an idle replica misses."""


def erlang_c(slots: int, offered: float) -> float:
    """Share of requests that find all slots taken, with exponential service times.

    By Erlang B's recursion B(c) = a B(c−1) / (c + a B(c−1)), every term of which is in [0, 1], and
    C = B / (1 − ρ (1 − B)) (Cooper, Introduction to Queueing Theory, 2nd ed., 1981).

    >>> round(erlang_c(2, 1.0), 6)
    0.333333
    """
    if offered >= slots:
        return 1.0
    blocked = 1.0
    for c in range(1, slots + 1):
        blocked = offered * blocked / (c + offered * blocked)
    return blocked / (1 - offered / slots * (1 - blocked))


def late_share(service: ServiceTime, *, slots: int, per_s: float, target_ms: float) -> float:
    """Share of requests answered later than `target_ms`; 1 where the queue grows without end. [1]

    A request waits with Erlang's probability C(c, a). If it does, it waits for the first of c
    residual services, and then for as many c-th parts of residual services as a geometric number
    of ratio ρ says (Tijms, Stochastic Models, 1994, ch. 4). Exact for one slot (Pollaczek and
    Khinchine) and for exponential service times; between, an approximation.
    """
    offered = per_s * moment(service, 1) / MS_PER_S
    used = offered / slots
    at_once = float(tail(service, np.array([target_ms]))[0])
    if used >= 1:
        return 1.0
    waits = erlang_c(slots, offered)
    if waits == 0.0:
        return at_once
    cell = target_ms / CELLS
    first = _lumped(_first_free_ms(service, slots, cell), cell)
    # A c-th part of a residual: E[min(R/c, x)] = E[min(R, c x)] / c.
    edges: FloatArray = cell * np.arange(CELLS + 2, dtype=np.float64)
    part = _lumped(residual_limited_ms(service, slots * edges) / slots, cell)
    own = 1 - used * part[0]
    queued = lfilter([(1 - used) / own], np.concatenate([[1.0], -used * part[1:] / own]), first)
    # What of the wait ends inside the target leaves the rest of it to the service.
    left: FloatArray = target_ms - cell * np.arange(CELLS + 1, dtype=np.float64)
    late = 1 - float(queued @ (1 - tail(service, left)))
    return float((1 - waits) * at_once + waits * late)


def replicas_for(
    service: ServiceTime, target: Target, *, per_s: float, slots_per_replica: int = 1
) -> int:
    """The least number of replicas that keeps the target at `HEADROOM`; 0 where nobody asks.

    Args:
        service: Time a request occupies a slot.
        target: What is promised.
        per_s: Requests. [1/s]
        slots_per_replica: Requests a replica answers at a time.

    Raises:
        Unreachable: The target is missed by requests that do not wait at all.
    """
    _require(service, target, slots_per_replica)
    if not 0 <= per_s < np.inf:
        raise ValueError(f"per_s must be 0 or more and finite, got {per_s}")
    if per_s == 0:
        return 0

    def kept(replicas: int) -> bool:
        slots = replicas * slots_per_replica
        late = late_share(service, slots=slots, per_s=HEADROOM * per_s, target_ms=target.ms)
        return late <= 1 - target.share

    offered = per_s * moment(service, 1) / MS_PER_S
    low = int(offered // slots_per_replica)  # that many are overloaded, or just not
    high = max(low, 1)
    while not kept(high):
        low, high = high, 2 * high
        if high > MOST_REPLICAS:
            raise ValueError(f"per_s: {per_s:g} needs more than {MOST_REPLICAS} replicas; scale it")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if kept(middle) else (middle, high)
    return high


def capacity_per_s(
    service: ServiceTime, target: Target, *, replicas: int = 1, slots_per_replica: int = 1
) -> float:
    """Most requests that so many replicas answer inside the target, to a ten thousandth. [1/s]

    Raises:
        Unreachable: The target is missed by requests that do not wait at all.
    """
    _require(service, target, slots_per_replica)
    slots = replicas * slots_per_replica
    low, high = 0.0, slots * MS_PER_S / moment(service, 1)
    while high - low > _TIGHT * high:
        middle = (low + high) / 2
        late = late_share(service, slots=slots, per_s=middle, target_ms=target.ms)
        low, high = (middle, high) if late <= 1 - target.share else (low, middle)
    return low / HEADROOM


def _require(service: ServiceTime, target: Target, slots_per_replica: int) -> None:
    if slots_per_replica < 1:
        raise ValueError(f"slots_per_replica must be 1 or more, got {slots_per_replica}")
    least = percentile_ms(service, target.share)
    if least > target.ms:
        raise Unreachable(
            f"ms: {target.ms:g} is missed by an idle replica, whose {target.share:.4g} quantile is "
            f"{least:.4g} ms; promise more time or a faster model"
        )


def _first_free_ms(service: ServiceTime, slots: int, cell: float) -> FloatArray:
    """E[min(M, x)] at the edges of cells, M the least of `slots` residual services. [ms]"""
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    begin = cell * np.arange(CELLS + 1)[:, None]
    inside = residual_tail(service, (begin + cell * (nodes + 1) / 2).ravel()) ** slots
    areas = inside.reshape(-1, POINTS) @ weights * cell / 2
    edges: FloatArray = np.concatenate([[0.0], np.cumsum(areas)])
    return edges


def _lumped(limited_ms: FloatArray, cell: float) -> FloatArray:
    """Masses at 0, 1, … cells with the same means as a time whose E[min(·, x)] these are, (n−1,).

    Each mass is spread over the two edges beside it so that its mean stays (linear interpolation),
    so the lumps have its mean, and a little more of a spread.
    """
    slope = np.diff(limited_ms) / cell
    masses: FloatArray = np.concatenate([[1 - slope[0]], -np.diff(slope)])
    return np.maximum(masses, 0.0)
