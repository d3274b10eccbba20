"""What a battery holds and does, in the plan and at once."""

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
from scheduler.reporting.texts import Language


def stored(site: str, *, energy_kwh: float, span: Span, words: Language, description: str) -> Any:
    """Stored energy: the plan as an area, run-now as a grey line."""
    alt = altair()
    scale = alt.Scale(domain=[0, energy_kwh], nice=True)

    def of(plan: str) -> Any:
        rows = only(table("energy"), plan=plan, site=site)
        return rows.transform_calculate(end_utc="toDate(datum.end_utc)").encode(
            x=time_axis("end_utc", span),
            y=value_axis("soc_kwh", words.say("axis.energy"), tickCount=4, scale=scale),
            tooltip=[tooltip("end_utc", "UTC", "T"), tooltip("soc_kwh", words.say(plan))],
        )

    plan = of("plan").mark_area(
        color=palette.SUPPLY["discharge_kw"],
        opacity=0.35,
        line={"color": palette.SUPPLY["discharge_kw"]},
    )
    return sized(alt.layer(plan, of("run-now").mark_line(**run_now_line())), 120, description)


def power(site: str, *, power_kw: float, span: Span, words: Language, description: str) -> Any:
    """Discharge above the line, charge below; run-now as a grey line."""
    alt = altair()
    scale = alt.Scale(domain=[-power_kw, power_kw], nice=True)

    def of(plan: str) -> Any:
        rows = only(table("energy"), plan=plan, site=site).transform_calculate(
            flow_kw="datum.discharge_kw - datum.charge_kw"
        )
        return with_edges(rows).encode(
            x=time_axis("edge", span),
            y=value_axis(
                "flow_kw",
                words.say("axis.power"),
                labelExpr="format(abs(datum.value), ',')",
                tickCount=3,
                scale=scale,
            ),
            tooltip=[tooltip("edge", "UTC", "T"), tooltip("flow_kw", f"{words.say(plan)} [kW]")],
        )

    plan = of("plan").mark_area(color=palette.SUPPLY["discharge_kw"], opacity=0.6)
    return sized(alt.layer(plan, of("run-now").mark_line(**run_now_line())), 110, description)


def run_now_line() -> dict[str, Any]:
    """How run-now is drawn wherever it is a line."""
    return {"color": palette.RUN_NOW, "strokeWidth": 1.2, "strokeDash": [4, 2]}
