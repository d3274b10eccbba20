"""Would the forecasts have been any good? A record replayed as if each hour of it were now.

Models learn from the first part, then forecast from many origins in the rest, each knowing only
what came before it. Scores stand beside climatology, persistence and a readable model of cycles by
lead, with the chance that the difference is luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.calibration import IssuedPits, bucket
from forecasting.models.climatology import Climatology
from forecasting.models.harmonic import Diagnosis, HarmonicRegression
from forecasting.models.recent import Ahead, believable_index, sun_ahead, wind_ahead
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
        recalibrated_90: Share of truths in the 90 % band once it is read where the forecasts issued
            before say, and of how many; None where too few had been issued.
        fresh_share: Share of origins whose last hours were known. [0..1]
        made_of: What the part learnt from is made of.
    """

    origins: pd.DatetimeIndex
    learnt_until: pd.Timestamp
    leads_h: tuple[int, ...]
    crps: Mapping[str, Array]
    skill_interval: Array
    coverage: Mapping[float, float]
    pits: Array
    recalibrated_90: tuple[float, int] | None
    fresh_share: float
    made_of: Diagnosis

    @property
    def skill(self) -> Array:
        """1 − score over that of the better reference, by lead."""
        reference = np.minimum(self.crps["climatology"], self.crps["persistence"])
        skill: Array = 1 - self.crps["alize"] / reference
        return skill


def backtest(
    history: pd.Series,
    *,
    lower: float = -np.inf,
    upper: float = np.inf,
    clear: pd.Series | None = None,
    seed: int = 0,
) -> Backtest:
    """Replay an hourly record.

    Args:
        history: By left edge in UTC, none left out; NaN where unknown.
        lower: Least possible value.
        upper: Largest possible value.
        clear: For PV, what falls on the panels under a clear sky, on the same hours; power then
            follows the sun's course.
        seed: Of the bootstrap and of truths at a bound.
    """
    index = pd.DatetimeIndex(history.index)
    origins = _origins(index)
    until = origins[0]
    ours = _ahead(history, origins, clear, lower, upper)
    hours = [origins + pd.Timedelta(hours=lead - 1) for lead in LEADS_H]
    truth = np.stack([history.reindex(hour).to_numpy() for hour in hours], axis=1)
    past = history[history.index < until]
    usual = Climatology.of(past)
    last = history.ffill().shift(1).reindex(origins).to_numpy()
    harmonics = HarmonicRegression(lower=lower, upper=upper).fit(past)
    cycles = [
        harmonics.quantiles(history[history.index < origin], LEADS_H, LEVELS) for origin in origins
    ]
    members = {
        "alize": ours.quantiles,
        "harmonics": np.clip(np.stack(cycles, axis=1), lower, upper),
        "climatology": np.stack([usual.quantiles(hour, LEVELS) for hour in hours], axis=2),
        "persistence": np.broadcast_to(last[None, :, None], ours.quantiles.shape),
    }
    losses = {name: _crps(truth, quantiles) for name, quantiles in members.items()}
    flat, known = truth.ravel(), np.isfinite(truth.ravel())
    by_hour = ours.quantiles.reshape(LEVELS.size, -1)[:, known]
    levels_met = np.full(flat.size, np.nan)
    levels_met[known] = pit(flat[known], by_hour, LEVELS, rng=np.random.default_rng(seed))
    return Backtest(
        origins=origins,
        learnt_until=until,
        leads_h=LEADS_H,
        crps={name: np.nanmean(loss, axis=0) for name, loss in losses.items()},
        skill_interval=_interval(losses, origins, seed),
        coverage={band: _inside(flat[known], by_hour, band) for band in BANDS},
        pits=levels_met[known],
        recalibrated_90=_recalibrated(levels_met.reshape(truth.shape), origins),
        fresh_share=float(ours.fresh.mean()),
        made_of=harmonics.diagnosis(),
    )


def _origins(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Instants of the last 30 %, spread over the hours of the day."""
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
    return origins


def _ahead(
    history: pd.Series,
    origins: pd.DatetimeIndex,
    clear: pd.Series | None,
    lower: float,
    upper: float,
) -> Ahead:
    """Our forecasts from every origin, learnt before the first."""
    if clear is None:
        return wind_ahead(
            history.to_frame("own"), "own", origins, LEADS_H, LEVELS,
            learnt_until=origins[0], lower=lower, upper=upper,
        )  # fmt: skip
    power, until = history / upper, origins[0]
    shares = sun_ahead(
        power, clear, origins, LEADS_H, LEVELS, learnt_until=until,
        most_index=believable_index(power[power.index < until], clear),
    )  # fmt: skip
    return Ahead(quantiles=shares.quantiles * upper, fresh=shares.fresh)


def _recalibrated(met: Array, origins: pd.DatetimeIndex) -> tuple[float, int] | None:
    """Each origin's band read where the truths known by then fell, and how many were read so."""
    issued, edges = IssuedPits(), np.array([0.05, 0.95])
    due = sorted(
        (origin + pd.Timedelta(hours=lead), lead, met[row, place])
        for row, origin in enumerate(origins)
        for place, lead in enumerate(LEADS_H)
        if np.isfinite(met[row, place])
    )
    waiting, inside = iter(due), []
    coming = next(waiting, None)
    for row, origin in enumerate(origins):
        while coming is not None and coming[0] <= origin:
            over, lead, level = coming
            issued.learn((over - pd.Timedelta(hours=1)).to_pydatetime(), lead, float(level))
            coming = next(waiting, None)
        moved = issued.moved(edges, origin.to_pydatetime())
        for place, lead in enumerate(LEADS_H):
            low, high = moved[bucket(lead)]
            level = met[row, place]
            if np.isfinite(level) and (low, high) != tuple(edges):
                inside.append(low <= level <= high)
    return (float(np.mean(inside)), len(inside)) if inside else None


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
