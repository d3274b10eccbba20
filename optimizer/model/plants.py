"""Wind and PV behind the meter: used up to what is available, the rest curtailed."""

import pyomo.environ as pyo

from optimizer.problem import Problem


def add_plants(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add the power used of each plant p of each site s.

    0 <= used[s, p, t] <= available[s, p, t]
    """
    m.P = pyo.Set(
        initialize=[
            (s, p) for s, site in enumerate(problem.sites) for p in range(len(site.plants))
        ],
        dimen=2,
    )
    m.used_kw = pyo.Var(
        m.P,
        m.T,
        bounds=lambda _, s, p, t: (0.0, float(problem.sites[s].plants[p].available_kw[t])),
    )
