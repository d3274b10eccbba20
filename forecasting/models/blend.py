"""Several models' quantiles averaged, each by how well it did in the month before.

No model is best at every farm and in every season, and their errors differ, so the average beats
each. The weights follow one rule for every month: they are fitted to forecasts of the month
before, made without knowing that month, and are half-way between those and equal ones, since a
month is little evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.models.climatology import Climatology
from forecasting.models.regression import Fitted, Recipe
from forecasting.quantiles import averaged
from forecasting.scores import pinball
from forecasting.steps import Array

_GRID = 10
_TOWARDS_EQUAL = 0.5
LEAST_ROWS = 24 * 30
"""Hours of history a site needs before anything is learnt from it: thirty days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """What is known of one site, a row an hour by left edge.

    Attributes:
        features: Of every hour; a row may lack values where the weather is not known.
        power: Available power on the same index, as a share of capacity; NaN where it is not
            known, or not to be learnt from because the plant was curtailed or out of order.
        dark: Hours in which there is certainly none.
    """

    features: pd.DataFrame
    power: pd.Series
    dark: Array

    def __post_init__(self) -> None:
        if not self.power.index.equals(self.features.index) or self.dark.size != self.power.size:
            raise ValueError(
                "table: features, power and dark must share their hours, got "
                f"{len(self.features)}, {len(self.power)} and {self.dark.size}; reindex them"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Members:
    """Forecasts of one span by every model, none of which has seen its power.

    Attributes:
        names: Of the models.
        quantiles: By site, one array (Q, n) for each model.
        levels: Quantile levels, shape (Q,).
        fit_cpu_s: CPU time of fitting. [s]
        predict_cpu_s: CPU time of forecasting. [s]
    """

    names: tuple[str, ...]
    quantiles: Mapping[str, tuple[Array, ...]]
    levels: Array
    fit_cpu_s: float = 0.0
    predict_cpu_s: float = 0.0

    def blended(self, weights: Array) -> dict[str, Array]:
        """By site, shape (Q, n)."""
        return {site: averaged(each, weights) for site, each in self.quantiles.items()}

    def weights(self, truth: Mapping[str, Array]) -> Array:
        """Of the models, once it is known what came true, shape (M,), summing to 1.

        The best on a grid of tenths by pinball loss over all sites, moved half-way to equal.
        """
        best, least = np.full(len(self.names), 1 / len(self.names)), np.inf
        for parts in product(range(_GRID + 1), repeat=len(self.names)):
            if sum(parts) != _GRID:
                continue
            weights = np.array(parts) / _GRID
            score = self._score(weights, truth)
            if score < least:
                best, least = weights, score
        equal = np.full(len(self.names), 1 / len(self.names))
        mixed: Array = _TOWARDS_EQUAL * equal + (1 - _TOWARDS_EQUAL) * best
        return mixed

    def _score(self, weights: Array, truth: Mapping[str, Array]) -> float:
        scores = []
        # Every third level tells models apart as well as all do.
        some = slice(1, None, 3)
        for site, quantiles in self.blended(weights).items():
            known = np.isfinite(truth[site])
            if known.any():
                losses = pinball(truth[site][known], quantiles[some][:, known], self.levels[some])
                scores.append(float(losses.mean()))
        return float(np.mean(scores)) if scores else np.inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpanFits:
    """Every model of every site, learnt from power before one instant.

    Attributes:
        begin: That instant.
        names: Of the models.
        fitted: By site, one fit for each model.
        fit_cpu_s: CPU time it took. [s]
    """

    begin: pd.Timestamp
    names: tuple[str, ...]
    fitted: Mapping[str, tuple[Fitted, ...]]
    fit_cpu_s: float

    def members(self, tables: Mapping[str, Table], levels: Array, *, end: pd.Timestamp) -> Members:
        """Every site's hours up to `end`, with the weather as `tables` have it."""
        started = process_time()
        found = {
            site: _forecast(tables[site], fitted, levels, self.begin, end)
            for site, fitted in self.fitted.items()
        }
        return Members(
            names=self.names,
            quantiles=found,
            levels=levels,
            fit_cpu_s=self.fit_cpu_s,
            predict_cpu_s=process_time() - started,
        )


def fit_span(
    tables: Mapping[str, Table], recipes: Sequence[Recipe], *, begin: pd.Timestamp
) -> SpanFits:
    """Learn every site by every model from power before `begin` only.

    Raises:
        ValueError: Where a site has less than `LEAST_ROWS` hours of history.
    """
    started = process_time()
    fitted: dict[str, tuple[Fitted, ...]] = {}
    for site, table in tables.items():
        rows, lit, whole = _rows(table)
        before = np.asarray(table.features.index < begin)
        past = before & lit & whole & np.isfinite(table.power.to_numpy())
        if past.sum() < LEAST_ROWS and before.sum() < LEAST_ROWS:
            raise ValueError(
                f"blend: {site} must have {LEAST_ROWS} h of history, got {int(past.sum())}; "
                "use a lower rung until then"
            )
        target = table.power.to_numpy()[past]
        fitted[site] = tuple(recipe.fit(rows[past], target) for recipe in recipes)
    return SpanFits(
        begin=begin,
        names=tuple(recipe.name for recipe in recipes),
        fitted=fitted,
        fit_cpu_s=process_time() - started,
    )


def forecast_span(
    tables: Mapping[str, Table],
    recipes: Sequence[Recipe],
    levels: Array,
    *,
    begin: pd.Timestamp,
    end: pd.Timestamp,
) -> Members:
    """Every site's hours [begin, end) by every model, from power before `begin` only."""
    return fit_span(tables, recipes, begin=begin).members(tables, levels, end=end)


def _forecast(
    table: Table,
    fitted: Sequence[Fitted],
    levels: Array,
    begin: pd.Timestamp,
    end: pd.Timestamp,
) -> tuple[Array, ...]:
    """One site's hours by every model, each (Q, n); none while it is dark."""
    index = pd.DatetimeIndex(table.features.index)
    rows, lit, whole = _rows(table)
    wanted = np.asarray((index >= begin) & (index < end))
    # Hours without weather: what is usual, never a tree with a gap in its inputs.
    blind = wanted & lit & ~whole
    usual = np.zeros((levels.size, int(blind.sum())))
    if blind.any():
        known = table.power[np.asarray(index < begin)]
        usual = Climatology.of(known).quantiles(index[blind], levels)
    asked = rows[wanted & lit & whole]
    each = []
    for model in fitted:
        quantiles = np.zeros((levels.size, int(wanted.sum())))
        if asked.size:
            quantiles[:, (lit & whole)[wanted]] = model.quantiles(asked, levels)
        quantiles[:, blind[wanted]] = usual
        each.append(quantiles)
    return tuple(each)


def _rows(table: Table) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Features, which hours have light, and which have all their weather."""
    rows = table.features.to_numpy(dtype=np.float64)
    return rows, table.dark < 1, np.isfinite(rows).all(axis=1)
