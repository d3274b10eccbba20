"""Sizing problems small enough for paper."""

from dataclasses import replace

import numpy as np

from optimizer.sizing.problem import (
    Build,
    Calendar,
    FlexibleWork,
    GeneratorOption,
    GpuOption,
    GridOption,
    PlantOption,
    SizingProblem,
    SizingSite,
    StorageOption,
    Wishes,
)

SUN = np.array([1.0, 1.0, 0.0, 0.0])
LOAD_KW = 100.0


def calendar(n_steps: int = 4) -> Calendar:
    """Hours in one period and one month, each counted once."""
    return Calendar.year(np.zeros(n_steps, dtype=np.int64))


def site(**changes: object) -> SizingSite:
    """100 GPUs of 1 kW always busy; sun for two hours of four, a grid at 1 a kWh."""
    n = len(SUN)
    base = SizingSite(
        name="home",
        pue=np.ones(n),
        busy_gpus=np.full(n, LOAD_KW),
        overhead_kw=np.zeros(n),
        gpus=GpuOption(build=Build(existing=200.0, most=200.0), kw_per_gpu=1.0),
        plants=(PlantOption(name="pv", shape=SUN, build=Build(cost_per_unit=1.0)),),
        storage=StorageOption(
            power=Build(cost_per_unit=0.1),
            energy=Build(cost_per_unit=0.1),
            charge_efficiency=1.0,
            discharge_efficiency=1.0,
        ),
        grid=GridOption(
            build=Build(existing=1000.0, most=1000.0),
            price_per_kwh=np.ones(n),
            carbon_g_per_kwh=np.full(n, 500.0),
            clean_share=np.zeros(n),
        ),
    )
    return replace(base, **changes)


def problem(
    *sites: SizingSite, work: tuple[FlexibleWork, ...] = (), wishes: Wishes | None = None
) -> SizingProblem:
    """One site unless others are given."""
    return SizingProblem(
        calendar=calendar(), sites=sites or (site(),), work=work, wishes=wishes or Wishes()
    )


def generator(fuel_cost_per_kwh: float = 2.0) -> GeneratorOption:
    """As much as one likes, of fuel alone."""
    return GeneratorOption(
        build=Build(), fuel_cost_per_kwh=fuel_cost_per_kwh, carbon_g_per_kwh=700.0
    )
