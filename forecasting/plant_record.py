"""A plant's power from its own record, on the scenarios of the weather it shares with its site.

What a plant gave tells more of it than any datasheet: the record sets the distribution of every
hour, and the site's weather scenarios keep the order, so that scenario s is still one future for
wind, sun and temperature. Without the record's last hours the forecast is what is usual for hour
and season; with less than thirty days it stays what the coordinates tell, and says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import numpy as np
import pandas as pd

from forecasting.dependence import shuffled
from forecasting.features.sun import Panels, clear_plane
from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.models.recent import Ahead, believable_index, sun_ahead
from forecasting.observed import ENOUGH_H, FRESH_H, RUNGS, Known, Learnt
from forecasting.steps import HOUR, Array, Steps

_LEVELS: Array = np.array(LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantRecord:
    """Hourly means by left edge.

    Attributes:
        start: Left edge of the first.
        power_kw: None where not known, curtailed or out of order. [kW]
        capacity_kw: Of the plant today. [kW]
    """

    start: datetime
    power_kw: tuple[float | None, ...]
    capacity_kw: float

    def wind(self, otherwise: Forecast, issued_at: datetime, steps: Steps) -> Forecast:
        """A wind farm's power from its record, in place of what its datasheet makes of the climate.

        Args:
            otherwise: That forecast; its scenarios lend their order.
            issued_at: Now; no later hour of the record is read.
            steps: Of the forecast.
        """

        def hourly(past: pd.Series, hours: pd.DatetimeIndex) -> tuple[Array, Provenance] | None:
            learnt = _learnt(self, self._learnt_until(issued_at))
            if learnt.usual is None:
                return None
            found = learnt.forecast(
                Known(history=past),
                variable=otherwise.variable,
                unit=otherwise.unit,
                issued_at=hours[0].to_pydatetime(),
                n_hours=len(hours),
                otherwise=np.zeros(_LEVELS.size),
                n_scenarios=1,
            )
            return found.quantiles, found.provenance

        return self._in_order(otherwise, issued_at, steps, hourly)

    def pv(
        self, otherwise: Forecast, issued_at: datetime, steps: Steps, panels: Panels
    ) -> Forecast:
        """A PV plant's power from its record and the course of the sun over its panels."""

        def hourly(past: pd.Series, hours: pd.DatetimeIndex) -> tuple[Array, Provenance] | None:
            if past.notna().sum() < ENOUGH_H:
                return None
            found = self._sun(past, hours, panels)
            return found.quantiles[:, 0] * self.capacity_kw, _said(otherwise, past, hours, found)

        return self._in_order(otherwise, issued_at, steps, hourly)

    def _sun(self, past: pd.Series, hours: pd.DatetimeIndex, panels: Panels) -> Ahead:
        share = past / self.capacity_kw
        clear = clear_plane(pd.DatetimeIndex(past.index).union(hours), panels)
        return sun_ahead(
            share,
            clear,
            hours[:1],
            range(1, len(hours) + 1),
            _LEVELS,
            learnt_until=hours[0],
            most_index=believable_index(share, clear),
        )

    def _in_order(
        self,
        otherwise: Forecast,
        issued_at: datetime,
        steps: Steps,
        hourly: Callable[[pd.Series, pd.DatetimeIndex], tuple[Array, Provenance] | None],
    ) -> Forecast:
        """The record's distribution of each step, its scenarios in the order of `otherwise`."""
        now = pd.Timestamp(issued_at).floor("h")
        hours = pd.date_range(now, pd.Timestamp(steps.end).ceil("h"), freq="h", inclusive="left")
        series = self._series()
        # To the hour that begins now, which nobody knows yet.
        past = series[series.index < now].reindex(pd.date_range(series.index[0], now, freq="h"))
        found = hourly(past, hours) if len(past) else None
        if found is None:
            reason = (
                f"{otherwise.provenance.reason}; its record knows less than {ENOUGH_H} h before "
                f"{now:%Y-%m-%dT%H:%MZ}"
            )
            return replace(otherwise, provenance=replace(otherwise.provenance, reason=reason))
        quantiles, provenance = found
        quantiles = _on_steps(np.clip(quantiles, 0, self.capacity_kw), now, steps)
        edges = np.concatenate([[0.0], (_LEVELS[:-1] + _LEVELS[1:]) / 2, [1.0]])
        drawn = shuffled(otherwise.scenarios[..., None], quantiles[..., None], _LEVELS)[..., 0]
        return replace(
            otherwise,
            levels=_LEVELS,
            quantiles=quantiles,
            expected=np.diff(edges) @ quantiles,
            scenarios=drawn,
            provenance=replace(provenance, issued_at=issued_at),
        )

    def _learnt_until(self, issued_at: datetime) -> datetime:
        """Midnight before, so that a day's plans share their fits; the record's end if earlier."""
        midnight = issued_at.replace(hour=0, minute=0, second=0, microsecond=0)
        return min(midnight, self.start + len(self.power_kw) * HOUR)

    def _series(self) -> pd.Series:
        index = pd.date_range(self.start, periods=len(self.power_kw), freq="h")
        return pd.Series(np.array(self.power_kw, dtype=np.float64), index=index)


@lru_cache(maxsize=16)
def _learnt(record: PlantRecord, until: datetime) -> Learnt:
    """Fits of a day; a plan an hour later asks the same ones."""
    return Learnt.of(
        Known(history=record._series()), until=until, lower=0.0, upper=record.capacity_kw
    )


def _on_steps(hourly: Array, first: pd.Timestamp, steps: Steps) -> Array:
    """Hourly quantiles on steps that divide the hour or are whole hours, shape (Q, T)."""
    fine = steps.hourly_or_finer()
    offset = (pd.Timestamp(fine.start) - first) // fine.step
    repeated = np.repeat(hourly, HOUR // fine.step, axis=1)[:, offset : offset + fine.n_steps]
    blocks: Array = repeated.reshape(hourly.shape[0], steps.n_steps, -1).mean(axis=2)
    return blocks


def _said(
    otherwise: Forecast, past: pd.Series, hours: pd.DatetimeIndex, found: Ahead
) -> Provenance:
    """What a PV forecast from its record stands on."""
    last = past.dropna().index[-1]
    age_h = (hours[0] - last) / pd.Timedelta(HOUR) - 1
    fresh = bool(found.fresh[0]) and age_h <= FRESH_H
    reason = (
        "similar skies of the last day, fading within hours to the usual sky of the season"
        if fresh
        else f"the usual sky of hour and season; the last observation is {age_h:.0f} h old"
    )
    return Provenance(
        kind="forecast",
        source=f"own record of {otherwise.variable}",
        issued_at=hours[0].to_pydatetime(),
        rung=RUNGS[2] if fresh else RUNGS[1],
        reason=reason,
        training_span=(past.index[0].to_pydatetime(), hours[0].to_pydatetime()),
        feed_age_h={"observations": age_h},
    )
