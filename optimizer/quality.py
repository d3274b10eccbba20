"""The floor on a service's mean quality: what it asks of the steps together, and how it is kept.

In each step a better model may answer more of the requests, at a cost. Which steps pay for it is a
multiple-choice knapsack (Sinha and Zoltners 1979): a price of quality leaves each step on its own
and is bisected; what that keeps above the floor is sold back, dearest first.
"""

import numpy as np

from optimizer.plan import Serving
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray
from optimizer.work import Service

#: Halvings of the price at most, and doublings that find one high enough.
HALVINGS, DOUBLINGS = 20, 60
ROUND_OFF = 1e-9


def mean_quality(service: Service, serving: Serving) -> float:
    """Mean quality over all requests answered, 1 where none is. [0..1]"""
    pairs = zip(service.models, serving.parts, strict=False)
    answered = [(model.quality, float(part.served_rps.sum())) for model, part in pairs]
    total = sum(rps for _, rps in answered)
    return sum(quality * rps for quality, rps in answered) / total if total > 0 else 1.0


def keeps_floor(problem: Problem, service: Service, served_rps: FloatArray) -> bool:
    """Whether the requests, by step and host, shape (T, H), keep the floor. [1/s]"""
    if not service.variants:
        return True
    gained = float(problem.hosts[service.name].gained(served_rps).sum())
    return gained >= -ROUND_OFF * max(1.0, float(served_rps.sum()))


def cheapest_above(cost: FloatArray, gained: FloatArray, least: float) -> IntArray:
    """Choice of each step, at about the least cost at which their quality adds up to `least`.

    Where no choices reach it, those that come closest.

    Args:
        cost: By step and choice, infinite where a choice is none, shape (T, C). [money]
        gained: Quality that it brings, likewise. [1/s]
        least: [1/s]
    """
    steps = np.arange(len(cost))
    open_cost = np.where(np.isfinite(cost).any(axis=1, keepdims=True), cost, 0.0)

    def at(price: float) -> IntArray:
        best: IntArray = np.argmin(open_cost - price * gained, axis=1)
        return best

    def total(choice: IntArray) -> float:
        return float(gained[steps, choice].sum())

    enough = least - ROUND_OFF * max(1.0, abs(least))
    below = at(0.0)
    if not len(steps) or total(below) >= enough:
        return below
    high = float(np.ptp(open_cost[np.isfinite(open_cost)])) / max(float(np.ptp(gained)), ROUND_OFF)
    high, low = max(high, ROUND_OFF) / 2**10, 0.0
    above = at(high)
    for _ in range(DOUBLINGS):
        if total(above) >= enough:
            break
        low, high, below = high, 2 * high, above
        above = at(high)
    else:
        return above
    for _ in range(HALVINGS):
        if np.count_nonzero(above != below) <= 1:
            break
        middle = (low + high) / 2
        found = at(middle)
        if total(found) >= enough:
            high, above = middle, found
        else:
            low, below = middle, found
    return _sold_back(open_cost, gained, above, below, total(above) - enough)


def _sold_back(
    cost: FloatArray, gained: FloatArray, above: IntArray, below: IntArray, spare: float
) -> IntArray:
    """`above` with the steps as in `below` that save most, while `spare` quality lasts."""
    chosen = above.copy()
    steps = np.flatnonzero(above != below)
    saved = cost[steps, above[steps]] - cost[steps, below[steps]]
    given = gained[steps, above[steps]] - gained[steps, below[steps]]
    for n in np.argsort(-saved, kind="stable"):
        if saved[n] > 0 and given[n] <= spare:
            chosen[steps[n]] = below[steps[n]]
            spare -= given[n]
    return chosen
