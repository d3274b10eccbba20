"""The random worlds of `tiny` where some services may answer with other models too.

Half of the variants are drawn cheaper than the full model, the others only different; the floor on
the mean quality is between what the worst of them gives and the full model's.
"""

from dataclasses import replace

import numpy as np

from optimizer.problem import Problem
from optimizer.work import Service, Variant
from tests.optimizer import worlds
from tests.optimizer.tiny import NAMES, tiny

FEW_SEEDS = range(1, 6)
SEEDS = range(30)


def varied(seed: int) -> Problem:
    """The world of `seed` with at least one service, the first of them with variants."""
    rng = np.random.default_rng([seed, 4])
    problem = tiny(seed)
    services = problem.services or (_service(rng, problem),)
    first, *others = services
    return replace(problem, jobs=problem.jobs[:3], services=(with_variants(rng, first), *others))


def with_variants(rng: np.random.Generator, service: Service) -> Service:
    """`service` with one or two variants and a floor on the mean quality."""
    variants = tuple(_variant(rng, service, n) for n in range(rng.integers(1, 3)))
    worst = min(one.quality for one in variants)
    floor = float(rng.choice([0.0, 1.0, rng.uniform(worst, 1)], p=[0.1, 0.1, 0.8]))
    return replace(service, variants=variants, quality_floor=floor)


def _variant(rng: np.random.Generator, service: Service, number: int) -> Variant:
    cheaper = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.5 else float(rng.uniform(0.5, 1.2))
    return Variant(
        name=f"variant-{number}",
        gpus_per_replica=int(rng.integers(1, 3)),
        capacity_rps=float(rng.choice([3, 4.5, 6])),
        replica_kw=0.5 * cheaper,
        energy_per_request_kwh=service.energy_per_request_kwh * cheaper,
        quality=float(rng.choice([0.7, 0.9, 0.97])),
    )


def _service(rng: np.random.Generator, problem: Problem) -> Service:
    """Of one region, in reach of every site."""
    n_steps = problem.horizon.n_steps
    return worlds.service(
        "service",
        n_steps,
        demand=rng.uniform(0, 6, (1, n_steps)),
        rtt={("a", name): 10.0 for name in NAMES},
        capacity=3,
        replica_kw=0.5,
        kw_per_rps=0.3,
        home=NAMES[0],
    )
