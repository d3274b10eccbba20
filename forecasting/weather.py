"""Seeded weather of a place where no record is public: a truth, and forecasts issued of it.

A simulated world needs weather that is the same however it is asked for, and forecasts of it that
are wrong by as much as real ones are, and in the same manner. What is made here is synthetic and
says so in its provenance. This module knows no plant and no plan.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from forecasting.climate import Climate
from forecasting.marginals import Weather, weather_from_latent
from forecasting.noise import HourGrid
from forecasting.outlook import (
    HORIZON_H,
    Outlook,
    error_processes,
    information_share,
    truth_processes,
    world_key,
)
from forecasting.steps import HOUR, Array, Steps, hours_since_epoch, require_utc

__all__ = ["SyntheticFeed", "SyntheticWeather", "Weather"]

_TRUTH, _ISSUED = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticWeather:
    """The weather of one seed at one place: any span of it, always the same.

    Attributes:
        climate: The place, and the law its weather follows.
        seed: Number of the world. Not negative.
    """

    climate: Climate
    seed: int

    def __post_init__(self) -> None:
        world_key(self.climate, self.seed, _TRUTH)

    def actual(self, start: datetime, step: timedelta, n_steps: int) -> Weather:
        """What comes true over steps that divide the hour, arrays (T,)."""
        steps = Steps(start=start, step=step, n_steps=n_steps)
        if steps.hourly_or_finer() is not steps:
            raise ValueError(
                f"weather.actual: step must divide an hour, got {step}; "
                "take hourly weather, and means of what is computed from it"
            )
        return weather_from_latent(self.climate, self.latent(steps), steps)

    def latent(self, steps: Steps) -> Array:
        """The Gaussian values behind the truth, shape (3, T)."""
        grid = HourGrid.around(steps.mid_hours)
        processes = truth_processes(self.climate)
        key = world_key(self.climate, self.seed, _TRUTH)
        hourly = processes.hourly(key, grid.first_hour, grid.n_hours)[0]
        return grid.read(hourly, processes.hour_correlation)

    def outlook(
        self, issued_at: datetime, start: datetime, step: timedelta, n_steps: int
    ) -> Outlook:
        """What a weather forecast issued at `issued_at` knows of the steps.

        For each hour the forecaster sees the truth z through noise that shrinks as the hour comes
        nearer:

            y(lead) = z + B(v(lead)),    v = (1 − ρ²) / ρ²

        with B a Brownian motion in v, one per valid hour, correlated between hours. Then

            z | y ~ N(ρ² y, 1 − ρ²)

        so the forecast is calibrated at every lead, and as each y is an older y with noise taken
        away, the newest forecast says all the older ones said: averaging old issues gains
        nothing, and errors of issues an hour apart correlate by σ(lead − 1 h) / σ(lead), at least
        0.98 with the leads of `information_share`. This is the martingale model of forecast
        evolution (Heath and Jackson, IIE Transactions 26, 1994). The forecast reads each hour by
        itself; the next hour's information would sharpen it a little.
        """
        require_utc("weather.outlook: issued_at", issued_at)
        steps = Steps(start=start, step=step, n_steps=n_steps).hourly_or_finer()
        lead_h = np.floor(np.round(steps.mid_hours - hours_since_epoch(issued_at), 6))
        lead = np.clip(lead_h, 0, HORIZON_H).astype(np.int64)
        rho = information_share(lead.astype(np.float64))
        mean = np.zeros_like(rho)
        n_seen = int((lead < HORIZON_H).sum())
        if n_seen:
            seen = Steps(start=steps.start, step=steps.step, n_steps=n_seen)
            near = rho[:, :n_seen]
            noise = self._noise(seen, lead[:n_seen])
            signal = near * self.latent(seen) + np.sqrt(1 - near**2) * noise
            mean[:, :n_seen] = near * signal
        return Outlook(climate=self.climate, steps=steps, mean=mean, rho=rho)

    def _noise(self, steps: Steps, lead: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Array:
        """B(v) / sqrt(v) at each step's lead, shape (3, T): standard normal.

        One independent field of noise per hour of lead, from the shortest lead on.
        """
        grid = HourGrid.around(steps.mid_hours)
        processes = error_processes(self.climate)
        key = world_key(self.climate, self.seed, _ISSUED)
        n_leads = int(lead.max()) + 1
        fields = processes.hourly(key, grid.first_hour, grid.n_hours, n_leads)
        rho = information_share(np.arange(n_leads, dtype=np.float64))
        variance = (1 - rho**2) / rho**2
        fields[1:] *= np.sqrt(np.diff(variance, axis=1)).T[:, :, None]
        fields[0] *= np.sqrt(variance[:, 0])[:, None]
        motion = np.cumsum(fields, axis=0) / np.sqrt(variance).T[:, :, None]
        now = motion[lead, :, grid.before].T
        if not grid.share.any():
            return now
        after = motion[lead, :, np.minimum(grid.before + 1, grid.n_hours - 1)].T
        return grid.blend(now, after, processes.hour_correlation)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticFeed:
    """A weather service in a synthetic world.

    Attributes:
        world: The weather it forecasts.
        run_at: When its newest forecast was made; none means it is always fresh. Set it to let
            the feed fall silent.
    """

    world: SyntheticWeather
    run_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.run_at is not None:
            require_utc("feed.run_at", self.run_at)

    def newest(self, now: datetime) -> datetime:
        """When the newest forecast at hand at `now` was made."""
        if self.run_at is None:
            return now
        if self.run_at > now:
            raise ValueError(
                f"feed.run_at: must not be later than now, got {self.run_at.isoformat()} at "
                f"{now.isoformat()}; a forecast cannot be read before it is made"
            )
        return self.run_at

    def age_h(self, now: datetime) -> float:
        """Age of the newest forecast at `now`. [h]"""
        return (now - self.newest(now)) / HOUR
