"""What is known ahead of the weather at a place, and the scenarios and means that follow.

An outlook is, for each hour and variable, a normal law of the latent value: climatology says
N(0, 1), a weather forecast N(m, 1 − ρ²). Expected values, quantiles and scenarios are all read
from that one law. This module also states how good a weather forecast is at each lead; it does
not know where its information came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from forecasting.climate import Climate
from forecasting.marginals import Weather, weather_from_latent
from forecasting.noise import HourGrid, Processes
from forecasting.steps import Array, Steps

HORIZON_H = 240
"""Leads from here on carry no information: ten days, a medium-range weather forecast. [h]"""

DAY_AHEAD_SKILL = (0.53, 0.38, 0.53)
"""Share by which a forecast of the next 24 hours beats climatology's pinball loss.

Wind and sun as measured on the GEFCom2014 competition (Hong et al., International Journal of
Forecasting 32, 2016) with its numerical weather forecasts, leads of 1 to 24 h: wind
0.0786 → 0.0366, sun 0.0200 → 0.01245. Temperature, the third, is assumed no better than wind.
"""

_DAY_AHEAD_LEADS = 24
_FADING_H = 80.0
_FADING_POWER = 1.44

_ERROR_CORRELATION_H = 3.0
_SCENARIO_WEATHER, _SCENARIO_INFORMATION = 3, 4
_GOLDEN_PLACES = (0.6180339887498949, 0.4142135623730951)


def information_share(lead_h: Array) -> Array:
    """Correlation ρ between a forecast and the truth by lead, shape (3, T). [0..1]

    The continuous ranked probability score of N(m, σ²) is proportional to σ = sqrt(1 − ρ²), so
    skill against climatology is 1 − sqrt(1 − ρ²). With

        ρ²(lead) = ρ²(0) · exp(−(lead / 80 h)^1.44)

    ρ(0) is set so that skill over the first 24 hours averages `DAY_AHEAD_SKILL`. For wind that
    gives 0.91 at once, 0.88 at half a day, 0.83 at a day, and about 2 % of skill after a week; from
    ten days on ρ = 0, climatology.

    >>> information_share(np.array([0.0, 24.0, 240.0]))[0].round(2)
    array([0.91, 0.83, 0.  ])
    """
    lead = np.maximum(lead_h, 0.0)
    square = np.outer([_at_issue(skill) for skill in DAY_AHEAD_SKILL], _fading(lead))
    share: Array = np.where(lead < HORIZON_H, np.sqrt(square), 0.0)
    return share


def _fading(lead_h: Array) -> Array:
    fading: Array = np.exp(-((lead_h / _FADING_H) ** _FADING_POWER))
    return fading


@lru_cache(maxsize=8)
def _at_issue(skill: float) -> float:
    """ρ²(0) that gives `skill` on average over the first 24 hours, by halving."""
    fading = _fading(np.arange(_DAY_AHEAD_LEADS, dtype=np.float64))
    low, high = 0.0, 1.0
    while high - low > 1e-12:  # noqa: PLR2004 - far below any digit that is used
        middle = (low + high) / 2
        reached = 1 - np.sqrt(1 - middle * fading).mean()
        low, high = (middle, high) if reached < skill else (low, middle)
    return low


def truth_processes(climate: Climate) -> Processes:
    """The latent weather of a place: wind, sun and temperature, correlated."""
    return _processes(
        climate,
        (climate.wind_correlation_h, climate.sun_correlation_h, climate.temperature_correlation_h),
    )


def error_processes(climate: Climate) -> Processes:
    """The noise in weather forecasts of a place, along the hours forecast.

    With what is left of the weather's own memory, three hours make the errors of a day-ahead wind
    forecast correlate by 0.77, 0.27 and 0.13 after 1, 6 and 12 hours; on GEFCom2014 wind 0.76,
    0.17 and 0.10 were measured.
    """
    return _processes(climate, (_ERROR_CORRELATION_H,) * 3)


def _processes(climate: Climate, correlation_h: tuple[float, ...]) -> Processes:
    wind_sun = climate.wind_sun_correlation
    wind_temperature = climate.wind_temperature_correlation
    sun_temperature = climate.sun_temperature_correlation
    return Processes(
        correlation_h=correlation_h,
        innovation_correlation=(
            (1.0, wind_sun, wind_temperature),
            (wind_sun, 1.0, sun_temperature),
            (wind_temperature, sun_temperature, 1.0),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """A normal law of the latent weather: mean and share of information, each (3, T).

    latent = mean + sqrt(1 − ρ²) · ξ, where the error ξ is standard normal.

    Attributes:
        climate: The place.
        steps: The steps spoken of.
        mean: Expected latent value.
        rho: Correlation between the information and the truth. [0..1]
    """

    climate: Climate
    steps: Steps
    mean: Array
    rho: Array

    @classmethod
    def of_climate(
        cls, climate: Climate, start: datetime, step: timedelta, n_steps: int
    ) -> "Outlook":
        """What the place alone tells: the climatology."""
        steps = Steps(start=start, step=step, n_steps=n_steps).hourly_or_finer()
        nothing = np.zeros((3, steps.n_steps))
        return cls(climate=climate, steps=steps, mean=nothing, rho=nothing)

    def nodes(self, n_nodes: int = 256) -> Weather:
        """Equally likely weathers that fill each hour's law evenly, arrays (n_nodes, T).

        A rank-1 lattice (Niederreiter, "Random number generation and quasi-Monte Carlo methods",
        1992): every variable sees `n_nodes` equal slices of its probability, and pairs are spread
        over the square. Means and quantiles over the first axis are those of the hour's law;
        along time the nodes mean nothing: for paths see `draws`.

        Args:
            n_nodes: A power of two.
        """
        if n_nodes < 2 or n_nodes & (n_nodes - 1):  # noqa: PLR2004 - the first power of two
            raise ValueError(
                f"outlook.nodes: n_nodes must be a power of two, got {n_nodes}; use 32, 64 or 256"
            )
        independent = _lattice(n_nodes)
        truth = truth_processes(self.climate).same_hour_correlation
        error = error_processes(self.climate).same_hour_correlation
        rho = self.rho.T
        rest = np.sqrt(1 - rho**2)
        correlation = (
            rest[:, :, None] * rest[:, None, :] * truth + rho[:, :, None] * rho[:, None, :] * error
        )
        root = np.linalg.cholesky(correlation)
        errors = np.einsum("tvw,nw->nvt", root, independent)
        return self._weather(errors)

    def draws(self, n_scenarios: int, seed: int) -> Weather:
        """Equally likely joint paths, arrays (n_scenarios, T).

        ξ = sqrt(1 − ρ²) · ζ − ρ · η, with ζ moving like the weather and η like the noise of
        forecasts: the covariance, over hours and between variables, that the errors of
        `SyntheticWeather.outlook` have. They come in mirrored pairs (ξ, −ξ), so that few of them
        have the right mean; and belong to the hours, so that a plan made an hour later meets the
        same ones.
        """
        if n_scenarios < 1:
            raise ValueError(
                f"outlook.draws: n_scenarios must be at least 1, got {n_scenarios}; ask for more"
            )
        n_pairs = (n_scenarios + 1) // 2
        grid = HourGrid.around(self.steps.mid_hours)

        def paths(use: int, processes: Processes) -> Array:
            key = world_key(self.climate, seed, use)
            hourly = processes.hourly(key, grid.first_hour, grid.n_hours, n_pairs)
            return grid.read(hourly, processes.hour_correlation)

        weather = paths(_SCENARIO_WEATHER, truth_processes(self.climate))
        information = paths(_SCENARIO_INFORMATION, error_processes(self.climate))
        half = np.sqrt(1 - self.rho**2) * weather - self.rho * information
        errors = np.stack([half, -half], axis=1).reshape(2 * n_pairs, *half.shape[1:])
        return self._weather(errors[:n_scenarios])

    def _weather(self, errors: Array) -> Weather:
        latent = self.mean + np.sqrt(1 - self.rho**2) * errors
        return weather_from_latent(self.climate, latent, self.steps)


def world_key(climate: Climate, seed: int, use: int) -> Sequence[int]:
    """Key of one use of one seed at one place."""
    if seed < 0:
        raise ValueError(f"seed: must not be negative, got {seed}; use 0 or a positive number")
    return (seed, use, *climate.key)


def _lattice(n_nodes: int) -> Array:
    """Standard normals at a rank-1 lattice of `n_nodes` points, shape (n_nodes, 3)."""
    from scipy.special import ndtri  # noqa: PLC0415 - a third of a second of start-up

    steps = [1, *(int(n_nodes * place) | 1 for place in _GOLDEN_PLACES)]
    places = np.outer(np.arange(n_nodes), steps) % n_nodes
    normals: Array = ndtri((places + 0.5) / n_nodes)
    return normals
