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

from forecasting.features.sun import Panels, clear_plane
from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.models.recent import Ahead, believable_index, sun_ahead
from forecasting.observed import ENOUGH_H, FRESH_H, RUNGS, Known, Learnt
from forecasting.own_record import OwnRecord, age_h, hours_of, resting_on, unable
from forecasting.steps import Array, Steps

_LEVELS: Array = np.array(LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantRecord:
    """What a plant gave.

    Attributes:
        record: Not known where it was curtailed or out of order; with the plant's capacity. [kW]
    """

    record: OwnRecord

    @property
    def capacity_kw(self) -> float:
        """Of the plant today. [kW]"""
        assert self.record.capacity is not None, "a plant has one"
        return self.record.capacity

    def wind(self, otherwise: Forecast, issued_at: datetime, steps: Steps) -> Forecast:
        """A wind farm's power from its record, in place of what its datasheet makes of the climate.

        Args:
            otherwise: That forecast; its scenarios lend their order.
            issued_at: Now; no later hour of the record is read.
            steps: Of the forecast.
        """

        def hourly(past: pd.Series, hours: pd.DatetimeIndex) -> tuple[Array, Provenance] | None:
            learnt = _learnt(self, self.record.known_until(issued_at))
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
        hours = hours_of(issued_at, steps)
        past = self.record.before(hours[0])
        warnings = self.record.warnings(hours[0])
        found = hourly(past, hours) if len(past) else None
        if found is None:
            short = f"its record knows less than {ENOUGH_H} h before {hours[0]:%Y-%m-%dT%H:%MZ}"
            return unable(otherwise, "; ".join([short, *warnings]))
        quantiles, said = found
        reason = "; ".join([said.reason, *warnings])
        provenance = replace(said, issued_at=issued_at, reason=reason)
        most = np.clip(quantiles, 0, self.capacity_kw)
        return resting_on(otherwise, most, hours[0], steps, provenance)


@lru_cache(maxsize=16)
def _learnt(record: PlantRecord, until: datetime) -> Learnt:
    """Fits of a day; a plan an hour later asks the same ones."""
    return Learnt.of(
        Known(history=record.record.before(pd.Timestamp(until))),
        until=until,
        lower=0.0,
        upper=record.capacity_kw,
    )


def _said(
    otherwise: Forecast, past: pd.Series, hours: pd.DatetimeIndex, found: Ahead
) -> Provenance:
    """What a PV forecast from its record stands on."""
    age = age_h(past, hours[0])
    fresh = bool(found.fresh[0]) and age <= FRESH_H
    reason = (
        "similar skies of the last day, fading within hours to the usual sky of the season"
        if fresh
        else f"the usual sky of hour and season; the last observation is {age:.0f} h old"
    )
    return Provenance(
        kind="forecast",
        source=f"own record of {otherwise.variable}",
        issued_at=hours[0].to_pydatetime(),
        rung=RUNGS[2] if fresh else RUNGS[1],
        reason=reason,
        training_span=(past.index[0].to_pydatetime(), hours[0].to_pydatetime()),
        feed_age_h={"observations": age},
    )
