"""What was known ahead: bands of every forecast, and where each comes from."""

from collections.abc import Iterator

import pandas as pd

from forecasting.forecast import Forecast
from scheduler.planning.run import PlannedRun
from scheduler.reporting.frames import MAX_ROWS

VARIABLES = ("wind_kw", "pv_kw", "temperature_c", "carbon_g_per_kwh", "demand_rps")
LOW, MEDIAN, HIGH = 0.1, 0.5, 0.9


def forecasts(run: PlannedRun) -> Iterator[tuple[str, str, Forecast]]:
    """Variable, place and forecast of everything known ahead, always in the same order."""
    for variable in VARIABLES:
        for place, forecast in getattr(run.forecasts, variable).items():
            yield variable, place if isinstance(place, str) else ", ".join(place), forecast


def bands(run: PlannedRun) -> pd.DataFrame:
    """One row a forecast and step: 10 %, median and 90 %, in the forecast's own unit."""
    every = list(forecasts(run))
    n_rows = sum(forecast.n_steps for _, _, forecast in every)
    n_together = max(1, -(-n_rows // MAX_ROWS))
    tables = []
    for number, (variable, place, forecast) in enumerate(every):
        table = pd.DataFrame(
            {
                "low": forecast.quantile(LOW),
                "median": forecast.quantile(MEDIAN),
                "high": forecast.quantile(HIGH),
            }
        )
        table.insert(0, "end_utc", forecast.index + forecast.step)
        table.insert(0, "time_utc", forecast.index)
        if n_together > 1:
            how = {"time_utc": "first", "end_utc": "last"}
            how |= dict.fromkeys(("low", "median", "high"), "mean")
            table = table.groupby(table.index // n_together).agg(how)
        table.insert(0, "unit", forecast.unit)
        table.insert(0, "place", place)
        table.insert(0, "variable", variable)
        table.insert(0, "series", number)
        tables.append(table)
    columns = ["series", "variable", "place", "unit", "time_utc", "end_utc", "low", "median"]
    return (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*columns, "high"])
    )


def sources(run: PlannedRun) -> pd.DataFrame:
    """One row a forecast: kind, source, issue time, rung and reason."""
    rows = [
        {
            "series": number,
            "variable": variable,
            "place": place,
            "unit": forecast.unit,
            "kind": forecast.provenance.kind,
            "issued_at_utc": forecast.issued_at,
            "rung": forecast.provenance.rung,
            "reason": forecast.provenance.reason,
            "source": forecast.provenance.source,
            "coverage_90": forecast.provenance.coverage_90,
        }
        for number, (variable, place, forecast) in enumerate(forecasts(run))
    ]
    return pd.DataFrame(rows)
