"""GEFCom2014, wind and solar: each month forecast from all before it, scored as the organisers did.

What a task may know is cut here: the weather forecasts of its month and before, the power before
it. The organisers' benchmark is computed from the same data, and a test holds it against the
scores they published.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.forecasting.metrics import COVERAGE, FIT, PINBALL, PREDICT
from benchmarks.forecasting.months import Task, require_span, task
from benchmarks.line import Cost, Line, line_of
from benchmarks.meter import Meter
from benchmarks.sources import read_all
from forecasting.features.sun import TWILIGHT_DEG, Panels, sun_features
from forecasting.features.wind import wind_features
from forecasting.models.blend import Members, Table, forecast_span
from forecasting.models.farm import sun_recipes, wind_recipes
from forecasting.quantiles import PERCENTILES
from forecasting.scores import pinball
from forecasting.steps import Array

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from forecasting.models.regression import Recipe

WIND, SOLAR = "gefcom2014-wind", "gefcom2014-solar"
HOUR = pd.Timedelta(hours=1)

SOLAR_COLUMNS = (
    "tclw_kg_m2",
    "tciw_kg_m2",
    "surface_pressure_pa",
    "relative_humidity_1000hpa_pct",
    "total_cloud_cover_frac",
    "u10_m_s",
    "v10_m_s",
    "t2m_k",
    "ssrd_accumulated_j_m2",
    "strd_accumulated_j_m2",
    "tsr_accumulated_j_m2",
    "tp_accumulated_m",
)

_PANELS = {1: (36.0, 38.0), 2: (35.0, 327.0), 3: (21.0, 31.0)}
_SITE = {"latitude_deg": -35.3, "longitude_deg": 149.1}
_UNKNOWN_PLANE = (30.0, 0.0)
_KELVIN = 273.15
_SECONDS_AN_HOUR = 3600.0
_BAND = (4, 94)
"""Rows of .05 and .95 among the percentiles."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """One track of the competition, all its zones.

    Attributes:
        name: Of the case.
        first_month: Task 1.
        power: By zone, share of capacity by left edge; NaN where unknown.
        weather: By zone, on the same hours.
        published: Scores of others by task and name, where they are at hand.
    """

    name: str
    first_month: pd.Timestamp
    power: Mapping[str, pd.Series]
    weather: Mapping[str, pd.DataFrame]
    published: Mapping[tuple[int, str], float]

    def tables(self, known: Task) -> dict[str, Table]:
        """Features and power as known for `known`: weather to its end, power to its begin."""
        weather = {zone: frame[frame.index < known.end] for zone, frame in self.weather.items()}
        found = {}
        for zone, own in weather.items():
            if self.name == WIND:
                features = wind_features(weather, zone)
                dark = np.zeros(len(features))
            else:
                features = sun_features(own, panels_of(zone))
                dark = (features["elevation"].to_numpy() <= TWILIGHT_DEG).astype(np.float64)
            power = self.power[zone].reindex(features.index)
            found[zone] = Table(
                features=features, power=power.where(power.index < known.begin), dark=dark
            )
        return found

    def recipes(self, columns: "Sequence[str]") -> "tuple[Recipe, ...]":
        """The models of this track."""
        make: Callable[[Sequence[str]], tuple[Recipe, ...]]
        make = wind_recipes if self.name == WIND else sun_recipes
        return make(columns)

    def truth(self, of: Task) -> dict[str, Array]:
        """Power of every hour of a task by zone; NaN where unknown."""
        hours = pd.date_range(of.begin, of.end - HOUR, freq="h")
        return {zone: power.reindex(hours).to_numpy() for zone, power in self.power.items()}


def panels_of(zone: str) -> Panels:
    """The published plane of a zone, or a usual one."""
    tilt, azimuth = _PANELS.get(int(zone), _UNKNOWN_PLANE)
    return Panels(tilt_deg=tilt, azimuth_deg=azimuth, **_SITE)


def wind_track(data: Path) -> Track:
    """The wind track from `data`."""
    columns = {f"{c}_fcst_m_s": c for c in ("u10", "v10", "u100", "v100")}
    frame = read_all(
        data, "wind_gefcom2014/wind_*.parquet", ["zone_id", "time_utc", "power_norm", *columns]
    ).rename(columns=columns)
    power, weather = {}, {}
    for zone, rows in _by_zone(frame, "zone_id", "time_utc"):
        power[zone] = rows["power_norm"]
        weather[zone] = rows[list(columns.values())]
    return Track(
        name=WIND,
        first_month=pd.Timestamp("2012-10-01", tz="UTC"),
        power=power,
        weather=_common_hours(weather),
        published=_published(data / "wind_gefcom2014"),
    )


def solar_track(data: Path) -> Track:
    """The solar track from `data`."""
    wanted = ["zone", "valid_time_utc", "power_share_of_capacity", *SOLAR_COLUMNS]
    frame = read_all(data, "solar_gefcom2014/solar_*.parquet", wanted)
    power, weather = {}, {}
    for zone, rows in _by_zone(frame, "zone", "valid_time_utc"):
        power[zone] = rows["power_share_of_capacity"]
        weather[zone] = solar_weather(rows)
    return Track(
        name=SOLAR,
        first_month=pd.Timestamp("2013-04-01", tz="UTC"),
        power=power,
        weather=weather,
        published=_published(data / "solar_gefcom2014"),
    )


def solar_weather(rows: pd.DataFrame) -> pd.DataFrame:
    """Hourly means out of fields that accumulate over a run and restart after 00 UTC."""
    run = pd.DatetimeIndex(rows.index).floor("D")

    def hourly(column: str) -> pd.Series:
        change: pd.Series = rows[column].groupby(run).diff()
        return change.fillna(rows[column])

    return pd.DataFrame(
        {
            "ghi_w_m2": hourly("ssrd_accumulated_j_m2").clip(lower=0) / _SECONDS_AN_HOUR,
            "thermal_w_m2": hourly("strd_accumulated_j_m2") / _SECONDS_AN_HOUR,
            "net_top_w_m2": hourly("tsr_accumulated_j_m2") / _SECONDS_AN_HOUR,
            "rain_m": hourly("tp_accumulated_m").clip(lower=0),
            "cloud_share": rows["total_cloud_cover_frac"],
            "temperature_c": rows["t2m_k"] - _KELVIN,
            "wind_speed_m_s": np.hypot(rows["u10_m_s"], rows["v10_m_s"]),
            "humidity_percent": rows["relative_humidity_1000hpa_pct"],
            "cloud_water_kg_m2": rows["tclw_kg_m2"],
            "cloud_ice_kg_m2": rows["tciw_kg_m2"],
            "pressure_pa": rows["surface_pressure_pa"],
        }
    )


def _by_zone(frame: pd.DataFrame, zone: str, time: str) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, rows in frame.groupby(zone):
        by_hour = rows.drop_duplicates(time).set_index(time).sort_index()
        by_hour.index = pd.DatetimeIndex(by_hour.index) - HOUR
        yield str(name), by_hour


def _common_hours(weather: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Only hours every zone has weather for: neighbours are looked at too."""
    frames = {zone: frame.dropna() for zone, frame in weather.items()}
    hours = next(iter(frames.values())).index
    for frame in frames.values():
        hours = hours.intersection(frame.index)
    return {zone: frame.loc[hours] for zone, frame in frames.items()}


def _published(folder: Path) -> dict[tuple[int, str], float]:
    """Scores of others, which stand beside ours and enter nothing."""
    found: dict[tuple[int, str], float] = {}
    for path in sorted(folder.glob("published_scores*.csv")):
        rows = pd.read_csv(path)
        for number, team, score in zip(
            rows["task"], rows["participant"], rows["mean_pinball_loss"], strict=True
        ):
            found[int(number), str(team)] = float(score)
    return found


def benchmark_quantiles(track: Track, of: Task) -> dict[str, Array]:
    """The organisers' benchmark, shape (99, n) by zone.

    Wind: quantiles of all earlier power. Solar: the power of the same stamp a year earlier, at
    every level.
    """
    hours = pd.date_range(of.begin, of.end - HOUR, freq="h")
    found = {}
    for zone, power in track.power.items():
        if track.name == WIND:
            past = power[power.index < of.begin].dropna().to_numpy()
            found[zone] = np.repeat(np.quantile(past, PERCENTILES)[:, None], len(hours), axis=1)
        else:
            before = power.reindex(hours - pd.DateOffset(years=1)).to_numpy()
            found[zone] = np.repeat(before[None], len(PERCENTILES), axis=0)
    return found


def mean_pinball(quantiles: Mapping[str, Array], truth: Mapping[str, Array]) -> float:
    """Mean over zones of the mean over hours with known power, 99 levels."""
    scores = []
    for zone, values in quantiles.items():
        known = np.isfinite(truth[zone])
        scores.append(pinball(truth[zone][known], values[:, known], PERCENTILES).mean())
    return float(np.mean(scores))


class Replay:
    """Tasks in their order; a month's forecasts also serve to weigh the models for the next."""

    def __init__(self, track: Track) -> None:
        self._track = track
        self._done: dict[int, Members] = {}

    def members(self, number: int) -> Members:
        """Every model's forecasts of a task."""
        if number not in self._done:
            of = task(self._track.first_month, number)
            tables = self._track.tables(of)
            columns = list(next(iter(tables.values())).features.columns)
            self._done[number] = forecast_span(
                tables, self._track.recipes(columns), PERCENTILES, begin=of.begin, end=of.end
            )
        return self._done[number]

    def forecast(self, number: int) -> tuple[dict[str, Array], Array]:
        """The blend's quantiles by zone, and the weights, which know only the month before."""
        before = task(self._track.first_month, number - 1)
        weights = self.members(number - 1).weights(self._track.truth(before))
        return self.members(number).blended(weights), weights


def lines(track: Track, numbers: tuple[int, ...], say: "Callable[[str], None]") -> Iterator[Line]:
    """A line of each metric for every task, and over all."""
    index = pd.DatetimeIndex(next(iter(track.weather.values())).index)
    for number in numbers:
        require_span(task(track.first_month, number), index)
    replay, whole, scored = Replay(track), Meter(), []
    for number in numbers:
        meter = Meter()
        one = _score(track, replay, number)
        scored.append(one)
        cost = meter.read()
        say(f"{track.name} task {number}: {one.pinball:.5f}, {cost.cpu_seconds:.0f} s of CPU")
        yield from one.lines(track.name, str(number), cost)
    if len(numbers) > 1:
        over = _Scored.over(scored)
        yield from over.lines(track.name, f"{numbers[0]}-{numbers[-1]}", whole.read())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scored:
    """Figures of one task, or of several."""

    pinball: float
    inside: Array
    fit_s: float
    predict_s: float
    beside: Mapping[str, float]
    conditions: Mapping[str, str | float | bool]

    @classmethod
    def over(cls, tasks: "Sequence[_Scored]") -> "_Scored":
        """Means over tasks; only references that every task has."""
        shared = [name for name in tasks[0].beside if all(name in one.beside for one in tasks)]
        return cls(
            pinball=float(np.mean([one.pinball for one in tasks])),
            inside=np.concatenate([one.inside for one in tasks]),
            fit_s=float(np.mean([one.fit_s for one in tasks])),
            predict_s=float(np.mean([one.predict_s for one in tasks])),
            beside={name: float(np.mean([one.beside[name] for one in tasks])) for name in shared},
            conditions={"zones": tasks[0].conditions["zones"]},
        )

    def lines(self, case: str, tasks: str, cost: Cost) -> Iterator[Line]:
        """A line of each metric."""
        values = (
            (PINBALL, self.pinball),
            (COVERAGE, float(self.inside.mean())),
            (FIT, self.fit_s),
            (PREDICT, self.predict_s),
        )
        for metric, value in values:
            yield line_of(
                case,
                metric,
                value,
                cost=cost,
                conditions={"tasks": tasks, **self.conditions},
                n=self.inside.size,
                references=self.beside if metric is PINBALL else None,
            )


def _score(track: Track, replay: Replay, number: int) -> _Scored:
    of = task(track.first_month, number)
    truth = track.truth(of)
    quantiles, weights = replay.forecast(number)
    members = replay.members(number)
    told = {
        f"weight_{name}": round(float(weight), 3)
        for name, weight in zip(members.names, weights, strict=True)
    }
    benchmark = mean_pinball(benchmark_quantiles(track, of), truth)
    return _Scored(
        pinball=mean_pinball(quantiles, truth),
        inside=_inside(quantiles, truth),
        fit_s=members.fit_cpu_s,
        predict_s=members.predict_cpu_s,
        beside={"benchmark": benchmark} | _podium(track, number),
        conditions={"zones": len(truth), **told},
    )


def _podium(track: Track, number: int) -> dict[str, float]:
    """The published scores of one task, three best and the benchmark."""
    teams = {name: s for (t, name), s in track.published.items() if t == number}
    people = sorted((s, name) for name, s in teams.items() if "benchmark" not in name.lower())
    best = {"best_entry": people[0][0]} if people else {}
    winner = "kPower" if track.name == WIND else "Gang-gang"
    if winner in teams:
        best["winner"] = teams[winner]
    official = [s for name, s in teams.items() if "benchmark" in name.lower()]
    return best | ({"benchmark_published": official[0]} if official else {})


def _inside(quantiles: Mapping[str, Array], truth: Mapping[str, Array]) -> Array:
    low, high = _BAND
    found = []
    for zone, values in quantiles.items():
        known = np.isfinite(truth[zone])
        y = truth[zone][known]
        found.append((y >= values[low, known]) & (y <= values[high, known]))
    return np.concatenate(found).astype(np.float64)
