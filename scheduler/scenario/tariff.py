"""Local clocks: tariff periods, shapes by hour and day, and billing months on the UTC horizon.

The only place of a scenario where local time is used. A zone's own calendar decides, so that
Morocco's change of clocks in Ramadan moves the peak hours in UTC.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.scenario.sites import TariffPeriod
from scheduler.scenario.world import MINUTES_A_DAY, Horizon

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MONTHS = 12


def local_minutes(horizon: Horizon, timezone: str) -> pd.DatetimeIndex:
    """Local time of each minute of the horizon."""
    minutes = pd.date_range(horizon.start, horizon.end, freq="min", inclusive="left")
    return minutes.tz_convert(ZoneInfo(timezone))


def time_of_use(periods: Sequence[TariffPeriod], horizon: Horizon, timezone: str) -> FloatArray:
    """Price of each step, the mean over its minutes, shape (n_steps,). [money/kWh]"""
    local = local_minutes(horizon, timezone)
    number = _cover(periods).argmax(axis=0)
    prices = np.array([period.price_per_kwh for period in periods], dtype=np.float64)
    minute = local.hour.to_numpy() * 60 + local.minute.to_numpy()
    return _means(prices[number[local.month.to_numpy() - 1, minute]], horizon)


def shaped(
    mean: float,
    daily: Sequence[float] | None,
    weekly: Sequence[float] | None,
    horizon: Horizon,
    timezone: str,
) -> FloatArray:
    """`mean` times the factors of local hour and weekday (Monday first), shape (n_steps,)."""
    local = local_minutes(horizon, timezone)
    values = np.full(len(local), float(mean))
    if daily is not None:
        values *= np.asarray(daily, dtype=np.float64)[local.hour.to_numpy()]
    if weekly is not None:
        values *= np.asarray(weekly, dtype=np.float64)[local.day_of_week.to_numpy()]
    return _means(values, horizon)


def billing_months(horizon: Horizon, timezone: str) -> IntArray:
    """Local calendar month of each step, numbered from 0, shape (n_steps,)."""
    local = horizon.index.tz_convert(ZoneInfo(timezone))
    months = local.year.to_numpy() * MONTHS + local.month.to_numpy()
    numbers: IntArray = (months - months[0]).astype(np.int64)
    return numbers


def misfits(periods: Sequence[TariffPeriod]) -> Iterator[str]:
    """What keeps `periods` from covering each minute of each month exactly once."""
    cover = _cover(periods)
    counts = cover.sum(axis=0)
    for wrong, text in ((counts == 0, "no period covers {}"), (counts > 1, "{} is in {}")):
        months = np.flatnonzero(wrong.any(axis=1))
        if not len(months):
            continue
        minutes = np.flatnonzero(wrong[months[0]])
        end = minutes[0] + int(np.argmin(np.append(np.diff(minutes) == 1, False))) + 1
        span = f"{_clock(minutes[0])}-{_clock(end)}"
        if len(months) < MONTHS:
            span += " in month " + ", ".join(str(month + 1) for month in months)
        names = [
            period.name
            for period, own in zip(periods, cover, strict=True)
            if own[months[0], minutes[0]]
        ]
        yield text.format(span, " and ".join(names)) + "; each local minute needs exactly one price"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _cover(periods: Sequence[TariffPeriod]) -> npt.NDArray[np.int64]:
    """How often each period covers each month and local minute, shape (periods, 12, 1440)."""
    cover = np.zeros((len(periods), MONTHS, MINUTES_A_DAY), dtype=np.int64)
    for number, period in enumerate(periods):
        months = [month - 1 for month in dict.fromkeys(period.months)]
        for hours in period.hours:
            start, end = (int(t[:2]) * 60 + int(t[3:]) for t in hours.split("-"))
            span = (
                np.arange(start, end)
                if start < end
                else np.r_[np.arange(start, MINUTES_A_DAY), np.arange(end)]
            )
            cover[number][np.ix_(np.array(months), span)] += 1
    return cover


def _means(minutes: FloatArray, horizon: Horizon) -> FloatArray:
    means: FloatArray = minutes.reshape(horizon.n_steps, -1).mean(axis=1)
    return means
