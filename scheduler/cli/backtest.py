"""`alize backtest`: how good forecasts of your own record would have been."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli.report import write_page
from scheduler.cli.terminal import say
from scheduler.cli.words import opening
from scheduler.errors import DataUnavailable, InputError

if TYPE_CHECKING:
    import pandas as pd

HELP = opening(
    "Score forecasts of your own hourly record against climatology.",
    "alize backtest wind power.csv --capacity 50",
    "alize backtest price prices.parquet --column eur_per_mwh",
)
VARIABLES = ("wind", "pv", "temperature", "carbon", "price", "demand")
_BOUNDED = ("wind", "pv")
_POSITIVE = ("carbon", "demand")


def backtest(
    *,
    variable: Annotated[
        str, typer.Argument(metavar="VARIABLE", help=f"One of {', '.join(VARIABLES)}.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet, a row an hour.")],
    column: Annotated[str | None, typer.Option(help="Column of values (the only one).")] = None,
    time: Annotated[str | None, typer.Option(help="Column of times (the first).")] = None,
    capacity: Annotated[
        float | None, typer.Option(help="Of the plant, in the unit of the values.")
    ] = None,
    hour_ending: Annotated[
        bool, typer.Option("--hour-ending", help="A time is the end of its hour.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Page to write. [FILE.backtest.html]")
    ] = None,
) -> None:
    """Replay a record and write a page on how the forecasts did."""
    if variable not in VARIABLES:
        raise InputError(
            f"backtest: VARIABLE must be one of {', '.join(VARIABLES)}, got {variable}"
        )
    if variable in _BOUNDED and capacity is None:
        raise InputError(
            f"backtest: {variable} needs the capacity of the plant, got none; add --capacity 50, "
            "in the unit of the values"
        )
    from forecasting.backtest import backtest as replay
    from forecasting.door import BadRecord, checked
    from scheduler.reporting.backtest_page import page, table

    times, values = _columns(_read(file), file, time, column)
    try:
        record = checked(
            times, values, variable=variable, capacity=capacity, hour_ending=hour_ending
        )
        lower = 0.0 if variable in (*_BOUNDED, *_POSITIVE) else float("-inf")
        upper = capacity if variable in _BOUNDED and capacity else float("inf")
        found = replay(record.values, lower=lower, upper=upper)
    except BadRecord as error:
        raise InputError(f"{file}: {error}") from None
    for note in record.notes:
        say(f"{file}: note: {note}")
    print(table(found))
    path = output or file.with_suffix(".backtest.html")
    write_page(path, page(found, variable=variable, source=file.name, notes=record.notes))
    print(path)


def _read(file: Path) -> "pd.DataFrame":
    import pandas as pd

    if not file.is_file():
        raise DataUnavailable(f"{file}: no such file; name a CSV or Parquet file")
    if file.suffix == ".parquet":
        return pd.read_parquet(file).reset_index()
    return pd.read_csv(file)


def _columns(
    frame: "pd.DataFrame", file: Path, time: str | None, column: str | None
) -> tuple["pd.Series", "pd.Series"]:
    names = [str(name) for name in frame.columns if str(name) != "index"]
    when = time or next(
        (name for name in names if "time" in name.lower() or "date" in name.lower()), names[0]
    )
    others = [name for name in names if name != when]
    what = column or (others[0] if len(others) == 1 else None)
    if what is None:
        raise InputError(f"{file}: say which column: --column {' or '.join(others)}")
    for name in (when, what):
        if name not in names:
            raise InputError(f"{file}: no column {name}; it has {', '.join(names)}")
    return frame[when], frame[what]
