"""What followed, in the past, on hours like the last ones: power ahead without a weather forecast.

A forest is grown on what is known when a forecast is issued (the last hours here and at the
neighbours, the clock) and on several leads at once. Whoever shares leaves with now shows what may
follow: their changes from the last value at short leads, their values at long ones. Beyond about a
day the recent past says nothing, and climatology takes over by weights fitted on past forecasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.features.wind import clock_features
from forecasting.models.leaves import Leaves
from forecasting.steps import Array

LAGS_H = (1, 2, 3, 4, 5, 6, 9, 12, 18, 24)
"""Hours back that are looked at; 1 is the last hour known."""

_TREE_LEADS_H = ((1, 2, 3), (4, 6, 9), (12, 18, 24))
_CHANGE_UP_TO_H = 6
_LONGEST_FILL_H = 3


def recent_features(history: pd.DataFrame, name: str) -> pd.DataFrame:
    """What is known of `history[name]` and its neighbours before each hour of the index.

    Row t holds nothing of hour t itself. Short gaps keep the last value; longer ones leave the row
    incomplete, and a lower rung answers.

    Args:
        history: Power by site, a row for each hour by left edge, none left out.
        name: The site.
    """
    filled = history.ffill(limit=_LONGEST_FILL_H)
    known = filled.shift(1)
    own = known[name]
    columns = {f"lag_{lag}h": filled[name].shift(lag) for lag in LAGS_H}
    columns["mean_6h"] = own.rolling(6).mean()
    columns["mean_24h"] = own.rolling(24).mean()
    columns["spread_6h"] = own.rolling(6).std()
    columns["change_1h"] = own - filled[name].shift(2)
    columns["change_3h"] = own - filled[name].shift(4)
    others = [other for other in history.columns if other != name]
    for other in others:
        columns[f"at_{other}"] = known[other]
        columns[f"change_at_{other}"] = known[other] - filled[other].shift(3)
    if others:
        columns["region_mean"] = known.mean(axis=1)
        columns["region_change"] = known.mean(axis=1) - filled.shift(4).mean(axis=1)
    index = pd.DatetimeIndex(history.index)
    clock = {key: pd.Series(value, index=index) for key, value in clock_features(index).items()}
    return pd.DataFrame(columns | clock, index=index)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryForest:
    """The recipe.

    Attributes:
        n_trees: Of each of the three forests, for hours, half-days and days ahead.
        least_rows: In a leaf.
        feature_share: Features looked at for each split. [0..1]
        seed: Of the splits.
    """

    n_trees: int = 60
    least_rows: int = 12
    feature_share: float = 0.5
    seed: int = 0

    def fit(self, features: pd.DataFrame, values: pd.Series) -> "FittedTrajectories":
        """Grow the forests on every row whose features and successors are known.

        Args:
            features: Known before each hour, as `recent_features` makes them.
            values: On the same index; lead 1 of a row is its own hour.
        """
        from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415 - seconds of start-up

        last = features["lag_1h"].to_numpy()
        forests = []
        for leads in _TREE_LEADS_H:
            after = np.column_stack([values.shift(1 - lead).to_numpy() for lead in leads])
            if leads[-1] <= _CHANGE_UP_TO_H:
                after -= last[:, None]
            whole = np.isfinite(features.to_numpy()).all(axis=1) & np.isfinite(after).all(axis=1)
            rows = np.flatnonzero(whole)
            trees = ExtraTreesRegressor(
                n_estimators=self.n_trees,
                min_samples_leaf=self.least_rows,
                max_features=self.feature_share,
                random_state=self.seed,
                n_jobs=1,
            ).fit(features.to_numpy()[rows], after[rows])
            forests.append((Leaves.of(trees, features.to_numpy()[rows]), rows))
        return FittedTrajectories(forests=tuple(forests), past=values.to_numpy(), last=last)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedTrajectories:
    """Grown forests with the places of their rows, and the past they point into."""

    forests: tuple[tuple[Leaves, NDArray[np.int64]], ...]
    past: Array
    last: Array

    def quantiles(
        self, features: Array, last: Array, leads_h: Sequence[int], levels: Array
    ) -> Array:
        """Of every lead asked for, shape (Q, n, leads), not yet clipped to any capacity.

        Args:
            features: Complete rows, (n, F).
            last: Last value known in each row, (n,).
            leads_h: Ascending, from 1.
            levels: Quantile levels.
        """
        found = np.empty((levels.size, features.shape[0], len(leads_h)))
        weights: Mapping[int, Any] = {}
        for place, lead in enumerate(leads_h):
            which = next(
                (i for i, leads in enumerate(_TREE_LEADS_H) if lead <= leads[-1]),
                len(_TREE_LEADS_H) - 1,
            )
            if which not in weights:
                weights = {which: self.forests[which][0].weights(features)}
            rows, shares = self.forests[which][1], weights[which]
            by_change = lead <= _CHANGE_UP_TO_H
            for row in range(features.shape[0]):
                some = slice(shares.indptr[row], shares.indptr[row + 1])
                like, share = rows[shares.indices[some]], shares.data[some]
                inside = like + lead - 1 < self.past.size
                like, share = like[inside], share[inside]
                draws = self.past[like + lead - 1] - (self.last[like] if by_change else 0.0)
                known = np.isfinite(draws)
                order = np.argsort(draws[known], kind="stable")
                ordered = share[known][order]
                reached = np.cumsum(ordered)
                middle = (reached - ordered / 2) / reached[-1]
                column = np.interp(levels, middle, draws[known][order])
                found[:, row, place] = column + (last[row] if by_change else 0.0)
        return found
