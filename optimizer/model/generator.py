"""Generators: any power up to the rating."""

import pyomo.environ as pyo

from optimizer.problem import Problem


def add_generators(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add the power of each site with a generator: 0 <= generator[s, t] <= rating[s]."""
    ratings = {s: site.generator.power_kw for s, site in enumerate(problem.sites) if site.generator}
    m.generator_sites = pyo.Set(initialize=list(ratings))
    m.generator_kw = pyo.Var(m.generator_sites, m.T, bounds=lambda _, s, t: (0.0, ratings[s]))
