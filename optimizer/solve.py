"""From a problem to a plan with its proof, stage by stage.

1. run-now is the first plan, and the last resort;
2. a sweep packs jobs and replicas where they cost least, around the battery as it stands;
3. column generation prices every schedule exactly and proves the bound;
4. a dive through the master settles for whole schedules;
5. routes and energy flows are chosen once more for what was picked; repair looks around it while
   the gap is open, and a small master is asked for its best whole schedules too.

A plan exists from the first stage on and only improves. A run ended by gap or rounds repeats to the
last digit; one ended by the clock or a person says so.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.columns import Entry, Schedule
from optimizer.dispatcher import Dispatcher, Router
from optimizer.dive import Dive
from optimizer.fingerprint import fingerprint
from optimizer.generation import Generation
from optimizer.highs import TimeLimitReached
from optimizer.load import Load
from optimizer.master import Master
from optimizer.merit_order import MeritOrder
from optimizer.packing import Packing, by_work, sweep
from optimizer.plan import Plan, Prices, Proof, Serving, Solution, Stage
from optimizer.problem import Problem
from optimizer.repair import Repair
from optimizer.replicas import Choices
from optimizer.tally import tally
from optimizer.terms import terms_of
from optimizer.verify import verify

Progress = Callable[[str], None]
MAX_ROUNDS = 40
STALLED_ROUNDS = 2
TRIES = 100
SEARCHES = 3
FRUITLESS_REPAIRS = 2
FEW_COLUMNS = 1500
WINDOW_H = 48.0
#: To finish a plan with, however late it is. [s]
LEAST_TIME_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop.

    Attributes:
        gap: Relative gap that ends the solve, as `Proof.gap` defines it.
        time_s: Wall time that ends it. [s]
        stop: Asked between stages; True ends the solve with the best plan so far.
    """

    gap: float = 0.03
    time_s: float = 120.0
    stop: Callable[[], bool] = field(default=lambda: False)


class _Ended(Exception):
    """A limit was reached; carries which."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage


class _Watch:
    """Time and interruption, asked between stages."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.started_s = limits, time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started_s

    def left_s(self) -> float:
        if self.limits.stop():
            raise _Ended(Stage.INTERRUPTED)
        left = self.limits.time_s - self.seconds
        if left <= 0:
            raise _Ended(Stage.TIME_LIMIT)
        return left


class _Best:
    """The best plan so far."""

    def __init__(self, problem: Problem, plan: Plan, watch: _Watch, say: Progress) -> None:
        self.problem, self.plan, self.watch, self.say = problem, plan, watch, say
        self.router = Router(problem)
        self.objective = tally(problem, plan).objective

    def consider(self, packing: Packing) -> bool:
        """Finish `packing`; keep it when it is better and breaks no rule."""
        time_s = max(LEAST_TIME_S, self.watch.limits.time_s - self.watch.seconds)
        plan = self.router.finish(packing, time_limit_s=time_s)
        objective = tally(self.problem, plan).objective
        better = objective < self.objective - 1e-9 * abs(self.objective)
        violations = verify(self.problem, plan) if better else ()
        if violations:
            self.say(f"a plan that breaks a rule was dropped: {violations[0]}")
        elif better:
            self.plan, self.objective = plan, objective
        return better and not violations


def solve(
    problem: Problem,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Solution:
    """A feasible plan of `problem`, its certified bound, and the prices behind both.

    Args:
        problem: The problem.
        limits: When to stop.
        seed: Of the orders in which the last sweeps try jobs.
        progress: Told, in words, what has been reached.
    """
    ordered, back = canonical(problem)
    run = _Run(ordered, limits or Limits(), seed, progress)
    return back(run.solution())


class _Run:
    """One solve: the problem, the limits, and the best of everything so far."""

    def __init__(self, problem: Problem, limits: Limits, seed: int, progress: Progress) -> None:
        self.problem, self.limits, self.seed, self.say = problem, limits, seed, progress
        self.watch = _Watch(limits)
        self.baseline = run_now(problem)
        self.best = _Best(problem, self.baseline, self.watch, progress)
        self.dispatcher = Dispatcher(problem)
        self.terms = terms_of(problem)
        idle_kw = Load.idle(problem).facility_kw(problem)
        self.idle_prices = self.dispatcher.solve(idle_kw, time_limit_s=60.0)[2]
        idle = replace(problem, jobs=(), services=())
        self.constant = lower_bound(idle, self.idle_prices)
        self.generation = Generation(self.idle_prices)

    @property
    def proof(self) -> Proof:
        return Proof(
            objective=self.best.objective,
            bound=self.generation.bound,
            constant=self.constant,
            stage=Stage.ITERATIONS,
            seed=self.seed,
            seconds=self.watch.seconds,
        )

    def solution(self) -> Solution:
        """Run the stages until one of them, or a limit, ends the solve."""
        try:
            stage = self._stages()
        except _Ended as ended:
            stage = ended.stage
        except TimeLimitReached:
            stage = Stage.TIME_LIMIT
        if self.best.router.cut_short and stage is not Stage.INTERRUPTED:
            stage = Stage.TIME_LIMIT
        if not np.isfinite(self.generation.bound):
            self.generation.bound = lower_bound(self.problem, self.generation.prices)
        return Solution(
            plan=self.best.plan,
            proof=replace(self.proof, stage=stage),
            prices=self.generation.prices,
            idle_prices=self.idle_prices,
        )

    def _stages(self) -> Stage:
        problem = self.problem
        choices = tuple(Choices.of(problem, service) for service in problem.services)
        first = Packing.of_plan(problem, self.baseline)
        packing = self._sweep(first.copy(), choices)
        self.best.consider(packing)
        self.say(f"swept: {self.best.objective:,.0f}")
        master = Master(problem, self.terms)
        master.offer(first)
        master.offer(packing)
        self._generate(master, choices)
        repair = Repair(
            problem=problem,
            terms=self.terms,
            choices=choices,
            dispatcher=self.dispatcher,
            left_s=self.watch.left_s,
        )
        rng = np.random.default_rng(self.seed)
        dive = Dive(master, choices, self.constant, self.watch.left_s)
        packing = repair.complete(dive.packing())
        self.best.consider(packing)
        self.say(f"whole schedules: {self._reached()}")
        if self.proof.gap <= self.limits.gap:
            return Stage.GAP
        for _ in range(SEARCHES):
            fruitless = 0
            while fruitless < FRUITLESS_REPAIRS:
                before = self.best.objective
                packing = repair.improve(packing, rng, TRIES)
                self.best.consider(packing)
                self.say(f"repaired: {self._reached()}")
                if self.proof.gap <= self.limits.gap:
                    return Stage.GAP
                fruitless = 0 if self.best.objective < before else fruitless + 1
            for window in self._windows(master):
                free = self._inside(window, packing)
                packing = master.whole(
                    packing,
                    free=free,
                    held=self.best.plan.dispatch,
                    target=self._target(),
                    left_s=self.watch.left_s,
                )
                self.best.consider(packing)
                self.say(f"best of the schedules known: {self._reached()}")
                if self.proof.gap <= self.limits.gap:
                    return Stage.GAP
            margin = self.best.objective - self.generation.bound
            master.offer_near(choices, self.generation.prices, margin)
        return Stage.ITERATIONS

    def _windows(self, master: Master) -> list[range]:
        """Steps that may change at once: all where there are few columns, else days at a time."""
        n_steps, h = self.problem.horizon.n_steps, self.problem.horizon.step_h
        if len(master.entries) <= FEW_COLUMNS:
            return [range(n_steps)]
        width = max(2, int(WINDOW_H / h))
        return [range(first, first + width) for first in range(0, n_steps, width // 2)]

    def _inside(self, window: range, packing: Packing) -> Callable[[Entry], bool]:
        """What may change: everything in a window of all steps, else the jobs that start in it."""
        if len(window) >= self.problem.horizon.n_steps:
            return lambda _: True
        jobs = {
            j
            for j, placement in enumerate(packing.placements)
            if not placement.runs or placement.runs[0].first_step in window
        }
        return lambda entry: isinstance(entry, Schedule) and entry.job in jobs

    def _target(self) -> float:
        """Objective at which the gap is closed, less what routing may still lose. [money]"""
        gap, bound, constant = self.limits.gap, self.generation.bound, self.constant
        share = gap / (1 - gap) if gap < 1 else np.inf
        return bound + 0.9 * share * max(0.0, bound - constant)

    def _sweep(self, packing: Packing, choices: tuple[Choices, ...]) -> Packing:
        load_kw = packing.load.facility_kw(self.problem)
        _, dispatch, prices = self.dispatcher.solve(load_kw, time_limit_s=self.watch.left_s())
        order = MeritOrder.of(self.problem, dispatch, prices.carbon_per_kg)
        sweep(packing, choices, self.terms, order, by_work(self.problem))
        return packing

    def _generate(self, master: Master, choices: tuple[Choices, ...]) -> None:
        """Rounds until the bound is close enough to the relaxed master to leave room.

        They end early where neither the bound nor the master moves any more.
        """
        generation, stalled = self.generation, 0
        for _ in range(MAX_ROUNDS):
            reached = (generation.bound, generation.value)
            generation.round(
                self.problem, master, choices, self.terms, time_limit_s=self.watch.left_s()
            )
            room = 0.15 * self.limits.gap * max(0.0, generation.value - self.constant)
            moved = max(generation.bound - reached[0], reached[1] - generation.value)
            stalled = 0 if moved >= room / 3 else stalled + 1
            closed = generation.value - generation.bound <= room
            complete = generation.exact and not generation.added
            if closed or complete or stalled == STALLED_ROUNDS:
                break
            self.say(f"pricing: {self._reached()}")

    def _reached(self) -> str:
        proof = self.proof
        return f"{proof.objective:,.0f}, bound {proof.bound:,.0f}, gap {proof.gap:.2%}"


def _ties(problem: Problem, site: str) -> tuple[object, ...]:
    """What else tells `site` from a twin: who lives there, who may, and how far it is."""
    return (
        [job.home == site for job in problem.jobs],
        [job.allowed_sites is None or site in job.allowed_sites for job in problem.jobs],
        [service.home == site for service in problem.services],
        [[one.rtt_ms.get((region, site)) for region in one.regions] for one in problem.services],
        sorted(fingerprint(link) for ends, link in problem.links.items() if site in ends),
    )


def canonical(problem: Problem) -> tuple[Problem, Callable[[Solution], Solution]]:
    """The problem with its sites in an order that names do not decide, and the way back.

    So that two problems that differ in the names or the order of sites have the same plan.
    """
    order = sorted(
        range(len(problem.sites)),
        key=lambda s: (
            fingerprint(problem.sites[s], without=["name"]),
            fingerprint(_ties(problem, problem.sites[s].name)),
        ),
    )
    ordered = replace(problem, sites=tuple(problem.sites[s] for s in order))
    rows = [ordered.site_number[site.name] for site in problem.sites]
    pools = [
        ordered.pool_number[ordered.site_number[problem.sites[s].name], pool.gpu_type]
        for s, pool in problem.pools
    ]

    def back_prices(prices: Prices) -> Prices:
        return Prices(
            power_per_kwh=prices.power_per_kwh[rows],
            gpu_per_gpu_h=prices.gpu_per_gpu_h[pools],
            stored_per_kwh=prices.stored_per_kwh[rows],
            peak_per_kw=prices.peak_per_kw[rows],
            carbon_per_kg=prices.carbon_per_kg,
        )

    def back(solution: Solution) -> Solution:
        servings = {
            name: Serving(replicas=one.replicas[rows], served_rps=one.served_rps[:, rows])
            for name, one in solution.plan.servings.items()
        }
        dispatch = {site.name: solution.plan.dispatch[site.name] for site in problem.sites}
        return replace(
            solution,
            plan=replace(solution.plan, servings=servings, dispatch=dispatch),
            prices=back_prices(solution.prices),
            idle_prices=back_prices(solution.idle_prices),
        )

    return ordered, back
