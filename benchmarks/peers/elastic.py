"""Elastic training on measured profiles (CarbonScaler, Hanafy et al., SIGMETRICS 2024).

A job of 24 hours on one replica starts every six hours of 2022 and may take T hours. In each hour
it runs at one level of replicas, or not; one hour may be a partial one.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from optimizer.site import FloatArray

WORK_H, EVERY_H = 24, 6
TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What levels of replicas draw and bring, no replica first.

    Attributes:
        power_kw: Shape (levels,). [kW]
        speed: Work done in an hour, that of one replica being 1, shape (levels,).
    """

    power_kw: FloatArray
    speed: FloatArray

    @staticmethod
    def of(power_kw: FloatArray, throughput: FloatArray) -> "Profile":
        """From measurements on 1, 2, … replicas."""
        return Profile(
            power_kw=np.append(0.0, power_kw), speed=np.append(0.0, throughput / throughput[0])
        )

    def hull(self) -> list[int]:
        """Levels on the lower convex hull of power over speed: no mix of others is better."""
        levels = [0]
        while levels[-1] != int(np.argmax(self.speed)):
            last = levels[-1]
            faster = np.flatnonzero(self.speed > self.speed[last] + TINY)
            slope = (self.power_kw[faster] - self.power_kw[last]) / (
                self.speed[faster] - self.speed[last]
            )
            levels.append(int(faster[np.lexsort((-self.speed[faster], slope))[0]]))
        return levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Levels by hour, one of them only for a part of its hour.

    Attributes:
        levels: Shape (hours,).
        share: Part of each hour that it runs, shape (hours,). [0..1]
    """

    levels: np.ndarray
    share: FloatArray

    def grams(self, profile: Profile, carbon: FloatArray) -> float:
        """What it emits. [g]"""
        return float((profile.power_kw[self.levels] * self.share * carbon).sum())


def starts(carbon: FloatArray, hours: int) -> np.ndarray:
    """Every start whose window lies inside the year."""
    first = np.arange(0, len(carbon), EVERY_H)
    return first[first + hours <= len(carbon)]


def static_g(profile: Profile, carbon: FloatArray, level: int, work: float = WORK_H) -> float:
    """One level in the greenest hours; infinite where it cannot end. [g]"""
    hours = work / profile.speed[level]
    if hours > len(carbon) + TINY:
        return np.inf
    return one_level(carbon, level, hours).grams(profile, carbon)


def one_level(carbon: FloatArray, level: int, hours: float) -> Schedule:
    """One level for as many hours, the greenest first and the last of them in part."""
    share = np.zeros(len(carbon))
    share[np.argsort(carbon, kind="stable")] = np.clip(hours - np.arange(len(carbon)), 0.0, 1.0)
    runs = share > 0
    return Schedule(levels=np.where(runs, level, 0), share=np.where(runs, share, 1.0))


def greedy(profile: Profile, carbon: FloatArray) -> Schedule:
    """CarbonScaler's policy: replica by replica, where it brings most work per gram."""
    levels, share = np.zeros(len(carbon), dtype=np.int64), np.ones(len(carbon))
    gained = np.diff(profile.speed)
    # Where one more replica draws less than none, it comes first.
    drawn = np.maximum(np.diff(profile.power_kw), TINY)
    heap = [(-gained[0] / (drawn[0] * one), hour) for hour, one in enumerate(carbon)]
    heapq.heapify(heap)
    left = float(WORK_H)
    while left > TINY and heap:
        _, hour = heapq.heappop(heap)
        level = int(levels[hour])
        levels[hour] = level + 1
        if gained[level] >= left - TINY:
            before = profile.speed[level]
            share[hour] = (before + left) / (before + gained[level])
            left = 0.0
            break
        left -= gained[level]
        if level + 1 < len(gained):
            price = gained[level + 1] / (drawn[level + 1] * carbon[hour])
            heapq.heappush(heap, (-price, hour))
    return Schedule(levels=levels, share=share)


def best(profile: Profile, carbon: FloatArray, work: float = WORK_H) -> tuple[Schedule, float]:
    """Our schedule and its bound: along the hull by price, then one partial hour. [g]

    The relaxation that mixes levels within an hour takes the segments of the hull by their grams
    per work; only the last is taken in part. That part is rounded up, and some hour cut short by
    what that does too much; or rounded down, and what is missing done in one more partial hour.
    One level in the greenest hours is tried as well: where hours cost the same it may need none.
    """
    hull = profile.hull()
    speed, power = profile.speed[hull], profile.power_kw[hull]
    gained, drawn = np.diff(speed), np.diff(power)
    price = np.outer(carbon, drawn / gained)
    order = np.lexsort((np.tile(np.arange(len(gained)), len(carbon)), np.round(price.ravel(), 12)))
    done = np.cumsum(np.tile(gained, len(carbon))[order])
    n_whole = int(np.searchsorted(done, work - TINY))
    if n_whole == len(done):
        raise ValueError(f"work: {work:g} h do not fit into {len(carbon)} hours; give more hours")
    whole, last = order[:n_whole], int(order[n_whole])
    before = float(done[n_whole - 1]) if n_whole else 0.0
    grams = price.ravel()[whole] @ np.tile(gained, len(carbon))[whole]
    bound = float(grams + price.ravel()[last] * (work - before))
    at = np.zeros(len(carbon), dtype=np.int64)
    np.add.at(at, whole // len(gained), 1)
    hour = last // len(gained)
    found: list[tuple[np.ndarray, int, float]] = []
    up = at.copy()
    up[hour] += 1
    surplus = float(speed[up].sum()) - work
    for cut in np.flatnonzero(speed[up] > max(surplus - TINY, 0.0)).tolist():
        found.append((up, cut, 1 - surplus / speed[up][cut]))
    missing = work - before
    for more in np.flatnonzero(at == 0).tolist():
        for level in range(1, len(hull)):
            if speed[level] >= missing - TINY:
                down = at.copy()
                down[more] = level
                found.append((down, more, missing / speed[level]))
    candidates = [
        one_level(carbon, level, work / profile.speed[level])
        for level in hull[1:]
        if work / profile.speed[level] <= len(carbon) + TINY
    ]
    for levels, only, part in found:
        share = np.ones(len(carbon))
        share[only] = min(1.0, float(part))
        candidates.append(Schedule(levels=np.array(hull)[levels], share=share))
    return min(candidates, key=lambda one: one.grams(profile, carbon)), bound
