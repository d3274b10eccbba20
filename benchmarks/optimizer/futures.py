"""Scenarios of wind and sun around an instance, drawn from a seed alone.

Each plant's output is multiplied by a factor that strays from 1 as a first-order autoregressive
series: what is wrong in one hour is mostly wrong in the next. Sites share half of what strays.
Scenarios are not equally likely.
"""

import numpy as np

from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.stochastic.scenarios import Risk, Scenario, StochasticProblem

#: Standard deviation of the logarithm of the factor, and the share kept from hour to hour.
SPREAD = {"wind": 0.5, "pv": 0.25}
MEMORY = {"wind": 0.97, "pv": 0.95}
#: Of what strays, the variance that all sites share.
SHARED = 0.5
#: Weights are drawn around equal ones, more so the larger this is.
EVENNESS = 5.0


def uncertain(problem: Problem, n_scenarios: int, seed: int) -> StochasticProblem:
    """`problem` under so many futures."""
    rng = np.random.default_rng((seed, n_scenarios))
    weights = rng.dirichlet(np.full(n_scenarios, EVENNESS))
    return StochasticProblem(
        problem=problem,
        scenarios=tuple(_scenario(rng, problem, float(weight)) for weight in weights),
        risk=Risk(),
    )


def _scenario(rng: np.random.Generator, problem: Problem, weight: float) -> Scenario:
    n_steps, available = problem.horizon.n_steps, {}
    shared = {name: _straying(rng, n_steps, MEMORY[name]) for name in SPREAD}
    for site in problem.sites:
        most_kw = {plant.name: float(plant.available_kw.max()) for plant in site.plants}
        for plant in site.plants:
            own = _straying(rng, n_steps, MEMORY[plant.name])
            strays = np.sqrt(SHARED) * shared[plant.name] + np.sqrt(1 - SHARED) * own
            spread = SPREAD[plant.name]
            factor = np.exp(spread * strays - spread**2 / 2)
            kw = np.minimum(plant.available_kw * factor, most_kw[plant.name])
            available[site.name, plant.name] = kw
    return Scenario(weight=weight, available_kw=available)


def _straying(rng: np.random.Generator, n_steps: int, memory: float) -> FloatArray:
    """A series of mean 0 and variance 1 that forgets slowly, shape (T,)."""
    series: FloatArray = rng.normal(0, 1, n_steps)
    for t in range(1, n_steps):
        series[t] = memory * series[t - 1] + np.sqrt(1 - memory**2) * series[t]
    return series
