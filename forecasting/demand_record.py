"""Requests to come from the requests that came, in place of a stated daily shape.

The model of load is learnt once a day from the last four weeks and asked every hour; its bands are
as wide as forecasts replayed on those weeks deserved. A week ahead it speaks for itself, beyond
that its last day is repeated. With a record too short for it, what was stated stands, and says so.
"""

from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.models.load import LEAST_H, FittedLoad, LoadModel
from forecasting.models.load_bands import AdaptiveLoad, widened_by
from forecasting.observed import FRESH_H, RUNGS
from forecasting.own_record import OwnRecord, age_h, hours_of, resting_on, unable
from forecasting.steps import Array, Steps

LEARNT_FROM = timedelta(days=28)
HORIZON_H = 168
REPLAYED_EVERY_H = 24

_DAY = 24
_LEVELS: Array = np.array(LEVELS)


def demand_from(
    record: OwnRecord, otherwise: Forecast, issued_at: datetime, steps: Steps
) -> Forecast:
    """`otherwise` resting on `record`. [1/s]

    Args:
        record: Requests a second; no hour from `issued_at` on is read.
        otherwise: What was stated; its scenarios lend their order.
        issued_at: Now.
        steps: Of the forecast.
    """
    hours = hours_of(issued_at, steps)
    past = record.before(hours[0])
    until = pd.Timestamp(record.known_until(issued_at))
    known = int(past[past.index < until].notna().sum())
    warnings = record.warnings(hours[0])
    if known < LEAST_H:
        short = f"its record knows {known} h before {until:%Y-%m-%dT%H:%MZ}, less than {LEAST_H}"
        return unable(otherwise, "; ".join([short, *warnings]))
    fitted, width = _learnt(record, until.to_pydatetime())
    # The hour that begins now ends the series: it is the first one asked for.
    history = past.to_numpy()[:-1][-LEARNT_FROM // timedelta(hours=1) :]
    ahead = widened_by(width, fitted, history, _LEVELS)
    days = -(-max(len(hours) - HORIZON_H, 0) // _DAY)
    longer = np.concatenate([ahead, np.tile(ahead[:, -_DAY:], (1, days))], axis=1)
    age = age_h(past, hours[0])
    fresh = age <= FRESH_H
    reason = (
        "the usual day, and how far the last hours are from it"
        if fresh
        else f"the usual day; the last observation is {age:.0f} h old"
    )
    if days:
        reason += f"; beyond {HORIZON_H} h the last day is repeated"
    provenance = Provenance(
        kind="forecast",
        source=f"own record of {otherwise.variable}",
        issued_at=issued_at,
        rung=RUNGS[2] if fresh else RUNGS[1],
        reason="; ".join([reason, *warnings]),
        training_span=(past.index[0].to_pydatetime(), until.to_pydatetime()),
        feed_age_h={"observations": age},
    )
    return resting_on(otherwise, longer[:, : len(hours)], hours[0], steps, provenance)


@lru_cache(maxsize=64)
def _learnt(record: OwnRecord, until: datetime) -> tuple[FittedLoad, float]:
    """The model and the width of its bands, from forecasts replayed."""
    past = record.before(pd.Timestamp(until)).to_numpy()[:-1]
    history = past[-LEARNT_FROM // timedelta(hours=1) :]
    model = LoadModel(horizon_h=HORIZON_H)
    replayed = AdaptiveLoad(model=LoadModel(horizon_h=_DAY), every_h=REPLAYED_EVERY_H)
    replayed.quantiles(history, _LEVELS)
    return model.fit(history), replayed.width
