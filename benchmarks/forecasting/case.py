"""Every forecasting case behind one word: `python -m benchmarks forecasting CASE`.

Each runs in a process of its own, so that the peak of memory is its own.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.forecasting import metrics
from benchmarks.forecasting.months import asked_numbers
from benchmarks.fresh import in_fresh_process
from benchmarks.line import Line
from benchmarks.sources import DEFAULT_FOLDER, existing_folder

NAME = "forecasting"
SUMMARY = "forecasts of power, carbon intensity, price and demand against what came true"
TASKS = "4-9"

METRICS = metrics.METRICS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this case can be asked."""
    parser.add_argument("which", choices=sorted(MEASURED), metavar="CASE", help=", ".join(MEASURED))
    parser.add_argument(
        "--tasks", default=TASKS, metavar="A-B", help="months of GEFCom2014 (%(default)s)"
    )


def run(options: argparse.Namespace) -> Iterator[Line]:
    """Lines of the case asked for."""
    data: Path = options.data or DEFAULT_FOLDER
    existing_folder(data)
    numbers = asked_numbers(options.tasks)
    yield from in_fresh_process(MEASURED[options.which], data, numbers)


def say(text: str) -> None:
    """Talk, beside the figures."""
    print(text, file=sys.stderr, flush=True)


def _wind(data: Path, numbers: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import gefcom2014

    return list(gefcom2014.lines(gefcom2014.wind_track(data), numbers, say))


def _solar(data: Path, numbers: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import gefcom2014

    return list(gefcom2014.lines(gefcom2014.solar_track(data), numbers, say))


def _wind_no_nwp(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import no_nwp

    return no_nwp.wind(data)


def _solar_no_nwp(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import no_nwp

    return no_nwp.solar(data)


def _carbon(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import carbon

    return list(carbon.lines(data, say))


def _price(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import price

    return list(price.lines(data, say))


def _demand(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import demand

    return list(demand.lines(data, say))


def _gefcom2012(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import gefcom2012

    return list(gefcom2012.lines(data, say))


def _scenarios(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import portfolio

    return list(portfolio.lines(data, say))


def _stress(data: Path, numbers: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import stress

    return list(stress.lines(data, numbers, say))


def _update(data: Path, _: tuple[int, ...]) -> list[Line]:
    from benchmarks.forecasting import update

    return list(update.lines(data, say))


def _coverage(data: Path, numbers: tuple[int, ...]) -> list[Line]:
    """What the 90 % bands of the other cases held; wind and PV on the tasks asked for."""
    found = []
    for variable, case in (("wind", _wind), ("pv", _solar), ("carbon", _carbon), ("price", _price)):
        found += [
            replace(line, case="coverage", conditions={"variable": variable, **line.conditions})
            for line in case(data, numbers)
            if line.metric == metrics.COVERAGE.name
        ]
    return found


MEASURED: dict[str, Callable[[Path, tuple[int, ...]], list[Line]]] = {
    "gefcom2014-wind": _wind,
    "gefcom2014-solar": _solar,
    "wind-no-nwp": _wind_no_nwp,
    "solar-no-nwp": _solar_no_nwp,
    "carbon": _carbon,
    "price": _price,
    "demand": _demand,
    "gefcom2012-wind": _gefcom2012,
    "scenarios": _scenarios,
    "stress": _stress,
    "update": _update,
    "coverage": _coverage,
}
