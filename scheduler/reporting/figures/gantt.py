"""When and where each job runs, over what the grid's carbon does meanwhile."""

import json
from typing import Any

import pandas as pd

from scheduler.reporting import palette
from scheduler.reporting.figures.axes import (
    LABEL_WIDTH,
    Span,
    dated,
    only,
    sized,
    table,
    time_axis,
    tooltip,
)
from scheduler.reporting.figures.door import altair
from scheduler.reporting.texts import Language

MOST_LABELLED = 40
TALLEST = 760
HIGHEST_ROW, LOWEST_ROW = 20, 4
NAME_WIDTH = 150


def gantt(
    site: str,
    jobs: pd.DataFrame,
    *,
    span: Span,
    words: Language,
    has_carbon: bool,
    description: str,
) -> Any:
    """The jobs that the plan puts at `site`, one row each."""
    alt = altair()
    here = jobs[jobs["site"] == site]
    height = max(LOWEST_ROW, min(HIGHEST_ROW, TALLEST // max(1, len(here))))
    row = _rows(here["job"].tolist(), words)

    def runs(plan: str) -> Any:
        chart = dated(only(table("runs"), plan=plan, site=site), "start_utc", "end_utc")
        return chart.encode(x=time_axis("start_utc", None), x2="end_utc:T", y=row)

    def ticks(field: str, colour: str) -> Any:
        chart = dated(only(table("jobs"), site=site), field).transform_filter(
            f"time(datum.{field}) <= {span.end_ms}"
        )
        return chart.mark_tick(color=colour, thickness=1.5, height=height).encode(
            x=time_axis(field, span), y=row
        )

    hover = [
        tooltip("job", words.say("column.job"), "N"),
        tooltip("runs_at", words.say("column.site"), "N"),
        tooltip("start_utc", words.say("column.start"), "T"),
        tooltip("end_utc", words.say("column.end"), "T"),
        tooltip("gpus", words.say("column.gpus")),
        tooltip("power_kw", "kW"),
        tooltip("why", words.say("column.why"), "N"),
    ]
    kinds = list(palette.KIND)
    layers = [
        runs("run-now").mark_bar(color=palette.RUN_NOW, opacity=0.45, height=height),
        dated(only(table("jobs"), site=site), "start_utc", "end_utc")
        .transform_filter("isValid(datum.start_utc)")
        .mark_rule(strokeWidth=1, color=palette.PLAN)
        .encode(x=time_axis("start_utc", None), x2="end_utc:T", y=row),
        runs("plan")
        .mark_bar(height=max(2.0, 0.6 * height))
        .encode(
            color=alt.Color(
                "kind:N",
                legend=None,
                scale=alt.Scale(domain=kinds, range=[palette.KIND[kind] for kind in kinds]),
            ),
            tooltip=hover,
        ),
        ticks("due_utc", palette.DUE),
        ticks("deadline_utc", palette.DEADLINE),
    ]
    if has_carbon:
        layers.insert(0, _carbon(site, words))
    chart = alt.layer(*layers).resolve_scale(color="independent")
    return sized(chart, height * max(1, len(here)), description)


def _rows(names: list[str], words: Language) -> Any:
    """The rows' axis: names where there is room for them, else their number only."""
    alt = altair()
    scale = alt.Scale(domain=list(range(len(names))), padding=0)
    if len(names) > MOST_LABELLED:
        axis = alt.Axis(
            title=f"{len(names)} {words.say('axis.jobs')}",
            labels=False,
            ticks=False,
            grid=False,
            minExtent=LABEL_WIDTH / 2,
        )
    else:
        axis = alt.Axis(
            title=None,
            grid=False,
            ticks=False,
            labelLimit=NAME_WIDTH,
            labelExpr=f"{json.dumps(names, ensure_ascii=False)}[datum.value]",
            minExtent=LABEL_WIDTH,
        )
    return alt.Y("row:O", scale=scale, axis=axis)


def _carbon(site: str, words: Language) -> Any:
    alt = altair()
    steps = dated(only(table("energy"), plan="plan", site=site), "time_utc", "end_utc")
    return steps.mark_rect(opacity=0.35).encode(
        x=time_axis("time_utc", None),
        x2="end_utc:T",
        color=alt.Color(
            "carbon_g_per_kwh:Q",
            legend=None,
            scale=alt.Scale(range=["#f4f4f0", "#8d8577"], zero=False),
        ),
        tooltip=[
            tooltip("time_utc", "UTC", "T"),
            tooltip("carbon_g_per_kwh", f"{words.say('figure.carbon')} [g/kWh]"),
        ],
    )
