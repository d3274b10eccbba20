"""Where every kWh at a site came from, and what it carries, step by step.

All that reaches a site's bus in a step mixes, and all that leaves it has the same mix; so has all
that is stored. A stored kWh carries the carbon of what charged it, the losses too. What a battery
held before the horizon is a source of its own, whose carbon was counted when it was charged.

Knows flows and factors; who used the energy is for the ledger.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.plan import Dispatch
from optimizer.site import FloatArray, Site
from optimizer.units import G_PER_KG

GRID, GENERATOR, STORED_BEFORE = "grid", "generator", "stored before"
#: Below this a step has no energy to trace. [kWh]
NOTHING_KWH = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """Energy of each source that went one way, and the emissions it carries.

    Attributes:
        kwh: By step and source, shape (T, sources). [kWh]
        kg: Location-based, shape (T,). [kg CO2e]
        market_kg: With the grid under contracts, shape (T,). [kg CO2e]
    """

    kwh: FloatArray
    kg: FloatArray
    market_kg: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTrace:
    """One site's energy by source.

    Attributes:
        sources: Names: grid, plants, generator, and what was stored before the horizon.
        own: Whether a source is a plant of the site, shape (sources,).
        served: What the facility drew.
        exported: Sold to the grid.
        dumped: Given by the generator to its load bank.
        lost: In the battery; its emissions stay with what is stored.
        left: Stored at the end, one step.
    """

    sources: tuple[str, ...]
    own: np.ndarray
    served: Traced
    exported: Traced
    dumped: Traced
    lost: FloatArray
    left: Traced

    @property
    def matched_kwh(self) -> float:
        """What the facility drew from the site's own plants, at once or stored. [kWh]"""
        return float(self.served.kwh[:, self.own].sum())


def trace(site: Site, flow: Dispatch, step_h: float) -> SiteTrace:
    """Trace `flow` of `site`.

    With x the content of a kWh on the bus and S what is stored once the step has charged c:

        x · out = sources + b f S,    S = stored + a c x,    f = (d / eta_d) / |S|

    a and b are the efficiencies for energy and 1 for emissions, out the sum of all that enters.
    """
    sources, entering = _entering(site, flow, step_h)
    n_sources, n_steps = len(sources), len(flow.grid_import_kw)
    kept, given = np.ones(n_sources + 2), np.ones(n_sources + 2)
    stored = np.zeros(n_sources + 2)
    discharge_efficiency = 1.0
    if site.battery:
        discharge_efficiency = site.battery.discharge_efficiency
        kept[:n_sources] = site.battery.charge_efficiency
        given[:n_sources] = discharge_efficiency
        stored[n_sources - 1] = site.battery.soc_initial_kwh
    content = np.zeros((n_steps, n_sources + 2))
    lost = np.zeros((n_steps, n_sources))
    charge, discharge = flow.charge_kw * step_h, flow.discharge_kw * step_h
    for t in range(n_steps):
        held = stored[:n_sources].sum() + kept[0] * charge[t]
        out = entering[t, :n_sources].sum() + discharge[t]
        share = min(1.0, discharge[t] / discharge_efficiency / held) if held > NOTHING_KWH else 0.0
        if out > NOTHING_KWH:
            content[t] = (entering[t] + given * share * stored) / (
                out - kept * given * share * charge[t]
            )
        stored = stored + kept * charge[t] * content[t]
        lost[t] = ((1 - kept) * charge[t] * content[t] + (1 - given) * share * stored)[:n_sources]
        stored = (1 - share) * stored
    load_bank = flow.load_bank_kw * step_h
    served = entering[:, :n_sources].sum(axis=1) + discharge - charge
    served = served - flow.grid_export_kw * step_h - load_bank
    return SiteTrace(
        sources=sources,
        own=np.array([name not in (GRID, GENERATOR, STORED_BEFORE) for name in sources]),
        served=_traced(content * served[:, None]),
        exported=_traced(content * flow.grid_export_kw[:, None] * step_h),
        dumped=_traced(content * load_bank[:, None]),
        lost=lost,
        left=_traced(stored[None, :]),
    )


def _entering(site: Site, flow: Dispatch, step_h: float) -> tuple[tuple[str, ...], FloatArray]:
    """Names of the sources, and what each brings: kWh by source, then kg of both kinds."""
    zero = np.zeros_like(flow.grid_import_kw)
    grid = site.grid
    rows: list[tuple[str, FloatArray, FloatArray, FloatArray]] = [
        (
            GRID,
            flow.grid_import_kw,
            grid.carbon_intensity_g_per_kwh if grid else zero,
            grid.market_carbon_intensity_g_per_kwh if grid else zero,
        )
    ]
    for plant, used_kw in zip(site.plants, flow.plant_used_kw, strict=True):
        g_per_kwh = zero + plant.carbon_g_per_kwh
        rows.append((plant.name, used_kw, g_per_kwh, g_per_kwh))
    fuel = zero + (site.generator.carbon_g_per_kwh if site.generator else 0.0)
    rows += [(GENERATOR, flow.generator_kw, fuel, fuel), (STORED_BEFORE, zero, zero, zero)]
    kwh = np.stack([power_kw for _, power_kw, _, _ in rows], axis=1) * step_h
    g = sum((power_kw * factor for _, power_kw, factor, _ in rows), zero)
    market_g = sum((power_kw * factor for _, power_kw, _, factor in rows), zero)
    both = [g * step_h / G_PER_KG, market_g * step_h / G_PER_KG]
    return tuple(row[0] for row in rows), np.column_stack([kwh, *both])


def _traced(content: FloatArray) -> Traced:
    return Traced(kwh=content[:, :-2], kg=content[:, -2], market_kg=content[:, -1])
