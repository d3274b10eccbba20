"""Routes of the requests, one set for all scenarios, under the replicas of a packing.

When placements and replicas are given nothing else ties the scenarios to each other. So only the
routes are read from the extensive form; the flows of each scenario are dispatched anew under them.
Where that form is too large, the requests go to the sites for which the sweeps chose them.
"""

from typing import Protocol

import numpy as np
import pyomo.environ as pyo

from optimizer.highs import LinearModel
from optimizer.load import Load, routed
from optimizer.model.core import routes_model
from optimizer.model.scenarios import scenarios_model
from optimizer.packing import Packing
from optimizer.plan import Serving
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.stochastic.scenarios import StochasticProblem

#: Scenarios, sites and steps multiplied, up to which the extensive form takes a few seconds. The
#: simplex method takes a third to two thirds of what an interior point does, and next to nothing
#: once it has a basis: ten scenarios of three sites and a week 1.4 s against 3.9 s, fifty 24 s
#: against 38 s.
MOST_FLOWS = 12_000


class Routes(Protocol):
    """Routes under changing packings."""

    def of(self, packing: Packing, *, time_limit_s: float) -> dict[str, Serving]:
        """Replicas and routes by service."""
        ...


def routes_of(problem: StochasticProblem) -> Routes:
    """The best that the problem's size allows."""
    base = problem.problem
    if not base.services:
        return KeptRoutes(base)
    n_flows = len(problem.scenarios) * len(base.sites) * base.horizon.n_steps
    return ExtensiveForm(problem) if n_flows <= MOST_FLOWS else KeptRoutes(base)


class _Model:
    """A compiled model with routes."""

    def __init__(
        self, base: Problem, model: pyo.ConcreteModel, options: dict[str, str | float | bool]
    ) -> None:
        self._base, self.linear = base, LinearModel(model, **options)
        self._capacity_rows = self.linear.rows(model.replicas_carry_requests)
        self._hosts, self._routes = list(model.hosts), list(model.routes)
        self._served = self.linear.columns(model.served_rps)

    def set_capacity(self, capacity_rps: list[FloatArray]) -> None:
        """Let each service answer as much, by step and host, shape (T, H) each."""
        if self._hosts:
            most = np.concatenate([capacity_rps[v][:, h] for v, h in self._hosts])
            self.linear.set_sides(self._capacity_rows, np.full(len(most), -np.inf), most)

    def servings(self, packing: Packing, values: FloatArray) -> dict[str, Serving]:
        """The replicas of `packing` and the routes among those values of all columns."""
        n_steps = self._base.horizon.n_steps
        rates = np.maximum(0.0, values[self._served]).reshape(-1, n_steps)
        return routed(self._base, packing.replicas, zip(self._routes, rates, strict=True))


class KeptRoutes:
    """As many requests at each site as the packing says, from whatever regions."""

    def __init__(self, problem: Problem) -> None:
        """Compile the model once."""
        self._problem = problem
        self._model: _Model | None = None
        if problem.services:
            self._model = _Model(problem, routes_model(problem, lambda v, h, t: 0.0), {})

    def of(self, packing: Packing, *, time_limit_s: float) -> dict[str, Serving]:
        """As of `Routes`."""
        if self._model is None:
            return {}
        self._model.set_capacity(packing.served_rps)
        answer = self._model.linear.solve(time_limit_s=time_limit_s)
        return self._model.servings(packing, answer.column_values)


class ExtensiveForm:
    """The best routes for all scenarios together, with their flows relaxed."""

    def __init__(self, problem: StochasticProblem, **options: str | float | bool) -> None:
        """Compile the model once; `options` are those of HiGHS."""
        self._problem, base = problem, problem.problem
        model = scenarios_model(
            problem.problems,
            problem.weights,
            cvar_weight=problem.risk.cvar_weight,
            cvar_level=problem.risk.cvar_level,
            facility_kw=Load.idle(base).facility_kw(base),
            capacity_rps=lambda v, h, t: 0.0,
        )
        self._model = _Model(base, model, options)
        self._balance_rows = np.concatenate(
            [self._model.linear.rows(block.power_balance) for block in model.scenario.values()]
        )

    def of(self, packing: Packing, *, time_limit_s: float) -> dict[str, Serving]:
        """As of `Routes`."""
        return self.solve(packing, time_limit_s=time_limit_s)[1]

    def solve(self, packing: Packing, *, time_limit_s: float) -> tuple[float, dict[str, Serving]]:
        """The figure of risk of all flows and of unserved requests [money], and the servings."""
        base = self._problem.problem
        silent = [np.zeros_like(served) for served in packing.served_rps]
        quiet = Packing.of(base, packing.placements, packing.replicas, silent)
        load_kw = np.tile(quiet.load.facility_kw(base).ravel(), len(self._problem.scenarios))
        self._model.linear.set_sides(self._balance_rows, load_kw, load_kw)
        pairs = zip(packing.replicas, base.services, strict=True)
        self._model.set_capacity(
            [replicas * base.hosts[one.name].capacity_rps for replicas, one in pairs]
        )
        answer = self._model.linear.solve(time_limit_s=time_limit_s)
        return answer.objective, self._model.servings(packing, answer.column_values)
