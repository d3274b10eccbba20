"""A forecast from records: the best rung that what is at hand allows, hour by hour.

Fitting is apart from forecasting: a model is learnt once a week and asked every hour. Each hour
stands on the highest rung its inputs reach: the weather forecast where its row is complete, else
the last hours, else the season, else what the caller knows without a record. It always answers,
and the answer says on what it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.calibration import IssuedPits, recalibrated
from forecasting.dependence import Dependence, scenarios
from forecasting.forecast import LEVELS, Forecast, Provenance
from forecasting.models.analogs import FittedAnalogs
from forecasting.models.climatology import Climatology
from forecasting.models.recent import FADING_H, FRESH_LEAD_H
from forecasting.models.regression import Fitted, Recipe
from forecasting.models.trajectories import FittedTrajectories, TrajectoryForest, recent_features
from forecasting.newest import LEVEL_MEMORY, corrected
from forecasting.quantiles import averaged
from forecasting.scores import pit
from forecasting.steps import HOUR, Array, require_utc

RUNGS = (
    "0 coordinates only",
    "1 observations",
    "2 fresh observations",
    "3 weather forecast",
)
ENOUGH_H = 24 * 30
"""Known hours from which a record is learnt from. [h]"""

FRESH_H = 3.0
"""Oldest last observation that still tells something of the hours ahead. [h]"""

WEATHER_FRESH_H = 12.0
"""Oldest weather forecast that is still used. [h]"""

ERROR_MEMORY_H = 3.6
"""Errors of consecutive hours correlate by exp(−1 / 3.6 h) = 0.76, as measured. [h]"""

_LEVELS: Array = np.array(LEVELS)
_OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What is at hand when a forecast is issued.

    Attributes:
        history: Hourly by left edge in UTC, none left out; NaN where unknown, curtailed or out of
            order: available power is learnt, never delivered power.
        features: Of the weather forecast and the clock by left edge, past hours and hours to come;
            rows may lack values. None without a weather forecast.
        weather_issued_at: When the weather forecast was made.
    """

    history: pd.Series
    features: pd.DataFrame | None = None
    weather_issued_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """Models of one series, as fitted.

    Attributes:
        span: First and last instant learnt from; None where the record was too short.
        usual: Climatology.
        recent: What follows on the last hours.
        weather: Models of the weather forecast, averaged.
        past: Instants of the rows the weather's models have seen.
        lower: Least possible value.
        upper: Largest possible value.
    """

    span: tuple[datetime, datetime] | None
    usual: Climatology | None
    recent: FittedTrajectories | None
    weather: tuple[Fitted, ...]
    past: pd.DatetimeIndex
    lower: float
    upper: float

    @classmethod
    def of(
        cls,
        known: Known,
        *,
        until: datetime,
        recipes: Sequence[Recipe] = (),
        lower: float = -np.inf,
        upper: float = np.inf,
        trajectories: TrajectoryForest | None = None,
    ) -> "Learnt":
        """Learn from what came before `until`; from nothing where that is too little."""
        require_utc("learnt: until", until)
        history = known.history[known.history.index < pd.Timestamp(until)]
        n_known = int(history.notna().sum())
        nothing = pd.DatetimeIndex([], tz="UTC")
        if n_known < ENOUGH_H:
            return cls(
                span=None, usual=None, recent=None, weather=(), past=nothing,
                lower=lower, upper=upper,
            )  # fmt: skip
        rows = recent_features(history.to_frame(_OWN), _OWN)
        forest = trajectories or TrajectoryForest()
        fitted: list[Fitted] = []
        past = nothing
        if known.features is not None and recipes:
            table = known.features.reindex(history.index)
            whole = np.isfinite(table.to_numpy(dtype=np.float64)).all(axis=1)
            learn = whole & history.notna().to_numpy()
            if learn.sum() >= ENOUGH_H:
                past = pd.DatetimeIndex(history.index[learn])
                x = table.to_numpy(dtype=np.float64)[learn]
                fitted = [recipe.fit(x, history.to_numpy()[learn]) for recipe in recipes]
        return cls(
            span=(history.index[0].to_pydatetime(), until),
            usual=Climatology.of(history),
            recent=forest.fit(rows, history),
            weather=tuple(fitted),
            past=past,
            lower=lower,
            upper=upper,
        )

    def forecast(
        self,
        known: Known,
        *,
        variable: str,
        unit: str,
        issued_at: datetime,
        n_hours: int,
        otherwise: Array,
        capacity: float | None = None,
        n_scenarios: int = 20,
        seed: int = 0,
        issued: IssuedPits | None = None,
    ) -> Forecast:
        """The hours from `issued_at` on.

        Args:
            known: What is at hand; after `issued_at` only the weather forecast is used.
            variable: Name.
            unit: Of the values.
            issued_at: Now: a full hour in UTC.
            n_hours: How many.
            otherwise: What the caller knows without a record: quantiles at `LEVELS`, shape (Q,) or
                (Q, n_hours); the lowest rung.
            capacity: Largest possible value where there is one.
            n_scenarios: How many joint scenarios.
            seed: Of the scenarios.
            issued: What became of forecasts issued before; quantiles are read where it says.
        """
        require_utc("learnt.forecast: issued_at", issued_at)
        now = pd.Timestamp(issued_at)
        hours = pd.date_range(now, periods=n_hours, freq="h")
        quantiles, rung = self._standing(known, now, hours, otherwise)
        if issued is not None:
            quantiles = recalibrated(np.sort(quantiles, axis=0), _LEVELS, issued, issued_at)
        quantiles = np.clip(np.sort(quantiles, axis=0), self.lower, self.upper)
        ages = self._ages(known, now)
        together = Dependence.fading(n_hours, 1, memory_h=ERROR_MEMORY_H)
        drawn = scenarios(together.draws(n_scenarios, seed), quantiles[..., None], _LEVELS)[..., 0]
        edges = np.concatenate([[0.0], (_LEVELS[:-1] + _LEVELS[1:]) / 2, [1.0]])
        return Forecast(
            variable=variable,
            unit=unit,
            issued_at=issued_at,
            start=issued_at,
            step=HOUR,
            levels=_LEVELS,
            quantiles=quantiles,
            expected=np.diff(edges) @ quantiles,
            scenarios=drawn,
            weights=np.full(n_scenarios, 1 / n_scenarios),
            capacity=capacity,
            provenance=Provenance(
                kind="forecast",
                source=f"own record of {variable}",
                issued_at=issued_at,
                rung=RUNGS[int(rung.max())],
                reason=self._reason(known, rung, ages),
                training_span=self.span,
                feed_age_h=ages,
                coverage_90=issued.coverage(0.9, issued_at) if issued is not None else None,
            ),
        )

    def _standing(
        self, known: Known, now: pd.Timestamp, hours: pd.DatetimeIndex, otherwise: Array
    ) -> tuple[Array, Array]:
        """Quantiles of every hour and the rung it stands on."""
        low = np.atleast_2d(otherwise).reshape(_LEVELS.size, -1)
        found = np.broadcast_to(low, (_LEVELS.size, len(hours))).copy()
        rung = np.zeros(len(hours))
        if self.usual is None:
            return found, rung
        found[:], rung[:] = self.usual.quantiles(hours, _LEVELS), 1
        recent = self._recent(known, now, len(hours))
        if recent is not None:
            late = np.maximum(np.arange(1, len(hours) + 1) - FRESH_LEAD_H, 0)
            trust = np.exp(-late / FADING_H)
            found = trust * recent + (1 - trust) * found
            rung[trust > 0.5] = 2  # noqa: PLR2004 - more of it than of the season
        weather = self._rows(known, now, hours)
        if weather is not None:
            whole = np.isfinite(weather).all(axis=1)
            if whole.any():
                ahead = np.full((_LEVELS.size, len(hours)), np.nan)
                ahead[:, whole] = self._blend(weather[whole])
                ahead = self._corrected(known, now, ahead)
                found[:, whole] = ahead[:, whole]
                rung[whole] = 3
        return found, rung

    def _blend(self, rows: Array) -> Array:
        """Quantiles of rows of the weather, the models counting alike, shape (Q, n)."""
        each = [one.quantiles(rows, _LEVELS) for one in self.weather]
        return np.sort(averaged(each, np.full(len(each), 1 / len(each))), axis=0)

    def _corrected(self, known: Known, now: pd.Timestamp, ahead: Array) -> Array:
        """`ahead` as the newest observation has it, where that hour's weather is known too."""
        last = _last_known(known, now)
        if last is None or known.features is None:
            return ahead
        row = known.features.reindex([last]).to_numpy(dtype=np.float64)
        if not np.isfinite(row).all():
            return ahead
        level = pit(np.array([known.history[last]]), self._blend(row), _LEVELS)
        since = round((now - last) / pd.Timedelta(HOUR)) - 1
        return corrected(ahead, _LEVELS, float(level[0]), hours_since=since, memory=LEVEL_MEMORY)

    def _recent(self, known: Known, now: pd.Timestamp, n_hours: int) -> Array | None:
        if self.recent is None:
            return None
        span = pd.date_range(now - 60 * pd.Timedelta(HOUR), now, freq="h")
        lately = known.history.reindex(span).where(span < now)
        row = recent_features(lately.to_frame(_OWN), _OWN).iloc[[-1]]
        if not np.isfinite(row.to_numpy()).all():
            return None
        leads = range(1, n_hours + 1)
        last = row["lag_1h"].to_numpy()
        return self.recent.quantiles(row.to_numpy(), last, leads, _LEVELS)[:, 0]

    def _rows(self, known: Known, now: pd.Timestamp, hours: pd.DatetimeIndex) -> Array | None:
        if not self.weather or known.features is None or known.weather_issued_at is None:
            return None
        age = now - pd.Timestamp(known.weather_issued_at)
        if not timedelta(0) <= age <= WEATHER_FRESH_H * HOUR:
            return None
        rows: Array = known.features.reindex(hours).to_numpy(dtype=np.float64)
        return rows

    def _ages(self, known: Known, now: pd.Timestamp) -> dict[str, float]:
        seen = known.history[known.history.index < now].dropna()
        ages = {}
        if not seen.empty:
            ages["observations"] = (now - seen.index[-1]) / pd.Timedelta(HOUR) - 1
        if known.weather_issued_at is not None:
            ages["weather forecast"] = (now - pd.Timestamp(known.weather_issued_at)) / pd.Timedelta(
                HOUR
            )
        return ages

    def _reason(self, known: Known, rung: Array, ages: dict[str, float]) -> str:
        """Why these rungs, and why not better ones."""
        parts = [
            f"{int((rung == number).sum())} of {rung.size} h on rung {name}"
            for number, name in enumerate(RUNGS)
            if (rung == number).any()
        ]
        if self.usual is None:
            parts.append(f"less than {ENOUGH_H} known hours to learn from")
        elif (rung < 2).all() and "observations" in ages:  # noqa: PLR2004 - rung 2
            parts.append(f"the last observation is {ages['observations']:.0f} h old")
        if known.features is None:
            parts.append("no weather forecast is configured")
        elif ages.get("weather forecast", 0) > WEATHER_FRESH_H:
            parts.append(
                f"WARNING the newest weather forecast is {ages['weather forecast']:.0f} h old, "
                f"more than {WEATHER_FRESH_H:.0f}"
            )
        elif (rung < 3).any() and self.weather:  # noqa: PLR2004 - rung 3
            parts.append("WARNING the weather forecast lacks values there")
        return "; ".join(parts)

    def nearest(self, known: Known, hour: datetime, n: int = 5) -> list[datetime]:
        """Past hours most like one to come, nearest first; none where no analogs are learnt."""
        analogs = [one for one in self.weather if isinstance(one, FittedAnalogs)]
        if not analogs or known.features is None:
            return []
        row = known.features.reindex([pd.Timestamp(hour)]).to_numpy(dtype=np.float64)
        if not np.isfinite(row).all():
            return []
        _, places = analogs[0].nearest(row)
        return [self.past[place].to_pydatetime() for place in places[0, :n]]


def _last_known(known: Known, now: pd.Timestamp) -> pd.Timestamp | None:
    """The newest hour observed, if it still tells something."""
    lately = known.history[(known.history.index < now)].iloc[-int(FRESH_H) - 1 :].dropna()
    if lately.empty:
        return None
    last: pd.Timestamp = lately.index[-1]
    return last if now - last <= (FRESH_H + 1) * pd.Timedelta(HOUR) else None


def in_words(forecast: Forecast, hour: int, like: Sequence[tuple[datetime, float]]) -> str:
    """One hour of a forecast said plainly, with the past hours that were most like it."""
    low, high = forecast.quantile(0.1)[hour], forecast.quantile(0.9)[hour]
    when = forecast.start + hour * forecast.step
    said = f"{forecast.variable} at {when:%Y-%m-%d %H:%M} UTC: {low:.3g} to {high:.3g} "
    said += f"{forecast.unit} (8 times in 10), {forecast.expected[hour]:.3g} on average"
    if like:
        least, most = min(value for _, value in like), max(value for _, value in like)
        dates = ", ".join(f"{past:%Y-%m-%d %H:%M}" for past, _ in like)
        said += (
            f"; the {len(like)} most similar past hours ({dates}) gave {least:.3g} to {most:.3g}"
        )
    return f"{said}. Stands on rung {forecast.provenance.rung}: {forecast.provenance.reason}."
