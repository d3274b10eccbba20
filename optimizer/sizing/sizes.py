"""What a sizing comes to: sizes, a year's flows within them, its bill, the worth of more.

Plain arithmetic on the flows: whatever the solver says, the bill here is added up anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimizer.site import FloatArray
from optimizer.sizing.problem import Build, SizingProblem, SizingSite
from optimizer.units import G_PER_KG


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSizes:
    """One site: arrays of shape (T,), mean power over the step. [kW]

    Attributes:
        sizes: By kind; kW, kWh for battery_energy, GPUs for gpus.
        value_per_unit: What one more unit would save a year, before its own cost. [money/unit/a]
        load_kw: Facility power.
        plants_kw: What sun and wind could give.
        price_per_kwh: What another kWh of load would cost. [money/kWh]
        peaks_kw: Highest import of each month, shape (months,).
    """

    name: str
    sizes: Mapping[str, float]
    value_per_unit: Mapping[str, float]
    load_kw: FloatArray
    plants_kw: FloatArray
    import_kw: FloatArray
    export_kw: FloatArray
    charge_kw: FloatArray
    discharge_kw: FloatArray
    soc_kwh: FloatArray
    generator_kw: FloatArray
    busy_gpus: FloatArray
    price_per_kwh: FloatArray
    peaks_kw: FloatArray

    @property
    def curtailed_kw(self) -> FloatArray:
        """What sun, wind and generator gave and nobody took. [kW]"""
        supply = self.plants_kw + self.import_kw + self.discharge_kw + self.generator_kw
        curtailed: FloatArray = np.maximum(
            0.0, supply - self.load_kw - self.charge_kw - self.export_kw
        )
        return curtailed


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyBill:
    """A year's money and carbon. [money/a], [kg/a], [kWh/a]

    Attributes:
        build: Annual cost of what is built above what stands.
        energy: Bought from the grid, less what export brings.
        peaks: Monthly peaks.
        fuel: Of the generator.
        wear: Of the battery.
        clean_share: Of the load, met hour by hour by what is free of carbon. [0..1]
    """

    build: float
    energy: float
    peaks: float
    fuel: float
    wear: float
    emissions_kg: float
    load_kwh: float
    import_kwh: float
    export_kwh: float
    generator_kwh: float
    plants_kwh: float
    curtailed_kwh: float
    gpu_hours: float
    clean_share: float

    @property
    def cost(self) -> float:
        """All of a year's money; no carbon price. [money/a]"""
        return self.build + self.energy + self.peaks + self.fuel + self.wear


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The answer.

    Attributes:
        objective: A year's cost, carbon price included. [money/a]
        carbon_value_per_kg: What another kg of the carbon limit would save. [money/kg]
        solve_s: CPU the solver took. [s]
    """

    objective: float
    sites: tuple[SiteSizes, ...]
    bill: YearlyBill
    carbon_value_per_kg: float
    solve_s: float

    def of(self, site: str, kind: str) -> float:
        """One size."""
        return next(one.sizes[kind] for one in self.sites if one.name == site)


def builds(site: SizingSite) -> dict[str, Build]:
    """What may be built at a site, by kind."""
    found = {"gpus": site.gpus.build} | {plant.name: plant.build for plant in site.plants}
    if site.grid is not None:
        found["grid"] = site.grid.build
    if site.storage is not None:
        found["battery_power"] = site.storage.power
        found["battery_energy"] = site.storage.energy
    if site.generator is not None:
        found["generator"] = site.generator.build
    return found


def bill(problem: SizingProblem, sites: tuple[SiteSizes, ...]) -> YearlyBill:
    """What a year of these flows comes to."""
    h = problem.calendar.hours
    build = energy = peaks = fuel = wear = emissions = dirty = 0.0
    for site, at in zip(problem.sites, sites, strict=True):
        build += sum(
            one.cost_per_unit * (at.sizes[kind] - one.existing)
            for kind, one in builds(site).items()
        )
        if site.grid is not None:
            energy += float(h @ (site.grid.price_per_kwh * at.import_kw))
            if site.grid.export_price_per_kwh is not None:
                energy -= float(h @ (site.grid.export_price_per_kwh * at.export_kw))
            peaks += site.grid.peak_price_per_kw * float(at.peaks_kw.sum())
            emissions += float(h @ (site.grid.carbon_g_per_kwh * at.import_kw)) / G_PER_KG
            dirty += float(h @ ((1 - site.grid.clean_share) * at.import_kw))
        if site.generator is not None:
            burnt = float(h @ at.generator_kw)
            fuel += site.generator.fuel_cost_per_kwh * burnt
            emissions += site.generator.carbon_g_per_kwh * burnt / G_PER_KG
            dirty += burnt
        if site.storage is not None:
            wear += site.storage.wear_per_kwh * float(h @ at.discharge_kw)

    def total(name: str) -> float:
        return float(sum(h @ getattr(at, name) for at in sites))

    load_kwh = total("load_kw")
    return YearlyBill(
        build=build,
        energy=energy,
        peaks=peaks,
        fuel=fuel,
        wear=wear,
        emissions_kg=emissions,
        load_kwh=load_kwh,
        import_kwh=total("import_kw"),
        export_kwh=total("export_kw"),
        generator_kwh=total("generator_kw"),
        plants_kwh=total("plants_kw"),
        curtailed_kwh=total("curtailed_kw"),
        gpu_hours=total("busy_gpus"),
        clean_share=1 - dirty / load_kwh if load_kwh else 1.0,
    )
