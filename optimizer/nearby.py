"""Schedules and choices that could still be in a better plan, though they are nobody's best.

At prices that prove a bound, whatever costs more above its best than the gap between plan and bound
cannot be part of a better plan (reduced-cost fixing). What costs less may be: the nearest of it is
worth having in the master before it asks for whole schedules.
"""

from collections.abc import Iterator

import numpy as np

from optimizer.bound import (
    gpu_price_per_gpu_h,
    it_price_per_kwh,
    question,
    service_prices,
    service_step_costs,
)
from optimizer.paths import window_costs
from optimizer.plan import Placement, Prices, Run
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms

MOST_COLUMNS = 6000


def near_windows(
    problem: Problem, jobs: tuple[Terms, ...], prices: Prices, margin: float
) -> Iterator[tuple[int, Placement]]:
    """Unbroken base-mode runs of every job within `margin` of its best such run. [money]"""
    asked = question(problem, prices)
    most = max(4, MOST_COLUMNS // (2 * max(1, len(jobs))))
    for j, terms in enumerate(jobs):
        costs = window_costs(terms, asked.step_costs(terms)[:, 0])
        for flat in _nearest(costs.ravel(), margin, most):
            position, start = np.unravel_index(flat, costs.shape)
            run = Run(first_step=int(start), n_steps=terms.n_steps)
            yield j, Placement(job=terms.job.name, site=terms.names[int(position)], runs=(run,))


def near_choices(
    problem: Problem, choices: tuple[Choices, ...], prices: Prices, margin: float
) -> Iterator[tuple[int, IntArray, IntArray, FloatArray]]:
    """Choices of every service and step within `margin` of their best. [money]

    Yields:
        A service's number, the steps, the replicas and the requests served by host.
    """
    it_price, gpu_price = it_price_per_kwh(problem, prices), gpu_price_per_gpu_h(problem, prices)
    n_steps = problem.horizon.n_steps
    most = max(2, MOST_COLUMNS // (2 * max(1, len(choices)) * n_steps))
    for v, one in enumerate(choices):
        quality_price = prices.quality_of(v)
        replica, request = service_prices(problem, one, it_price, gpu_price, quality_price)
        costs, served = service_step_costs(one, replica, request)
        near = [(t, c) for t in range(n_steps) for c in _nearest(costs[t], margin, most)]
        steps, chosen = (np.array(side, dtype=np.int64) for side in zip(*near, strict=True))
        yield v, steps, one.replicas[steps, chosen], served[steps, chosen]


def _nearest(costs: FloatArray, margin: float, most: int) -> IntArray:
    """Numbers of the finite costs within `margin` of the least, nearest first, `most` of them."""
    order = np.argsort(costs, kind="stable")[:most]
    keep = np.isfinite(costs[order]) & (costs[order] <= costs[order[0]] + margin)
    near: IntArray = order[keep]
    return near
