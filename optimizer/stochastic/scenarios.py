"""Weighted futures of one problem, and how much the worst of them count.

A scenario says only what differs from the base problem: wind and sun, prices, carbon of the grid.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from optimizer.problem import Problem
from optimizer.site import FloatArray, Site

WEIGHTS_SUM_TO = 1e-9
Name = TypeVar("Name", str, tuple[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One future; what it does not mention is as in the base problem.

    Attributes:
        weight: Its probability. (0..1]
        available_kw: Of plants, by site and plant, shape (T,) each. [kW]
        import_price_per_kwh: By site, shape (T,) each. [money/kWh]
        carbon_intensity_g_per_kwh: Location-based, by site, shape (T,) each. [g/kWh]
    """

    weight: float
    available_kw: Mapping[tuple[str, str], FloatArray] = field(default_factory=dict)
    import_price_per_kwh: Mapping[str, FloatArray] = field(default_factory=dict)
    carbon_intensity_g_per_kwh: Mapping[str, FloatArray] = field(default_factory=dict)

    def site(self, site: Site) -> Site:
        """`site` as it is in this future."""
        plants = tuple(
            replace(plant, available_kw=self.available_kw[site.name, plant.name])
            if (site.name, plant.name) in self.available_kw
            else plant
            for plant in site.plants
        )
        grid = site.grid
        if grid and site.name in self.import_price_per_kwh:
            grid = replace(grid, import_price_per_kwh=self.import_price_per_kwh[site.name])
        if grid and site.name in self.carbon_intensity_g_per_kwh:
            carbon = self.carbon_intensity_g_per_kwh[site.name]
            grid = replace(grid, carbon_intensity_g_per_kwh=carbon)
        return replace(site, plants=plants, grid=grid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """How the costs of the scenarios become one figure.

        (1 - w) * mean + w * CVaR,  CVaR = max over q of sum of q[k] * cost[k]
        with 0 <= q[k] <= weight[k] / (1 - level) and sum of q = 1

    the mean of the worst share 1 - level (Rockafellar and Uryasev 2000), here by its dual: q are
    the tail's shares.

    Attributes:
        cvar_weight: w. [0..1]
        cvar_level: [0..1)

    >>> risk = Risk(cvar_weight=0.5, cvar_level=0.5)
    >>> risk.of(np.array([0.75, 0.25]), np.array([1.0, 5.0]))
    2.5
    """

    cvar_weight: float = 0.3
    cvar_level: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.cvar_weight <= 1:
            raise ValueError(f"risk.cvar_weight must be in [0, 1], got {self.cvar_weight}")
        if not 0 <= self.cvar_level < 1:
            raise ValueError(f"risk.cvar_level must be in [0, 1), got {self.cvar_level}")

    def most(self, weights: FloatArray) -> FloatArray:
        """Largest share of the tail that each scenario may have, shape (K,)."""
        most: FloatArray = weights / (1 - self.cvar_level)
        return most

    def tail(self, weights: FloatArray, costs: FloatArray) -> FloatArray:
        """Shares of the tail at these costs: the dearest scenarios up to their most, shape (K,)."""
        most, left = self.most(weights), 1.0
        shares = np.zeros(len(weights))
        for k in np.argsort(-costs, kind="stable"):
            shares[k] = min(left, most[k])
            left -= shares[k]
        return shares

    def admissible(self, weights: FloatArray, tail: FloatArray) -> FloatArray:
        """Shares of a tail near `tail` that sum to 1 and are within their limits, shape (K,)."""
        most = self.most(weights)
        shares: FloatArray = np.clip(tail, 0.0, most)
        missing = 1.0 - float(shares.sum())
        if missing < 0:
            shares /= shares.sum()
            return shares
        room = most - shares
        filled: FloatArray = shares + missing * room / max(float(room.sum()), 1e-300)
        return filled

    def mixed(self, weights: FloatArray, tail: FloatArray) -> FloatArray:
        """Weight of each scenario's cost in the one figure, given the tail, shape (K,)."""
        mixed: FloatArray = (1 - self.cvar_weight) * weights + self.cvar_weight * tail
        return mixed

    def cvar(self, weights: FloatArray, costs: FloatArray) -> float:
        """Mean of the worst share 1 - level of `costs`. [money]"""
        return float(self.tail(weights, costs) @ costs)

    def of(self, weights: FloatArray, costs: FloatArray) -> float:
        """The one figure. [money]"""
        return float(self.mixed(weights, self.tail(weights, costs)) @ costs)


@dataclass(frozen=True, kw_only=True)
class StochasticProblem:
    """A problem whose energy is known only as weighted scenarios.

    Attributes:
        problem: Sites, work and prices; what no scenario mentions is sure.
        scenarios: At least one; their weights add up to 1.
        risk: How their costs are weighed against each other.
    """

    problem: Problem
    scenarios: tuple[Scenario, ...]
    risk: Risk = field(default_factory=Risk)

    def __post_init__(self) -> None:
        if not self.scenarios:
            raise ValueError("scenarios: at least one is needed, got none; the base may be it")
        if self.problem.objective.cost_budget is not None:
            raise ValueError(
                "objective.cost_budget: plans for weighted futures know none, got "
                f"{self.problem.objective.cost_budget}; leave it out, or plan for one future"
            )
        weights = [scenario.weight for scenario in self.scenarios]
        if not min(weights) > 0:
            raise ValueError(f"scenarios: each weight must be above 0, got {min(weights)}")
        if abs(sum(weights) - 1) > WEIGHTS_SUM_TO:
            raise ValueError(f"scenarios: weights must add up to 1, got {sum(weights)}")
        plants = {(site.name, plant.name) for site in self.problem.sites for plant in site.plants}
        grids = {site.name for site in self.problem.sites if site.grid}
        for k, scenario in enumerate(self.scenarios):
            where = f"scenarios[{k}]"
            self._check(f"{where}.available_kw", scenario.available_kw, plants)
            self._check(f"{where}.import_price_per_kwh", scenario.import_price_per_kwh, grids)
            carbon = scenario.carbon_intensity_g_per_kwh
            self._check(f"{where}.carbon_intensity_g_per_kwh", carbon, grids)
            least = min((float(one.min()) for one in scenario.available_kw.values()), default=0.0)
            if least < 0:
                raise ValueError(f"{where}.available_kw: must be at least 0, got {least}")

    def _check(self, where: str, series: Mapping[Name, FloatArray], known: set[Name]) -> None:
        n_steps = self.problem.horizon.n_steps
        for name, values in series.items():
            if name not in known:
                raise ValueError(
                    f"{where}: got {name!r}, the base problem has {sorted(map(str, known))}"
                )
            if values.shape != (n_steps,):
                raise ValueError(
                    f"{where}: {name!r} must have a value a step, shape ({n_steps},), got "
                    f"{values.shape}"
                )
            if not np.isfinite(values).all():
                raise ValueError(f"{where}: {name!r} must be finite")

    @cached_property
    def weights(self) -> FloatArray:
        """Of the scenarios, shape (K,)."""
        return np.array([scenario.weight for scenario in self.scenarios])

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """The problem as it is in each scenario, all with the same work."""
        return tuple(
            replace(self.problem, sites=tuple(one.site(site) for site in self.problem.sites))
            for one in self.scenarios
        )

    @cached_property
    def mean(self) -> Problem:
        """The problem with every series at its mean over the scenarios."""

        def of(value: Callable[[Problem], FloatArray]) -> FloatArray:
            return np.tensordot(self.weights, [value(one) for one in self.problems], axes=1)

        return replace(
            self.problem,
            sites=tuple(_mean_site(self, s, of) for s in range(len(self.problem.sites))),
        )

    @property
    def idle(self) -> "StochasticProblem":
        """The same with nothing to run."""
        return replace(self, problem=replace(self.problem, jobs=(), services=()))

    def objective(self, costs: Sequence[float] | FloatArray) -> float:
        """What is minimised, of the objectives of the scenarios. [money]

        First-stage costs are in each of them: they move mean and CVaR alike.
        """
        return self.risk.of(self.weights, np.asarray(costs, dtype=float))


Mean = Callable[[Callable[[Problem], FloatArray]], FloatArray]


def _mean_site(problem: StochasticProblem, s: int, of: Mean) -> Site:
    site = problem.problem.sites[s]
    plants = []
    for p, plant in enumerate(site.plants):

        def available(one: Problem, p: int = p) -> FloatArray:
            return one.sites[s].plants[p].available_kw

        plants.append(replace(plant, available_kw=of(available)))
    if site.grid is None:
        return replace(site, plants=tuple(plants))

    def series(name: str) -> FloatArray:
        return of(lambda one: np.asarray(getattr(one.sites[s].grid, name)))

    grid = replace(
        site.grid,
        import_price_per_kwh=series("import_price_per_kwh"),
        carbon_intensity_g_per_kwh=series("carbon_intensity_g_per_kwh"),
    )
    return replace(site, plants=tuple(plants), grid=grid)
