"""Energy flows for a given load: a compiled model, solved again with new right-hand sides.

Generators are on in parts in all solves but the last of a plan, which asks for whole ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pyomo.environ as pyo

from optimizer.commitment import follow, limits
from optimizer.highs import Answer, LinearModel, TimeLimitReached
from optimizer.load import Load, routed
from optimizer.model.core import dispatch_model, routed_model
from optimizer.money import paid_for_work
from optimizer.packing import Packing
from optimizer.plan import Commitment, Dispatch, Plan, Prices, ReservePrices
from optimizer.problem import Problem
from optimizer.site import FloatArray, Site

#: When a dispatch with generators that are on or off is good enough: a relative gap, or so many
#: nodes of the search.
COMMITMENT_OPTIONS: Mapping[str, float] = MappingProxyType(
    {"mip_rel_gap": 3e-3, "mip_max_nodes": 30, "mip_pscost_minreliable": 0}
)
#: Part of a generator that is taken for all of it.
SOME = 0.05
#: Time for the flows alone, however late it is. [s]
LEAST_TIME_S = 5.0


class Flows:
    """Reads dispatch and prices out of a solved model that carries the supply blocks."""

    def __init__(self, problem: Problem, model: pyo.ConcreteModel, linear: LinearModel) -> None:
        """Remember where `linear` keeps the variables and rows of `model`."""
        self._problem = problem
        m = model
        self._linear = linear
        #: Whether the clock, not the gap, has ever settled which generators are on.
        self.cut_short = False
        names = "import_kw export_kw used_kw charge_kw discharge_kw soc_kwh generator_kw unmet_kw"
        names += " on load_bank_kw"
        self._columns = {name: linear.columns(getattr(m, name)) for name in names.split()}
        self.balance_rows = linear.rows(m.power_balance)
        self._soc_rows = linear.rows(m.soc_balance)
        self._peak_rows = linear.rows(m.peak_is_highest_import)
        self._budget_rows = linear.rows(m.emissions_within_budget)
        self._reserve = list(m.reserve)
        self._reserve_rows = linear.rows(m.power_in_reserve)
        self._stored_reserve = list(m.stored_reserve)
        self._stored_reserve_rows = linear.rows(m.energy_in_reserve)
        no_rows = np.zeros(0, dtype=np.int64)
        budgeted = hasattr(m, "cost_within_budget")
        self._cost_rows = linear.rows(m.cost_within_budget) if budgeted else no_rows
        self._billed_sites = sorted({s for s, _ in m.billed})
        self._battery_sites = list(m.battery_sites)
        self._generator_sites = list(m.generator_sites)
        self._committed_sites = list(m.committed_sites)
        standing = [problem.sites[s].generator for s in self._committed_sites]
        self._committed = [generator for generator in standing if generator]
        self._plants = list(m.P)

    def solve_whole(self, *, time_limit_s: float) -> Answer:
        """Solve with every generator on or off: first which, then their power as exactly as ever.

        Which is settled by HiGHS, to the limits of `COMMITMENT_OPTIONS` and in a quarter of the
        time at most. Where that is too short, the best found so far stands; where nothing is found,
        they run when the relaxed answer has them on, as long as they must.

        Raises:
            TimeLimitReached: The limit ended it first.
        """
        on = self._columns["on"]
        if not len(on):
            return self._linear.solve(time_limit_s=time_limit_s)
        self.hold(None)
        try:
            self._linear.set_integer(on, integer=True)
            whole = self._linear.solve(time_limit_s=time_limit_s / 4).column_values[on].round()
        except TimeLimitReached as stopped:
            self.cut_short, time_limit_s = True, max(time_limit_s, LEAST_TIME_S)
            self._linear.set_integer(on, integer=False)
            if stopped.best is not None:
                whole = stopped.best[on].round()
            else:
                parts = self._linear.solve(time_limit_s=time_limit_s).column_values[on]
                h, n_steps = self._problem.horizon.step_h, self._problem.horizon.n_steps
                by_site = zip(self._committed, parts.reshape(-1, n_steps) > SOME, strict=True)
                whole = np.concatenate([follow(one, wanted, h) for one, wanted in by_site])
        finally:
            self._linear.set_integer(on, integer=False)
        try:
            self._linear.set_bounds(on, whole, whole)
            return self._linear.solve(time_limit_s=time_limit_s)
        finally:
            self.hold(None)

    def hold(self, dispatch: Mapping[str, Dispatch] | None) -> None:
        """Hold the generators on or off as in `dispatch` from here on; None lets them go."""
        if not self._committed:
            return
        if dispatch is None:
            n_steps, h = self._problem.horizon.n_steps, self._problem.horizon.step_h
            sides = [limits(one, n_steps, h) for one in self._committed]
        else:
            names = [self._problem.sites[s].name for s in self._committed_sites]
            held = [one.on for name in names if (one := dispatch[name].commitment)]
            sides = [(on, on) for on in held]
        least, most = (np.concatenate(side) for side in zip(*sides, strict=True))
        self._linear.set_bounds(self._columns["on"], least, most)

    def _series(self, values: FloatArray, name: str) -> FloatArray:
        columns = self._columns[name]
        found = np.where(columns >= 0, values[columns], 0.0)
        return found.reshape(-1, self._problem.horizon.n_steps)

    def dispatch(self, values: FloatArray) -> dict[str, Dispatch]:
        """Every site's flows; round-off below zero is cut."""
        n_steps = self._problem.horizon.n_steps
        nothing = np.zeros(n_steps)
        read = {name: np.maximum(0.0, self._series(values, name)) for name in self._columns}

        def of(name: str, sites: list[int], s: int) -> FloatArray:
            return read[name][sites.index(s)] if s in sites else nothing

        def commitment(s: int) -> Commitment | None:
            if s not in self._committed_sites:
                return None
            on, load_bank_kw = (of(n, self._committed_sites, s) for n in ("on", "load_bank_kw"))
            return Commitment(on=on + 0.0, load_bank_kw=load_bank_kw + 0.0)  # no -0.0

        return {
            site.name: _one_way(
                site,
                commitment(s),
                grid_import_kw=read["import_kw"][s],
                grid_export_kw=read["export_kw"][s],
                plant_used_kw=read["used_kw"][
                    [i for i, (owner, _) in enumerate(self._plants) if owner == s]
                ].reshape(-1, n_steps),
                charge_kw=of("charge_kw", self._battery_sites, s),
                discharge_kw=of("discharge_kw", self._battery_sites, s),
                soc_kwh=of("soc_kwh", self._battery_sites, s),
                generator_kw=of("generator_kw", self._generator_sites, s),
                unmet_kw=read["unmet_kw"][s],
            )
            for s, site in enumerate(self._problem.sites)
        }

    def set_paid(self, paid: float) -> None:
        """Leave of the cost budget, where there is one, what `paid` does not take. [money]"""
        if len(self._cost_rows):
            assert self._problem.objective.cost_budget is not None
            left = np.array([self._problem.objective.cost_budget - paid])
            self._linear.set_sides(self._cost_rows, np.array([-np.inf]), left)

    def facility_kw(self, values: FloatArray) -> FloatArray:
        """Power that all flows together supply by site and step, shape (S, T). [kW]"""
        flows = self.dispatch(values)
        return np.array(
            [
                flow.grid_import_kw
                - flow.grid_export_kw
                + flow.plant_used_kw.sum(axis=0)
                + flow.discharge_kw
                - flow.charge_kw
                + flow.generator_kw
                + flow.unmet_kw
                for flow in (flows[site.name] for site in self._problem.sites)
            ]
        )

    def prices(self, duals: FloatArray, gpu_per_gpu_h: FloatArray) -> Prices:
        """The duals as prices."""
        n_steps, h = self._problem.horizon.n_steps, self._problem.horizon.step_h
        shape = (len(self._problem.sites), n_steps)
        stored, peak = np.zeros(shape), np.zeros(shape)
        if self._battery_sites:
            stored[self._battery_sites] = -duals[self._soc_rows].reshape(-1, n_steps)
        if self._billed_sites:
            peak[self._billed_sites] = np.maximum(0.0, duals[self._peak_rows]).reshape(-1, n_steps)
        return Prices(
            power_per_kwh=duals[self.balance_rows].reshape(shape) / h,
            gpu_per_gpu_h=gpu_per_gpu_h,
            stored_per_kwh=stored,
            peak_per_kw=peak,
            carbon_per_kg=max(0.0, -float(duals[self._budget_rows].sum())),
            money_premium=max(0.0, -float(duals[self._cost_rows].sum())),
            reserve=self._reserve_prices(duals),
        )

    def _reserve_prices(self, duals: FloatArray) -> ReservePrices | None:
        if not self._reserve:
            return None
        shape = (len(self._problem.sites), self._problem.horizon.n_steps)
        power, energy = np.zeros(shape), np.zeros(shape)
        for values, places, rows in (
            (power, self._reserve, self._reserve_rows),
            (energy, self._stored_reserve, self._stored_reserve_rows),
        ):
            if places:
                values[tuple(np.array(places).T)] = np.maximum(0.0, -duals[rows])
        return ReservePrices(power_per_kw=power, energy_per_kw=energy)


def _one_way(site: Site, commitment: Commitment | None, **flows: FloatArray) -> Dispatch:
    """The dispatch with no step that charges and discharges at once, and the same stored energy.

    An optimum may do both where surplus is free; the power that frees is taken from unmet demand,
    fuel above the minimum load, the grid and the plants, in that order, and then burnt in the load
    bank.
    """
    zero = np.zeros_like(flows["generator_kw"])
    least = {"unmet_kw": zero, "generator_kw": zero, "grid_import_kw": zero}
    if site.generator and commitment:
        least["generator_kw"] = commitment.on * site.generator.min_load_kw
    both = np.minimum(flows["charge_kw"], flows["discharge_kw"])
    if site.battery and both.max() > 0:
        stored = flows["charge_kw"] * site.battery.charge_efficiency
        stored = stored - flows["discharge_kw"] / site.battery.discharge_efficiency
        charge_kw = np.maximum(0.0, stored) / site.battery.charge_efficiency
        discharge_kw = np.maximum(0.0, -stored) * site.battery.discharge_efficiency
        freed = flows["charge_kw"] - flows["discharge_kw"] - charge_kw + discharge_kw
        flows |= {"charge_kw": charge_kw, "discharge_kw": discharge_kw}
        for name, least_kw in least.items():
            less = np.clip(flows[name] - least_kw, 0.0, freed)
            flows[name], freed = flows[name] - less, freed - less
        used = flows["plant_used_kw"].copy()
        for p in range(len(used)):
            less = np.minimum(used[p], freed)
            used[p], freed = used[p] - less, freed - less
        flows["plant_used_kw"] = used
        if commitment:
            commitment = replace(commitment, load_bank_kw=commitment.load_bank_kw + freed)
    return Dispatch(commitment=commitment, **flows)


class Dispatcher:
    """The dispatch of one problem under changing loads."""

    def __init__(self, problem: Problem) -> None:
        """Compile the model once."""
        self._problem = problem
        fixed_kw = Load.idle(problem).facility_kw(problem)
        model = dispatch_model(problem, fixed_kw)
        self._linear = LinearModel(model, **COMMITMENT_OPTIONS)
        self._flows = Flows(problem, model, self._linear)

    @property
    def cut_short(self) -> bool:
        """Whether the clock has ever decided which generators are on."""
        return self._flows.cut_short

    def solve(
        self, facility_kw: FloatArray, *, time_limit_s: float, paid: float = 0.0
    ) -> tuple[float, dict[str, Dispatch], Prices]:
        """Best energy flows under `facility_kw`, shape (S, T): their cost, flows and prices.

        Generators are on in parts. A cost budget bears what was `paid` for work beside its energy.
        """
        self._set_load(facility_kw)
        self._flows.set_paid(paid)
        answer = self._linear.solve(time_limit_s=time_limit_s)
        no_gpu = np.zeros(self._problem.pool_gpus.shape) + self._problem.least_gpu_price
        return (
            answer.objective,
            self._flows.dispatch(answer.column_values),
            self._flows.prices(answer.row_duals, no_gpu),
        )

    def finish(
        self, facility_kw: FloatArray, *, time_limit_s: float, paid: float = 0.0
    ) -> dict[str, Dispatch]:
        """The same flows with generators on or off."""
        self._set_load(facility_kw)
        self._flows.set_paid(paid)
        answer = self._flows.solve_whole(time_limit_s=time_limit_s)
        return self._flows.dispatch(answer.column_values)

    def _set_load(self, facility_kw: FloatArray) -> None:
        sides = facility_kw.ravel()
        self._linear.set_sides(self._flows.balance_rows, sides, sides)


class Router:
    """Routes and energy flows chosen together, for one problem under changing packings."""

    def __init__(self, problem: Problem) -> None:
        """Compile the model once."""
        self._problem = problem
        fixed_kw = Load.idle(problem).facility_kw(problem)
        model = routed_model(problem, fixed_kw, lambda v, h, t: 0.0)
        self._linear = LinearModel(model, **COMMITMENT_OPTIONS)
        self._flows = Flows(problem, model, self._linear)
        self._capacity_rows = self._linear.rows(model.replicas_carry_requests)
        self._hosts = list(model.hosts)
        self._routes = list(model.routes)
        self._served = self._linear.columns(model.served_rps)

    @property
    def cut_short(self) -> bool:
        """Whether the clock has ever decided which generators are on."""
        return self._flows.cut_short

    def finish(self, packing: Packing, *, time_limit_s: float) -> Plan:
        """The best plan with the placements and the replicas of `packing`."""
        problem, services = self._problem, self._problem.services
        n_steps = problem.horizon.n_steps
        hosts = [problem.hosts[service.name] for service in services]
        silent = [np.zeros_like(served) for served in packing.served_rps]
        quiet = Packing.of(problem, packing.placements, packing.replicas, silent)
        load_kw = quiet.load.facility_kw(problem).ravel()
        self._linear.set_sides(self._flows.balance_rows, load_kw, load_kw)
        self._flows.set_paid(paid_for_work(problem, quiet.load, packing.placements))
        capacity_rps = np.array(
            [packing.replicas[v][:, h] * hosts[v].capacity_rps[h] for v, h in self._hosts]
        ).ravel()
        if len(capacity_rps):
            open_side = np.full(len(capacity_rps), -np.inf)
            self._linear.set_sides(self._capacity_rows, open_side, capacity_rps)
        values = self._flows.solve_whole(time_limit_s=time_limit_s).column_values
        rates = np.maximum(0.0, values[self._served]).reshape(-1, n_steps)
        routes = zip(self._routes, rates, strict=True)
        servings = routed(problem, packing.replicas, routes)
        return Plan(
            placements=tuple(packing.placements),
            servings=servings,
            dispatch=self._flows.dispatch(values),
        )
