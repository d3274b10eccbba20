"""`python -m benchmarks capacity [CASE]`: full-year, typical-weeks, carbon-explorer, or all."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.fresh import in_fresh_process
from benchmarks.line import Cost, Line, Metric, line_of
from benchmarks.meter import Meter
from benchmarks.sources import DEFAULT_FOLDER, existing_folder

NAME = "capacity"
SUMMARY = "sizing over a year: the whole of it, typical weeks, and published bounds"
ALL = "all"

METRICS = (
    Metric(name="cost", unit="money", better="lower", meaning="of a year, without carbon price"),
    Metric(name="emissions_kg", unit="kg CO2e", better="lower", meaning="of the same year"),
    Metric(
        name="cpu_seconds",
        unit="s",
        better="lower",
        meaning="to state and solve; none where the time limit ended it",
    ),
    Metric(
        name="objective_error_percent",
        unit="%",
        better="lower",
        meaning="of the optimum on typical weeks, against the whole year's, either sign",
    ),
    Metric(
        name="cpu_ratio", unit="1", better="higher", meaning="CPU of the whole year / typical weeks"
    ),
)
_BY_NAME = {metric.name: metric for metric in METRICS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be asked."""
    names = [*CASES, ALL]
    parser.add_argument("which", nargs="?", choices=names, default=ALL, help="(all)")
    parser.add_argument("--sites", type=int, choices=(1, 2, 3), default=3, help="(3)")
    parser.add_argument("--weeks", type=int, default=4, help="typical weeks (4)")
    parser.add_argument("--seed", type=int, default=0, help="of weather and work (0)")
    parser.add_argument(
        "--time-limit", type=float, default=900.0, help="of a solve, wall [s] (900)"
    )


def run(options: argparse.Namespace) -> Iterator[Line]:
    """The lines asked for."""
    for name in CASES if options.which == ALL else (options.which,):
        print(f"{NAME}: {name}", file=sys.stderr, flush=True)
        yield from CASES[name](options)


def _sized(n_sites: int, seed: int, weeks: int | None, limit_s: float) -> tuple[float | None, Cost]:
    """The optimum, in a process of its own; none where the limit ended it first."""
    from benchmarks.capacity.instance import instance
    from optimizer.highs import TimeLimitReached
    from optimizer.sizing.solve import size
    from optimizer.sizing.weeks import typical_weeks

    problem = instance(n_sites, seed)
    meter = Meter()
    try:
        asked = problem if weeks is None else typical_weeks(problem, weeks).problem
        return size(asked, time_limit_s=limit_s).objective, meter.read()
    except TimeLimitReached:
        return None, meter.read()


def _year(options: argparse.Namespace, weeks: int | None) -> tuple[float | None, Cost]:
    return in_fresh_process(_sized, options.sites, options.seed, weeks, options.time_limit)


def _conditions(options: argparse.Namespace) -> dict[str, str | float | bool]:
    return {"sites": options.sites, "seed": options.seed, "weather": "synthetic"}


def _full_year(options: argparse.Namespace) -> Iterator[Line]:
    objective, cost = _year(options, None)
    conditions = _conditions(options) | {"solved": objective is not None, "hours": 8760}
    value = None if objective is None else cost.cpu_seconds
    metric = _BY_NAME["cpu_seconds"]
    yield line_of(
        "full-year",
        metric,
        value,
        cost=cost,
        conditions=conditions,
        n=8760,
        references={"asked": 300},
    )


def _typical_weeks(options: argparse.Namespace) -> Iterator[Line]:
    whole, spent = _year(options, None)
    few, cost = _year(options, options.weeks)
    conditions = _conditions(options) | {"weeks": options.weeks, "year_solved": whole is not None}
    known = whole is not None and few is not None
    error = 100 * abs(few / whole - 1) if whole is not None and few is not None else None
    ratio = spent.cpu_seconds / cost.cpu_seconds if known else None
    for name, value, asked in (
        ("cpu_seconds", None if few is None else cost.cpu_seconds, None),
        ("objective_error_percent", error, 1.5),
        ("cpu_ratio", ratio, 10.0),
    ):
        references = {} if asked is None else {"asked": asked}
        yield line_of(
            "typical-weeks",
            _BY_NAME[name],
            value,
            cost=cost,
            conditions=conditions,
            n=8760,
            references=references,
        )


def _explorer(data: Path, limit_s: float) -> list[tuple[str, str, float, float, Cost]]:
    """Condition, metric, value, reference and cost of each figure."""
    from benchmarks.capacity.explorer import REFERENCES, explorer, priced
    from optimizer.sizing.solve import least_carbon, size

    problem = explorer(data)
    found = []
    for price in (0.0, 100.0):
        meter = Meter()
        bill = size(priced(problem, price), time_limit_s=limit_s).bill
        reference = REFERENCES[f"cost_{price:.0f}"]
        which, cost = f"carbon price {price:.0f} a tonne", meter.read()
        found.append((which, "cost", bill.cost, reference, cost))
        if price:
            emissions = REFERENCES["emissions_100"]
            found.append((which, "emissions_kg", bill.emissions_kg, emissions, cost))
    meter = Meter()
    least = least_carbon(problem, time_limit_s=limit_s).bill.emissions_kg
    which = "least carbon, no tariff"
    found.append((which, "emissions_kg", least, REFERENCES["least"], meter.read()))
    return found


def _carbon_explorer(options: argparse.Namespace) -> Iterator[Line]:
    data = existing_folder(options.data or DEFAULT_FOLDER)
    for which, name, value, reference, cost in in_fresh_process(
        _explorer, data, options.time_limit
    ):
        yield line_of(
            "carbon-explorer",
            _BY_NAME[name],
            value,
            cost=cost,
            conditions={"objective": which},
            n=8760,
            references={"published_bound": reference},
        )


CASES: dict[str, Callable[[argparse.Namespace], Iterator[Line]]] = {
    "carbon-explorer": _carbon_explorer,
    "full-year": _full_year,
    "typical-weeks": _typical_weeks,
}
