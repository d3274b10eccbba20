"""The nouns of sizing: a calendar, sites with what may be built there, and work that may move.

Costs are per unit and year, so that a year's operation and a thing built for twenty years add up.
Series run over the steps of the calendar, which are hours of a whole year or of some weeks that
stand for it.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from optimizer.site import BoolArray, FloatArray, IntArray

YEAR_H = 8760
MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Steps in periods that do not touch, each period standing for a number of its like.

    Attributes:
        step_h: Length of a step. [h]
        period: Number of the period of each step, from 0 and never falling, shape (T,).
        weight: How often a year holds the period, shape (K,).
        counts: Whether a step counts for the peak of a month, shape (months, T).
    """

    step_h: float
    period: IntArray
    weight: FloatArray
    counts: BoolArray

    def __post_init__(self) -> None:
        """Refuse periods that are out of order or without a weight."""
        if (np.diff(self.period) < 0).any() or self.period[0] != 0:
            raise ValueError("calendar.period: must start at 0 and never fall")
        if len(self.weight) != self.period[-1] + 1 or (self.weight <= 0).any():
            raise ValueError(
                f"calendar.weight: needs {self.period[-1] + 1} numbers above 0, "
                f"got {self.weight.tolist()}"
            )

    @classmethod
    def year(cls, month: IntArray, step_h: float = 1.0) -> Self:
        """A whole year as one period; `month` of each step, from 0."""
        months = np.arange(month.max() + 1)
        return cls(
            step_h=step_h,
            period=np.zeros(len(month), dtype=np.int64),
            weight=np.ones(1),
            counts=month == months[:, None],
        )

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return len(self.period)

    @property
    def hours(self) -> FloatArray:
        """Hours of the year that each step stands for, shape (T,). [h]"""
        hours: FloatArray = self.step_h * self.weight[self.period]
        return hours

    @property
    def before(self) -> IntArray:
        """The step before each; that before the first of a period is its last. Shape (T,)."""
        before = np.arange(-1, self.n_steps - 1)
        first = np.flatnonzero(np.diff(self.period, prepend=-1))
        last = np.append(first[1:], self.n_steps) - 1
        before[first] = last
        return before


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How much of a thing stands, may be built, and costs.

    Attributes:
        cost_per_unit: Of each unit above what stands, a year. [money/unit/a]
        existing: What stands already and is paid for. [unit]
        most: What there may be in all. [unit]
    """

    cost_per_unit: float = 0.0
    existing: float = 0.0
    most: float = np.inf

    def __post_init__(self) -> None:
        """Refuse more that stands than there may be."""
        if not 0 <= self.existing <= self.most:
            raise ValueError(
                f"build: existing must lie between 0 and most {self.most:g}, "
                f"got {self.existing:g}; raise most"
            )
        if self.cost_per_unit < 0:
            raise ValueError(f"build: cost must not be negative, got {self.cost_per_unit:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantOption:
    """Sun or wind.

    Attributes:
        shape: Power that a kW of it can give, shape (T,). [0..1]
        build: In kW.
    """

    name: str
    shape: FloatArray
    build: Build


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageOption:
    """A battery, its power and energy sized apart.

    Attributes:
        power: In kW, charging or discharging, at the meter.
        energy: In kWh, usable.
        starts_full: Else it ends each period as it began it.
        wear_per_kwh: Of each kWh discharged. [money/kWh]
    """

    power: Build
    energy: Build
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    starts_full: bool = False
    wear_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GridOption:
    """A connection to the grid.

    Attributes:
        build: Of the connection, in kW.
        price_per_kwh: Shape (T,). [money/kWh]
        carbon_g_per_kwh: Shape (T,). [g/kWh]
        clean_share: Of the energy, free of carbon, shape (T,). [0..1]
        peak_price_per_kw: Of each month's highest import. [money/kW]
        export_price_per_kwh: Shape (T,); none may be exported without. [money/kWh]
    """

    build: Build
    price_per_kwh: FloatArray
    carbon_g_per_kwh: FloatArray
    clean_share: FloatArray
    peak_price_per_kw: float = 0.0
    export_price_per_kwh: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorOption:
    """A fuelled generator, in kW."""

    build: Build
    fuel_cost_per_kwh: float
    carbon_g_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuOption:
    """GPUs, and what a GPU draws idle and busy. [kW of IT]"""

    build: Build
    kw_per_gpu: float
    idle_kw_per_gpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingSite:
    """A site.

    Attributes:
        pue: Facility power for each kW of IT, shape (T,). [1]
        busy_gpus: GPUs that work which cannot move keeps busy, shape (T,).
        overhead_kw: Facility power whatever runs, shape (T,). [kW]
    """

    name: str
    pue: FloatArray
    busy_gpus: FloatArray
    overhead_kw: FloatArray
    gpus: GpuOption
    plants: tuple[PlantOption, ...] = ()
    storage: StorageOption | None = None
    grid: GridOption | None = None
    generator: GeneratorOption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexibleWork:
    """Work that may move in time, within its windows, and between sites.

    What has come and not yet run is its backlog; a window is how large, or how far below zero
    (work done early), the backlog may be.

    Attributes:
        arriving_gpus: GPUs it would keep busy if it ran at once, shape (T,).
        least_backlog_gpu_h: Shape (T,). [GPU-h]
        most_backlog_gpu_h: Shape (T,). [GPU-h]
        sites: Numbers of the sites that may run it.
    """

    name: str
    arriving_gpus: FloatArray
    least_backlog_gpu_h: FloatArray
    most_backlog_gpu_h: FloatArray
    sites: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the sizes have to keep to, over a year.

    Attributes:
        carbon_price_per_kg: [money/kg]
        carbon_limit_kg: Of grid and generator; None without.
        clean_share: Least share of the load met, hour by hour, by what is free of carbon. [0..1]
    """

    carbon_price_per_kg: float = 0.0
    carbon_limit_kg: float | None = None
    clean_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingProblem:
    """What may be built where, and what it has to do."""

    calendar: Calendar
    sites: tuple[SizingSite, ...]
    work: tuple[FlexibleWork, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
