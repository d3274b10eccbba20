"""The core model stated in linopy: sites, plants, batteries, demand charges, services.

Runs in the environment that `environment` makes, where there is no Pyomo, as a program: it reads
one `Core`, states and solves it, and writes what that took. It states what `instance` draws: every
site has a grid with a demand charge, plants and a battery, and none has a generator.
"""

import json
import pickle
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.line import Cost
from benchmarks.meter import Meter
from optimizer.problem import Problem
from optimizer.site import Battery, DemandCharge, FloatArray, GridConnection

#: Solver options, the same for both.
OPTIONS: dict[str, str | float | bool] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "solver": "simplex",
}

WAYS = ("import", "export")

Linopy = Any  # not installed beside the project


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What is stated in both.

    Attributes:
        problem: Its jobs do not matter.
        facility_kw: Power at the meter without any request, shape (S, T). [kW]
        capacity_rps: Of the replicas, by service and site, shape (V, S, T). [1/s]
    """

    problem: Problem
    facility_kw: FloatArray
    capacity_rps: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One statement and one solve of it.

    Attributes:
        objective: [money]
        rows: Of the matrix.
        columns: Likewise.
        spent: On both.
        cost: Of the whole process so far.
    """

    objective: float
    rows: int
    columns: int
    spent: Cost
    cost: Cost

    @staticmethod
    def of(document: dict[str, Any]) -> "Took":
        """Back from what `asdict` made of it."""
        costs = {name: Cost(**document[name]) for name in ("spent", "cost")}
        return Took(**{**document, **costs})


def model(core: Core) -> Linopy:
    """The linopy model; all sites and all routes at once, as its users write."""
    import linopy

    problem, m = core.problem, linopy.Model()
    sites = problem.sites
    site = pd.RangeIndex(len(sites), name="site")
    time = pd.RangeIndex(problem.horizon.n_steps, name="time")
    grids = [one.grid for one in sites if isinstance(one.grid, GridConnection)]
    batteries = [one.battery for one in sites if isinstance(one.battery, Battery)]
    h, price = problem.horizon.step_h, problem.objective
    kg = price.carbon_price_per_kg / 1000

    def series(rows: Any, by: pd.Index = site) -> Linopy:
        return _array(rows, by, time)

    def of_battery(name: str) -> Linopy:
        return _array([getattr(one, name) for one in batteries], site)

    def of_grid(name: str) -> Linopy:
        return series([getattr(one, name) for one in grids])

    def flow(name: str, upper: Any = np.inf, by: pd.Index = site) -> Linopy:
        return m.add_variables(lower=0, upper=upper, coords=[by, time], name=name)

    bought_kw, sold_kw = (flow(f"{way}_kw", of_grid(f"{way}_limit_kw")) for way in WAYS)
    unmet_kw, requests_kw = flow("unmet_kw"), flow("request_it_kw")
    plants = [(s, one) for s, owner in enumerate(sites) for one in owner.plants]
    plant = pd.RangeIndex(len(plants), name="plant")
    used_kw = flow("used_kw", series([one.available_kw for _, one in plants], plant), plant)
    charge_kw, discharge_kw = (
        flow(f"{way}_kw", of_battery("power_kw")) for way in ("charge", "discharge")
    )
    initial_kwh = of_battery("soc_initial_kwh")
    least_kwh, most_kwh = (
        series([[getattr(one, name)] * len(time) for one in batteries])
        for name in ("soc_min_kwh", "energy_kwh")
    )
    last = _array(time == len(time) - 1, time)
    soc_kwh = m.add_variables(
        lower=least_kwh.where(~last, initial_kwh),
        upper=most_kwh.where(~last, initial_kwh),
        coords=[site, time],
        name="soc_kwh",
    )
    into, out = h * of_battery("charge_efficiency"), h / of_battery("discharge_efficiency")
    first = _array(time == 0, time)
    m.add_constraints(
        soc_kwh - soc_kwh.shift(time=1).fillna(0) - into * charge_kw + out * discharge_kw
        == initial_kwh * first,
        name="soc_balance",
    )
    peak_cost = _add_peaks(m, grids, bought_kw, site, time)
    slope = series([one.cooling.slope for one in sites])
    of_site = _array([s for s, _ in plants], plant, name="site")
    m.add_constraints(
        bought_kw
        - sold_kw
        + unmet_kw
        + (1 * used_kw).groupby(of_site).sum()
        + discharge_kw
        - charge_kw
        - slope * requests_kw
        == series(core.facility_kw),
        name="power_balance",
    )
    unserved_rps = _add_routes(m, core, requests_kw, site, time)
    energy = of_grid("import_price_per_kwh") + kg * of_grid("carbon_intensity_g_per_kwh")
    carbon = _array([kg * one.carbon_g_per_kwh for _, one in plants], plant)
    water = series([one.cooling.water_l_per_kwh for one in sites]) * price.water_price_per_l
    m.add_objective(
        h * (energy * bought_kw).sum()
        - h * (of_grid("export_price_per_kwh") * sold_kw).sum()
        + h * (price.unmet_price_per_kwh * unmet_kw).sum()
        + h * (carbon * used_kw).sum()
        + h * (of_battery("wear_cost_per_kwh") * discharge_kw).sum()
        + h * (water * requests_kw).sum()
        + h * 3600 * (price.unserved_price_per_request * unserved_rps).sum()
        + peak_cost
    )
    return m


def _array(values: Any, *coords: pd.Index, name: str | None = None) -> Linopy:
    import xarray

    return xarray.DataArray(np.asarray(values), coords=coords, name=name)


def _add_peaks(
    m: Linopy, grids: list[GridConnection], bought_kw: Linopy, site: pd.Index, time: pd.Index
) -> Linopy:
    """The billed peaks, one a site and period, and what they cost."""
    charges = [one.demand_charge for one in grids if isinstance(one.demand_charge, DemandCharge)]
    periods = pd.RangeIndex(max(int(one.period.max()) for one in charges) + 1, name="period")
    peak_kw = m.add_variables(lower=0, coords=[site, periods], name="peak_kw")
    for period in periods:
        billed = _array([one.period == period for one in charges], site, time)
        so_far_kw = _array([one.peak_so_far_kw * (period == 0) for one in charges], site)
        m.add_constraints(
            peak_kw.sel(period=period) - bought_kw >= -so_far_kw,
            mask=billed,
            name=f"peak_is_highest_import_{period}",
        )
    return (_array([one.price_per_kw for one in charges], site) * peak_kw).sum()


def _add_routes(
    m: Linopy, core: Core, requests_kw: Linopy, site: pd.Index, time: pd.Index
) -> Linopy:
    """Requests by route, within the replicas; what is left unserved."""
    problem, services = core.problem, core.problem.services
    asked = [(v, r) for v, one in enumerate(services) for r in range(len(one.regions))]
    routes = [
        (v, r, s)
        for v, r in asked
        for s in problem.admissible_sites(services[v])
        if services[v].reaches(services[v].regions[r], problem.sites[s].name)
    ]
    hosts = sorted({(v, s) for v, _, s in routes})
    route = pd.RangeIndex(len(routes), name="route")
    region, host = pd.RangeIndex(len(asked), name="asked"), pd.RangeIndex(len(hosts), name="host")
    served_rps = m.add_variables(lower=0, coords=[route, time], name="served_rps")
    unserved_rps = m.add_variables(lower=0, coords=[region, time], name="unserved_rps")

    def by(name: str, numbers: list[int]) -> Linopy:
        return (1 * served_rps).groupby(_array(numbers, route, name=name)).sum()

    demand_rps = _array([services[v].demand_rps[r] for v, r in asked], region, time)
    m.add_constraints(
        by("asked", [asked.index((v, r)) for v, r, _ in routes]) + unserved_rps == demand_rps,
        name="every_request_is_answered",
    )
    m.add_constraints(
        by("host", [hosts.index((v, s)) for v, _, s in routes])
        <= _array([core.capacity_rps[v, s] for v, s in hosts], host, time),
        name="replicas_carry_requests",
    )
    draws = _array([services[v].models[0].request_kw for v, _, _ in routes], route)
    at = _array([s for _, _, s in routes], route, name="site")
    m.add_constraints(
        (draws * served_rps).groupby(at).sum() - requests_kw == 0, name="requests_draw_power"
    )
    return unserved_rps


def main(path: Path, answer: Path, repeats: int) -> None:
    """Write one line of JSON to `answer` for each of `repeats` statements of the core in `path`."""
    whole = Meter()
    import linopy

    linopy.options["semantics"] = "v1"
    core = pickle.loads(path.read_bytes())
    for _ in range(repeats):
        meter = Meter()
        m = model(core)
        status, condition = m.solve("highs", io_api="direct", progress=False, **OPTIONS)
        if status != "ok":
            raise SystemExit(f"linopy: expected an optimum, got {condition}")
        took = Took(
            objective=float(m.objective.value),
            rows=int(m.ncons),
            columns=int(m.nvars),
            spent=meter.read(),
            cost=whole.read(),
        )
        with answer.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(took)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
