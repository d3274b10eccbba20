"""Builders of worlds with several futures."""

from dataclasses import replace

import numpy as np

from optimizer.plan import Prices
from optimizer.stochastic.bound import ScenarioPrices
from optimizer.stochastic.scenarios import Risk, Scenario, StochasticProblem
from tests.optimizer.tiny import tiny


def uncertain(problem, *scenarios, cvar_weight=0.3, cvar_level=0.9):
    """`problem` with these scenarios."""
    risk = Risk(cvar_weight=cvar_weight, cvar_level=cvar_level)
    return StochasticProblem(problem=problem, scenarios=scenarios, risk=risk)


def drawn(seed, n_scenarios=3):
    """A tiny world with random futures of everything that a scenario can say."""
    problem, rng = tiny(seed), np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(n_scenarios, 4.0))
    n_steps = problem.horizon.n_steps

    def factor():
        return rng.uniform(0.2, 1.8, n_steps)

    scenarios = [
        Scenario(
            weight=float(weight),
            available_kw={
                (site.name, plant.name): plant.available_kw * factor()
                for site in problem.sites
                for plant in site.plants
            },
            import_price_per_kwh={
                site.name: site.grid.import_price_per_kwh * factor()
                for site in problem.sites
                if site.grid
            },
            carbon_intensity_g_per_kwh={
                site.name: site.grid.carbon_intensity_g_per_kwh * factor()
                for site in problem.sites
                if site.grid
            },
        )
        for weight in weights
    ]
    level = float(rng.choice([0.0, 0.5, 0.9]))
    return uncertain(
        problem, *scenarios, cvar_weight=float(rng.choice([0, 0.3, 1])), cvar_level=level
    )


def budgeted(problem, kg):
    """The same with a carbon budget."""
    prices = replace(problem.problem.objective, carbon_budget_kg=kg, carbon_excess_price_per_kg=3.0)
    return replace(problem, problem=replace(problem.problem, objective=prices))


def any_prices(problem, rng, scale=3.0):
    """Prices of either sign, and a tail that need not be admissible."""
    base, n = problem.problem, len(problem.scenarios)
    by_site = (len(base.sites), base.horizon.n_steps)
    gpu = rng.uniform(0, scale, base.pool_gpus.shape)

    def own():
        return Prices(
            power_per_kwh=rng.uniform(-0.2 * scale, scale, by_site),
            gpu_per_gpu_h=gpu,
            stored_per_kwh=rng.uniform(-0.3 * scale, scale, by_site),
            peak_per_kw=rng.uniform(-0.1 * scale, 0.5 * scale, by_site),
            carbon_per_kg=float(rng.uniform(-1, 4)),
        )

    return ScenarioPrices(
        tail=rng.uniform(-0.2, 1, n),
        by_scenario=tuple(own() for _ in range(n)),
        gpu_per_gpu_h=gpu,
    )
