"""From a checked world to arrays on its horizon.

First the files: each series they hold takes the place of its file in the world, so that the world
can be written down again without them. Then the arrays.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from scheduler.scenario.errors import Finding, Path, Problem, dotted
from scheduler.scenario.fields import SeriesFile
from scheduler.scenario.scenario import GridSeries, ServiceSeries, SiteSeries
from scheduler.scenario.series import FloatArray, column, constant
from scheduler.scenario.services import DemandSeries, DemandShape, Region, Service
from scheduler.scenario.sites import Grid, PlantSeries, Pv, Site, Wind
from scheduler.scenario.table import InputFile, Table, TableError, read_table
from scheduler.scenario.tariff import IntArray, billing_months, shaped, time_of_use
from scheduler.scenario.world import Horizon, World

USUAL_CARBON_SPREAD = 0.1
Series = float | int | tuple[float, ...] | tuple[int, ...] | SeriesFile


def series_of(world: World) -> Iterator[tuple[Path, Series, str]]:
    """Every series of `world`: its path, what stands there, and the quantity it measures."""
    for name, site in world.sites.items():
        path: Path = ("sites", name)
        if site.grid is not None:
            grid = (*path, "grid")
            yield (*grid, "import_limit_kw"), site.grid.import_limit_kw, "power"
            yield (*grid, "export_limit_kw"), site.grid.export_limit_kw, "power"
            yield (*grid, "export_price_per_kwh"), site.grid.export_price_per_kwh, "price"
            if site.grid.tariff.price_per_kwh is not None:
                price = site.grid.tariff.price_per_kwh
                yield (*grid, "tariff", "price_per_kwh"), price, "price"
            if site.grid.carbon.g_per_kwh is not None:
                carbon = site.grid.carbon.g_per_kwh
                yield (*grid, "carbon", "g_per_kwh"), carbon, "carbon intensity"
        for kind, plant in (("pv", site.pv), ("wind", site.wind)):
            if isinstance(plant, PlantSeries):
                yield (*path, kind, "available_kw"), plant.available_kw, "power"
        for gpu_type, pool in site.pools.items():
            yield (*path, "pools", gpu_type, "gpus"), pool.gpus, "GPUs"
    for name, service in world.services.items():
        for region, demand in service.demand.items():
            if isinstance(demand, DemandSeries):
                yield ("services", name, "demand", region, "rps"), demand.rps, "requests"


def length_findings(world: World) -> Iterator[Finding]:
    """Lists that do not have one value a step."""
    steps = world.horizon.n_steps
    for path, series, _ in series_of(world):
        if isinstance(series, tuple) and len(series) != steps:
            text = f"needs one value a step, {steps} of them, got {len(series)}"
            yield Finding(path, text)


class SeriesReader:
    """Reads the files a world names, each once, and keeps what is wrong with them.

    Attributes:
        findings: Files that could not be read at all, by the place that names them.
        problems: Rows that are wrong, by file and row.
        files: What was read, for provenance.
    """

    def __init__(self, folder: FilePath) -> None:
        """Read relative to `folder`."""
        self._folder = folder
        self._tables: dict[str, Table | TableError] = {}
        self.findings: list[Finding] = []
        self.problems: list[Problem] = []

    @property
    def files(self) -> tuple[InputFile, ...]:
        """What was read, for provenance."""
        tables = (t for t in self._tables.values() if isinstance(t, Table))
        return tuple(sorted((table.file for table in tables), key=lambda file: file.name))

    def table(self, name: str) -> Table:
        """The table in file `name`.

        Raises:
            TableError: Where there is none.
        """
        if name not in self._tables:
            try:
                self._tables[name] = read_table(self._folder, name)
            except TableError as error:
                self._tables[name] = error
        table = self._tables[name]
        if isinstance(table, TableError):
            raise table
        return table

    def series(self, world: World) -> dict[Path, list[float] | list[int]]:
        """Values of every series that stands in a file, by its path in the world."""
        read: dict[Path, list[float] | list[int]] = {}
        for path, series, quantity in series_of(world):
            if not isinstance(series, SeriesFile):
                continue
            try:
                table = self.table(series.file)
            except TableError as error:
                self.findings.append(Finding((*path, "file"), str(error)))
                continue
            values, wrong = column(table, series, quantity, world.currency, world.horizon)
            self.problems += [
                Problem(source=series.file, line=one.row, path=dotted(path), message=str(one))
                for one in wrong
            ]
            if not wrong:
                read[path] = (
                    [round(v) for v in values.tolist()] if quantity == "GPUs" else values.tolist()
                )
        return read


def put(content: dict[str, Any], values: Mapping[Path, object]) -> None:
    """Write each of `values` at its path of `content`."""
    for path, value in values.items():
        node: Any = content
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value


def price_findings(world: World) -> Iterator[Finding]:
    """Hours in which a kWh sold brings more than a kWh bought: nobody may plan with those."""
    for name, site in world.sites.items():
        if site.grid is None:
            continue
        grid = grid_series(site.grid, world.horizon, site.timezone)
        above = (grid.export_price_per_kwh > grid.import_price_per_kwh) & (grid.export_limit_kw > 0)
        if above.any():
            step = int(np.argmax(above))
            text = (
                f"{grid.export_price_per_kwh[step]:g} is above the import price "
                f"{grid.import_price_per_kwh[step]:g} in step {step}: buying to sell would pay; "
                "lower it"
            )
            yield Finding(("sites", name, "grid", "export_price_per_kwh"), text)


def site_series(site: Site, horizon: Horizon) -> SiteSeries:
    """`site` on the horizon; its files must have been read."""
    return SiteSeries(
        grid=None if site.grid is None else grid_series(site.grid, horizon, site.timezone),
        pv_available_kw=_given(site.pv, horizon),
        wind_available_kw=_given(site.wind, horizon),
        gpus={gpu_type: whole(pool.gpus, horizon) for gpu_type, pool in site.pools.items()},
    )


def grid_series(grid: Grid, horizon: Horizon, timezone: str) -> GridSeries:
    """`grid` on the horizon; its files must have been read."""
    carbon, tariff = grid.carbon, grid.tariff
    if carbon.yearly_g_per_kwh is not None:
        intensity = shaped(carbon.yearly_g_per_kwh, carbon.daily_shape, None, horizon, timezone)
        spread = USUAL_CARBON_SPREAD if carbon.spread is None else carbon.spread
    else:
        intensity, spread = floats(carbon.g_per_kwh, horizon), 0.0
    market = grid.market_carbon_g_per_kwh
    price = (
        floats(tariff.price_per_kwh, horizon)
        if tariff.time_of_use is None
        else _frozen(time_of_use(tariff.time_of_use, horizon, timezone))
    )
    months = billing_months(horizon, timezone)
    months.setflags(write=False)
    return GridSeries(
        import_limit_kw=floats(grid.import_limit_kw, horizon),
        export_limit_kw=floats(grid.export_limit_kw, horizon),
        import_price_per_kwh=price,
        export_price_per_kwh=floats(grid.export_price_per_kwh, horizon),
        carbon_g_per_kwh=_frozen(intensity),
        carbon_spread=float(spread),
        market_carbon_g_per_kwh=_frozen(intensity if market is None else constant(market, horizon)),
        billing_month=months,
    )


def service_series(
    service: Service, regions: Mapping[str, Region], horizon: Horizon
) -> ServiceSeries:
    """Expected requests to `service` on the horizon; its files must have been read."""
    return ServiceSeries(
        rps={
            region: _requests(demand, horizon, regions[region].timezone)
            for region, demand in service.demand.items()
        },
        spread={region: float(demand.spread) for region, demand in service.demand.items()},
    )


def _requests(demand: DemandShape | DemandSeries, horizon: Horizon, timezone: str) -> FloatArray:
    if isinstance(demand, DemandSeries):
        return floats(demand.rps, horizon)
    return _frozen(
        shaped(demand.mean_rps, demand.daily_shape, demand.weekly_shape, horizon, timezone)
    )


def floats(series: Series | None, horizon: Horizon) -> FloatArray:
    """`series` as one number a step, shape (n_steps,)."""
    assert series is not None and not isinstance(series, SeriesFile), "files are read before"
    if isinstance(series, tuple):
        return _frozen(np.array(series, dtype=np.float64))
    return _frozen(constant(series, horizon))


def whole(series: Series, horizon: Horizon) -> IntArray:
    """`series` as one whole number a step, shape (n_steps,)."""
    numbers: IntArray = np.rint(floats(series, horizon)).astype(np.int64)
    numbers.setflags(write=False)
    return numbers


def _given(plant: Pv | Wind | None, horizon: Horizon) -> FloatArray | None:
    return floats(plant.available_kw, horizon) if isinstance(plant, PlantSeries) else None


def _frozen(values: FloatArray) -> FloatArray:
    values.setflags(write=False)
    return values
