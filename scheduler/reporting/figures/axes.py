"""What every figure over time shares: steps with both edges, one time axis, one label width."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.reporting.figures.door import altair

LABEL_WIDTH = 48
CLOCK = {
    "minutes": "%H:%M",
    "hours": "%H:%M",
    "date": "%a %d",
    "day": "%a %d",
    "week": "%a %d",
    "month": "%d %b",
    "quarter": "%b",
    "year": "%d %b %Y",
}
"""Labels of the time axis, by what changes at the tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time every figure shows."""

    start: datetime
    end: datetime

    @property
    def domain(self) -> list[Any]:
        """Both ends, by their parts: Vega's interpreter takes a single number for a year."""
        alt = altair()
        return [
            alt.DateTime(
                year=one.year,
                month=one.month,
                date=one.day,
                hours=one.hour,
                minutes=one.minute,
                utc=True,
            )
            for one in (self.start, self.end)
        ]

    @property
    def end_ms(self) -> int:
        """The end in milliseconds, as Vega's expressions count."""
        return round(self.end.timestamp() * 1000)


def table(name: str) -> Any:
    """A chart on the embedded table `name`."""
    alt = altair()
    return alt.Chart(alt.NamedData(name=name))


def only(chart: Any, **values: str | int) -> Any:
    """`chart` on the rows that hold these values."""
    alt = altair()
    for field, value in values.items():
        chart = chart.transform_filter(alt.FieldEqualPredicate(field=field, equal=value))
    return chart


def with_edges(chart: Any) -> Any:
    """Each row twice, at its step's left and right edge, as `edge`: lines become steps."""
    return chart.transform_fold(["time_utc", "end_utc"], as_=["side", "edge"]).transform_calculate(
        edge="toDate(datum.edge)"
    )


def dated(chart: Any, *fields: str) -> Any:
    """`chart` with its instants read as instants."""
    return chart.transform_calculate(**{field: f"toDate(datum.{field})" for field in fields})


def time_axis(field: str, span: Span | None) -> Any:
    """The shared axis, in UTC.

    A layer with a second edge (`x2`) gives no span, for Vega-Lite would read it once more without
    its type; the span of the layers beside it holds for all.
    """
    alt = altair()
    domain = alt.Undefined if span is None else span.domain
    return alt.X(
        f"{field}:T",
        scale=alt.Scale(type="utc", domain=domain),
        axis=alt.Axis(title=None, grid=True, tickCount=7, labelFlush=True, format=CLOCK),
    )


def value_axis(field: str, title: str, **options: Any) -> Any:
    """A quantity upwards; all have one label width."""
    alt = altair()
    scale = options.pop("scale", alt.Undefined)
    axis = {
        "title": title,
        "titleAnchor": "end",
        "titleAngle": 0,
        "titleAlign": "left",
        "titleBaseline": "bottom",
        "titleX": -LABEL_WIDTH,
        "titleY": -5,
        "minExtent": LABEL_WIDTH,
        "maxExtent": LABEL_WIDTH,
        "tickCount": 5,
        **options,
    }
    return alt.Y(f"{field}:Q", scale=scale, stack=None, axis=alt.Axis(**axis))


def tooltip(field: str, title: str, kind: str = "Q") -> Any:
    """One line of a hover."""
    alt = altair()
    style = {"Q": ",.1f", "T": "%d %b %H:%M"}.get(kind, alt.Undefined)
    if kind == "T":
        return alt.Tooltip(f"{field}:T", title=title, format=style, formatType="utc")
    return alt.Tooltip(f"{field}:{kind}", title=title, format=style)


def sized(chart: Any, height: int, description: str) -> Any:
    """As wide as its column."""
    return chart.properties(width="container", height=height, description=description)
