"""Power ahead with no weather forecast, from many origins over the last third of the record.

Scores by lead, against climatology for wind and smart persistence for the sun. Models and
references are fitted on the first 70 % of the hours only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.gefcom2014 import panels_of, solar_track, wind_track
from benchmarks.forecasting.metrics import COVERAGE, CRPS, SKILL
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from forecasting.features.sun import clear_plane
from forecasting.models.climatology import Climatology
from forecasting.models.recent import clear_index, sun_ahead, wind_ahead
from forecasting.quantiles import PERCENTILES
from forecasting.scores import pinball
from forecasting.steps import Array

WIND, SOLAR = "wind-no-nwp", "solar-no-nwp"
LEARN_SHARE = 0.7
N_ORIGINS = 210
LONGEST_H = 168
LEADS_H = (*range(1, 25), *range(27, LONGEST_H + 1, 6))
BUCKETS_H = {
    "1": (1, 1),
    "2-3": (2, 3),
    "4-6": (4, 6),
    "7-12": (7, 12),
    "13-24": (13, 24),
    "25-48": (25, 48),
    "49-96": (49, 96),
    "97-168": (97, 168),
    "all": (1, LONGEST_H),
}
_BAND = (4, 94)
_SMART = ("smart_persistence", "smart_persistence_day")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """CRPS by lead, one row an origin and zone, of the model and of each reference.

    Attributes:
        by_name: Shape (n, leads); NaN where the truth is not known.
        inside: Whether the truth was in the 90 % band, likewise.
    """

    by_name: Mapping[str, Array]
    inside: Array


def origins_of(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """At least 200 instants spread evenly over the last 30 %, and over the hours of the day.

    The spacing has no divisor in common with 24, so that each hour comes in turn.
    """
    first = int(len(index) * LEARN_SHARE)
    spacing = max((len(index) - LONGEST_H - first) // N_ORIGINS, 1)
    while np.gcd(spacing, 24) > 1:
        spacing -= 1
    return index[first : len(index) - LONGEST_H : spacing]


def wind(data: Path) -> list[Line]:
    """Lines of the wind case."""
    track, meter = wind_track(data), Meter()
    history = pd.DataFrame(track.power).asfreq("h")
    origins = origins_of(pd.DatetimeIndex(history.index))
    until = origins[0]
    losses = []
    for zone in history.columns:
        ours = wind_ahead(history, zone, origins, LEADS_H, PERCENTILES, learnt_until=until)
        known = history[zone]
        usual = Climatology.of(known[known.index < until])
        truth = _after(known, origins)
        quantiles = {
            "climatology": _each_lead(usual, origins),
            "all_history": np.repeat(
                usual.all_hours(len(origins), PERCENTILES)[..., None], len(LEADS_H), axis=2
            ),
            "persistence": _certain(known.ffill().shift(1).reindex(origins).to_numpy()),
        }
        losses.append(_losses(truth, ours.quantiles, quantiles))
    return _lines(WIND, losses, len(origins), meter, beaten=("climatology", "all_history"))


def solar(data: Path) -> list[Line]:
    """Lines of the solar case."""
    track, meter = solar_track(data), Meter()
    losses, n_origins = [], 0
    for zone, raw in track.power.items():
        power = raw.asfreq("h")
        index = pd.DatetimeIndex(power.index)
        clear = clear_plane(index, panels_of(zone))
        origins = origins_of(index)
        n_origins, until = len(origins), origins[0]
        ours = sun_ahead(power, clear, origins, LEADS_H, PERCENTILES, learnt_until=until)
        truth = _after(power, origins)
        course = clear / float(clear.max())
        last = clear_index(power, course).ffill().shift(1).reindex(origins).to_numpy()
        smart = np.clip(last[:, None] * _after(course, origins), 0, 1)
        usual = Climatology.of(power[power.index < until])
        day = power.rolling(24, min_periods=12).sum() / course.reindex(index).rolling(24).sum()
        level = day.ffill().shift(1).reindex(origins).to_numpy()
        smart_day = np.clip(level[:, None] * _after(course, origins), 0, 1)
        references = {
            "smart_persistence_day": np.repeat(smart_day[None], PERCENTILES.size, axis=0),
            "smart_persistence": np.repeat(smart[None], PERCENTILES.size, axis=0),
            "climatology": _each_lead(usual, origins),
            "daily_persistence": np.repeat(
                _yesterday(power, origins)[None], PERCENTILES.size, axis=0
            ),
        }
        losses.append(_losses(truth, ours.quantiles, references))
    return _lines(SOLAR, losses, n_origins, meter, beaten=_SMART)


def _after(series: pd.Series, origins: pd.DatetimeIndex) -> Array:
    """What followed each origin, shape (n, leads)."""
    return np.stack(
        [series.reindex(origins + pd.Timedelta(hours=h - 1)).to_numpy() for h in LEADS_H], axis=1
    )


def _yesterday(series: pd.Series, origins: pd.DatetimeIndex) -> Array:
    """The last known value of the same hour of the day, shape (n, leads)."""
    filled = series.ffill()
    columns = []
    for lead in LEADS_H:
        back = -(-lead // 24) * 24
        columns.append(filled.reindex(origins + pd.Timedelta(hours=lead - 1 - back)).to_numpy())
    return np.stack(columns, axis=1)


def _each_lead(usual: Climatology, origins: pd.DatetimeIndex) -> Array:
    return np.stack(
        [usual.quantiles(origins + pd.Timedelta(hours=h - 1), PERCENTILES) for h in LEADS_H], axis=2
    )


def _certain(values: Array) -> Array:
    return np.broadcast_to(values[None, :, None], (PERCENTILES.size, values.size, len(LEADS_H)))


def _losses(truth: Array, ours: Array, references: Mapping[str, Array]) -> Losses:
    low, high = _BAND
    inside = np.where(np.isfinite(truth), (truth >= ours[low]) & (truth <= ours[high]), np.nan)
    return Losses(
        by_name={
            name: 2
            * pinball(truth.ravel(), q.reshape(PERCENTILES.size, -1), PERCENTILES)
            .mean(axis=0)
            .reshape(truth.shape)
            for name, q in {"model": ours, **references}.items()
        },
        inside=inside,
    )


def _lines(
    case: str, losses: list[Losses], n_origins: int, meter: Meter, *, beaten: tuple[str, ...]
) -> list[Line]:
    leads = np.array(LEADS_H)
    lines = []
    for bucket, (first, last) in BUCKETS_H.items():
        some = (leads >= first) & (leads <= last)
        mean = {
            name: float(np.mean([np.nanmean(one.by_name[name][:, some]) for one in losses]))
            for name in losses[0].by_name
        }
        model = mean.pop("model")
        least = min(mean[name] for name in beaten)
        inside = np.concatenate([one.inside[:, some].ravel() for one in losses])
        skill = 100 * (1 - model / least)
        for metric, value in (
            (SKILL, skill),
            (CRPS, model),
            (COVERAGE, float(np.nanmean(inside))),
        ):
            lines.append(
                line_of(
                    case,
                    metric,
                    value,
                    cost=meter.read(),
                    conditions={"lead_h": bucket, "origins": n_origins, "zones": len(losses)},
                    n=int(np.isfinite(inside).sum()),
                    references=mean if metric is CRPS else None,
                )
            )
    return lines
