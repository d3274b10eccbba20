"""What comes true at a site of a synthetic world, and what a year there brings on average.

The simulation lives through the first; sizing and yearly checks read the second. Both pass the
weather through the same plants as the forecasts do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from forecasting.climate import Climate
from forecasting.marginals import Weather
from forecasting.outlook import Outlook
from forecasting.plants.cooling import CoolingPlant
from forecasting.plants.pv import PvPlant
from forecasting.plants.wind import WindPlant
from forecasting.steps import HOUR, Array, Steps
from forecasting.weather import SyntheticWeather

HOURS_A_YEAR = 8760
_YEAR_NODES = 32
_COMMON_YEAR = 2025


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteActual:
    """What came true at a site; arrays (T,), means over the step.

    Attributes:
        start: Left edge of the first step, UTC.
        step: Length of a step.
        temperature_c: Air temperature. [°C]
        wet_bulb_c: Wet-bulb temperature. [°C]
        wind_power_kw: Power of the wind farm, if there is one. [kW]
        pv_power_kw: AC power of the PV plant, if there is one. [kW]
        pue_slope: Facility power per IT power without the fixed part, if there is cooling. [1]
        water_l_per_kwh: Water evaporated per kWh of computing, if there is cooling. [l/kWh]
        pue_overhead_share: Facility power without load, per rated IT power. [0..1]
    """

    start: datetime
    step: timedelta
    temperature_c: Array
    wet_bulb_c: Array
    wind_power_kw: Array | None
    pv_power_kw: Array | None
    pue_slope: Array | None
    water_l_per_kwh: Array | None
    pue_overhead_share: float


def actual_site(
    world: SyntheticWeather,
    *,
    pv: PvPlant | None = None,
    wind: WindPlant | None = None,
    cooling: CoolingPlant | None = None,
    start: datetime,
    step: timedelta,
    n_steps: int,
    warmer_k: Array | None = None,
) -> SiteActual:
    """What comes true of all that `forecast_site` forecasts, in the same steps.

    `warmer_k`, shape (n_steps,), is added to the air of the world. [K]
    """
    fine = Steps(start=start, step=step, n_steps=n_steps).hourly_or_finer()
    weather = world.actual(start, fine.step, fine.n_steps)
    if warmer_k is not None:
        weather = weather.warmer(np.repeat(warmer_k, fine.n_steps // n_steps))

    def mean(of: Callable[[Weather], Array]) -> Array:
        values: Array = of(weather).reshape(n_steps, -1).mean(axis=1)
        return values

    return SiteActual(
        start=start,
        step=step,
        temperature_c=mean(lambda w: w.temperature_c),
        wet_bulb_c=mean(lambda w: w.wet_bulb_c),
        wind_power_kw=mean(wind.power_kw) if wind else None,
        pv_power_kw=mean(pv.power_kw) if pv else None,
        pue_slope=mean(cooling.slope) if cooling else None,
        water_l_per_kwh=mean(cooling.water_l_per_kwh) if cooling else None,
        pue_overhead_share=cooling.overhead_share if cooling else 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyMean:
    """Means over a year of the climatology, all its hours and all its weathers.

    Attributes:
        wind_power_kw: Power of the wind farm; 0 without one. [kW]
        pv_power_kw: AC power of the PV plant; 0 without one. [kW]
        pue: Facility power per IT power at rated load; 1 without cooling.
        water_l_per_kwh: Water evaporated per kWh of computing; 0 without cooling. [l/kWh]
        temperature_c: Air temperature. [°C]
    """

    wind_power_kw: float
    pv_power_kw: float
    pue: float
    water_l_per_kwh: float
    temperature_c: float

    @property
    def renewable_kwh(self) -> float:
        """Energy of wind and sun in a year of 8,760 h. [kWh]"""
        return (self.wind_power_kw + self.pv_power_kw) * HOURS_A_YEAR


def yearly_mean(
    climate: Climate,
    *,
    pv: PvPlant | None = None,
    wind: WindPlant | None = None,
    cooling: CoolingPlant | None = None,
    year: int = _COMMON_YEAR,
) -> YearlyMean:
    """What a year brings on average at a place, from 8,760 h of its climatology."""
    outlook = Outlook.of_climate(climate, datetime(year, 1, 1, tzinfo=UTC), HOUR, HOURS_A_YEAR)
    weather = outlook.nodes(_YEAR_NODES)
    pue = float(cooling.slope(weather).mean()) + cooling.overhead_share if cooling else 1.0
    return YearlyMean(
        wind_power_kw=float(wind.power_kw(weather).mean()) if wind else 0.0,
        pv_power_kw=float(pv.power_kw(weather).mean()) if pv else 0.0,
        pue=pue,
        water_l_per_kwh=float(cooling.water_l_per_kwh(weather).mean()) if cooling else 0.0,
        temperature_c=float(weather.temperature_c.mean()),
    )
