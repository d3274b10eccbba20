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
    "alize backtest pv pv.csv --capacity 10 --latitude 23.7 --longitude=-15.9",
)
VARIABLES = ("wind", "pv", "temperature", "carbon", "price", "demand")
_BOUNDED = ("wind", "pv")
_POSITIVE = ("carbon", "demand")
_STEEPEST_USUAL_DEG = 40.0


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
    latitude: Annotated[
        float | None, typer.Option(min=-90, max=90, help="Of a PV plant, north positive. [deg]")
    ] = None,
    longitude: Annotated[
        float | None, typer.Option(min=-180, max=180, help="Of a PV plant, east positive. [deg]")
    ] = None,
    tilt: Annotated[
        float | None, typer.Option(min=0, max=90, help="Of the panels. [the latitude, at most 40]")
    ] = None,
    azimuth: Annotated[
        float | None,
        typer.Option(min=0, max=360, help="Of the panels, from north. [to the equator]"),
    ] = None,
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
    place = _place(variable, latitude, longitude)
    from forecasting.backtest import backtest as replay
    from forecasting.door import checked
    from scheduler.reporting.backtest_page import page, table

    times, values = _columns(_read(file), file, time, column)
    try:
        record = checked(
            times, values, variable=variable, capacity=capacity, hour_ending=hour_ending
        )
        lower = 0.0 if variable in (*_BOUNDED, *_POSITIVE) else float("-inf")
        upper = capacity if variable in _BOUNDED and capacity else float("inf")
        clear = _clear(record.values, place, tilt, azimuth) if place else None
        found = replay(record.values, lower=lower, upper=upper, clear=clear)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from None
    except ModuleNotFoundError as error:
        raise InputError(
            f"backtest needs the package {error.name}; `pip install 'alize[learn]'` adds it"
        ) from None
    notes = record.notes
    if variable == "pv" and place is None:
        notes += ("the sun's course is not used: say --latitude and --longitude",)
    for note in notes:
        say(f"{file}: note: {note}")
    print(table(found))
    path = output or file.with_suffix(".backtest.html")
    write_page(path, page(found, variable=variable, source=file.name, notes=notes))
    print(path)


def _place(
    variable: str, latitude: float | None, longitude: float | None
) -> tuple[float, float] | None:
    if (latitude is None) != (longitude is None):
        missing = "--latitude" if latitude is None else "--longitude"
        raise InputError(f"backtest: a place needs both coordinates, got one; add {missing}")
    if latitude is None or longitude is None:
        return None
    if variable != "pv":
        raise InputError(f"backtest: only pv takes a place, got {variable}; leave --latitude out")
    return latitude, longitude


def _clear(
    hourly: "pd.Series", place: tuple[float, float], tilt: float | None, azimuth: float | None
) -> "pd.Series":
    import pandas as pd

    from forecasting.features.sun import Panels, clear_plane

    panels = Panels(
        latitude_deg=place[0],
        longitude_deg=place[1],
        tilt_deg=min(abs(place[0]), _STEEPEST_USUAL_DEG) if tilt is None else tilt,
        azimuth_deg=(180.0 if place[0] >= 0 else 0.0) if azimuth is None else azimuth,
    )
    return clear_plane(pd.DatetimeIndex(hourly.index), panels)


def _read(file: Path) -> "pd.DataFrame":
    import pandas as pd
    from pyarrow import ArrowException

    if not file.is_file():
        raise DataUnavailable(f"{file}: no such file; name a CSV or Parquet file")
    try:
        parquet = file.suffix == ".parquet"
        frame = pd.read_parquet(file).reset_index() if parquet else pd.read_csv(file)
    except UnicodeDecodeError:
        raise InputError(f"{file}: must be UTF-8 text, got other bytes; save it anew") from None
    except (ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"{file}: holds no readable table: {text}; save it anew") from None
    if frame.empty or len(frame.columns) < 2:  # noqa: PLR2004 - times and values
        raise InputError(
            f"{file}: must hold a column of times and one of values, got {len(frame)} rows and "
            f"columns {', '.join(map(str, frame.columns)) or 'none'}; give a row an hour"
        )
    return frame


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
