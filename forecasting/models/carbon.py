"""The grid's carbon intensity where no hourly signal is published: a yearly factor with a shape.

It is the lowest rung, and it is all there is for Morocco, whose grid publishes none by the hour.
It knows neither the site's own plants nor its contracts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from forecasting.forecast import Forecast
from forecasting.models.spread import (
    HOURS_A_DAY,
    LogNormal,
    as_of,
    daily_factor,
    require_shape,
)
from forecasting.steps import Array, Steps

RUNG = "0 yearly factor"
FLAT_DAY = (1.0,) * HOURS_A_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class CarbonModel:
    """Average life-cycle carbon intensity of a grid zone, from its yearly factor.

    Attributes:
        zone: Grid zone, such as "MA".
        mean_g_per_kwh: Yearly mean. [gCO₂e/kWh]
        source: Who published it, and for which year.
        longitude_deg: Of the zone's middle, for its solar hours. [deg]
        daily_shape: Factor of each solar hour, averaging 1.
        spread: Standard deviation of an hour over its mean; assumed where not measured.
        correlation_h: Hours after which a deviation has faded to 1/e. [h]
    """

    zone: str
    mean_g_per_kwh: float
    source: str
    longitude_deg: float = 0.0
    daily_shape: tuple[float, ...] = FLAT_DAY
    spread: float = 0.10
    correlation_h: float = 24.0

    def __post_init__(self) -> None:
        if self.mean_g_per_kwh < 0 or self.spread < 0:
            raise ValueError(
                f"carbon.{self.zone}: mean and spread must not be negative, got "
                f"{self.mean_g_per_kwh} and {self.spread}; check their sign"
            )
        require_shape(f"carbon.{self.zone}.daily_shape", self.daily_shape, HOURS_A_DAY)

    def expected_g_per_kwh(self, steps: Steps) -> Array:
        """Mean at the middle of each step, shape (T,). [g/kWh]"""
        hour = np.mod(steps.mid_hours + self.longitude_deg / 15, HOURS_A_DAY)
        expected: Array = self.mean_g_per_kwh * daily_factor(self.daily_shape, hour)
        return expected

    def forecast(
        self,
        *,
        issued_at: datetime,
        start: datetime,
        step: timedelta,
        n_steps: int,
        n_scenarios: int = 20,
        seed: int = 0,
    ) -> Forecast:
        """The forecast of the yearly factor and the daily shape. [g/kWh]"""
        return self._law.forecast(
            self.expected_g_per_kwh,
            Steps(start=start, step=step, n_steps=n_steps),
            variable="carbon_intensity",
            unit="g/kWh",
            n_scenarios=n_scenarios,
            seed=seed,
            provenance=as_of(
                source=self.source,
                issued_at=issued_at,
                rung=RUNG,
                reason=f"no hourly carbon intensity is configured for {self.zone}",
            ),
        )

    def actual_g_per_kwh(
        self, *, seed: int, start: datetime, step: timedelta, n_steps: int
    ) -> Array:
        """What comes true in the synthetic world of a seed, shape (T,). [g/kWh]"""
        steps = Steps(start=start, step=step, n_steps=n_steps)
        return self._law.actual(self.expected_g_per_kwh, steps, seed)

    @property
    def _law(self) -> LogNormal:
        return LogNormal(
            name=f"carbon {self.zone}", spread=self.spread, correlation_h=self.correlation_h
        )
