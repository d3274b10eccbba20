"""The step costs of `optimizer.marginal` as machine code; needs numba."""

import numpy as np

from optimizer.compiled import compiled
from optimizer.load import Load
from optimizer.marginal import Marginal
from optimizer.site import FloatArray, IntArray
from optimizer.terms import Terms


def compiled_step_costs(marginal: Marginal, terms: Terms, load: Load) -> FloatArray:
    """`Marginal.step_costs` as machine code."""
    order, guide = marginal.order, marginal.guide
    n_modes = terms.gpus.shape[1]
    cost = np.full((len(terms.sites), n_modes, load.it_kw.shape[1]), np.inf)
    for position, site in enumerate(terms.sites):
        pool = terms.pools[position]
        filled_costs(
            cost[position],
            (int(terms.first_step[position]), terms.end_step, site, n_modes),
            (marginal.pool_gpus[pool], load.gpus[pool], terms.gpus[position]),
            (marginal.overhead_kw[site], marginal.slope[site], load.it_kw[site]),
            (
                terms.extra_kw[position],
                marginal.water_cost_per_kw[site],
                terms.lease_cost[position],
            ),
            (order.start_kw, order.width_kw, order.price_per_kwh, order.added_kw[site]),
            (
                guide.gpu_price_per_gpu_h[pool],
                guide.crowding_price,
                guide.target_kw[site],
                guide.pull[site],
            ),
            order.step_h,
        )
    return cost


@compiled
def filled_costs(
    cost: FloatArray,
    span: tuple[int, int, int, int],
    pool: tuple[IntArray, IntArray, IntArray],
    facility: tuple[float, FloatArray, FloatArray],
    job: tuple[FloatArray, FloatArray, FloatArray],
    order: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    guide: tuple[FloatArray, float, FloatArray, FloatArray],
    step_h: float,
) -> None:
    """Fill the costs of one site, shape (modes, T), where the job may run."""
    first, end, site, n_modes = span
    pool_gpus, held_gpus, gpus = pool
    overhead_kw, slope, it_kw = facility
    extra_kw, water_cost_per_kw, lease_cost = job
    start_kw, width_kw, price_per_kwh, added_kw = order
    gpu_price, crowding, target_kw, pull = guide
    is_hard = crowding == np.inf
    for t in range(first, end):
        before_kw = overhead_kw + slope[t] * it_kw[t]
        before = 0.0
        for level in range(len(start_kw)):
            filled_kw = max(before_kw + added_kw[t] - start_kw[level, site, t], 0.0)
            filled_kw = min(filled_kw, width_kw[level, site, t])
            before += price_per_kwh[level, site, t] * filled_kw
        room = pool_gpus[t] - held_gpus[t] if is_hard else pool_gpus[t]
        above = held_gpus[t] - pool_gpus[t]
        for mode in range(n_modes):
            if room < gpus[mode]:
                cost[mode, t] = np.inf
                continue
            after_kw = before_kw + slope[t] * extra_kw[mode]
            after = 0.0
            for level in range(len(start_kw)):
                filled_kw = max(after_kw + added_kw[t] - start_kw[level, site, t], 0.0)
                filled_kw = min(filled_kw, width_kw[level, site, t])
                after += price_per_kwh[level, site, t] * filled_kw
            power_cost = after * step_h - before * step_h
            middle_kw = (before_kw + after_kw) / 2 - target_kw[t]
            power_cost += pull[t] * step_h * (after_kw - before_kw) * middle_kw
            water_cost = extra_kw[mode] * water_cost_per_kw[t]
            if is_hard:
                held_cost = gpus[mode] * gpu_price[t] * step_h
            else:
                low = max(0.0, gpu_price[t] + crowding * above)
                high = max(0.0, gpu_price[t] + crowding * (above + gpus[mode]))
                held_cost = (high * high - low * low) / (2 * crowding) * step_h
            cost[mode, t] = power_cost + water_cost + lease_cost[mode] + held_cost
