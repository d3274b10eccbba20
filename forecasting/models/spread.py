"""A known daily curve with a lognormal spread around it: the plainest honest forecast.

Carbon intensity and demand share it: both are positive, both are known in shape before anything
is measured. It holds curve, law, draws and truth of a synthetic world; units and reasons belong
to the models that use it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.noise import HourGrid, Processes
from forecasting.steps import Array, Steps

HOURS_A_DAY = 24

_TRUTH, _SCENARIO = 1, 2
_MEAN_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """Values mean · exp(σ z − σ²/2), z standard normal with exponential memory.

    Attributes:
        name: Whose values; each name has its own randomness.
        spread: Standard deviation over mean. [0..]
        correlation_h: Hours after which a deviation has faded to 1/e. [h]
    """

    name: str
    spread: float
    correlation_h: float

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm: σ² = log(1 + spread²)."""
        return float(np.sqrt(np.log1p(self.spread**2)))

    def actual(self, mean: Callable[[Steps], Array], steps: Steps, seed: int) -> Array:
        """What comes true in the synthetic world of a seed, shape (T,)."""
        fine = steps.hourly_or_finer()
        values = self._values(mean(fine), self._normals(fine, seed, _TRUTH, 1)[0])
        truth: Array = values.reshape(steps.n_steps, -1).mean(axis=1)
        return truth

    def forecast(
        self,
        mean: Callable[[Steps], Array],
        steps: Steps,
        *,
        variable: str,
        unit: str,
        n_scenarios: int,
        seed: int,
        provenance: Provenance,
    ) -> Forecast:
        """The forecast that knows the curve and the spread, and nothing newer.

        Scenarios come in mirrored pairs, so that few of them have the right middle.
        """
        from scipy.special import ndtri  # noqa: PLC0415 - a third of a second of start-up

        fine = steps.hourly_or_finer()
        curve = mean(fine)
        half = self._normals(fine, seed, _SCENARIO, (n_scenarios + 1) // 2)
        pairs = np.stack([half, -half], axis=1).reshape(-1, fine.n_steps)
        return Forecast(
            variable=variable,
            unit=unit,
            issued_at=provenance.issued_at,
            start=fine.start,
            step=fine.step,
            levels=np.array(LEVELS),
            quantiles=self._values(curve, ndtri(np.array(LEVELS))[:, None]),
            expected=curve,
            scenarios=self._values(curve, pairs[:n_scenarios]),
            weights=np.full(n_scenarios, 1 / n_scenarios),
            capacity=None,
            provenance=provenance,
        ).at(steps.step)

    def _normals(self, steps: Steps, seed: int, use: int, n_paths: int) -> Array:
        """Standard normal paths, shape (n_paths, T); an hour is the same in any window."""
        if seed < 0 or n_paths < 1:
            raise ValueError(
                f"{self.name}: seed must be 0 or more and scenarios 1 or more, got seed {seed} "
                f"and {n_paths} paths; use whole numbers"
            )
        grid = HourGrid.around(steps.mid_hours)
        processes = Processes(correlation_h=(self.correlation_h,), innovation_correlation=((1.0,),))
        key = (seed, use, int.from_bytes(self.name.encode()))
        hourly = processes.hourly(key, grid.first_hour, grid.n_hours, n_paths)
        return grid.read(hourly, processes.hour_correlation)[:, 0]

    def _values(self, mean: Array, z: Array) -> Array:
        values: Array = mean * np.exp(self.sigma * z - self.sigma**2 / 2)
        return values


def require_shape(where: str, shape: Sequence[float], length: int) -> None:
    """Raise a ValueError unless `shape` has `length` non-negative factors that average 1."""
    if len(shape) != length or min(shape) < 0 or abs(sum(shape) / length - 1) > _MEAN_TOLERANCE:
        raise ValueError(
            f"{where}: must hold {length} non-negative factors that average 1, got "
            f"{len(shape)} averaging {sum(shape) / max(len(shape), 1):.4g}; "
            "divide them by their mean"
        )


def daily_factor(shape: Sequence[float], local_hour: Array) -> Array:
    """Factor of the hour of the day, each factor standing at the middle of its hour, (T,).

    >>> daily_factor([2.0, *[1.0] * 22, 0.0], np.array([0.5, 0.0, 23.5]))
    array([2., 1., 0.])
    """
    around = np.array([shape[-1], *shape, shape[0]])
    factor: Array = np.interp(local_hour, np.arange(-0.5, HOURS_A_DAY + 1), around)
    return factor


def as_of(*, source: str, issued_at: datetime, rung: str, reason: str) -> Provenance:
    """Provenance of an estimate that needs no feed."""
    return Provenance(
        kind="estimated", source=source, issued_at=issued_at, rung=rung, reason=reason
    )
