"""What an hourly update costs: five variables, a week, 200 joint scenarios, fits at hand.

Only forecasting is timed; the fits are made before, as they are once a week.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.forecasting import carbon, price
from benchmarks.forecasting.demand import PATTERN as REQUESTS
from benchmarks.forecasting.demand import hourly_rates
from benchmarks.forecasting.gefcom2014 import Track, panels_of, solar_track, wind_track
from benchmarks.forecasting.metrics import UPDATE
from benchmarks.line import Line, line_of
from benchmarks.meter import Meter
from benchmarks.sources import read_all
from forecasting.dependence import Dependence, scenarios
from forecasting.features.sun import sun_features
from forecasting.features.wind import wind_features
from forecasting.forecast import LEVELS
from forecasting.models.farm import sun_recipes, wind_analogs
from forecasting.models.load import LoadModel
from forecasting.models.regression import Recipe
from forecasting.observed import ERROR_MEMORY_H, Known, Learnt
from scheduler.errors import DataUnavailable

CASE = "update"
N_HOURS, N_SCENARIOS, N_REPEATS = 168, 200, 5

Ready = tuple[Learnt, Known, datetime]
"""Fits, what is at hand, and now."""


def lines(data: Path, say: Callable[[str], None]) -> Iterator[Line]:
    """The line of the median update."""
    meter = Meter()
    learnt = {
        "wind": _wind(wind_track(data)),
        "pv": _sun(solar_track(data)),
        "carbon": _plain(_carbon(data)),
        "price": _plain(_price(data)),
    }
    requests = sorted(data.glob(REQUESTS))
    if not requests:
        raise DataUnavailable(f"no file {REQUESTS} in {data}; name another folder with --data DIR")
    rates = max((hourly_rates(path) for path in requests), key=lambda one: one.size)
    demand = LoadModel(horizon_h=N_HOURS).fit(rates)
    dependence = Dependence.fading(N_HOURS, len(learnt) + 1, memory_h=ERROR_MEMORY_H)
    levels, otherwise = np.array(LEVELS), np.linspace(0, 1, len(LEVELS))
    spent = []
    for repeat in range(N_REPEATS):
        started = process_time()
        quantiles = [
            model.forecast(
                known,
                variable=name,
                unit="1",
                issued_at=issued_at,
                n_hours=N_HOURS,
                otherwise=otherwise,
                n_scenarios=1,
            ).quantiles
            for name, (model, known, issued_at) in learnt.items()
        ]
        quantiles.append(demand.quantiles(rates, levels))
        drawn = scenarios(
            dependence.draws(N_SCENARIOS, repeat), np.stack(quantiles, axis=2), levels
        )
        spent.append(process_time() - started)
        assert np.isfinite(drawn).all()
    say(f"{CASE}: {spent}")
    yield line_of(
        CASE,
        UPDATE,
        float(np.median(spent)),
        cost=meter.read(),
        conditions={"hours": N_HOURS, "variables": 5, "scenarios": N_SCENARIOS},
        n=N_REPEATS,
    )


def _wind(track: Track) -> Ready:
    zone = next(iter(track.power))
    features = wind_features(track.weather, zone)
    return _learnt(track.power[zone], features, [wind_analogs(list(features.columns))], upper=1.0)


def _sun(track: Track) -> Ready:
    zone = next(iter(track.power))
    features = sun_features(track.weather[zone], panels_of(zone))
    return _learnt(track.power[zone], features, [sun_recipes(list(features.columns))[0]], upper=1.0)


def _carbon(data: Path) -> pd.Series:
    frame = read_all(data, carbon.PATTERN, ["time_utc", carbon.INTENSITY])
    series: pd.Series = frame.drop_duplicates("time_utc").set_index("time_utc")[carbon.INTENSITY]
    return series.sort_index()


def _price(data: Path) -> pd.Series:
    frame = read_all(data, price.PATTERN, [price.TIME, price.PRICE]).drop_duplicates(price.TIME)
    series: pd.Series = frame.set_index(price.TIME)[price.PRICE].sort_index()
    series.index = pd.DatetimeIndex(series.index).tz_localize("UTC")
    return series


def _plain(series: pd.Series) -> Ready:
    return _learnt(series, None, [], upper=np.inf)


def _learnt(
    series: pd.Series, features: pd.DataFrame | None, recipes: list[Recipe], *, upper: float
) -> Ready:
    """Fits of a series, what is known a week before its end, and that instant."""
    hourly = series.asfreq("h")
    now = hourly.index[-1].floor("D") - pd.Timedelta(hours=N_HOURS)
    issued_at = now.to_pydatetime()
    known = Known(
        history=hourly,
        features=features,
        weather_issued_at=issued_at if features is not None else None,
    )
    lower = 0.0 if np.isfinite(upper) else -np.inf
    model = Learnt.of(known, until=issued_at, recipes=recipes, lower=lower, upper=upper)
    return model, known, issued_at
