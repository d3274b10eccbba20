"""What a sweep shows at a glance: what moves a figure most, cost against carbon, two choices."""

from typing import Any

from scheduler.reporting import palette
from scheduler.reporting.figures.axes import sized, table, tooltip
from scheduler.reporting.figures.door import altair

BAR, HEAT_STEP, PARETO_HEIGHT = 26, 34, 320


def tornado(name: str, title: str, *, n_axes: int, description: str) -> Any:
    """One bar an axis, from its least to its largest; a line where all started from."""
    alt = altair()
    rows = table(name)
    y = alt.Y("axis:N", sort=None, axis=alt.Axis(title=None, labelLimit=260))
    bars = rows.mark_bar(color=palette.PLAN, size=14).encode(
        y=y,
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)),
        x2="high:Q",
        tooltip=[
            tooltip("axis", " ", "N"),
            tooltip("low", "min"),
            tooltip("low_at", "=", "N"),
            tooltip("high", "max"),
            tooltip("high_at", "=", "N"),
        ],
    )
    base = rows.mark_tick(color=palette.DEADLINE, thickness=2, size=18).encode(y=y, x="base:Q")
    return sized(alt.layer(bars, base), BAR * n_axes, description)


def pareto(name: str, x: str, y: str, *, description: str) -> Any:
    """Every world by cost and emissions; those that no other beats in both are joined."""
    alt = altair()
    rows = table(name)
    across = alt.X("cost:Q", title=x, scale=alt.Scale(zero=False))
    up = alt.Y("emissions_kg:Q", title=y, scale=alt.Scale(zero=False))
    told = [tooltip("label", " ", "N"), tooltip("cost", x), tooltip("emissions_kg", y)]
    points = rows.mark_circle(size=50, opacity=0.8).encode(
        x=across,
        y=up,
        color=alt.condition(
            "datum.unbeaten", alt.value(palette.BETTER), alt.value(palette.RUN_NOW)
        ),
        tooltip=told,
    )
    line = (
        rows.transform_filter("datum.unbeaten")
        .mark_line(color=palette.BETTER, strokeWidth=1.5)
        .encode(x=across, y=up, order="cost:Q")
    )
    return sized(alt.layer(line, points), PARETO_HEIGHT, description)


def heat(name: str, axes: tuple[str, str], title: str, *, n_rows: int, description: str) -> Any:
    """Two choices against each other, the mean over all others as colour and number."""
    alt = altair()
    cells = table(name).encode(
        x=alt.X("first:N", sort=None, title=axes[0], axis=alt.Axis(labelAngle=0)),
        y=alt.Y("second:N", sort=None, title=axes[1]),
    )
    squares = cells.mark_rect().encode(
        color=alt.Color("value:Q", title=title, scale=alt.Scale(scheme="viridis", reverse=True)),
        tooltip=[
            tooltip("first", axes[0], "N"),
            tooltip("second", axes[1], "N"),
            tooltip("value", title),
        ],
    )
    numbers = cells.mark_text(fontSize=11).encode(
        text=alt.Text("value:Q", format=",.4~g"),
        color=alt.condition("datum.dark", alt.value("white"), alt.value("black")),
    )
    return sized(alt.layer(squares, numbers), HEAT_STEP * n_rows, description)
