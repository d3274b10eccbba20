"""The step costs of `optimizer.marginal` as machine code; needs numba."""

import numpy as np

from optimizer.compiled import compiled
from optimizer.load import Load
from optimizer.marginal import Marginal
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms


def compiled_step_costs(marginal: Marginal, terms: Terms, load: Load) -> FloatArray:
    """`Marginal.step_costs` as machine code."""
    order = marginal.order
    cost = np.full((len(terms.sites), len(terms.gpus), load.it_kw.shape[1]), np.inf)
    for position, site in enumerate(terms.sites):
        pool = terms.pools[position]
        _fill(
            cost[position],
            (int(terms.first_step[position]), terms.end_step, site),
            (marginal.pool_gpus[pool], load.gpus[pool], terms.gpus),
            (marginal.overhead_kw[site], marginal.slope[site], load.it_kw[site]),
            (
                terms.extra_kw[position],
                marginal.water_cost_per_kw[site],
                terms.lease_cost[position],
            ),
            (order.start_kw, order.width_kw, order.price_per_kwh, order.added_kw[site]),
            order.step_h,
        )
    return cost


@compiled
def _fill(
    cost: FloatArray,
    span: tuple[int, int, int],
    pool: tuple[IntArray, IntArray, IntArray],
    facility: tuple[float, FloatArray, FloatArray],
    job: tuple[FloatArray, FloatArray, FloatArray],
    order: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    step_h: float,
) -> None:
    """Fill the costs of one site, shape (modes, T), where the job may run and the pool has room."""
    first, end, site = span
    pool_gpus, held_gpus, gpus = pool
    overhead_kw, slope, it_kw = facility
    extra_kw, water_cost_per_kw, lease_cost = job
    start_kw, width_kw, price_per_kwh, added_kw = order
    for t in range(first, end):
        before_kw = overhead_kw + slope[t] * it_kw[t]
        before = 0.0
        for level in range(len(start_kw)):
            filled_kw = max(before_kw + added_kw[t] - start_kw[level, site, t], 0.0)
            filled_kw = min(filled_kw, width_kw[level, site, t])
            before += price_per_kwh[level, site, t] * filled_kw
        for mode in range(len(gpus)):
            if pool_gpus[t] - held_gpus[t] < gpus[mode]:
                continue
            after_kw = before_kw + slope[t] * extra_kw[mode]
            after = 0.0
            for level in range(len(start_kw)):
                filled_kw = max(after_kw + added_kw[t] - start_kw[level, site, t], 0.0)
                filled_kw = min(filled_kw, width_kw[level, site, t])
                after += price_per_kwh[level, site, t] * filled_kw
            power_cost = after * step_h - before * step_h
            water_cost = extra_kw[mode] * water_cost_per_kw[t]
            cost[mode, t] = power_cost + water_cost + lease_cost[mode]
