"""How long a request occupies the slot that answers it, as a distribution.

A queue needs little of it: the partial moments E[S^k; S > x] for k = 0, 1, 2. From those come the
tail, the mean and the residual seen by an arrival, so each family says them in closed form and
nothing here integrates.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import gammaincc, gammaln, ndtr

from optimizer.site import FloatArray


class ServiceTime(Protocol):
    """A positive random time."""

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x, k of 0, 1 or 2. [ms^k]"""
        ...


def moment(service: ServiceTime, k: int) -> float:
    """E[S^k]. [ms^k]

    >>> moment(Fixed(ms=3.0), 2)
    9.0
    """
    return float(service.partial_moment(np.array([-1.0]), k)[0])


def tail(service: ServiceTime, x: FloatArray) -> FloatArray:
    """P(S > x). [1]"""
    return service.partial_moment(x, 0)


def percentile_ms(service: ServiceTime, share: float) -> float:
    """Least time that a share of the requests stay within. [ms]

    >>> round(percentile_ms(Gamma(mean_ms=100.0, scv=1.0), 0.95), 1)
    299.6
    """
    high = moment(service, 1)
    while float(tail(service, np.array([high]))[0]) > 1 - share:
        high *= 2
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(tail(service, np.array([middle]))[0]) > 1 - share:
            low = middle
        else:
            high = middle
    return high


def residual_tail(service: ServiceTime, x: FloatArray) -> FloatArray:
    """P(R > x) of what is left of the service an arrival finds under way. [1]

    R has the density P(S > x) / E[S] (equilibrium distribution of renewal theory).
    """
    above = service.partial_moment(x, 1) - x * service.partial_moment(x, 0)
    left: FloatArray = np.clip(above / moment(service, 1), 0.0, 1.0)
    return left


def residual_limited_ms(service: ServiceTime, x: FloatArray) -> FloatArray:
    """E[min(R, x)] of that residual: (E[S²] − E[((S − x)⁺)²]) / 2 E[S]. [ms]"""
    zero, one, two = (service.partial_moment(x, k) for k in (0, 1, 2))
    beyond = two - 2 * x * one + x * x * zero
    limited: FloatArray = (moment(service, 2) - beyond) / (2 * moment(service, 1))
    return limited


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Always the same time."""

    ms: float

    def __post_init__(self) -> None:
        if not 0 < self.ms < np.inf:
            raise ValueError(f"ms must be above 0 and finite, got {self.ms}")

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x. [ms^k]"""
        found: FloatArray = np.where(x < self.ms, self.ms**k, 0.0)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Gamma:
    """Gamma, by mean and squared coefficient of variation; 1 is the exponential."""

    mean_ms: float
    scv: float

    def __post_init__(self) -> None:
        _check(self.mean_ms, self.scv)

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x. [ms^k]"""
        shape, scale = 1 / self.scv, self.mean_ms * self.scv
        whole = scale**k * np.exp(gammaln(shape + k) - gammaln(shape))
        found: FloatArray = whole * gammaincc(shape + k, np.maximum(x, 0.0) / scale)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """Lognormal, by mean and squared coefficient of variation."""

    mean_ms: float
    scv: float

    def __post_init__(self) -> None:
        _check(self.mean_ms, self.scv)

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x. [ms^k]"""
        variance = np.log1p(self.scv)
        mu, sigma = np.log(self.mean_ms) - variance / 2, np.sqrt(variance)
        whole = np.exp(k * mu + k * k * variance / 2)
        with np.errstate(divide="ignore"):
            z = (np.log(np.maximum(x, 0.0)) - mu) / sigma
        found: FloatArray = whole * ndtr(k * sigma - z)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedPareto:
    """Density falling as x^-(alpha + 1) between a shortest and a longest time."""

    shortest_ms: float
    longest_ms: float
    alpha: float

    def __post_init__(self) -> None:
        if not 0 < self.shortest_ms < self.longest_ms < np.inf:
            raise ValueError(
                f"shortest_ms must be above 0 and below longest_ms, got {self.shortest_ms} and "
                f"{self.longest_ms}"
            )
        if not 0 < self.alpha < np.inf:
            raise ValueError(f"alpha must be above 0 and finite, got {self.alpha}")

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x. [ms^k]"""
        low, high, alpha = self.shortest_ms, self.longest_ms, self.alpha
        x = np.clip(x, low, high)
        scale = alpha * low**alpha / (1 - (low / high) ** alpha)
        if abs(k - alpha) < 1e-9:  # noqa: PLR2004  rounding, not a rule
            logarithm: FloatArray = scale * np.log(high / x)
            return logarithm
        found: FloatArray = scale * (high ** (k - alpha) - x ** (k - alpha)) / (k - alpha)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Requests of several kinds, each with its share."""

    shares: tuple[float, ...]
    kinds: tuple[ServiceTime, ...]

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.kinds) or min(self.shares, default=-1) < 0:
            raise ValueError(f"one share of 0 or more for each kind, got {self.shares}")
        if abs(sum(self.shares) - 1) > 1e-9:  # noqa: PLR2004  rounding, not a rule
            raise ValueError(f"shares must add up to 1, got {sum(self.shares)}")

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x. [ms^k]"""
        parts = zip(self.shares, self.kinds, strict=True)
        found: FloatArray = np.sum([w * kind.partial_moment(x, k) for w, kind in parts], axis=0)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Times as they were measured, each as likely as the next."""

    times_ms: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.times_ms or not all(0 < t < np.inf for t in self.times_ms):
            raise ValueError("times_ms must be one or more numbers above 0, all finite")

    def partial_moment(self, x: FloatArray, k: int) -> FloatArray:
        """E[S^k; S > x] by x. [ms^k]"""
        times = np.sort(np.asarray(self.times_ms, dtype=float))
        above = np.append(np.cumsum((times**k)[::-1])[::-1], 0.0) / len(times)
        found: FloatArray = above[np.searchsorted(times, x, side="right")]
        return found


def _check(mean_ms: float, scv: float) -> None:
    if not 0 < mean_ms < np.inf:
        raise ValueError(f"mean_ms must be above 0 and finite, got {mean_ms}")
    if not 0 < scv < np.inf:
        raise ValueError(f"scv must be above 0 and finite, got {scv}; without spread use Fixed")
