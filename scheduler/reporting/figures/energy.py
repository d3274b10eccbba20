"""Energy over time: sources above the line, uses below, and what the grid asks for them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scheduler.reporting import palette
from scheduler.reporting.figures.axes import (
    Span,
    only,
    sized,
    table,
    time_axis,
    tooltip,
    value_axis,
    with_edges,
)
from scheduler.reporting.figures.door import altair
from scheduler.reporting.texts import Language

NEGLIGIBLE_KW = 1e-6


def flows_in(frame: pd.DataFrame) -> tuple[str, ...]:
    """The flows that are anywhere above zero, in the order they are stacked."""
    return tuple(flow for flow in palette.FLOWS if frame[flow].max() > NEGLIGIBLE_KW)


def highest_kw(frame: pd.DataFrame) -> float:
    """Top of the axis that plan and run-now share: sources of all rows of one plan and instant."""
    sources = frame.groupby(["plan", "time_utc"], sort=False)[list(palette.SUPPLY)].sum()
    return float(np.ceil(max(1.0, sources.sum(axis=1).max() * 1.02)))


def stack(
    plan: str,
    site: str | None,
    flows: Sequence[str],
    *,
    top_kw: float,
    span: Span,
    words: Language,
    height: int,
    description: str,
) -> Any:
    """The stack of one plan; of all sites together where `site` is None."""
    alt = altair()
    rows = only(table("energy"), plan=plan, **({} if site is None else {"site": site}))
    if site is None:
        rows = rows.transform_aggregate(
            groupby=["time_utc", "end_utc"], **{flow: f"sum({flow})" for flow in flows}
        )
    uses = [flow for flow in flows if flow in palette.USE]
    order = f"indexof({list(flows)}, datum.flow)"
    stacked = rows.transform_fold(list(flows), as_=["flow", "kw"]).transform_calculate(
        kw=f"indexof({uses}, datum.flow) < 0 ? datum.kw : -datum.kw", order=order
    )
    stacked = with_edges(
        stacked.transform_stack(
            stack="kw", groupby=["time_utc"], as_=["low", "high"], sort=[{"field": "order"}]
        )
    )
    areas = stacked.mark_area(line=False).encode(
        x=time_axis("edge", span),
        y=value_axis(
            "low",
            words.say("axis.power"),
            labelExpr="format(abs(datum.value), ',')",
            gridWidth={"condition": {"test": "datum.value == 0", "value": 2}, "value": 0.6},
            scale=alt.Scale(domain=[-top_kw, top_kw], nice=True),
        ),
        y2="high:Q",
        color=alt.Color(
            "flow:N",
            legend=None,
            scale=alt.Scale(domain=list(flows), range=[palette.FLOWS[flow] for flow in flows]),
        ),
    )
    hover = (
        rows.transform_calculate(time_utc="toDate(datum.time_utc)", end_utc="toDate(datum.end_utc)")
        .mark_rect(opacity=0)
        .encode(
            x=time_axis("time_utc", None),
            x2="end_utc:T",
            tooltip=[
                tooltip("time_utc", "UTC", "T"),
                *(tooltip(flow, f"{words.say(f'flow.{flow}')} [kW]") for flow in flows),
            ],
        )
    )
    return sized(alt.layer(areas, hover), height, description)


def strip(field: str, site: str, unit: str, *, span: Span, height: int, description: str) -> Any:
    """One thin line over the shared time axis: carbon or price."""
    alt = altair()
    rows = with_edges(only(table("energy"), plan="plan", site=site))
    chart = rows.mark_line(strokeWidth=1.6, color=palette.PLAN).encode(
        x=time_axis("edge", span),
        y=value_axis(field, unit, tickCount=3, scale=alt.Scale(zero=False, nice=True)),
        tooltip=[tooltip("edge", "UTC", "T"), tooltip(field, unit)],
    )
    return sized(chart, height, description)
