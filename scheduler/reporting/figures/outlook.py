"""A forecast as it was issued: band from 10 to 90 % and median."""

from typing import Any

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

HEIGHT = 100


def band(series: int, unit: str, *, span: Span, description: str) -> Any:
    """The forecast numbered `series` in the table of bands."""
    alt = altair()
    rows = with_edges(only(table("forecasts"), series=series)).encode(x=time_axis("edge", span))
    scale = alt.Scale(zero=False, nice=True)
    between = rows.mark_area(color=palette.BAND, opacity=0.45).encode(
        y=value_axis("low", unit, tickCount=3, scale=scale), y2="high:Q"
    )
    middle = rows.mark_line(color=palette.PLAN, strokeWidth=1.4).encode(
        y=alt.Y("median:Q"),
        tooltip=[
            tooltip("edge", "UTC", "T"),
            tooltip("low", "10 %"),
            tooltip("median", "50 %"),
            tooltip("high", "90 %"),
        ],
    )
    return sized(alt.layer(between, middle), HEIGHT, description)
