"""Random worlds small enough for the oracle, with every kind of thing a problem can hold.

A world is drawn from its seed alone.
"""

import numpy as np

from optimizer.problem import Problem
from optimizer.work import JobKind, Mode
from tests.optimizer import worlds

SEEDS = range(54)
NAMES = ("dakhla", "lyon")
JURISDICTIONS = ("MA", "FR")
PRICES = worlds.objective(carbon=0.5, water=0.03)


def tiny(seed: int) -> Problem:
    """One or two sites, two to five jobs and up to two services over five to nine steps."""
    rng = np.random.default_rng(seed)
    n_steps, n_sites = int(rng.integers(5, 10)), int(rng.integers(1, 3))
    step_h = float(rng.choice([0.5, 1.0]))
    sites = [_site(rng, NAMES[s], JURISDICTIONS[s], n_steps) for s in range(n_sites)]
    jobs = [_job(rng, f"job-{j}", n_steps, step_h, n_sites) for j in range(rng.integers(2, 6))]
    services = [_service(rng, f"service-{v}", n_steps, n_sites) for v in range(rng.integers(3))]
    return worlds.problem(
        *sites,
        jobs=jobs,
        services=services,
        step_h=step_h,
        prices=PRICES,
        links=worlds.link(*NAMES, cost=0.005),
    )


def _site(rng, name, jurisdiction, n_steps):
    island = rng.random() < 0.2
    periods = (np.arange(n_steps) >= n_steps // 2).astype(np.int64)
    charge = worlds.demand_charge(rng.uniform(0, 3), periods, so_far=float(rng.choice([0, 4])))
    grid = worlds.grid(
        n_steps,
        limit=float(rng.integers(6, 20)),
        export=float(rng.choice([0, 5])),
        price=rng.uniform(0.5, 2, n_steps),
        sale=rng.uniform(0, 0.3, n_steps),
        intensity=rng.uniform(50, 600, n_steps),
        charge=charge if rng.random() < 0.4 else None,
    )
    plants = [worlds.plant(rng.uniform(0, 10, n_steps), n_steps, name="wind", carbon=11)]
    if rng.random() < 0.3:
        plants.append(worlds.plant(rng.uniform(0, 5, n_steps), n_steps, carbon=40))
    battery = worlds.battery(energy=8, charge=0.95, discharge=0.95, soc_min=0.1, wear=0.05)
    return worlds.site(
        name,
        n_steps,
        gpus=rng.integers(5, 9, n_steps),
        idle=0.2,
        lease=float(rng.choice([0, 2])),
        overhead=0.5,
        slope=rng.uniform(1.05, 1.3, n_steps),
        water=rng.uniform(0, 1, n_steps),
        jurisdiction=jurisdiction,
        certifications=frozenset(["health"]) if rng.random() < 0.6 else frozenset(),
        grid=None if island else grid,
        plants=tuple(plants),
        battery=battery if rng.random() < 0.6 else None,
        generator=worlds.generator(5, carbon=800) if island or rng.random() < 0.2 else None,
    )


def _job(rng, name, n_steps, step_h, n_sites):
    kind = JobKind(rng.choice(list(JobKind)))
    gpus, steps = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    release = int(rng.integers(0, n_steps - steps + 1))
    due = min(n_steps, release + steps + int(rng.integers(0, 4)))
    modes = [Mode(gpus=gpus, power_kw=1.2 * gpus)]
    if kind is JobKind.ELASTIC:
        modes.append(Mode(gpus=2 * gpus, power_kw=2.4 * gpus, speed=1.5))
    if kind is JobKind.ELASTIC and rng.random() < 0.5:
        modes.append(Mode(gpus=gpus, power_kw=0.5 * gpus, speed=0.5))
    home = int(rng.integers(n_sites))
    return worlds.job(
        name,
        kind=kind,
        modes=tuple(modes),
        hours=(steps - float(rng.choice([0, 0.5]))) * step_h,
        release=release * step_h,
        due=due * step_h,
        deadline=min(n_steps, due + 2) * step_h,
        home=NAMES[home],
        resume_h=0.0 if kind is JobKind.CONTIGUOUS else float(rng.choice([0, 0.5])) * step_h,
        residency=frozenset([JURISDICTIONS[home]]) if rng.random() < 0.3 else None,
        data_gb=float(rng.choice([0, 100])),
    )


def _service(rng, name, n_steps, n_sites):
    rtt = {("a", "dakhla"): 10.0, ("b", "dakhla"): 30.0, ("a", "lyon"): 30.0}
    return worlds.service(
        name,
        n_steps,
        demand=rng.uniform(0, 4, (2, n_steps)),
        rtt=rtt | {("b", "lyon"): float(rng.choice([10, 90]))},
        capacity=3,
        replica_kw=0.5,
        kw_per_rps=0.3,
        home="dakhla",
        survives_site_loss=bool(n_sites > 1 and rng.random() < 0.5),
    )
