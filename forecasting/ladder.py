"""Which knowledge a forecast of a site rests on, and why: the freshest that is there.

With a fresh weather forecast a site stands on rung 3; without one it falls to rung 0, what its
coordinates tell, and says so. It never fails for want of data and never returns a gap. The rungs
between (history, fresh observations) need records this package does not hold yet. Power comes out
of the weather through the plants; no job and no price is known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from forecasting.climate import Climate
from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.marginals import Weather
from forecasting.outlook import HORIZON_H, Outlook
from forecasting.plants.cooling import CoolingPlant
from forecasting.plants.pv import PvPlant
from forecasting.plants.wind import WindPlant
from forecasting.steps import HOUR, Array, Steps, require_utc
from forecasting.weather import SyntheticFeed

RUNG_COORDINATES = "0 coordinates only"
RUNG_WEATHER_FORECAST = "3 weather forecast"
FRESH_H = 12.0
"""Oldest weather forecast that is still used. [h]"""

_NODES = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteForecast:
    """What a site's weather will do to its plants; scenario s is the same weather in all.

    Attributes:
        provenance: Rung, reason and sources, the same in every forecast below.
        temperature: Air temperature. [°C]
        wet_bulb: Wet-bulb temperature. [°C]
        wind_power: Power of the wind farm, if there is one. [kW]
        pv_power: AC power of the PV plant, if there is one. [kW]
        pue_slope: Facility power per IT power without the fixed part, if there is cooling. [1]
        water: Water evaporated per kWh of computing, if there is cooling. [l/kWh]
        pue_overhead_share: Facility power without load, per rated IT power. [0..1]
    """

    provenance: Provenance
    temperature: Forecast
    wet_bulb: Forecast
    wind_power: Forecast | None
    pv_power: Forecast | None
    pue_slope: Forecast | None
    water: Forecast | None
    pue_overhead_share: float

    @property
    def forecasts(self) -> tuple[Forecast, ...]:
        """Those that are there."""
        every = (
            self.temperature,
            self.wet_bulb,
            self.wind_power,
            self.pv_power,
            self.pue_slope,
            self.water,
        )
        return tuple(forecast for forecast in every if forecast is not None)


def forecast_site(
    climate: Climate,
    *,
    pv: PvPlant | None = None,
    wind: WindPlant | None = None,
    cooling: CoolingPlant | None = None,
    feed: SyntheticFeed | None = None,
    issued_at: datetime,
    start: datetime,
    step: timedelta,
    n_steps: int,
    n_scenarios: int = 20,
    seed: int = 0,
    warmer_k: Array | None = None,
) -> SiteForecast:
    """The best forecast of a site that what is at hand at `issued_at` allows.

    Expected power is the mean of power over the weather that may come, not the power of the mean
    weather. Steps must divide the hour or be whole hours.

    Args:
        climate: The place.
        pv: Its PV plant.
        wind: Its wind farm.
        cooling: Its cooling.
        feed: Its weather forecast service.
        issued_at: Now, in UTC; nothing later is used.
        start: Left edge of the first step, in UTC.
        step: Length of a step.
        n_steps: How many.
        n_scenarios: How many joint scenarios.
        seed: Of the scenarios; the expected values and quantiles do not depend on it.
        warmer_k: Air that is warmer than all this knows, shape (n_steps,). [K]
    """
    require_utc("forecast_site: issued_at", issued_at)
    end = Steps(start=start, step=step, n_steps=n_steps).end
    provenance, run_at = choose_rung(climate, feed, issued_at, end)
    if feed is None or run_at is None:
        outlook = Outlook.of_climate(climate, start, step, n_steps)
    else:
        outlook = feed.world.outlook(run_at, start, step, n_steps)
    nodes, draws = outlook.nodes(_NODES), outlook.draws(n_scenarios, seed)
    if warmer_k is not None:
        fine_k = np.repeat(warmer_k, outlook.steps.n_steps // n_steps)
        nodes, draws = nodes.warmer(fine_k), draws.warmer(fine_k)

    def forecast(
        variable: str,
        unit: str,
        of: Callable[[Weather], Array],
        capacity: float | None = None,
    ) -> Forecast:
        values = of(nodes)
        fine = Forecast(
            variable=variable,
            unit=unit,
            issued_at=issued_at,
            start=start,
            step=outlook.steps.step,
            levels=np.array(LEVELS),
            quantiles=np.quantile(values, LEVELS, axis=0, method="hazen"),
            expected=values.mean(axis=0),
            scenarios=of(draws),
            weights=np.full(n_scenarios, 1 / n_scenarios),
            capacity=capacity,
            provenance=provenance,
        )
        return fine.at(step)

    return SiteForecast(
        provenance=provenance,
        temperature=forecast("temperature", "°C", lambda weather: weather.temperature_c),
        wet_bulb=forecast("wet_bulb", "°C", lambda weather: weather.wet_bulb_c),
        wind_power=forecast("wind_power", "kW", wind.power_kw, wind.capacity_kw) if wind else None,
        pv_power=forecast("pv_power", "kW", pv.power_kw, pv.capacity_kw) if pv else None,
        pue_slope=forecast("pue_slope", "1", cooling.slope) if cooling else None,
        water=forecast("water", "l/kWh", cooling.water_l_per_kwh) if cooling else None,
        pue_overhead_share=cooling.overhead_share if cooling else 0.0,
    )


def choose_rung(
    climate: Climate, feed: SyntheticFeed | None, issued_at: datetime, end: datetime
) -> tuple[Provenance, datetime | None]:
    """The rung to stand on up to `end`, and when the weather forecast used was made, if any."""
    if feed is None:
        return _coordinates(climate, issued_at, "no weather forecast is configured", {}), None
    if feed.world.climate != climate:
        raise ValueError(
            f"feed: must forecast the site's own place {climate.name!r}, got one for "
            f"{feed.world.climate.name!r}; give the feed the site's climate"
        )
    age_h = feed.age_h(issued_at)
    ages = {"weather forecast": age_h}
    if age_h > FRESH_H:
        reason = (
            f"the newest weather forecast is {age_h:.0f} h old, more than the {FRESH_H:.0f} h "
            "up to which it is used"
        )
        return _coordinates(climate, issued_at, reason, ages), None
    run_at = feed.newest(issued_at)
    reason = f"a weather forecast {age_h:.0f} h old is at hand"
    if end - run_at > HORIZON_H * HOUR:
        reason += f"; hours more than {HORIZON_H} h after it rest on coordinates only"
    provenance = Provenance(
        kind="synthetic",
        source=f"synthetic weather forecast, world {feed.world.seed}; {climate.source}",
        issued_at=issued_at,
        rung=RUNG_WEATHER_FORECAST,
        reason=reason,
        feed_age_h=ages,
    )
    return provenance, run_at


def _coordinates(
    climate: Climate, issued_at: datetime, reason: str, ages: dict[str, float]
) -> Provenance:
    return Provenance(
        kind="estimated",
        source=climate.source,
        issued_at=issued_at,
        rung=RUNG_COORDINATES,
        reason=reason,
        feed_age_h=ages,
    )
