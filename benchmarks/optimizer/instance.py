"""Instances of any size, drawn from a seed alone, or with the jobs of a trace.

Jobs of every class over sites with wind, sun, a battery, time-of-use prices, a demand charge and
too little of everything: a resume costs hours, a move costs data and time, wide modes and power
caps gain less than they cost, or more. GPUs and plants grow with the jobs, so that every size is
about as tight, and so that the objective stays clearly positive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from optimizer.horizon import Horizon
from optimizer.problem import Link, Objective, Problem
from optimizer.site import (
    Battery,
    Cooling,
    DemandCharge,
    FloatArray,
    GpuPool,
    GridConnection,
    IntArray,
    Plant,
    Site,
)
from optimizer.work import Job, JobKind, Mode, Service

START = datetime(2026, 3, 2, tzinfo=UTC)
GPU_TYPES = ("h100", "l40s")
GPU_KW = {"h100": 1.1, "l40s": 0.45}
IDLE_SHARE = 0.12
JURISDICTIONS = ("MA", "FR", "ES", "DE", "PT")
REGIONS = ("africa", "europe", "atlantic")
N_SERVICES = 4
#: GPU-hours that jobs ask for, against those of the horizon; services come on top.
JOB_LOAD = 0.55
SERVICE_LOAD = 0.15
#: 30 % run unbroken, 50 % may pause, 20 % may also change their mode.
KINDS = (JobKind.CONTIGUOUS, JobKind.CHECKPOINTABLE, JobKind.ELASTIC)
KIND_SHARES = (0.3, 0.5, 0.2)
#: A pool holds at least two of the largest jobs.
LEAST_GPUS = 64
#: GPUs of a kind over all sites: services need some however few the jobs.
LEAST_GPUS_OF_KIND = 40.0
#: Jobs of traces are narrower and need fewer: a pool holds the widest, and a replica beside it.
REAL_WIDEST_GPUS, REAL_LEAST_GPUS, REAL_LEAST_GPUS_OF_KIND = 8, 10, 30.0
#: Jobs on the smaller GPU, and jobs that may not leave their home.
SMALL_SHARE, BOUND_SHARE = 0.3, 0.4
SIZES = (1, 2, 4, 8, 16, 32)
SIZE_SHARES = (0.25, 0.2, 0.2, 0.2, 0.1, 0.05)
PROFILES = (
    ((2.0, 1.8, 1.0), (1.0, 0.88, 0.70)),  # concave: twice the GPUs, and a power cap
    ((2.0, 1.4, 1.0), (1.0, 0.65, 0.60)),  # poor scaling, a cap that costs more than it saves
    ((2.0, 2.05, 1.0), (0.5, 0.40, 1.0)),  # not concave: memory that fits only when wide
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large an instance is."""

    jobs: int
    sites: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """What a trace knows of a job.

    Attributes:
        release_h: From the horizon's start. [h]
        work_h: On its own GPUs. [h]
    """

    release_h: float
    work_h: float
    gpus: int


def longest_h(size: Size) -> float:
    """Work of the longest job that such an instance holds. [h]"""
    return min(48, size.steps / 3)


def latest_h(size: Size, work_h: float) -> float:
    """Last hour at which a job of that work is released. [h]"""
    return max(1.0, size.steps - work_h - 24)


def instance(size: Size, seed: int, real: Sequence[Real] = ()) -> Problem:
    """The instance of that size and seed.

    Args:
        size: How large.
        seed: Of all that is drawn.
        real: Jobs to take in place of drawn ones, as many as the size says.
    """
    rng = np.random.default_rng(seed)
    names = _names(size)
    drawn = [_job(rng, j, size, names, real[j] if real else None) for j in range(size.jobs)]
    least, least_of_kind = (
        (REAL_LEAST_GPUS, REAL_LEAST_GPUS_OF_KIND) if real else (LEAST_GPUS, LEAST_GPUS_OF_KIND)
    )
    asked = {kind: sum(j.gpu_hours for j in drawn if j.gpu_type == kind) for kind in GPU_TYPES}
    gpus = {kind: max(least_of_kind, asked[kind] / (JOB_LOAD * size.steps)) for kind in GPU_TYPES}
    share = rng.dirichlet(np.full(size.sites, 12.0))
    sites = tuple(
        _site(
            rng,
            s,
            {kind: max(least, round(n * share[s])) for kind, n in gpus.items()},
            size.steps,
        )
        for s in range(size.sites)
    )
    links = {
        frozenset((a, b)): Link(bandwidth_gbps=5.0, cost_per_gb=0.004)
        for n, a in enumerate(names)
        for b in names[:n]
    }
    return Problem(
        horizon=Horizon(start=START, step=timedelta(hours=1), n_steps=size.steps),
        sites=sites,
        jobs=tuple(drawn),
        services=tuple(_service(rng, v, gpus, size) for v in range(N_SERVICES)),
        objective=Objective(
            currency="USD",
            carbon_price_per_kg=0.10,
            water_price_per_l=0.003,
            unmet_price_per_kwh=10.0,
            unserved_price_per_request=0.002,
            late_price_per_gpu_h=1.0,
            unfinished_price_per_gpu_h=8.0,
        ),
        links=links,
    )


def _names(size: Size) -> tuple[str, ...]:
    return tuple(f"site-{s}" for s in range(size.sites))


def _job(
    rng: np.random.Generator, number: int, size: Size, names: tuple[str, ...], real: Real | None
) -> Job:
    kind = KINDS[int(rng.choice(3, p=KIND_SHARES))]
    gpu_type = GPU_TYPES[int(rng.random() < SMALL_SHARE)]
    gpus = int(rng.choice(SIZES, p=SIZE_SHARES))
    work_h = float(np.ceil(np.clip(rng.lognormal(1.8, 0.9), 1, longest_h(size))))
    if real:
        gpus, work_h = real.gpus, real.work_h
    base = Mode(gpus=gpus, power_kw=gpus * GPU_KW[gpu_type])
    modes: tuple[Mode, ...] = (base,)
    if kind is JobKind.ELASTIC:
        modes += _modes(base, PROFILES[int(rng.integers(len(PROFILES)))])
    release = float(rng.integers(0, int(latest_h(size, work_h)) + 1))
    if real:
        release = real.release_h
    slack = float(rng.choice([2, 6, 12, 24, 48], p=[0.3, 0.2, 0.2, 0.2, 0.1]))
    due = min(size.steps - 1.0, release + work_h + slack)
    home = names[int(rng.integers(len(names)))]
    return Job(
        name=f"job-{number:06d}",
        kind=kind,
        gpu_type=gpu_type,
        modes=modes,
        work_h=work_h,
        release=START + timedelta(hours=release),
        due=START + timedelta(hours=due),
        deadline=START + timedelta(hours=min(size.steps, due + 24)),
        home=home,
        resume_h=0.0 if kind is JobKind.CONTIGUOUS else float(rng.choice([0.0, 0.5, 1.0])),
        data_gb=float(rng.choice([0, 200, 2000])),
        allowed_sites=frozenset([home]) if rng.random() < BOUND_SHARE else None,
    )


def _modes(base: Mode, profile: tuple[tuple[float, float, float], ...]) -> tuple[Mode, ...]:
    """Modes of a profile of width, speed and power a GPU, all relative to the base."""
    return tuple(
        Mode(
            gpus=max(1, round(base.gpus * width)),
            power_kw=max(1, round(base.gpus * width)) * base.power_kw / base.gpus * cap,
            speed=speed,
        )
        for width, speed, cap in profile
        if base.gpus * width >= 1
    )


def _site(rng: np.random.Generator, number: int, gpus: dict[str, int], n_steps: int) -> Site:
    hours = np.arange(n_steps)
    pools = tuple(
        GpuPool(
            gpu_type=kind,
            gpus=np.full(n_steps, gpus[kind], dtype=np.int64),
            idle_kw_per_gpu=IDLE_SHARE * GPU_KW[kind],
        )
        for kind in GPU_TYPES
    )
    most_kw = sum(float(pool.gpus[0]) * GPU_KW[pool.gpu_type] for pool in pools)
    slope = 1.15 + 0.1 * np.clip(np.sin((hours - 9) * np.pi / 12), 0, 1)
    night = np.isin(hours % 24, (0, 1, 2, 3, 4, 5, 23))
    evening = np.isin(hours % 24, (18, 19, 20, 21))
    price = np.where(night, 0.07, np.where(evening, 0.19, 0.11)) * rng.uniform(0.8, 1.2)
    carbon = rng.uniform(150, 600) * (1 + 0.25 * np.cos((hours - 20) * np.pi / 12))
    grid = GridConnection(
        import_limit_kw=np.full(n_steps, 1.1 * most_kw),
        export_limit_kw=np.full(n_steps, 0.3 * most_kw),
        import_price_per_kwh=price,
        export_price_per_kwh=0.3 * price,
        carbon_intensity_g_per_kwh=carbon,
        market_carbon_intensity_g_per_kwh=carbon,
        demand_charge=DemandCharge(
            price_per_kw=4.0,
            period=np.zeros(n_steps, dtype=np.int64),
            peak_so_far_kw=0.4 * most_kw,
        ),
    )
    return Site(
        name=f"site-{number}",
        jurisdiction=JURISDICTIONS[number % len(JURISDICTIONS)],
        cooling=Cooling(
            overhead_kw=0.03 * most_kw, slope=slope, water_l_per_kwh=np.full(n_steps, 0.8)
        ),
        pools=pools,
        grid=grid,
        plants=(
            Plant(name="pv", available_kw=0.5 * most_kw * _sun(rng, hours), carbon_g_per_kwh=40.0),
            Plant(
                name="wind", available_kw=0.5 * most_kw * _wind(rng, n_steps), carbon_g_per_kwh=12.0
            ),
        ),
        battery=Battery(energy_kwh=0.6 * most_kw, power_kw=0.2 * most_kw, wear_cost_per_kwh=0.01),
    )


def _sun(rng: np.random.Generator, hours: IntArray) -> FloatArray:
    """Share of capacity by step: a clear day dimmed day by day."""
    clear = np.clip(np.sin((hours % 24 - 6) * np.pi / 12), 0, None)
    dim = rng.uniform(0.5, 1.0, int(hours[-1]) // 24 + 1)
    share: FloatArray = clear * dim[hours // 24]
    return share


def _wind(rng: np.random.Generator, n_steps: int) -> FloatArray:
    """Share of capacity by step: an autoregressive wind on a cubic power curve."""
    speed = np.empty(n_steps)
    speed[0] = 8.0
    for t in range(1, n_steps):
        speed[t] = 8.0 + 0.95 * (speed[t - 1] - 8.0) + rng.normal(0, 0.8)
    share: FloatArray = np.clip((np.clip(speed, 3, 12) ** 3 - 27) / (1728 - 27), 0, 1)
    return share


def _service(rng: np.random.Generator, number: int, gpus: dict[str, float], size: Size) -> Service:
    names = _names(size)
    gpu_type = GPU_TYPES[number % 2]
    hours = np.arange(size.steps)
    capacity_rps = 8.0
    gpus_per_replica = 1 if gpu_type == "l40s" else 2
    replicas = SERVICE_LOAD * gpus[gpu_type] / (N_SERVICES / 2) / gpus_per_replica
    mean_rps = replicas * capacity_rps / len(REGIONS)
    phase = rng.uniform(0, 24, len(REGIONS))
    day = 1 + 0.45 * np.sin((hours[None, :] - phase[:, None]) * np.pi / 12)
    rtt = {
        (region, name): 15.0 + 30.0 * abs(r - s % len(REGIONS))
        for r, region in enumerate(REGIONS)
        for s, name in enumerate(names)
    }
    return Service(
        name=f"service-{number}",
        gpu_type=gpu_type,
        regions=REGIONS,
        demand_rps=mean_rps * day * rng.uniform(0.95, 1.05, day.shape),
        rtt_ms=rtt,
        latency_budget_ms=120.0 if number % 2 else 200.0,
        service_time_ms=60.0,
        gpus_per_replica=gpus_per_replica,
        capacity_rps=capacity_rps,
        replica_kw=gpus_per_replica * GPU_KW[gpu_type] * 0.35,
        energy_per_request_kwh=gpus_per_replica * GPU_KW[gpu_type] * 0.6 / (capacity_rps * 3600),
        home=names[number % len(names)],
        survives_site_loss=number == 0 and len(names) > 1,
    )
