"""A photovoltaic plant: irradiance, temperature and wind in, AC power out.

The physics is pvlib's, applied to plain arrays: geometry is computed once per step and shared by
all scenarios, and only steps with the sun up are computed, so that night is exactly zero.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting.marginals import Weather
from forecasting.steps import Array

_INVERTER_EFFICIENCY = 0.96
_TRACKER_LIMIT_DEG = 55.0
_TRACKER_GROUND_COVER = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPlant:
    """A PV plant behind an inverter.

    Attributes:
        capacity_kw: Largest AC power. [kW]
        dc_ac_ratio: Panels' nominal DC power over `capacity_kw`.
        tilt_deg: Tilt of fixed panels; trackers ignore it. [deg]
        azimuth_deg: Direction fixed panels face, clockwise from north; trackers turn about a
            north–south axis. [deg]
        losses: Soiling, mismatch, wiring and the like, as a share of DC power. [0..1)
        gamma_per_k: Change of power per kelvin of cell temperature. [1/K]
        albedo: Reflectance of the ground; bright sand 0.3. [0..1]
        tracking: Fixed panels, or one horizontal axis with backtracking.
    """

    capacity_kw: float
    dc_ac_ratio: float = 1.25
    tilt_deg: float = 22.0
    azimuth_deg: float = 180.0
    losses: float = 0.14
    gamma_per_k: float = -0.0035
    albedo: float = 0.3
    tracking: Literal["fixed", "one-axis"] = "fixed"

    def __post_init__(self) -> None:
        if self.capacity_kw < 0:
            raise ValueError(
                f"pv.capacity_kw: must not be negative, got {self.capacity_kw}; use 0 for no plant"
            )
        if self.dc_ac_ratio <= 0:
            raise ValueError(
                f"pv.dc_ac_ratio: must be positive, got {self.dc_ac_ratio}; 1.0 to 1.5 is usual"
            )
        for name in ("losses", "albedo"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"pv.{name}: must be in [0, 1), got {getattr(self, name)}; give a share, not %"
                )
        if self.tracking not in ("fixed", "one-axis"):
            raise ValueError(
                f"pv.tracking: must be 'fixed' or 'one-axis', got {self.tracking!r}; pick one"
            )

    @property
    def dc_capacity_kwp(self) -> float:
        """Nominal DC power of the panels. [kWp]"""
        return self.capacity_kw * self.dc_ac_ratio

    def power_kw(self, weather: Weather) -> Array:
        """AC power, shape (..., T) as the weather's. [kW]

        Plane of array by Hay and Davies (1980); cell temperature by Faiman (2008) with the wind;
        DC, losses and inverter as in PVWatts version 5 (Dobos, NREL/TP-6A20-62641, 2014).
        """
        from pvlib import inverter, pvsystem, temperature  # noqa: PLC0415 - heavy

        power = np.zeros_like(weather.ghi_w_m2)
        up = weather.sky.daylight
        if not up.any() or self.capacity_kw == 0:
            return power
        poa = self._plane_of_array_w_m2(weather, up)
        cell_c = temperature.faiman(
            poa, weather.temperature_c[..., up], weather.wind_speed_m_s[..., up]
        )
        dc_kw = pvsystem.pvwatts_dc(poa, cell_c, self.dc_capacity_kwp, self.gamma_per_k)
        ac_kw = inverter.pvwatts(
            dc_kw * (1 - self.losses),
            self.capacity_kw / _INVERTER_EFFICIENCY,
            eta_inv_nom=_INVERTER_EFFICIENCY,
        )
        power[..., up] = np.clip(ac_kw, 0.0, self.capacity_kw)
        return power

    def _plane_of_array_w_m2(
        self, weather: Weather, up: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> Array:
        from pvlib import irradiance, tracking  # noqa: PLC0415 - heavy

        sky = weather.sky
        zenith, azimuth = sky.apparent_zenith_deg[up], sky.azimuth_deg[up]
        tilt: float | Array = self.tilt_deg
        facing: float | Array = self.azimuth_deg
        if self.tracking == "one-axis":
            panels = tracking.singleaxis(
                zenith,
                azimuth,
                axis_azimuth=180.0,
                max_angle=_TRACKER_LIMIT_DEG,
                gcr=_TRACKER_GROUND_COVER,
            )
            tilt, facing = (np.nan_to_num(panels[k]) for k in ("surface_tilt", "surface_azimuth"))
        ghi, dni, dhi = (
            values[..., up] for values in (weather.ghi_w_m2, weather.dni_w_m2, weather.dhi_w_m2)
        )
        direct = dni * np.maximum(irradiance.aoi_projection(tilt, facing, zenith, azimuth), 0.0)
        diffuse = irradiance.haydavies(
            tilt, facing, dhi, dni, sky.dni_extra_w_m2[up], zenith, azimuth
        )
        ground = irradiance.get_ground_diffuse(tilt, ghi, self.albedo)
        total: Array = direct + diffuse + ground
        return total
