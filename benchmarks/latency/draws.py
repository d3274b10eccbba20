"""Random services, loads and targets, and the requests of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.latency import MS_PER_S, Target
from optimizer.service_time import (
    BoundedPareto,
    Fixed,
    Gamma,
    Lognormal,
    ServiceTime,
    moment,
    percentile_ms,
)

SHARES = (0.9, 0.95, 0.99)
SLOTS = (1, 2, 4, 8)
OFFERED = (0.5, 200.0)
TARGET_OVER_SERVICE = (1.03, 2.5)
MEAN_MS = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One case.

    Attributes:
        per_s: Requests. [1/s]
        slots_per_replica: Requests a replica answers at a time.
        offered: Slots that are busy on average. [1]
    """

    service: ServiceTime
    target: Target
    per_s: float
    slots_per_replica: int
    offered: float


def draw(seed: int) -> Draw:
    """The case of a seed; the families take turns."""
    rng = np.random.default_rng([seed, 0])
    families: tuple[ServiceTime, ...] = (
        Fixed(ms=MEAN_MS),
        Gamma(mean_ms=MEAN_MS, scv=float(rng.uniform(0.1, 3))),
        Lognormal(mean_ms=MEAN_MS, scv=float(rng.uniform(0.2, 4))),
        BoundedPareto(
            shortest_ms=0.3 * MEAN_MS,
            longest_ms=MEAN_MS * float(rng.uniform(5, 50)),
            alpha=float(rng.uniform(1.1, 2.5)),
        ),
    )
    service = families[seed % len(families)]
    share = float(rng.choice(SHARES))
    offered = float(np.exp(rng.uniform(*np.log(OFFERED))))
    over = float(rng.uniform(*TARGET_OVER_SERVICE))
    return Draw(
        service=service,
        target=Target(share=share, ms=over * percentile_ms(service, share)),
        per_s=offered * MS_PER_S / moment(service, 1),
        slots_per_replica=int(rng.choice(SLOTS)),
        offered=offered,
    )


def requests(one: Draw, n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When `n` requests come and how long each occupies a slot. [ms]"""
    rng = np.random.default_rng([seed, 1])
    arrivals = np.cumsum(rng.exponential(MS_PER_S / one.per_s, n))
    return arrivals, _times_ms(one.service, n, rng)


def _times_ms(service: ServiceTime, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    match service:
        case Fixed(ms=ms):
            return np.full(n, ms)
        case Gamma(mean_ms=mean, scv=scv):
            return rng.gamma(1 / scv, mean * scv, n)
        case Lognormal(mean_ms=mean, scv=scv):
            variance = np.log1p(scv)
            return rng.lognormal(np.log(mean) - variance / 2, np.sqrt(variance), n)
        case BoundedPareto(shortest_ms=low, longest_ms=high, alpha=alpha):
            left = 1 - rng.random(n) * (1 - (low / high) ** alpha)
            times: NDArray[np.float64] = low * left ** (-1 / alpha)
            return times
    raise TypeError(f"service must be one that can be drawn, got {service!r}")
