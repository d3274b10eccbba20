"""A data centre's cooling: what each kilowatt of computing costs at the meter, by the weather.

The model is monotone in temperature and piecewise linear but for the chiller's efficiency, so a
planner can take it as a slope per step. It knows neither the load nor the price of water.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting.climate import month_position
from forecasting.marginals import Weather
from forecasting.steps import Array

_APPROACH_K = {"dry": 6.0, "evaporative": 4.0, "sea": 3.0}
_LATENT_KWH_PER_L = 0.68
_COP_AT_15_C, _COP_PER_K = 10.0, 0.2
_COP_RANGE = (3.0, 9.0)
_COP_REFERENCE_C = 15.0
_WARMEST_SEA_MONTH = 8.5
_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingPlant:
    """Cooling by outside air, evaporation or sea water, with a chiller for what they leave.

    Indirect in all kinds: salt and dust stay outside. The supply lies inside the range of 18 to
    27 °C that ASHRAE recommends for class A1.

    Attributes:
        kind: What takes the heat: dry outside air, air cooled by evaporation, or the sea.
        p_fixed: Power that runs in any case, per rated IT power: lighting, UPS, control. [0..1]
        p_fan: Fans and pumps, per IT power. [0..1]
        supply_c: Temperature of the air given to the machines. [°C]
        return_c: Temperature of the air they give back. [°C]
        approach_k: How near the supply gets to what takes the heat; by kind if not given. [K]
        sea_mean_c: Yearly mean temperature of the sea. [°C]
        sea_amplitude_k: Half its yearly range, warmest in mid-September. [K]
    """

    kind: Literal["dry", "evaporative", "sea"] = "dry"
    p_fixed: float = 0.05
    p_fan: float = 0.03
    supply_c: float = 27.0
    return_c: float = 39.0
    approach_k: float | None = None
    sea_mean_c: float = 20.0
    sea_amplitude_k: float = 3.0

    def __post_init__(self) -> None:
        if self.kind not in _APPROACH_K:
            raise ValueError(
                f"cooling.kind: must be one of {', '.join(_APPROACH_K)}, got {self.kind!r}; "
                "pick one"
            )
        if self.return_c <= self.supply_c:
            raise ValueError(
                f"cooling.return_c: must be above supply_c {self.supply_c}, got {self.return_c}; "
                "machines warm the air by 8 to 15 K"
            )
        for name in ("p_fixed", "p_fan"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"cooling.{name}: must be in [0, 1], got {getattr(self, name)}; "
                    "give a share of IT power"
                )

    @property
    def overhead_share(self) -> float:
        """Facility power that runs without load, per rated IT power. [0..1]"""
        return self.p_fixed

    def slope(self, weather: Weather) -> Array:
        """Facility power per IT power, without the fixed part, shape (..., T). [kW/kW, ≥ 1]

            slope = 1 + p_fan + (1 − f) / COP

        f is the share of heat that needs no chiller: 1 while the source is `approach_k` below the
        supply, falling to 0 as it nears the return; COP = 10 − 0.2 · (T − 15 °C) in 3..9 with T
        the outside air. PUE at rated load is slope + overhead_share.
        """
        chiller = (1 - self._free_share(self._source_c(weather))) / _cop(weather.temperature_c)
        slope: Array = 1 + self.p_fan + chiller
        return slope

    def water_l_per_kwh(self, weather: Weather) -> Array:
        """Water evaporated per kWh of computing, shape (..., T). [l/kWh]

        Only the evaporative kind uses any. Its coils run dry while dry air is cool enough for
        part of the heat; the rest, computing, fans and chiller work, leaves as latent heat at
        0.68 kWh a litre. Blow-down is not in it.
        """
        if self.kind != "evaporative":
            return np.zeros_like(weather.temperature_c)
        wetted = 1 - self._free_share(weather.temperature_c)
        water: Array = wetted * self.slope(weather) / _LATENT_KWH_PER_L
        return water

    def _free_share(self, source_c: Array) -> Array:
        approach_k = _APPROACH_K[self.kind] if self.approach_k is None else self.approach_k
        range_k = self.return_c - self.supply_c
        share: Array = np.clip((self.supply_c - approach_k - source_c) / range_k + 1, 0.0, 1.0)
        return share

    def _source_c(self, weather: Weather) -> Array:
        if self.kind == "dry":
            return weather.temperature_c
        if self.kind == "evaporative":
            return weather.wet_bulb_c
        months = month_position(weather.steps.mid_hours) + 0.5 - _WARMEST_SEA_MONTH
        sea = self.sea_mean_c + self.sea_amplitude_k * np.cos(2 * np.pi * months / _MONTHS)
        return np.broadcast_to(sea, weather.temperature_c.shape)


def _cop(outside_c: Array) -> Array:
    cop: Array = np.clip(_COP_AT_15_C - _COP_PER_K * (outside_c - _COP_REFERENCE_C), *_COP_RANGE)
    return cop
