"""Fewer scenarios with weights, in place of many: what a planner can afford to look at.

Scenarios are told apart by what a battery and a queue of jobs feel, the cumulative net energy,
not by single hours; and the leanest of all is always kept, since it is the one a plan fails on.
Drawing is not done here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.forecast import Forecast
from forecasting.steps import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Which scenarios stay, and how much each then stands for.

    Attributes:
        kept: Their numbers, increasing, shape (n,).
        weights: Their weights, summing to 1, shape (n,).
    """

    kept: NDArray[np.int64]
    weights: Array


def select(net_kw: Array, weights: Array, n_kept: int) -> Selection:
    """The `n_kept` scenarios that represent all best.

    Fast forward selection (Heitsch and Römisch, "Scenario reduction algorithms in stochastic
    programming", Computational Optimization and Applications 24, 2003) on the distance between
    cumulative curves of net energy, begun with the scenario of least net energy. Each scenario
    left out gives its weight to the nearest kept one. Ties go to the lower number.

    Args:
        net_kw: Generation less load by scenario and step, shape (S, T). [kW]
        weights: Weight of each scenario, shape (S,).
        n_kept: How many to keep, from 1 to S.
    """
    n_scenarios, n_steps = net_kw.shape
    if not 1 <= n_kept <= n_scenarios:
        raise ValueError(
            f"scenarios.select: n_kept must be from 1 to the {n_scenarios} there are, "
            f"got {n_kept}; ask for fewer or draw more"
        )
    curves = np.cumsum(net_kw, axis=1)
    squares = (curves**2).sum(axis=1)
    distance = np.sqrt(
        np.maximum(squares[:, None] + squares[None, :] - 2 * curves @ curves.T, 0.0) / n_steps
    )
    np.fill_diagonal(distance, 0.0)
    kept = [int(np.argmin(curves[:, -1]))]
    nearest = distance[:, kept[0]].copy()
    while len(kept) < n_kept:
        cost = weights @ np.minimum(nearest[:, None], distance)
        cost[kept] = np.inf
        kept.append(int(np.argmin(cost)))
        nearest = np.minimum(nearest, distance[:, kept[-1]])
    order = np.sort(np.array(kept, dtype=np.int64))
    goes_to = np.argmin(distance[:, order], axis=1)
    goes_to[order] = np.arange(n_kept)
    gathered = np.bincount(goes_to, weights=weights, minlength=n_kept)
    return Selection(kept=order, weights=gathered / gathered.sum())


def reduce(
    forecasts: Mapping[str, Forecast],
    n_kept: int,
    *,
    supply: tuple[str, ...],
    load: tuple[str, ...] = (),
) -> dict[str, Forecast]:
    """The same forecasts on `n_kept` common weighted scenarios.

    Quantiles and expected values stay: they are those of the full distribution.

    Args:
        forecasts: Drawn together, so that scenario s belongs with scenario s; by any name.
        n_kept: How many scenarios to keep.
        supply: Names whose power counts as generation.
        load: Names whose power counts as load.
    """
    if not supply and not load:
        raise ValueError(
            "scenarios.reduce: net energy needs a variable, got no supply and no load; name one"
        )
    for name in (*supply, *load):
        if name not in forecasts:
            raise ValueError(
                f"scenarios.reduce: no forecast of that name, got {name!r}; "
                f"use one of {', '.join(sorted(forecasts))}"
            )
    first = forecasts[(*supply, *load)[0]]
    for name, forecast in forecasts.items():
        if not np.array_equal(forecast.weights, first.weights):
            raise ValueError(
                f"scenarios.reduce: all must share their scenarios, got other weights for "
                f"{name!r}; draw them together"
            )
    net_kw = np.zeros(first.scenarios.shape)
    for name in supply:
        net_kw = net_kw + forecasts[name].scenarios
    for name in load:
        net_kw = net_kw - forecasts[name].scenarios
    chosen = select(net_kw, first.weights, n_kept)
    return {
        name: replace(forecast, scenarios=forecast.scenarios[chosen.kept], weights=chosen.weights)
        for name, forecast in forecasts.items()
    }
