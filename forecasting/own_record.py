"""What was measured, and how a forecast comes to rest on it instead of on what was stated.

The record sets the distribution of every hour, and the scenarios that were there keep the order:
scenario s is still one future for all variables. No hour after a forecast is issued is ever read,
and hours that cannot be true count as unknown: a feed that turns bad lowers the rung, and says so.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.dependence import shuffled
from forecasting.door import live
from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.steps import HOUR, Array, Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRecord:
    """Hourly means by left edge.

    Attributes:
        start: Left edge of the first.
        values: None where not known.
        variable: As `forecasting.door` calls it.
        capacity: Largest possible value where there is one.
    """

    start: datetime
    values: tuple[float | None, ...]
    variable: str
    capacity: float | None = None

    def series(self) -> pd.Series:
        """All of it, NaN where not known."""
        index = pd.date_range(self.start, periods=len(self.values), freq="h")
        return pd.Series(np.array(self.values, dtype=np.float64), index=index)

    def before(self, now: pd.Timestamp) -> pd.Series:
        """Up to the hour that begins at `now`, which nobody knows yet; NaN where not known."""
        return self._live(now)[0]

    def warnings(self, now: pd.Timestamp) -> tuple[str, ...]:
        """What of the hours before `now` cannot be true and is left out, in sentences."""
        return self._live(now)[1]

    def _live(self, now: pd.Timestamp) -> tuple[pd.Series, tuple[str, ...]]:
        series = self.series()
        past = series[series.index < now].reindex(pd.date_range(self.start, now, freq="h"))
        return live(past, variable=self.variable, capacity=self.capacity)

    def known_until(self, issued_at: datetime) -> datetime:
        """Midnight before, so that a day's plans share their fits; the record's end if earlier."""
        midnight = issued_at.replace(hour=0, minute=0, second=0, microsecond=0)
        return min(midnight, self.start + len(self.values) * HOUR)

    def on(self, steps: Steps) -> Array:
        """What was measured in each step, shape (T,); NaN where any of it is not known."""
        first = pd.Timestamp(steps.start).floor("h")
        hours = pd.date_range(first, pd.Timestamp(steps.end).ceil("h"), freq="h", inclusive="left")
        hourly = self.series().reindex(hours).to_numpy()
        measured: Array = on_steps(hourly[None], first, steps)[0]
        return measured


def age_h(past: pd.Series, now: pd.Timestamp) -> float:
    """Hours between the end of the last one known and `now`. [h]"""
    return float((now - past.dropna().index[-1]) / pd.Timedelta(HOUR) - 1)


def hours_of(issued_at: datetime, steps: Steps) -> pd.DatetimeIndex:
    """Every hour from the one of `issued_at` to the end of the steps."""
    now = pd.Timestamp(issued_at).floor("h")
    return pd.date_range(now, pd.Timestamp(steps.end).ceil("h"), freq="h", inclusive="left")


def resting_on(
    otherwise: Forecast, hourly: Array, first: pd.Timestamp, steps: Steps, provenance: Provenance
) -> Forecast:
    """`otherwise` with other distributions, its scenarios in the order they had.

    Args:
        otherwise: The forecast without a record.
        hourly: Quantiles at `LEVELS` of every hour from `first` on, shape (Q, n).
        first: An hour, not after the first step.
        steps: Of the forecast.
        provenance: What the new distributions stand on.
    """
    levels = np.array(LEVELS)
    quantiles = on_steps(hourly, first, steps)
    edges = np.concatenate([[0.0], (levels[:-1] + levels[1:]) / 2, [1.0]])
    drawn = shuffled(otherwise.scenarios[..., None], quantiles[..., None], levels)[..., 0]
    return replace(
        otherwise,
        levels=levels,
        quantiles=quantiles,
        expected=np.diff(edges) @ quantiles,
        scenarios=drawn,
        provenance=provenance,
    )


def unable(otherwise: Forecast, why: str) -> Forecast:
    """`otherwise`, saying why it does not rest on its record."""
    reason = f"{otherwise.provenance.reason}; {why}"
    return replace(otherwise, provenance=replace(otherwise.provenance, reason=reason))


def on_steps(hourly: Array, first: pd.Timestamp, steps: Steps) -> Array:
    """Hourly values on steps that divide the hour or are whole hours, shape (Q, T)."""
    fine = steps.hourly_or_finer()
    offset = (pd.Timestamp(fine.start) - first) // fine.step
    repeated = np.repeat(hourly, HOUR // fine.step, axis=1)[:, offset : offset + fine.n_steps]
    blocks: Array = repeated.reshape(hourly.shape[0], steps.n_steps, -1).mean(axis=2)
    return blocks
