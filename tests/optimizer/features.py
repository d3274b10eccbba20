"""The random worlds of `tiny` with what not every world has.

Generators that are on or off; leases that are paid anyway; a carbon budget.

Each is drawn from the world's seed, apart from the world itself.
"""

from dataclasses import replace

import numpy as np

from optimizer.baselines import run_now
from optimizer.site import Generator
from optimizer.tally import tally
from tests.optimizer.tiny import tiny

SEEDS = range(30)


def featured(seed: int):
    """The world of `seed` with what it draws of each feature."""
    rng = np.random.default_rng([seed, 1])
    problem = tiny(seed)
    sites = tuple(with_lease(rng, with_generator(rng, site)) for site in problem.sites)
    return with_budget(rng, replace(problem, sites=sites))


def with_budget(rng, problem):
    """At times, a carbon budget between nothing and what run-now emits."""
    if rng.random() < 0.4:
        return problem
    emitted_kg = tally(problem, run_now(problem)).total("emissions_kg")
    prices = replace(
        problem.objective,
        carbon_budget_kg=float(rng.uniform(0.3, 1.2)) * emitted_kg,
        carbon_excess_price_per_kg=float(rng.choice([0.5, 5])),
    )
    return replace(problem, objective=prices)


def with_lease(rng, site):
    """At times, a lease of one to all of the GPUs, and more than are in service in some steps."""
    if rng.random() < 0.4:
        return site
    (pool,) = site.pools
    committed = int(rng.integers(1, pool.gpus.max() + 1))
    price = float(rng.choice([0.5, 2]))
    leased = replace(pool, lease_price_per_gpu_h=price, committed_gpus=committed)
    return replace(site, pools=(leased,))


def with_generator(rng, site):
    """A generator with rules wherever one stands already, and at some sites besides."""
    if site.generator is None and rng.random() < 0.5:
        return site
    runs = bool(rng.random() < 0.5)
    generator = Generator(
        power_kw=8.0,
        fuel_cost_per_kwh=float(rng.uniform(0.5, 2.5)),
        carbon_g_per_kwh=800.0,
        min_load_kw=float(rng.choice([0, 2, 4])),
        start_cost=float(rng.choice([0, 3, 12])),
        min_up_h=float(rng.choice([0, 1.5, 3])),
        min_down_h=float(rng.choice([0, 2, 3])),
        runs_at_start=runs,
        hours_so_far=float(rng.choice([0, 1, np.inf])),
    )
    return replace(site, generator=generator)
