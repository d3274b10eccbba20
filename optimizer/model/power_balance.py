"""Supply meets demand at every site and step, cooling included."""

import pyomo.environ as pyo

from optimizer.problem import Problem
from optimizer.site import FloatArray


def add_power_balance(m: pyo.ConcreteModel, problem: Problem, fixed_kw: FloatArray) -> None:
    """Add unmet power and the balance of every site s and step t.

        plants + import + discharge + generator + unmet - charge - export - load bank
            - slope * (request_it + job_it) = fixed

    Args:
        m: Carries the supply variables, `request_it_kw` where requests are routed and `job_it_kw`
            where jobs are.
        problem: Gives the plants, batteries and generators of each site.
        fixed_kw: Facility power that is not a decision of this model, shape (S, T). [kW]
    """
    m.unmet_kw = pyo.Var(m.S, m.T, domain=pyo.NonNegativeReals)
    sites = problem.sites

    @m.Constraint(m.S, m.T)
    def power_balance(m: pyo.ConcreteModel, s: int, t: int) -> object:
        site = sites[s]
        supply = m.import_kw[s, t] - m.export_kw[s, t] + m.unmet_kw[s, t]
        for p in range(len(site.plants)):
            supply += m.used_kw[s, p, t]
        if site.battery:
            supply += m.discharge_kw[s, t] - m.charge_kw[s, t]
        if site.generator:
            supply += m.generator_kw[s, t]
            if site.generator.has_commitment:
                supply -= m.load_bank_kw[s, t]
        for name in ("request_it_kw", "job_it_kw"):
            if hasattr(m, name):
                supply -= float(site.cooling.slope[t]) * getattr(m, name)[s, t]
        return supply == float(fixed_kw[s, t])
