"""From run-now to the plan, one freedom at a time.

Drawn as changes against run-now, which is the zero line: small changes of a large total stay
visible without cutting an axis.
"""

import json
from typing import Any

import pandas as pd

from scheduler.reporting import palette
from scheduler.reporting.figures.axes import only, sized, table, tooltip, value_axis
from scheduler.reporting.figures.door import altair
from scheduler.reporting.texts import Language

HEIGHT = 190


def key_of(freedom: str) -> str:
    """The freedom's key in the catalogue."""
    return f"freedom.{freedom.replace(' ', '_').replace('-', '_')}"


def bars(frame: pd.DataFrame, kpi: str, unit: str, *, words: Language, description: str) -> Any:
    """What helps in green, what hurts in red, the plan as a whole in blue."""
    alt = altair()
    last = int(frame["order"].max())
    base = float(frame[f"{kpi}_to"].iloc[0])
    names = [words.say(key_of(name)) for name in frame["freedom"]]
    rows = only(table("waterfall")).transform_filter("datum.order > 0")
    rows = rows.transform_calculate(
        name=f"{json.dumps(names, ensure_ascii=False)}[datum.order]",
        low=f"datum.order == {last} ? 0 : datum.{kpi}_from - {base!r}",
        high=f"datum.{kpi}_to - {base!r}",
    ).transform_calculate(
        change="datum.high - datum.low",
        top="max(datum.low, datum.high)",
        colour=f"datum.order == {last} ? '{palette.PLAN}'"
        f" : datum.high > datum.low ? '{palette.WORSE}' : '{palette.BETTER}'",
    )
    rows = rows.transform_calculate(
        label="format(datum.change, abs(datum.change) < 100 ? '+,.1f' : '+,.0f')"
    ).encode(
        x=alt.X(
            "name:N",
            sort=names,
            axis=alt.Axis(title=None, labelAngle=0, labelLimit=130, labelOverlap=False),
        )
    )
    bar = rows.mark_bar(size=34).encode(
        y=value_axis("low", unit, tickCount=4),
        y2="high:Q",
        color=alt.Color("colour:N", scale=None, legend=None),
        tooltip=[tooltip("name", " ", "N"), tooltip("label", unit, "N")],
    )
    text = rows.mark_text(dy=-7, fontSize=11).encode(y="top:Q", text="label:N")
    return sized(alt.layer(bar, text), HEIGHT, description)
