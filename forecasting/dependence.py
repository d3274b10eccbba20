"""Which hours and which sites err together, and joint scenarios that do so too.

A battery and a queue of jobs feel the energy of a day, not of an hour, and the spread of a day's
energy depends on how errors hang together. That is measured on forecasts once issued, as a Gaussian
copula: correlation over time and correlation between series, multiplied (Pinson et al., "From
probabilistic forecasts to statistical scenarios of short-term wind power production", Wind Energy
12, 2009). Where a year of joint days is at hand, past days most like the one to come lend their
order instead, which carries every variable without a model of it (Clark et al., "The Schaake
shuffle", Journal of Hydrometeorology 5, 2004). The forecasts' own distributions are left as they
are.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.steps import Array

JOINT_YEAR_DAYS = 365
"""Days that all series must share before their past order is preferred to the copula."""

_SHRINK = 0.2
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dependence:
    """Correlation of errors over time and between series.

    Attributes:
        over_time: Shape (T, T).
        between: Shape (V, V).
    """

    over_time: Array
    between: Array

    @classmethod
    def independent(cls, n_steps: int, n_series: int) -> "Dependence":
        """Nothing hangs together."""
        return cls(over_time=np.eye(n_steps), between=np.eye(n_series))

    @classmethod
    def fading(cls, n_steps: int, n_series: int, *, memory_h: float) -> "Dependence":
        """Hours hang together by exp(−distance / memory), series not at all."""
        apart = np.abs(np.subtract.outer(np.arange(n_steps), np.arange(n_steps)))
        return cls(over_time=np.exp(-apart / memory_h), between=np.eye(n_series))

    @classmethod
    def of(cls, pits: Array) -> "Dependence":
        """Measured on probability integral transforms of issued forecasts.

        Over time it depends on the distance in hours only; between series it is shrunk by a fifth
        towards nothing, since a few dozen days show it poorly.

        Args:
            pits: By day, step and series, shape (D, T, V), inside [0, 1]; NaN where unknown.
        """
        from scipy.special import ndtri  # noqa: PLC0415 - a third of a second of start-up

        z = ndtri(np.clip(pits, 1e-4, 1 - 1e-4))
        z = (z - np.nanmean(z)) / max(float(np.nanstd(z)), _TINY)
        n_steps, n_series = z.shape[1:]
        by_lag = np.array(
            [np.nanmean(z[:, : n_steps - lag] * z[:, lag:]) for lag in range(n_steps)]
        )
        by_lag = by_lag / by_lag[0]
        apart = np.abs(np.subtract.outer(np.arange(n_steps), np.arange(n_steps)))
        between = np.eye(n_series)
        for one in range(n_series):
            for other in range(one):
                between[one, other] = between[other, one] = _correlation(z[..., one], z[..., other])
        between = (1 - _SHRINK) * between + _SHRINK * np.eye(n_series)
        return cls(over_time=_positive(by_lag[apart]), between=_positive(between))

    def draws(self, n_scenarios: int, seed: int) -> Array:
        """Uniform numbers that hang together, shape (S, T, V), in mirrored pairs."""
        from scipy.special import ndtr  # noqa: PLC0415 - as above

        rng = np.random.default_rng(seed)
        n_pairs = (n_scenarios + 1) // 2
        normal = rng.standard_normal((n_pairs, len(self.over_time), len(self.between)))
        time, series = np.linalg.cholesky(self.over_time), np.linalg.cholesky(self.between)
        z = np.einsum("ts,nsv->ntv", time, normal) @ series.T
        both = np.stack([z, -z], axis=1).reshape(2 * n_pairs, *z.shape[1:])[:n_scenarios]
        uniform: Array = ndtr(both)
        return uniform


def scenarios(uniform: Array, quantiles: Array, levels: Array) -> Array:
    """Joint scenarios with the forecasts' own distributions, shape (S, T, V).

    Args:
        uniform: As `Dependence.draws` makes them, shape (S, T, V).
        quantiles: Of every series, shape (Q, T, V); outside the levels the outermost holds.
        levels: Increasing, shape (Q,).
    """
    place = np.interp(uniform, levels, np.arange(levels.size))
    below = np.minimum(place.astype(np.int64), levels.size - 2)
    share = place - below
    step, series = np.ogrid[: quantiles.shape[1], : quantiles.shape[2]]
    drawn: Array = (1 - share) * quantiles[below, step, series] + share * quantiles[
        below + 1, step, series
    ]
    return drawn


def shuffled(template: Array, quantiles: Array, levels: Array) -> Array:
    """Scenarios in the order of other trajectories, shape (S, T, V).

    Where a trajectory was the third lowest of all, its scenario is the third lowest too.

    Args:
        template: Joint trajectories, shape (S, T, V), of any unit.
        quantiles: Of every series, shape (Q, T, V).
        levels: Increasing, shape (Q,).
    """
    rank = template.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return scenarios((rank + 0.5) / template.shape[0], quantiles, levels)


def most_alike(past: Array, quantiles: Array, levels: Array, n_days: int) -> Array:
    """The past days most like the forecast's medians, nearest first, shape (n_days, T, V).

    Args:
        past: What came true by day, step and series, shape (D, T, V); days with gaps are left out.
        quantiles: Of the day to come, shape (Q, T, V).
        levels: Increasing, shape (Q,).
        n_days: How many.
    """
    whole = past[np.isfinite(past).all(axis=(1, 2))]
    if len(whole) < n_days:
        raise ValueError(
            f"most_alike: past must hold {n_days} whole days, got {len(whole)}; use the copula"
        )
    middle = quantiles[int(np.argmin(np.abs(levels - 0.5)))]
    spread = np.maximum(whole.std(axis=(0, 1)), _TINY)
    distance = np.sqrt((((whole - middle) / spread) ** 2).mean(axis=(1, 2)))
    alike: Array = whole[np.argsort(distance, kind="stable")[:n_days]]
    return alike


def joint(
    quantiles: Array,
    levels: Array,
    *,
    dependence: Dependence,
    past: Array | None,
    n_scenarios: int,
    seed: int,
) -> Array:
    """Scenarios in the order of alike days where there is a joint year, else of the copula."""
    if past is not None:
        n_whole = int(np.isfinite(past).all(axis=(1, 2)).sum())
        if n_whole >= max(JOINT_YEAR_DAYS, n_scenarios):
            alike = most_alike(past, quantiles, levels, n_scenarios)
            return shuffled(alike, quantiles, levels)
    return scenarios(dependence.draws(n_scenarios, seed), quantiles, levels)


def _correlation(one: Array, other: Array) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[known], other[known])[0, 1]) if known.sum() > 2 else 0.0  # noqa: PLR2004 - two points make any line


def _positive(matrix: Array) -> Array:
    """The nearest correlation matrix, by clipping eigenvalues (Higham, 2002, one step)."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    repaired = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    root = np.sqrt(np.diag(repaired))
    nearest: Array = repaired / np.outer(root, root)
    return nearest
