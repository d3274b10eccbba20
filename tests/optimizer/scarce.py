"""The random worlds of `tiny` with what not every operator has.

A cost budget; nodes that sleep; hours without a grid, and a reserve in them.

Each is drawn from the world's seed, apart from the world itself.
"""

from dataclasses import replace

import numpy as np

from optimizer.baselines import run_now
from optimizer.problem import Problem
from optimizer.site import Site
from optimizer.tally import tally
from tests.optimizer.tiny import tiny

FEW_SEEDS, MORE_SEEDS = (4, 8, 12, 20), range(24, 44)


def scarce(seed: int) -> Problem:
    """The world of `seed` with what it draws of each."""
    rng = np.random.default_rng([seed, 4])
    problem = with_sleep(rng, with_cost_budget(rng, tiny(seed)))
    return with_reserve(rng, problem)


def with_reserve(rng: np.random.Generator, problem: Problem) -> Problem:
    """Half of the sites lose their grid for some steps; plants ask for a reserve."""
    n_steps = problem.horizon.n_steps

    def drawn(site: Site) -> Site:
        plants = tuple(
            replace(plant, reserve_share=float(rng.choice([0.25, 0.5, 1]))) for plant in site.plants
        )
        first, end = sorted(rng.integers(0, n_steps + 1, 2))
        if site.grid is None or rng.random() < 1 / 2:
            return replace(site, plants=plants)
        limit_kw = site.grid.import_limit_kw.copy()
        limit_kw[first:end] = 0.0
        return replace(site, plants=plants, grid=replace(site.grid, import_limit_kw=limit_kw))

    prices = replace(problem.objective, reserve_price_per_kw_h=float(rng.choice([0.2, 2])))
    return replace(problem, objective=prices, sites=tuple(drawn(site) for site in problem.sites))


def with_sleep(rng: np.random.Generator, problem: Problem) -> Problem:
    """Two of three pools sleep, in nodes of one to three GPUs, and wake within two steps."""

    def drawn(site: Site) -> Site:
        if rng.random() < 1 / 3:
            return site
        pool = replace(
            site.pools[0],
            gpus_per_node=int(rng.integers(1, 4)),
            sleep_kw_per_gpu=float(rng.choice([0, 0.05])),
            wake_h=float(rng.choice([0, 0.1, 1, 2])) * problem.horizon.step_h,
        )
        return replace(site, pools=(pool,))

    return replace(problem, sites=tuple(drawn(site) for site in problem.sites))


def with_cost_budget(rng: np.random.Generator, problem: Problem) -> Problem:
    """Mostly, a budget between half of what run-now pays and somewhat more than that."""
    if rng.random() < 0.3:
        return problem
    paid = tally(problem, run_now(problem)).cost
    prices = replace(
        problem.objective,
        cost_budget=float(rng.uniform(0.5, 1.1)) * paid,
        cost_excess_price=float(rng.choice([0.5, 5])),
    )
    return replace(problem, objective=prices)
