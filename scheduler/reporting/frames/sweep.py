"""What the figures of a sweep are drawn from, counted over worlds that were worked out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

WORLD = "world"


def done(frame: pd.DataFrame) -> pd.DataFrame:
    """Worlds that have figures."""
    return frame[frame["status"] == "done"]


def said(values: Sequence[object]) -> str:
    """Values of a world's choices as one label; what is left as it stands says nothing."""
    return ", ".join("" if pd.isna(one) else _short(one) for one in values)  # type: ignore[call-overload]


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def tornado(frame: pd.DataFrame, paths: Sequence[str], figure: str) -> pd.DataFrame:
    """Each axis by how far `figure` moves along it, the longest first.

    Where each axis was moved alone, its values stand for themselves and the base is the scenario as
    it stands; where all were combined, the mean over the others does, and the base is the mean.
    """
    there = done(frame)
    alone = there[there[list(paths)].isna().all(axis=1)]
    base = float((alone if len(alone) else there)[figure].astype(float).mean())
    rows = []
    for path in paths:
        moved = there[there[path].notna()]
        if moved.empty:
            continue
        grouped = moved.astype({figure: float}).groupby(path, sort=False)[figure].mean()
        means: dict[Any, float] = dict(grouped.items())
        low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        rows.append(
            {
                "axis": path,
                "low": min(means[low], base),
                "low_at": _short(low),
                "high": max(means[high], base),
                "high_at": _short(high),
                "base": base,
            }
        )
    columns = ["axis", "low", "low_at", "high", "high_at", "base"]
    found = pd.DataFrame(rows, columns=columns)
    order = (found["high"] - found["low"]).sort_values(ascending=False, kind="stable").index
    return found.loc[order].reset_index(drop=True)


def pareto(frame: pd.DataFrame, paths: Sequence[str]) -> pd.DataFrame:
    """Cost and emissions of each world, and whether no other is as good in both, better in one."""
    there = done(frame)
    cost, kg = (there[name].astype(float).to_numpy() for name in ("cost", "emissions_kg"))
    beaten = [
        bool(((cost <= cost[k]) & (kg <= kg[k]) & ((cost < cost[k]) | (kg < kg[k]))).any())
        for k in range(len(there))
    ]
    return pd.DataFrame(
        {
            "label": [said(row) for row in there[list(paths)].itertuples(index=False)],
            "cost": cost,
            "emissions_kg": kg,
            "unbeaten": ~np.array(beaten, dtype=bool),
        }
    )


def heat(frame: pd.DataFrame, paths: Sequence[str], figure: str) -> pd.DataFrame:
    """The first two axes against each other, `figure` as the mean over all others.

    Empty where there are fewer, or where they were never moved together.
    """
    columns = ["first", "second", "value", "dark"]
    if len(paths) < 2:  # noqa: PLR2004 - a plane has two
        return pd.DataFrame(columns=columns)
    there = done(frame).dropna(subset=list(paths[:2]))
    if there.empty:
        return pd.DataFrame(columns=columns)
    grouped = there.astype({figure: float}).groupby(list(paths[:2]), sort=False)[figure].mean()
    means: dict[Any, float] = dict(grouped.items())
    middle = (min(means.values()) + max(means.values())) / 2
    rows = [
        {"first": _short(one), "second": _short(two), "value": value, "dark": value > middle}
        for (one, two), value in means.items()
    ]
    return pd.DataFrame(rows, columns=columns)
