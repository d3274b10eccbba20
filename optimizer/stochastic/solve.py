"""From weighted scenarios to one first stage with its proof.

1. the plan of the mean forecast is the first, and the last resort;
2. an ascent from its prices finds those of every scenario, and proves the bound;
3. sweeps led by them put every job and replica in place beside the expected supply curves;
4. routes are chosen once for all scenarios, flows in each; the best first stage is kept, and
   repair looks around it while the gap is open.

A run ended by gap or rounds repeats to the last digit; one ended by the clock or a person says so.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from optimizer.bound import Response
from optimizer.climbing import climb_from_nowhere
from optimizer.groundwork import Groundwork
from optimizer.highs import TimeLimitReached
from optimizer.limits import Ended, Limits, Progress, Watch
from optimizer.load import Load
from optimizer.packing import Packing
from optimizer.plan import Plan, Proof, Stage
from optimizer.repair import Repair
from optimizer.search import FRUITLESS_REPAIRS, TRIES
from optimizer.solve import solve
from optimizer.stochastic.ascent import ScenarioAscent
from optimizer.stochastic.bound import ScenarioPrices, lower_bound, respond
from optimizer.stochastic.recourse import Dispatchers
from optimizer.stochastic.routes import Routes, routes_of
from optimizer.stochastic.scenarios import StochasticProblem
from optimizer.stochastic.solution import (
    StochasticSolution,
    costs_of,
    followed,
    verify_all,
)
from optimizer.sweeps import Sweeps

#: Sweeps from the prices, each in another order.
PACKS = 2
#: Of the time limit, for the plan of the mean forecast.
MEAN_SHARE = 0.4


def solve_stochastic(
    problem: StochasticProblem,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> StochasticSolution:
    """A first stage for all scenarios, its flows in each, and its certified bound.

    Args:
        problem: The problem.
        limits: When to stop.
        seed: Of the orders in which sweeps try jobs.
        progress: Told, in words, what has been reached.
    """
    return _Run(problem, limits or Limits(), seed, progress).solution()


class _Run:
    """One solve: the problem, the limits, and the best of everything so far."""

    def __init__(
        self, problem: StochasticProblem, limits: Limits, seed: int, progress: Progress
    ) -> None:
        self.problem, self.limits, self.seed, self.say = problem, limits, seed, progress
        self.watch = Watch(limits)
        base = problem.problem
        self.mean = solve(
            problem.mean, limits=replace(limits, time_s=MEAN_SHARE * limits.time_s), seed=seed
        )
        self.dispatchers = Dispatchers(problem)
        self.ground = Groundwork.of(base)
        self.rng = np.random.default_rng(seed)
        self.constant = self._idle_cost()
        first = self.mean.plan
        self.plan = followed(
            problem,
            first.placements,
            first.servings,
            self.dispatchers,
            time_limit_s=self.watch.finish_s,
        )
        self.mean_plan = self.plan
        self.costs = costs_of(problem, self.plan)
        self.objective = self.mean_objective = problem.objective(self.costs)
        self.bound = -np.inf
        self.first = self.prices = self._first_prices(first)
        self._prove(self.first)
        alike = (self.mean.prices,) * len(problem.scenarios)
        self._prove(replace(self.first, by_scenario=alike))
        self.say(f"mean forecast planned: {self.proof}")

    @property
    def proof(self) -> Proof:
        return Proof(
            objective=self.objective,
            bound=self.bound,
            constant=self.constant,
            stage=Stage.ITERATIONS,
            seed=self.seed,
            seconds=self.watch.seconds,
        )

    def solution(self) -> StochasticSolution:
        """Run the stages until one of them, or a limit, ends the solve."""
        try:
            stage = self._stages()
        except Ended as ended:
            stage = ended.stage
        except TimeLimitReached:
            stage = Stage.TIME_LIMIT
        self.watch.cut_short |= self.dispatchers.cut_short
        stage = self.watch.stage(stage)
        if stage in (Stage.GAP, Stage.ITERATIONS) and not self.mean.proof.deterministic:
            stage = self.mean.proof.stage
        return StochasticSolution(
            plan=self.plan,
            proof=replace(self.proof, stage=stage),
            prices=self.prices,
            idle_prices=self.idle_prices,
            costs=self.costs,
            mean_plan=self.mean_plan,
            mean_plan_objective=self.mean_objective,
        )

    @cached_property
    def _routes(self) -> Routes:
        return routes_of(self.problem)

    def _idle_cost(self) -> float:
        """Share of the objective no decision can change. [money]"""
        base = self.problem.problem
        idle_kw = Load.idle(base).facility_kw(base)
        idle = self.dispatchers.solve(idle_kw, time_limit_s=self.watch.finish_s)
        self.idle_prices = ScenarioPrices(
            tail=self.problem.risk.tail(self.problem.weights, idle.costs),
            by_scenario=idle.prices,
            gpu_per_gpu_h=idle.prices[0].gpu_per_gpu_h,
        )
        return lower_bound(self.problem.idle, self.idle_prices)

    def _first_prices(self, first: Plan) -> ScenarioPrices:
        """Those of every scenario under the load of a first stage."""
        base = self.problem.problem
        load_kw = Load.of(base, first.placements, first.servings).facility_kw(base)
        found = self.dispatchers.solve(load_kw, time_limit_s=self.watch.finish_s)
        return ScenarioPrices(
            tail=self.problem.risk.tail(self.problem.weights, found.costs),
            by_scenario=found.prices,
            gpu_per_gpu_h=self.mean.prices.gpu_per_gpu_h,
            quality_per_request=self.mean.prices.quality_per_request,
        )

    def _prove(self, prices: ScenarioPrices) -> Response:
        """Keep `prices` when they prove more."""
        response = respond(self.problem, prices, self.ground.choices, self.ground.roster)
        if response.bound > self.bound:
            self.bound, self.prices = response.bound, prices
        return response

    def _stages(self) -> Stage:
        thin, roster = self.ground.thin, self.ground.roster
        ascent = ScenarioAscent(self.problem, thin, self.dispatchers, self.first, self.watch)
        with self.watch.part():
            climb_from_nowhere(ascent, roster, self.rng)
        response = self._prove(ascent.prices)
        self._prove(ascent.last_prices)
        self.say(f"priced: {self.proof}")
        supply = self.dispatchers.supply(self.prices.tail)
        sweeps = Sweeps(
            problem=self.problem.problem,
            roster=roster,
            choices=thin,
            supply=supply,
            watch=self.watch,
        )
        seen = self.prices.mixed(self.problem)
        start = Packing.of_response(self.problem.problem, roster.jobs, response)
        for _ in range(PACKS):
            self._consider(sweeps.pack(start, seen, ascent.target_kw, self.rng), "swept")
            if self._is_closed():
                return Stage.GAP
        self._consider(sweeps.polish(self._best()), "polished")
        if self._is_closed():
            return Stage.GAP
        repair = Repair(
            problem=self.problem.problem,
            terms=roster.jobs,
            choices=self.ground.choices,
            supply=supply,
            left_s=self.watch.left_s,
        )
        packing, fruitless = repair.complete(self._best()), 0
        while fruitless < FRUITLESS_REPAIRS and not self._is_closed():
            packing = repair.improve(packing, self.rng, TRIES)
            fruitless = 0 if self._consider(packing, "repaired") else fruitless + 1
        return Stage.GAP if self._is_closed() else Stage.ITERATIONS

    def _best(self) -> Packing:
        return Packing.of_plan(self.problem.problem, self.plan.plan(0))

    def _consider(self, packing: Packing, what: str) -> bool:
        """Finish `packing`; keep it when it is better and breaks no rule."""
        servings = self._routes.of(packing, time_limit_s=self.watch.finish_s)
        plan = followed(
            self.problem,
            tuple(packing.placements),
            servings,
            self.dispatchers,
            time_limit_s=self.watch.finish_s,
        )
        costs = costs_of(self.problem, plan)
        objective = self.problem.objective(costs)
        better = objective < self.objective - 1e-9 * abs(self.objective)
        violations = verify_all(self.problem, plan) if better else ()
        if violations:
            self.say(f"a plan that breaks a rule was dropped: {violations[0]}")
        elif better:
            self.plan, self.costs, self.objective = plan, costs, objective
        self.say(f"{what}: {objective:,.0f}; best {self.proof}")
        return better and not violations

    def _is_closed(self) -> bool:
        return self.proof.gap <= self.limits.gap
