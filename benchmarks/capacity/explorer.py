"""The site of the peers' year (of the kind of Carbon Explorer) at fixed sizes, as a sizing problem.

Great Britain 2020, sun and wind given, a battery that starts full, two fifths of the load free to
move within its day, a feed of 30 MW: nothing is left to size, so the optimum is that of the flows.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.peers import site_year
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
from optimizer.sizing.windows import within_day

KW_PER_MW = 1000
#: Money at a carbon price of 0 and of 100 a tonne, tonnes at the latter, least tonnes.
REFERENCES = {"cost_0": 3.409e6, "cost_100": 3.411e6, "emissions_100": 6199e3, "least": 5727e3}


def stands(amount: float) -> Build:
    """What is there, no more and no less."""
    return Build(existing=amount, most=amount)


def explorer(data: Path) -> SizingProblem:
    """The site; a GPU stands for a kW of load."""
    year = site_year.Year.of(data)
    calendar = Calendar.year(year.month.astype(np.int64))
    n, load_kw = site_year.HOURS, year.load * KW_PER_MW
    ones = np.ones(n)
    site = SizingSite(
        name="great-britain",
        pue=ones,
        busy_gpus=(1 - site_year.FLEXIBLE) * load_kw,
        overhead_kw=np.zeros(n),
        gpus=GpuOption(build=stands(site_year.MOST_LOAD_MW * KW_PER_MW), kw_per_gpu=1.0),
        plants=tuple(
            PlantOption(name=name, shape=series * KW_PER_MW, build=stands(1.0))
            for name, series in (("pv", year.sun), ("wind", year.wind))
        ),
        storage=StorageOption(
            power=stands(site_year.BATTERY_MW * KW_PER_MW),
            energy=stands(site_year.BATTERY_MWH * KW_PER_MW),
            charge_efficiency=site_year.IN,
            discharge_efficiency=site_year.OUT,
            starts_full=True,
        ),
        grid=GridOption(
            build=stands(site_year.FEED_MW * KW_PER_MW),
            price_per_kwh=year.price / KW_PER_MW,
            carbon_g_per_kwh=year.carbon * KW_PER_MW,
            clean_share=np.zeros(n),
            peak_price_per_kw=site_year.PEAK_PER_MW / KW_PER_MW,
        ),
    )
    day = np.arange(n) // site_year.DAY_H
    moving = within_day("within-day", site_year.FLEXIBLE * load_kw, day, (0,), calendar)
    return SizingProblem(calendar=calendar, sites=(site,), work=(moving,))


def priced(problem: SizingProblem, carbon_per_t: float) -> SizingProblem:
    """The same under a carbon price. [money/t]"""
    return replace(problem, wishes=Wishes(carbon_price_per_kg=carbon_per_t / 1000))
