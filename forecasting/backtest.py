"""Would the forecasts have been any good? A record replayed as if each hour of it were now.

Models learn from the first part, then forecast from many origins in the rest, each knowing only
what came before it. Scores stand beside climatology and persistence by lead, with the chance that
the difference is luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.models.climatology import Climatology
from forecasting.models.recent import wind_ahead
from forecasting.scores import pinball, pit
from forecasting.steps import Array

LEVELS: Array = np.arange(1, 20) / 20
LEARN_SHARE = 0.7
N_ORIGINS = 120
LEADS_H = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72)
BANDS = (0.5, 0.8, 0.9)
N_DRAWS = 2000
_LEAST_ORIGINS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """What came out.

    Attributes:
        origins: When forecasts were issued.
        learnt_until: What models had seen.
        leads_h: Leads scored.
        crps: By model, mean over origins for each lead, in the unit of the record.
        skill_interval: 95 % interval of the skill by lead, shape (leads, 2).
        coverage: Share of truths in each central band, by band.
        pits: Probability integral transforms of all truths.
        fresh_share: Share of origins whose last hours were known. [0..1]
    """

    origins: pd.DatetimeIndex
    learnt_until: pd.Timestamp
    leads_h: tuple[int, ...]
    crps: Mapping[str, Array]
    skill_interval: Array
    coverage: Mapping[float, float]
    pits: Array
    fresh_share: float

    @property
    def skill(self) -> Array:
        """1 − score over that of the better reference, by lead."""
        reference = np.minimum(self.crps["climatology"], self.crps["persistence"])
        skill: Array = 1 - self.crps["alize"] / reference
        return skill


def backtest(
    history: pd.Series, *, lower: float = -np.inf, upper: float = np.inf, seed: int = 0
) -> Backtest:
    """Replay an hourly record.

    Args:
        history: By left edge in UTC, none left out; NaN where unknown.
        lower: Least possible value.
        upper: Largest possible value.
        seed: Of the bootstrap and of truths at a bound.
    """
    index = pd.DatetimeIndex(history.index)
    first = int(len(index) * LEARN_SHARE)
    spacing = max((len(index) - LEADS_H[-1] - first) // N_ORIGINS, 1)
    while np.gcd(spacing, 24) > 1 and spacing > 1:
        spacing -= 1
    origins = index[first : len(index) - LEADS_H[-1] : spacing]
    if len(origins) < _LEAST_ORIGINS:
        raise ValueError(
            f"backtest: the record must leave {_LEAST_ORIGINS} origins in its last 30 %, "
            f"got {len(origins)}; give a longer one"
        )
    until = origins[0]
    ours = wind_ahead(
        history.to_frame("own"), "own", origins, LEADS_H, LEVELS,
        learnt_until=until, lower=lower, upper=upper,
    )  # fmt: skip
    hours = [origins + pd.Timedelta(hours=lead - 1) for lead in LEADS_H]
    truth = np.stack([history.reindex(hour).to_numpy() for hour in hours], axis=1)
    usual = Climatology.of(history[history.index < until])
    last = history.ffill().shift(1).reindex(origins).to_numpy()
    members = {
        "alize": ours.quantiles,
        "climatology": np.stack([usual.quantiles(hour, LEVELS) for hour in hours], axis=2),
        "persistence": np.broadcast_to(last[None, :, None], ours.quantiles.shape),
    }
    losses = {name: _crps(truth, quantiles) for name, quantiles in members.items()}
    flat, known = truth.ravel(), np.isfinite(truth.ravel())
    by_hour = ours.quantiles.reshape(LEVELS.size, -1)[:, known]
    return Backtest(
        origins=origins,
        learnt_until=until,
        leads_h=LEADS_H,
        crps={name: np.nanmean(loss, axis=0) for name, loss in losses.items()},
        skill_interval=_interval(losses, origins, seed),
        coverage={band: _inside(flat[known], by_hour, band) for band in BANDS},
        pits=pit(flat[known], by_hour, LEVELS, rng=np.random.default_rng(seed)),
        fresh_share=float(ours.fresh.mean()),
    )


def _crps(truth: Array, quantiles: Array) -> Array:
    flat = quantiles.reshape(LEVELS.size, -1)
    loss: Array = 2 * pinball(truth.ravel(), flat, LEVELS).mean(axis=0).reshape(truth.shape)
    return loss


def _inside(truth: Array, quantiles: Array, band: float) -> float:
    """The band's edges lie between levels; both are read linearly."""
    low, high = (1 - band) / 2, (1 + band) / 2
    place = np.interp([low, high], LEVELS, np.arange(LEVELS.size))
    below = np.minimum(place.astype(np.int64), LEVELS.size - 2)
    share = (place - below)[:, None]
    edges = (1 - share) * quantiles[below] + share * quantiles[below + 1]
    return float(np.mean((truth >= edges[0]) & (truth <= edges[1])))


def _interval(losses: Mapping[str, Array], origins: pd.DatetimeIndex, seed: int) -> Array:
    """Paired bootstrap of whole days: the hours of a day are one draw of luck."""
    rng = np.random.default_rng(seed)
    days = origins.floor("D")
    blocks = [np.flatnonzero(days == day) for day in days.unique()]

    def sums(loss: Array) -> tuple[Array, Array]:
        known = np.isfinite(loss)
        total = np.stack([np.where(known, loss, 0.0)[block].sum(axis=0) for block in blocks])
        return total, np.stack([known[block].sum(axis=0) for block in blocks])

    drawn = rng.integers(0, len(blocks), (N_DRAWS, len(blocks)))
    counts = np.stack([np.bincount(one, minlength=len(blocks)) for one in drawn])
    means = {}
    for name, loss in losses.items():
        total, number = sums(loss)
        means[name] = (counts @ total) / np.maximum(counts @ number, 1)
    reference = np.minimum(means["climatology"], means["persistence"])
    skill = 1 - means["alize"] / np.where(reference > 0, reference, np.nan)
    return np.nanquantile(skill, [0.025, 0.975], axis=0).T
