"""A year to size at one to three sites: synthetic weather of the built-in climates, drawn work.

Prices are round numbers near those of today in dollars; they are assumed, and matter only in that
sun, wind, battery, grid and GPUs are all built and none of them alone.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.climate import Climate
from forecasting.plants.cooling import CoolingPlant
from forecasting.plants.pv import PvPlant
from forecasting.plants.wind import WindPlant
from forecasting.truth import actual_site
from forecasting.weather import SyntheticWeather
from optimizer.sizing.problem import (
    Build,
    Calendar,
    GpuOption,
    GridOption,
    PlantOption,
    SizingProblem,
    SizingSite,
    StorageOption,
    Wishes,
)
from optimizer.sizing.windows import within_hours

YEAR = 2025
#: Name, climate, GPUs' worth of services, grid limit [MW], mean carbon [g/kWh].
SITES = (
    ("dakhla", Climate.dakhla, 20_000, 30, 500.0),
    ("casablanca", Climate.casablanca, 8_000, 20, 500.0),
    ("europe", Climate.western_europe, 8_000, 20, 100.0),
)
#: Hours that work may wait, and GPUs it keeps busy on average.
WORK = ((6, 3_000), (24, 6_000), (96, 4_000))
KW_PER_GPU, IDLE_KW, BUSY = 1.2, 0.3, 0.4


def instance(n_sites: int, seed: int) -> SizingProblem:
    """8,760 hours at the first `n_sites` sites."""
    index = pd.date_range(
        f"{YEAR}-01-01", f"{YEAR + 1}-01-01", freq="h", tz="UTC", inclusive="left"
    )
    calendar = Calendar.year(index.month.to_numpy().astype(np.int64) - 1)
    hour = index.hour.to_numpy()
    rng = np.random.default_rng(seed)
    work = tuple(
        within_hours(
            f"wait-{slack}h",
            gpus * np.maximum(0, _daily(hour, 14, 0.5) + 0.2 * rng.standard_normal(len(hour))),
            float(slack),
            tuple(range(n_sites)),
            calendar,
        )
        for slack, gpus in WORK
    )
    sites = tuple(_site(hour, seed + s, *SITES[s]) for s in range(n_sites))
    wishes = Wishes(carbon_price_per_kg=0.1)
    return SizingProblem(calendar=calendar, sites=sites, work=work, wishes=wishes)


def _daily(hour: np.ndarray, peak_h: float, swing: float) -> np.ndarray:
    return 1 + swing * np.cos(2 * np.pi * (hour - peak_h) / 24)


def _site(  # noqa: PLR0917 - a row of the table above
    hour: np.ndarray,
    seed: int,
    name: str,
    climate: Callable[[], Climate],
    gpus: int,
    grid_mw: int,
    carbon: float,
) -> SizingSite:
    actual = actual_site(
        SyntheticWeather(climate=climate(), seed=seed),
        pv=PvPlant(capacity_kw=1.0),
        wind=WindPlant(capacity_kw=1.0),
        cooling=CoolingPlant(kind="dry"),
        start=datetime(YEAR, 1, 1, tzinfo=UTC),
        step=timedelta(hours=1),
        n_steps=len(hour),
    )
    assert actual.pue_slope is not None
    assert actual.pv_power_kw is not None
    assert actual.wind_power_kw is not None
    overhead_kw = gpus * KW_PER_GPU * actual.pue_overhead_share
    return SizingSite(
        name=name,
        pue=actual.pue_slope,
        busy_gpus=gpus * BUSY * _daily(hour, 15, 0.4),
        overhead_kw=np.full(len(hour), overhead_kw),
        gpus=GpuOption(
            build=Build(cost_per_unit=8000), kw_per_gpu=KW_PER_GPU, idle_kw_per_gpu=IDLE_KW
        ),
        plants=(
            PlantOption(name="pv", shape=actual.pv_power_kw, build=Build(cost_per_unit=60)),
            PlantOption(name="wind", shape=actual.wind_power_kw, build=Build(cost_per_unit=130)),
        ),
        storage=StorageOption(power=Build(cost_per_unit=10), energy=Build(cost_per_unit=20)),
        grid=GridOption(
            build=Build(cost_per_unit=30, most=grid_mw * 1000.0),
            price_per_kwh=np.select([hour < 6, hour < 17, hour < 22], [0.06, 0.09, 0.14], 0.06),  # noqa: PLR2004
            carbon_g_per_kwh=carbon * _daily(hour, 20, 0.1),
            clean_share=np.zeros(len(hour)),
            peak_price_per_kw=4.0,
        ),
    )
