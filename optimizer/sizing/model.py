"""The sizing model: sizes, the flows of every step within them, and the work that moves.

Each function adds one thing and has its equations in its docstring; h is the hours of the year that
a step stands for, and `before` the step before, which at the first of a period is its last. A size
that cannot change is a bound of its flows, not a column. Power is counted in `unit_kw`, so that the
solver meets numbers about one.
"""

from dataclasses import dataclass, field

import numpy as np

from optimizer.arrays import ArrayModel
from optimizer.site import FloatArray, IntArray
from optimizer.sizing.problem import Build, GridOption, SizingProblem, SizingSite
from optimizer.units import G_PER_KG

UNITS_KW = (1.0, 1e3, 1e6)
LARGE_KW = 5e3
#: Kinds of size whose unit is a GPU, not a kW or a kWh.
GPUS = "gpus"


@dataclass(frozen=True, slots=True)
class SizeColumn:
    """A size: its column, or none where it cannot change, and the flows it bounds."""

    build: Build
    column: int | None
    bounds: list[IntArray] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class SiteColumns:
    """Numbers of a site's columns and rows.

    Attributes:
        sizes: By kind: `pv` or another plant's name, battery_power, battery_energy, grid,
            generator, gpus.
        balance: Rows.
    """

    sizes: dict[str, SizeColumn]
    balance: IntArray
    peaks: IntArray
    grid_import: IntArray | None = None
    export: IntArray | None = None
    charge: IntArray | None = None
    discharge: IntArray | None = None
    soc: IntArray | None = None
    generator: IntArray | None = None
    runs: dict[str, IntArray] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SizingModel:
    """The model under construction.

    Attributes:
        carbon_row: Of the carbon limit, where there is one.
        clean_row: Of the hourly match, where there is one.
    """

    problem: SizingProblem
    arrays: ArrayModel
    unit_kw: float
    sites: list[SiteColumns]
    constant_cost: float = 0.0
    carbon_row: int | None = None
    clean_row: int | None = None

    @property
    def h(self) -> FloatArray:
        """Hours of the year that each step stands for. [h]"""
        return self.problem.calendar.hours


def unit_kw(problem: SizingProblem) -> float:
    """A power of a thousand near the load."""
    busy = np.array([site.busy_gpus.max() * site.gpus.kw_per_gpu for site in problem.sites])
    kw = max(site.gpus.kw_per_gpu for site in problem.sites)
    moving = sum(float(work.arriving_gpus.max()) for work in problem.work) * kw
    load = float(busy.sum()) + moving + sum(s.overhead_kw.max() for s in problem.sites)
    return max((unit for unit in UNITS_KW if unit <= load / (LARGE_KW / 1e3)), default=1.0)


def state(problem: SizingProblem, *, min_carbon: bool = False) -> SizingModel:
    """The whole model; with `min_carbon` the objective is carbon alone, and no wish limits it."""
    m = SizingModel(problem=problem, arrays=ArrayModel(), unit_kw=unit_kw(problem), sites=[])
    for site in problem.sites:
        add_site(m, site, min_carbon=min_carbon)
    for number in range(len(problem.work)):
        add_work(m, number)
    for number in range(len(problem.sites)):
        add_gpu_limit(m, number)
    if not min_carbon:
        add_carbon_limit(m)
    add_clean_share(m)
    return m


def add_site(m: SizingModel, site: SizingSite, *, min_carbon: bool) -> None:
    """Add a site's sizes and flows.

    Its balance in every step:

        sum of shape * plant + import - export + discharge - charge + generator
            - pue * idle * gpus - pue * (busy - idle) * runs
            >= pue * (busy - idle) * busy_gpus + overhead

    What the left side has too much is curtailed.
    """
    a, steps, gpus = m.arrays, m.problem.calendar.n_steps, site.gpus
    rigid = site.pue * (gpus.kw_per_gpu - gpus.idle_kw_per_gpu) * site.busy_gpus + site.overhead_kw
    at = SiteColumns(sizes={}, balance=np.empty(0, np.int64), peaks=np.empty(0, np.int64))
    size = _size(m, gpus.build, 1.0, free=min_carbon)
    idle_kw = site.pue * gpus.idle_kw_per_gpu
    at.sizes[GPUS] = size
    fixed_idle = idle_kw * gpus.build.existing if size.column is None else 0.0
    at.balance = a.rows(steps, lower=(rigid + fixed_idle) / m.unit_kw)
    if size.column is not None:
        a.enter(at.balance, size.column, -idle_kw / m.unit_kw)
    for plant in site.plants:
        one = _size(m, plant.build, m.unit_kw, free=min_carbon)
        at.sizes[plant.name] = one
        if one.column is None:
            given = a.columns(steps, upper=plant.shape * plant.build.existing / m.unit_kw)
            one.bounds.append(given)
            a.enter(at.balance, given, 1.0)
        else:
            a.enter(at.balance, one.column, plant.shape)
    m.sites.append(at)
    if site.grid is not None:
        add_grid(m, at, site.grid, min_carbon=min_carbon)
    add_storage(m, at, site, min_carbon=min_carbon)
    add_generator(m, at, site, min_carbon=min_carbon)


def add_grid(m: SizingModel, at: SiteColumns, grid: GridOption, *, min_carbon: bool) -> None:
    """Add import and export.

    Within the connection, and each month with its peak. Steps that count for the same months share
    a peak of their own, so that a step has one row, whatever it stands for:

    export <= connection,  import <= own peak <= connection,  own peak <= peak of the month
    """
    a, steps, u = m.arrays, m.problem.calendar.n_steps, m.unit_kw
    wishes, counts = m.problem.wishes, m.problem.calendar.counts
    kg = grid.carbon_g_per_kwh / G_PER_KG
    cost = kg if min_carbon else grid.price_per_kwh + wishes.carbon_price_per_kg * kg
    size = at.sizes["grid"] = _size(m, grid.build, u, free=min_carbon)
    at.grid_import = a.columns(steps, cost=m.h * cost * u, upper=grid.build.most / u)
    a.enter(at.balance, at.grid_import, 1.0)
    if grid.export_price_per_kwh is not None:
        paid = 0.0 if min_carbon else -m.h * grid.export_price_per_kwh * u
        at.export = a.columns(steps, cost=paid, upper=grid.build.most / u)
        _within(m, size, at.export)
        a.enter(at.balance, at.export, -1.0)
    if not grid.peak_price_per_kw:
        _within(m, size, at.grid_import)
        return
    price = 0.0 if min_carbon else grid.peak_price_per_kw * u
    at.peaks = a.columns(len(counts), cost=price)
    months, pattern = np.unique(counts, axis=1, return_inverse=True)
    own = a.columns(months.shape[1])
    rows = a.rows(steps, lower=0.0)
    a.enter(rows, own[pattern], 1.0)
    a.enter(rows, at.grid_import, -1.0)
    month, group = np.nonzero(months)
    rows = a.rows(len(month), lower=0.0)
    a.enter(rows, at.peaks[month], 1.0)
    a.enter(rows, own[group], -1.0)
    size.bounds.append(at.grid_import)
    if size.column is not None:
        rows = a.rows(len(own), lower=0.0)
        a.enter(rows, size.column, 1.0)
        a.enter(rows, own, -1.0)


def add_storage(m: SizingModel, at: SiteColumns, site: SizingSite, *, min_carbon: bool) -> None:
    """Add a battery.

    With eta_c and eta_d its efficiencies:

    soc[t] = soc[before] + (eta_c * charge[t] - discharge[t] / eta_d) * step_h
    charge + discharge <= power,  soc <= energy
    """
    storage = site.storage
    if storage is None:
        return
    a, of, u = m.arrays, m.problem.calendar, m.unit_kw
    steps, step_h = of.n_steps, of.step_h
    power = at.sizes["battery_power"] = _size(m, storage.power, u, free=min_carbon)
    energy = at.sizes["battery_energy"] = _size(m, storage.energy, u, free=min_carbon)
    most = storage.power.most / u
    wear = 0.0 if min_carbon else m.h * storage.wear_per_kwh * u
    at.charge = a.columns(steps, upper=most)
    at.discharge = a.columns(steps, cost=wear, upper=most)
    at.soc = a.columns(steps, upper=storage.energy.most / u)
    _within(m, power, at.charge, at.discharge)
    _within(m, energy, at.soc)
    a.enter(at.balance, at.discharge, 1.0)
    a.enter(at.balance, at.charge, -1.0)
    linked = np.ones(steps, dtype=bool)
    first = np.flatnonzero(np.diff(of.period, prepend=-1))
    side = np.zeros(steps)
    if storage.starts_full:
        linked[first] = False
        if energy.column is None:
            side[first] = storage.energy.existing / u
    rows = a.rows(steps, lower=side, upper=side)
    a.enter(rows, at.soc, 1.0)
    a.enter(rows[linked], at.soc[of.before[linked]], -1.0)
    a.enter(rows, at.charge, -storage.charge_efficiency * step_h)
    a.enter(rows, at.discharge, step_h / storage.discharge_efficiency)
    if storage.starts_full and energy.column is not None:
        a.enter(rows[first], energy.column, -1.0)


def add_generator(m: SizingModel, at: SiteColumns, site: SizingSite, *, min_carbon: bool) -> None:
    """Add a generator: generator <= its size."""
    generator = site.generator
    if generator is None:
        return
    kg = generator.carbon_g_per_kwh / G_PER_KG
    price = m.problem.wishes.carbon_price_per_kg
    cost = kg if min_carbon else generator.fuel_cost_per_kwh + price * kg
    size = at.sizes["generator"] = _size(m, generator.build, m.unit_kw, free=min_carbon)
    at.generator = m.arrays.columns(
        m.problem.calendar.n_steps,
        cost=m.h * cost * m.unit_kw,
        upper=generator.build.most / m.unit_kw,
    )
    _within(m, size, at.generator)
    m.arrays.enter(at.balance, at.generator, 1.0)


def add_work(m: SizingModel, number: int) -> None:
    """Add work that moves.

    Counted in GPUs that it keeps busy:

    backlog[t] = backlog[before] + (arriving[t] - sum of runs[t]) * step_h
    least[t] <= backlog[t] <= most[t]
    """
    work, a, of, u = m.problem.work[number], m.arrays, m.problem.calendar, m.unit_kw
    backlog = a.columns(
        of.n_steps, lower=work.least_backlog_gpu_h / u, upper=work.most_backlog_gpu_h / u
    )
    side = work.arriving_gpus * of.step_h / u
    rows = a.rows(of.n_steps, lower=side, upper=side)
    a.enter(rows, backlog, 1.0)
    a.enter(rows, backlog[of.before], -1.0)
    for s in work.sites:
        site, at = m.problem.sites[s], m.sites[s]
        run = at.runs[work.name] = a.columns(of.n_steps)
        a.enter(rows, run, of.step_h)
        a.enter(at.balance, run, -site.pue * (site.gpus.kw_per_gpu - site.gpus.idle_kw_per_gpu))


def add_gpu_limit(m: SizingModel, number: int) -> None:
    """Add to a site that what runs finds a GPU: busy_gpus + sum of runs <= gpus."""
    site, at, a = m.problem.sites[number], m.sites[number], m.arrays
    size, u = at.sizes[GPUS], m.unit_kw
    if size.column is None:
        rows = a.rows(len(site.busy_gpus), lower=(site.busy_gpus - site.gpus.build.existing) / u)
    else:
        rows = a.rows(len(site.busy_gpus), lower=site.busy_gpus / u)
        a.enter(rows, size.column, 1.0 / u)
    for run in at.runs.values():
        a.enter(rows, run, -1.0)


def add_carbon_limit(m: SizingModel) -> None:
    """Add the year's limit: sum of h * intensity * (import, generator) <= limit."""
    limit = m.problem.wishes.carbon_limit_kg
    if limit is None:
        return
    scale = m.unit_kw * 1000
    m.carbon_row = int(m.arrays.rows(1, upper=limit / scale)[0])
    for site, at in zip(m.problem.sites, m.sites, strict=True):
        if at.grid_import is not None and site.grid is not None:
            kg = m.h * site.grid.carbon_g_per_kwh / G_PER_KG
            m.arrays.enter(m.carbon_row, at.grid_import, kg * m.unit_kw / scale)
        if at.generator is not None and site.generator is not None:
            kg = m.h * site.generator.carbon_g_per_kwh / G_PER_KG
            m.arrays.enter(m.carbon_row, at.generator, kg * m.unit_kw / scale)


def add_clean_share(m: SizingModel) -> None:
    """Add the hourly match.

    Where it is wished:

    sum of h * ((1 - clean share) * import + generator) <= (1 - wish) * sum of h * load
    """
    wish = m.problem.wishes.clean_share
    if wish is None:
        return
    a, rest, scale = m.arrays, 1 - wish, 1000.0
    fixed = 0.0
    m.clean_row = row = int(a.rows(1)[0])
    for site, at in zip(m.problem.sites, m.sites, strict=True):
        gpus, size = site.gpus, at.sizes[GPUS]
        swing = m.h * site.pue * (gpus.kw_per_gpu - gpus.idle_kw_per_gpu)
        idle = float(m.h @ site.pue) * gpus.idle_kw_per_gpu
        fixed += float(swing @ site.busy_gpus) + float(m.h @ site.overhead_kw)
        if size.column is None:
            fixed += idle * gpus.build.existing
        else:
            a.enter(row, size.column, -rest * idle / m.unit_kw / scale)
        for run in at.runs.values():
            a.enter(row, run, -rest * swing / scale)
        if at.grid_import is not None and site.grid is not None:
            a.enter(row, at.grid_import, m.h * (1 - site.grid.clean_share) / scale)
        if at.generator is not None:
            a.enter(row, at.generator, m.h / scale)
    a.limit(row, rest * fixed / m.unit_kw / scale)


def _size(m: SizingModel, build: Build, unit: float, *, free: bool) -> SizeColumn:
    """The column of a size, from what stands up; none where it cannot change."""
    cost = 0.0 if free else build.cost_per_unit
    if build.existing == build.most:
        return SizeColumn(build, None)
    m.constant_cost -= cost * build.existing
    column = m.arrays.columns(
        1, cost=cost * unit, lower=build.existing / unit, upper=build.most / unit
    )
    return SizeColumn(build, int(column[0]))


def _within(m: SizingModel, size: SizeColumn, *flows: IntArray) -> None:
    """The sum of `flows` is at most the size, in every step."""
    size.bounds.extend(flows)
    if size.column is None and len(flows) == 1:
        return
    n = len(flows[0])
    if size.column is None:
        rows = m.arrays.rows(n, upper=size.build.existing / m.unit_kw)
    else:
        rows = m.arrays.rows(n, upper=0.0)
        m.arrays.enter(rows, size.column, -1.0)
    for flow in flows:
        m.arrays.enter(rows, flow, 1.0)
