"""What a site can give at most: grid, plants, generator, and what its battery has stored by then.

No price is asked. A battery is kept as full as it can be, which leaves it at least as full at every
step as any other use of it; a generator runs whenever its rules let it, since what nobody takes is
burnt. So "this cannot be supplied" is exact, and costs one walk over the steps.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.baselines import firm_supply_kw
from optimizer.problem import Problem
from optimizer.site import FloatArray, Site

TOLERANCE_KW = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a site's supplies go under a load.

    Attributes:
        missing_kw: What nothing can give, shape (T,). [kW]
        spare_kw: The most that could be given above the load in any one step, shape (T,). [kW]
        short_end_kwh: Of the energy a battery must end with, what cannot be there. [kWh]
    """

    missing_kw: FloatArray
    spare_kw: FloatArray
    short_end_kwh: float

    @property
    def is_met(self) -> bool:
        """Whether all of the load can be supplied and the battery end as full as it began."""
        met = self.missing_kw.max(initial=0.0) <= TOLERANCE_KW
        return met and self.short_end_kwh <= TOLERANCE_KW


def reach(problem: Problem, site: Site, load_kw: FloatArray, more_kw: float = 0.0) -> Reach:
    """How far the supplies of `site` go.

    Args:
        problem: The problem.
        site: One of its sites, or one with other supplies.
        load_kw: At its meter, shape (T,). [kW]
        more_kw: Given in every step beside them. [kW]
    """
    surplus_kw = firm_supply_kw(problem, site) + more_kw - load_kw
    battery, h = site.battery, problem.horizon.step_h
    if battery is None:
        missing = np.maximum(0.0, -surplus_kw)
        return Reach(missing_kw=missing, spare_kw=surplus_kw, short_end_kwh=0.0)
    stored = battery.soc_initial_kwh
    most_kw = battery.most_kw(len(surplus_kw))
    missing, gives = np.zeros_like(surplus_kw), np.zeros_like(surplus_kw)
    for t, surplus in enumerate(surplus_kw):
        above = max(0.0, stored - battery.soc_min_kwh)
        gives[t] = min(float(most_kw[t]), above * battery.discharge_efficiency / h)
        if surplus >= 0:
            taken = min(float(most_kw[t]), float(surplus))
            stored = min(battery.energy_kwh, battery.charge(stored, taken, h))
        else:
            given = min(-float(surplus), float(gives[t]))
            stored -= given * h / battery.discharge_efficiency
            missing[t] = -float(surplus) - given
    return Reach(
        missing_kw=missing,
        spare_kw=surplus_kw + gives,
        short_end_kwh=max(0.0, battery.soc_initial_kwh - stored),
    )
