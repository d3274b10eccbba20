"""A wind farm: wind at hub height and air density in, power out.

The power curves are those windpowerlib ships from the Open Energy Platform's turbine library; its
table is read directly, since importing the library costs a second and nothing else of it is
needed.
"""

import csv
import difflib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from forecasting.marginals import Weather
from forecasting.steps import Array

_GAS_CONSTANT = 287.05
_ZERO_C = 273.15
_STANDARD_DENSITY = 1.225


@dataclass(frozen=True, slots=True, kw_only=True)
class WindPlant:
    """A wind farm of like turbines.

    Attributes:
        capacity_kw: Nominal power of the farm. [kW]
        turbine: Type in windpowerlib's table of power curves.
        hub_height_m: Height of the hubs. [m]
        losses: Wake, availability, electrical losses, dust and the delay of restarting after a
            storm (at 20 m/s where the cut-out is 25 m/s), as a share of the curve's power. [0..1)
        cut_out_m_s: Wind from which the turbines stand still. [m/s]
    """

    capacity_kw: float
    turbine: str = "V117/3450"
    hub_height_m: float = 100.0
    losses: float = 0.15
    cut_out_m_s: float = 25.0

    def __post_init__(self) -> None:
        if self.capacity_kw < 0:
            raise ValueError(
                f"wind.capacity_kw: must not be negative, got {self.capacity_kw}; "
                "use 0 for no plant"
            )
        if not 0 <= self.losses < 1:
            raise ValueError(
                f"wind.losses: must be in [0, 1), got {self.losses}; give a share, not %"
            )
        power_curve(self.turbine)

    def power_kw(self, weather: Weather) -> Array:
        """Power of the farm, shape (..., T) as the weather's. [kW]"""
        speed = weather.wind_speed_at_m_s(self.hub_height_m)
        density = weather.climate.pressure_pa / (_GAS_CONSTANT * (weather.temperature_c + _ZERO_C))
        return self.capacity_kw * (1 - self.losses) * self.gross_share(speed, density)

    def gross_share(self, hub_speed_m_s: Array, density_kg_m3: Array | float) -> Array:
        """Power over nominal power before losses. [0..1]

        The curve is read at the wind of standard air with the same power in it,
        v · (ρ / 1.225 kg/m³)^⅓, as IEC 61400-12-1 does for pitch-controlled turbines. The
        cut-out acts on the wind itself.
        """
        speeds, shares = power_curve(self.turbine)
        standard = hub_speed_m_s * np.cbrt(np.asarray(density_kg_m3) / _STANDARD_DENSITY)
        share: Array = np.interp(standard, speeds, shares, left=0.0)
        return np.where(hub_speed_m_s < self.cut_out_m_s, share, 0.0)


@lru_cache(maxsize=32)
def power_curve(turbine: str) -> tuple[Array, Array]:
    """Wind speeds [m/s] and power over nominal power [0..1] of a turbine type."""
    table = _table()
    if turbine not in table:
        near = difflib.get_close_matches(turbine, table, n=3) or sorted(table)[:3]
        raise ValueError(
            f"wind.turbine: no power curve of that type, got {turbine!r}; "
            f"use for example {', '.join(near)}"
        )
    speeds, watts = (np.array(column) for column in zip(*table[turbine], strict=True))
    return speeds, watts / watts.max()


@lru_cache(maxsize=1)
def _table() -> dict[str, list[tuple[float, float]]]:
    """Points (wind speed in m/s, power in W) of every power curve, by turbine type."""
    spec = find_spec("windpowerlib")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "wind: the table of power curves is missing, got no package windpowerlib; "
            "install windpowerlib"
        )
    path = Path(spec.submodule_search_locations[0], "oedb", "power_curves.csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return {
            row.pop("turbine_type"): [(float(v), float(p)) for v, p in row.items() if p]
            for row in rows
        }
