"""The carbon budget of the horizon: what is emitted above it is a priced shortfall."""

import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.problem import Problem
from optimizer.units import G_PER_KG


def add_carbon_budget(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add what is emitted above the budget, where there is one.

        step_h * sum of intensity * (import, plant power used, generator) - excess <= budget

    Args:
        m: Carries the flows of every supply.
        problem: The problem.
    """
    budget_kg, kg = problem.objective.carbon_budget_kg, problem.horizon.step_h / G_PER_KG
    m.budgets = pyo.RangeSet(0, -1 if budget_kg is None else 0)
    m.excess_kg = pyo.Var(m.budgets, domain=pyo.NonNegativeReals)

    @m.Constraint(m.budgets)
    def emissions_within_budget(m: pyo.ConcreteModel, b: int) -> object:
        terms: list[tuple[float, object]] = [(-1.0, m.excess_kg[b])]
        for s, site in enumerate(problem.sites):
            for t in m.T:
                if site.grid:
                    intensity = float(site.grid.carbon_intensity_g_per_kwh[t])
                    terms.append((kg * intensity, m.import_kw[s, t]))
                for p, plant in enumerate(site.plants):
                    terms.append((kg * plant.carbon_g_per_kwh, m.used_kw[s, p, t]))
                if site.generator:
                    terms.append((kg * site.generator.carbon_g_per_kwh, m.generator_kw[s, t]))
        emitted = LinearExpression(
            constant=0.0,
            linear_coefs=[coefficient for coefficient, _ in terms],
            linear_vars=[variable for _, variable in terms],
        )
        return emitted <= budget_kg
