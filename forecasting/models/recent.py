"""Power ahead from observations alone: the last hours while they tell something, then climatology.

The rung below a weather forecast. Wind follows the trajectories of similar hours; the sun follows
its clear-sky course times an index, and similar past mornings say how the index moves. Both fade to
climatology with the lead, and fall to it at once where the last hours are not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.models.analogs import AnalogEnsemble
from forecasting.models.climatology import Climatology
from forecasting.models.trajectories import TrajectoryForest, recent_features
from forecasting.quantiles import of_sample
from forecasting.steps import Array

FRESH_LEAD_H = 24
"""Up to this lead trajectories speak alone; beyond, they fade. [h]"""

FADING_H = 24.0
SUN_TRUST = 0.6
"""Weight of similar mornings against the usual sky, at once. [0..1]"""

SUN_FADING_H = 5.0

_LEAST_CLEAR_SHARE = 0.08
MOST_INDEX = 1.3
"""Share of the clear sky beyond which a reading is taken for an error, where nothing is known."""

_HOUR_LIKENESS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """Forecasts from several instants.

    Attributes:
        quantiles: Shape (Q, n, leads).
        fresh: Which of the n had their last hours at hand; the others are climatology.
    """

    quantiles: Array
    fresh: NDArray[np.bool_]


def wind_ahead(
    history: pd.DataFrame,
    name: str,
    origins: pd.DatetimeIndex,
    leads_h: Sequence[int],
    levels: Array,
    *,
    learnt_until: pd.Timestamp,
    recipe: TrajectoryForest | None = None,
    lower: float = 0.0,
    upper: float = 1.0,
) -> Ahead:
    """Power of a wind farm from each origin, shares of capacity; or any other hourly series.

    Args:
        history: Power by farm, a row for each hour by left edge, none left out; NaN where unknown.
        name: The farm.
        origins: When forecasts are issued; hours before an origin are known to it.
        leads_h: 1 is the hour that begins at the origin.
        levels: Quantile levels.
        learnt_until: Models see nothing later; not after the first origin.
        recipe: Of the forest; a good one when None.
        lower: Least possible value.
        upper: Largest possible value.
    """
    _require_past(origins, learnt_until)
    power = history[name]
    past = power[power.index < learnt_until]
    features = recent_features(history, name)
    before = np.asarray(features.index < learnt_until)
    fitted = (recipe or TrajectoryForest()).fit(features[before], past)
    usual = _usual(Climatology.of(past), origins, leads_h, levels)
    now = features.reindex(origins)
    fresh = np.isfinite(now.to_numpy()).all(axis=1)
    found = usual.copy()
    if fresh.any():
        ahead = fitted.quantiles(
            now.to_numpy()[fresh], now["lag_1h"].to_numpy()[fresh], leads_h, levels
        )
        late = np.maximum(np.array(leads_h) - FRESH_LEAD_H, 0)
        trust = np.exp(-late / FADING_H)
        found[:, fresh] = trust * np.clip(ahead, lower, upper) + (1 - trust) * usual[:, fresh]
    return Ahead(quantiles=found, fresh=fresh)


def sun_ahead(
    power: pd.Series,
    clear: pd.Series,
    origins: pd.DatetimeIndex,
    leads_h: Sequence[int],
    levels: Array,
    *,
    learnt_until: pd.Timestamp,
    most_index: float = MOST_INDEX,
) -> Ahead:
    """Power of a PV plant from each origin, shares of capacity; nothing by night.

    Args:
        power: A row for each hour by left edge, none left out; NaN where unknown.
        clear: What falls on the panels under a clear sky, on any hours that cover all needed; its
            unit does not matter.
        origins: When forecasts are issued; hours before an origin are known to it.
        leads_h: 1 is the hour that begins at the origin.
        levels: Quantile levels.
        learnt_until: Models see nothing later; not after the first origin.
        most_index: Largest share of the clear sky that is believed.
    """
    _require_past(origins, learnt_until)
    scale = float(clear.max())
    course = clear / scale
    index = clear_index(power, course, most_index)
    past = index[index.index < learnt_until]
    usual_index = Climatology.of(past)
    valid = [origins + pd.Timedelta(hours=lead - 1) for lead in leads_h]
    light = np.stack([course.reindex(hours).to_numpy() for hours in valid], axis=1)
    usual = _usual(usual_index, origins, leads_h, levels)

    features = _sky_features(index)
    whole = np.isfinite(features.to_numpy()).all(axis=1)
    rows = np.flatnonzero(np.asarray(features.index < learnt_until) & whole)
    columns = ((0, 1.0), (1, 1.0), (2, 1.0), (3, _HOUR_LIKENESS), (4, _HOUR_LIKENESS))
    recipe = AnalogEnsemble(n_neighbours=60, columns=columns)
    analogs = recipe.fit(features.to_numpy()[rows], np.zeros(rows.size))
    now = features.reindex(origins).to_numpy()
    fresh = np.isfinite(now).all(axis=1)
    found = usual.copy()
    if fresh.any():
        _, near = analogs.nearest(now[fresh])
        held = past.to_numpy()
        for place, lead in enumerate(leads_h):
            trust = SUN_TRUST * np.exp(-(lead - 1) / SUN_FADING_H)
            if trust < 0.01:  # noqa: PLR2004 - moves nothing
                continue
            at = np.minimum(rows[near] + lead - 1, held.size - 1)
            draws = held[at]
            there = np.isfinite(draws)
            enough = there.sum(axis=1) >= near.shape[1] // 2
            some = np.flatnonzero(fresh)[enough]
            if not some.size:
                continue
            filled = np.where(there, draws, np.nanmedian(draws[enough]))[enough]
            followed = of_sample(filled, np.where(there[enough], 1.0, 1e-9), levels)
            found[:, some, place] = trust * followed + (1 - trust) * usual[:, some, place]
    # Where the sun is too low for an index to mean anything, power as it usually is then.
    twilight = _usual(Climatology.of(power[power.index < learnt_until]), origins, leads_h, levels)
    quantiles = np.where(light > _LEAST_CLEAR_SHARE, np.clip(found * light, 0.0, 1.0), twilight)
    return Ahead(quantiles=quantiles, fresh=fresh)


def clear_index(power: pd.Series, course: pd.Series, most: float = MOST_INDEX) -> pd.Series:
    """Power over the clear-sky course, NaN while the sun is too low to tell."""
    light = course.reindex(power.index)
    index: pd.Series = (power / light).where(light > _LEAST_CLEAR_SHARE)
    return index.clip(upper=most)


def _sky_features(index: pd.Series) -> pd.DataFrame:
    """What is known of the sky before each hour: lately, over a day, and a day ago."""
    seen = index.ffill(limit=18).shift(1)
    hour = 2 * np.pi * pd.DatetimeIndex(index.index).hour.to_numpy() / 24
    return pd.DataFrame(
        {
            "last": seen,
            "day": index.rolling(24, min_periods=4).mean().shift(1),
            "spread": index.rolling(24, min_periods=4).std().shift(1),
            "hour_sin": np.sin(hour),
            "hour_cos": np.cos(hour),
        },
        index=index.index,
    )


def _usual(
    climatology: Climatology, origins: pd.DatetimeIndex, leads_h: Sequence[int], levels: Array
) -> Array:
    columns = [
        climatology.quantiles(origins + pd.Timedelta(hours=lead - 1), levels) for lead in leads_h
    ]
    return np.stack(columns, axis=2)


def _require_past(origins: pd.DatetimeIndex, learnt_until: pd.Timestamp) -> None:
    if learnt_until > origins.min():
        raise ValueError(
            f"recent: learnt_until must not be after the first origin {origins.min()}, "
            f"got {learnt_until}; a forecast may not learn from its future"
        )


def believable_index(power: pd.Series, clear: pd.Series) -> float:
    """What nearly all of a plant's own hours stay below: more where its panels track the sun."""
    course = clear / float(clear.max())
    found = clear_index(power, course, np.inf).dropna()
    return max(MOST_INDEX, float(found.quantile(0.999))) if len(found) else MOST_INDEX
