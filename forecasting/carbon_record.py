"""Carbon intensity to come from what it was, in place of a stated mean.

Every midnight the ridges issue four days, as they would have on each of the last sixty days; the
errors of those make the bands. During the day the last hour known moves the next ones, as fast as
those errors forgot. Beyond four days, and on shorter or broken records, the same hour of the last
three weeks answers; with less than that, what was stated stands. Each says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from forecasting.calibration import AdaptiveBand
from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.models.climatology import Climatology
from forecasting.models.intensity import (
    EXPERTS,
    HORIZON_H,
    LEAST_DAYS,
    IntensityExperts,
    intensity_days,
)
from forecasting.newest import corrected
from forecasting.observed import FRESH_H, RUNGS
from forecasting.own_record import OwnRecord, age_h, hours_of, resting_on, unable
from forecasting.scores import pit
from forecasting.steps import Array, Steps

REPLAYED_DAYS = 60
LEAST_REPLAYED_DAYS = 20
USUAL_DAYS = 21
LEAST_USUAL_H = 7 * 24
LEARNT_FROM = timedelta(days=3 * 365)

_DAY = 24
_WEEK_DAYS = 7
_LEVELS: Array = np.array(LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Issued:
    """What was issued at a midnight.

    Attributes:
        quantiles: At `LEVELS` by lead, shape (Q, H). [g/kWh]
        memory: Correlation of errors of consecutive hours. [0..1]
        n_errors: Forecasts whose errors made the bands.
    """

    quantiles: Array
    memory: float
    n_errors: int


def carbon_from(
    record: OwnRecord, otherwise: Forecast, issued_at: datetime, steps: Steps
) -> Forecast:
    """`otherwise` resting on `record`. [g/kWh]

    Args:
        record: Intensity of the grid; no hour from `issued_at` on is read.
        otherwise: What was stated; its scenarios lend their order.
        issued_at: Now.
        steps: Of the forecast.
    """
    hours = hours_of(issued_at, steps)
    past = record.before(hours[0])
    lately = past.iloc[-USUAL_DAYS * _DAY - 1 : -1].dropna()
    warnings = record.warnings(hours[0])
    if len(lately) < LEAST_USUAL_H:
        short = (
            f"its record knows {len(lately)} of the last {USUAL_DAYS * _DAY} h, less than "
            f"{LEAST_USUAL_H}"
        )
        return unable(otherwise, "; ".join([short, *warnings]))
    quantiles = Climatology.of(lately).quantiles(hours, _LEVELS)
    age = age_h(past, hours[0])
    rung, reason = 1, f"the same hour of the last {USUAL_DAYS} days"
    midnight = hours[0].floor("D")
    issued = _issued(record, midnight.to_pydatetime()) if age <= _DAY else None
    if issued is None:
        reason += (
            f"; the last observation is {age:.0f} h old"
            if age > _DAY
            else "; too few whole weeks for more"
        )
    else:
        ahead = _since(issued, past, midnight, hours[0])
        n_hours = min(len(hours), ahead.shape[1])
        quantiles[:, :n_hours] = ahead[:, :n_hours]
        rung = 2 if age <= FRESH_H else 1
        beyond = f"; beyond {n_hours} h {reason}" if n_hours < len(hours) else ""
        reason = (
            f"change from last week's days, bands from {issued.n_errors} forecasts issued{beyond}"
        )
    provenance = Provenance(
        kind="forecast",
        source=f"own record of {otherwise.variable}",
        issued_at=issued_at,
        rung=RUNGS[rung],
        reason="; ".join([reason, *warnings]),
        training_span=(past.index[0].to_pydatetime(), midnight.to_pydatetime()),
        feed_age_h={"observations": age},
    )
    return resting_on(otherwise, quantiles, hours[0], steps, provenance)


def _since(issued: Issued, past: pd.Series, midnight: pd.Timestamp, now: pd.Timestamp) -> Array:
    """Midnight's forecast of the hours from `now` on, moved by the last hour known since."""
    gone = round((now - midnight) / pd.Timedelta(hours=1))
    ahead = issued.quantiles[:, gone:]
    today = past[(past.index >= midnight) & (past.index < now)].dropna()
    if today.empty:
        return ahead
    last = round((today.index[-1] - midnight) / pd.Timedelta(hours=1))
    then = issued.quantiles[:, last : last + 1]
    level = float(pit(today.to_numpy()[-1:], then, _LEVELS)[0])
    return corrected(ahead, _LEVELS, level, hours_since=gone - last - 1, memory=issued.memory)


@lru_cache(maxsize=64)
def _issued(record: OwnRecord, midnight: datetime) -> Issued | None:
    """From what is known at a midnight; None where that is too little."""
    series = record.before(pd.Timestamp(midnight)).iloc[:-1]
    series = series[series.index >= pd.Timestamp(midnight - LEARNT_FROM)]
    if len(series) < (LEAST_DAYS + _WEEK_DAYS + 1) * _DAY:
        return None
    days = intensity_days(series, pd.DataFrame(index=series.index))
    today = int(days.days.searchsorted(pd.Timestamp(midnight)))
    penalties = dict.fromkeys(penalty for penalty, _ in EXPERTS)
    experts = IntensityExperts(record=days, choices=tuple((one, 0) for one in penalties))
    over = HORIZON_H // _DAY
    band, errors, kept = AdaptiveBand(), [], {}
    first = max(today - REPLAYED_DAYS - over, LEAST_DAYS + _WEEK_DAYS + over)
    for day in range(first, today + 1):
        if not np.isfinite(days.recent[day]).all():
            continue
        try:
            kept[day] = experts.log_ahead(day)
        except ValueError:  # gaps leave too few days to learn from yet
            continue
        if day - over in kept:
            errors.append(days.log_after[day - over] - kept[day - over])
            band.learn(errors[-1])
    if today not in kept or len(errors) < LEAST_REPLAYED_DAYS:
        return None
    return Issued(
        quantiles=np.sort(np.exp(kept[today] + band.quantiles(_LEVELS)), axis=0),
        memory=_memory(np.stack(errors)),
        n_errors=len(errors),
    )


def _memory(errors: Array) -> float:
    """Correlation of the first day's errors with those an hour later. [0..1]"""
    now, later = errors[:, : _DAY - 1].ravel(), errors[:, 1:_DAY].ravel()
    known = np.isfinite(now) & np.isfinite(later)
    if known.sum() < _DAY or np.ptp(now[known]) == 0 or np.ptp(later[known]) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(now[known], later[known])[0, 1], 0.0, 1.0))
