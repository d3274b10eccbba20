"""All jobs asked or swept in one go, as machine code; needs numba.

The same arithmetic in the same order as one job at a time, so that a plan does not depend on
whether numba is there.
"""

import numpy as np

from optimizer.compiled import compiled
from optimizer.compiled_marginal import filled_costs
from optimizer.compiled_paths import filled, retraced, slid
from optimizer.fleet import Fleet
from optimizer.site import FloatArray, IntArray
from optimizer.timing import TOLERANCE_H


@compiled
def priced(
    fleet: Fleet,
    it_price: FloatArray,
    gpu_price: FloatArray,
    room: IntArray,
    step_h: float,
    table_size: int,
    least: FloatArray,
    position: IntArray,
    modes: np.ndarray,
) -> None:
    """Cheapest schedule of every job at linear prices, into `least`, `position` and `modes`.

    Args:
        fleet: The jobs.
        it_price: Of a further IT kWh, shape (S, T). [money/kWh]
        gpu_price: Of a reserved GPU-hour, lease in, shape (K, T).
        room: GPUs a job may take, shape (K, T).
        step_h: [h]
        table_size: Of the fleet.
        least: Cost by job, filled here. [money]
        position: Of the site along the job's own, -1 for none, filled here.
        modes: By job and step, -1 where it does not run, filled here.
    """
    n_modes, n_steps = fleet.gpus.shape[2], it_price.shape[1]
    cost = np.empty((fleet.sites.shape[1], n_modes, n_steps))
    tables = np.empty((2, fleet.sites.shape[1], table_size))
    entered = np.empty(table_size)
    for j in range(len(least)):
        for i in range(fleet.n_sites[j]):
            site, pool = fleet.sites[j, i], fleet.pools[j, i]
            for mode in range(fleet.n_modes[j]):
                gpus, extra_kw = fleet.gpus[j, i, mode], fleet.extra_kw[j, i, mode]
                for t in range(fleet.first_step[j, i], fleet.end_step[j]):
                    if gpus > room[pool, t]:
                        cost[i, mode, t] = np.inf
                    else:
                        power = extra_kw * it_price[site, t]
                        cost[i, mode, t] = step_h * (power + gpus * gpu_price[pool, t])
        least[j], position[j] = _chosen(fleet, j, cost, step_h, tables, entered, modes[j])


@compiled
def loaded(
    fleet: Fleet,
    position: IntArray,
    modes: np.ndarray,
    weight: float,
    it_kw: FloatArray,
    gpus: FloatArray,
) -> None:
    """Add `weight` times what every job draws and reserves to `it_kw` (S, T) and `gpus` (K, T)."""
    for j in range(len(position)):
        i = position[j]
        if i < 0:
            continue
        site, pool = fleet.sites[j, i], fleet.pools[j, i]
        for t in range(fleet.first_step[j, i], fleet.end_step[j]):
            mode = modes[j, t]
            if mode >= 0:
                it_kw[site, t] += weight * fleet.extra_kw[j, i, mode]
                gpus[pool, t] += weight * fleet.gpus[j, i, mode]


@compiled
def swept(
    fleet: Fleet,
    order: IntArray,
    step_h: float,
    supply: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    facility: tuple[FloatArray, FloatArray, FloatArray, IntArray],
    guide: tuple[FloatArray, float, FloatArray, FloatArray],
    table_size: int,
    load: tuple[IntArray, FloatArray],
    position: IntArray,
    modes: np.ndarray,
) -> int:
    """Take each job of `order` out and put it back where it adds least; how many moved.

    Args:
        fleet: The jobs.
        order: Job numbers.
        step_h: [h]
        supply: Starts, widths and prices of the supply segments, shape (segments, S, T) each, and
            the power added to the load, shape (S, T).
        facility: Overhead by site, slope and water cost by site and step, GPUs of the pools.
        guide: GPU price (K, T), crowding price, target and pull by site and step.
        table_size: Of the fleet.
        load: GPUs reserved and IT power, changed in place.
        position: Of the jobs' sites, changed in place.
        modes: Of the jobs by step, changed in place.
    """
    overhead_kw, slope, water_cost_per_kw, pool_gpus = facility
    gpu_price, crowding, target_kw, pull = guide
    held_gpus, it_kw = load
    start_kw, width_kw, price_per_kwh, added_kw = supply
    n_modes, n_steps = fleet.gpus.shape[2], it_kw.shape[1]
    cost = np.empty((fleet.sites.shape[1], n_modes, n_steps))
    tables = np.empty((2, fleet.sites.shape[1], table_size))
    entered = np.empty(table_size)
    chosen = np.empty(n_steps, dtype=np.int8)
    moved = 0
    for j in order:
        i = position[j]
        if i >= 0:
            site, pool = fleet.sites[j, i], fleet.pools[j, i]
            for t in range(fleet.first_step[j, i], fleet.end_step[j]):
                mode = modes[j, t]
                if mode >= 0:
                    held_gpus[pool, t] -= fleet.gpus[j, i, mode]
                    it_kw[site, t] -= fleet.extra_kw[j, i, mode]
        for k in range(fleet.n_sites[j]):
            site, pool = fleet.sites[j, k], fleet.pools[j, k]
            filled_costs(
                cost[k],
                (fleet.first_step[j, k], fleet.end_step[j], site, fleet.n_modes[j]),
                (pool_gpus[pool], held_gpus[pool], fleet.gpus[j, k]),
                (overhead_kw[site], slope[site], it_kw[site]),
                (fleet.extra_kw[j, k], water_cost_per_kw[site], fleet.lease_cost[j, k]),
                (start_kw, width_kw, price_per_kwh, added_kw[site]),
                (gpu_price[pool], crowding, target_kw[site], pull[site]),
                step_h,
            )
        _, k = _chosen(fleet, j, cost, step_h, tables, entered, chosen)
        same = k == i
        for t in range(n_steps):
            same = same and modes[j, t] == chosen[t]
            modes[j, t] = chosen[t]
        moved += not same
        position[j] = k
        if k >= 0:
            site, pool = fleet.sites[j, k], fleet.pools[j, k]
            for t in range(fleet.first_step[j, k], fleet.end_step[j]):
                mode = modes[j, t]
                if mode >= 0:
                    held_gpus[pool, t] += fleet.gpus[j, k, mode]
                    it_kw[site, t] += fleet.extra_kw[j, k, mode]
    return moved


@compiled
def _chosen(
    fleet: Fleet,
    j: int,
    cost: FloatArray,
    step_h: float,
    tables: FloatArray,
    entered: FloatArray,
    modes: np.ndarray,
) -> tuple[float, int]:
    """Cost and position of the site of the cheapest schedule of job number j, -1 for none.

    Its modes by step go into `modes`.
    """
    n_sites, end = fleet.n_sites[j], fleet.end_step[j]
    starts, costs = fleet.first_step[j, :n_sites], fleet.start_cost[j, :n_sites]
    lateness = (step_h, fleet.due_h[j], fleet.end_h[j], fleet.late_price_per_h[j], TOLERANCE_H)
    modes[:] = -1
    if fleet.is_contiguous[j]:
        least, site, start = slid(
            cost[:n_sites, 0], costs, starts, end, fleet.n_steps[j], fleet.work_h[j], lateness
        )
        if least >= fleet.unfinished_cost[j]:
            return fleet.unfinished_cost[j], -1
        modes[start : start + fleet.n_steps[j]] = 0
        return least, site
    begin, repeat, held = starts.min(), fleet.repeat[j], fleet.running[j]
    head = repeat if held >= 0 else 0
    work = fleet.work[j] + head
    gain, rows = fleet.gain[j, : fleet.n_modes[j]], max(0, end - begin) + 1
    best = (np.inf, 0, 0, 0, 0)
    for site in range(n_sites):
        running = tables[0, site, : rows * work].reshape(rows, work)
        paused = tables[1, site, : rows * work].reshape(rows, work)
        running[:] = np.inf
        paused[:] = np.inf
        paused[0, head] = costs[site]
        if site == held:
            running[0, head] = costs[site]
        span = (starts[site], begin, end, work, repeat, head)
        found = filled(running, paused, entered, cost[site], gain, span, lateness)
        if (found[0], found[1], found[2]) < (best[0], best[2], best[3]):
            best = (found[0], site, found[1], found[2], found[3])
    least, site = best[0], best[1]
    if least >= fleet.unfinished_cost[j]:
        return fleet.unfinished_cost[j], -1
    running = tables[0, site, : rows * work].reshape(rows, work)
    paused = tables[1, site, : rows * work].reshape(rows, work)
    last = (best[2], best[3], best[4])
    whole = (begin, end, work, repeat, head)
    for t, mode in retraced(running, paused, cost[site], gain, whole, last):
        modes[t] = mode
    return least, site
