"""What a plan wants of a site's supplies in one step, as the meters are told it."""

import numpy as np

from scheduler.simulation.metering import Intent
from scheduler.simulation.policy import Wanted


def intent_of(wanted: Wanted, s: int, at: int, *, ends: bool) -> Intent:
    """What is wanted of site `s`; `ends` where the window reaches the end of the world."""
    site = wanted.window.sites[s]
    flow = wanted.plan.dispatch[site.name]
    billed = np.inf
    if site.grid and (charge := site.grid.demand_charge):
        mine = flow.grid_import_kw[charge.period == charge.period[at]]
        so_far = charge.peak_so_far_kw if charge.period[at] == 0 else 0.0
        billed = max(float(mine.max()), so_far)
    on = flow.commitment.on[at] > 0 if flow.commitment else flow.generator_kw[at] > 0
    return Intent(
        net_charge_kw=float(flow.charge_kw[at] - flow.discharge_kw[at]),
        stored_per_kwh=float(wanted.prices.stored_per_kwh[s, at]),
        billed_kw=billed,
        generator_on=bool(on),
        later_load_kwh=_later_load_kwh(wanted, s, at) if ends else np.inf,
    )


def _later_load_kwh(wanted: Wanted, s: int, at: int) -> float:
    """Load that the plan has after step `at`, as far as the battery's power reaches. [kWh]"""
    site, step_h = wanted.window.sites[s], wanted.window.horizon.step_h
    flow = wanted.plan.dispatch[site.name]
    if site.battery is None:
        return 0.0
    load_kw = flow.grid_import_kw - flow.grid_export_kw + flow.plant_used_kw.sum(axis=0)
    load_kw = load_kw + flow.discharge_kw - flow.charge_kw + flow.generator_kw + flow.unmet_kw
    return float(np.minimum(site.battery.power_kw, load_kw[at + 1 :]).sum() * step_h)
