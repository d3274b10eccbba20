"""From a problem to a plan with its proof, stage by stage.

1. run-now is the first plan, and the last resort;
2. an ascent finds prices and proves the bound;
3. sweeps led by those prices put every job and replica in place;
4. routes and energy flows are chosen once more for what was picked; repair looks around it while
   the gap is open;
5. few jobs are weighed against each other in a master too: column generation from those prices, a
   dive to whole schedules, and the best whole schedules of the master.

A plan exists from the first stage on and only improves. A run ended by gap or rounds repeats to the
last digit; one ended by the clock or a person says so.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.ascent import Ascent
from optimizer.baselines import run_now
from optimizer.bound import Response, lower_bound, respond
from optimizer.canonical import canonical
from optimizer.columns import Entry, Schedule
from optimizer.dispatcher import Dispatcher, Router
from optimizer.dive import Dive
from optimizer.fleet import Roster
from optimizer.generation import Generation
from optimizer.highs import TimeLimitReached
from optimizer.load import Load
from optimizer.master import Master
from optimizer.packing import Packing
from optimizer.plan import Plan, Proof, Solution, Stage
from optimizer.problem import Problem
from optimizer.repair import Repair
from optimizer.replicas import Choices
from optimizer.site import FloatArray
from optimizer.supply import SureSupply
from optimizer.sweeps import Sweeps
from optimizer.tally import tally
from optimizer.terms import terms_of
from optimizer.verify import verify

Progress = Callable[[str], None]
#: Rounds of the ascent; of more jobs than `MOST_SAMPLED`, a sample climbs first.
FEW_ROUNDS, ROUNDS = 40, 60
MOST_SAMPLED, SAMPLE, SAMPLE_ROUNDS = 4000, 2000, 40
LAST_ROUNDS, LAST_STEP = 25, 0.4
#: Sweeps from the prices, each in another order.
PACKS = 2
#: Tries in a round of repair, and rounds without fruit that end it.
TRIES, FRUITLESS_REPAIRS = 100, 2
#: Jobs that a master can weigh against each other in a few seconds.
FEW_JOBS = 300
#: Of column generation: rounds at most, and rounds without progress that end it.
MAX_ROUNDS, STALLED_ROUNDS = 40, 2
SEARCHES = 3
#: Columns that HiGHS may choose from at once; of more, those of `WINDOW_H` at a time.
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
        self.roster = Roster.of(terms_of(problem))
        self.choices = tuple(Choices.of(problem, service) for service in problem.services)
        self.rng = np.random.default_rng(seed)
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
        thin = tuple(one.thinned() for one in self.choices)
        ascent = Ascent(self.problem, thin, self.idle_prices, self.watch.left_s)
        response = self._climb(ascent)
        sweeps = Sweeps(
            problem=self.problem,
            roster=self.roster,
            choices=thin,
            supply=SureSupply(problem=self.problem, dispatcher=self.dispatcher),
            left_s=self.watch.left_s,
        )
        few = len(self.roster.jobs) <= FEW_JOBS
        packings = self._swept(sweeps, response, ascent.target_kw, 1 if few else PACKS)
        if self._is_closed():
            return Stage.GAP
        master = None
        if few:
            master = Master(self.problem, self.roster.jobs)
            for packing in packings:
                master.offer(packing)
            master.offer_response(response)
            self._generate(master)
            response = respond(self.problem, self.generation.prices, self.choices, self.roster)
            packings += self._swept(sweeps, response, master.facility_kw, PACKS)
            if self._is_closed():
                return Stage.GAP
        repair = Repair(
            problem=self.problem,
            terms=self.roster.jobs,
            choices=self.choices,
            supply=sweeps.supply,
            left_s=self.watch.left_s,
        )
        packing = repair.complete(Packing.of_plan(self.problem, self.best.plan))
        packing = self._repaired(repair, packing)
        if self._is_closed():
            return Stage.GAP
        return self._weighed(repair, master, packing) if master else Stage.ITERATIONS

    def _swept(
        self, sweeps: Sweeps, response: Response, target_kw: FloatArray, most: int
    ) -> list[Packing]:
        """Packings around what everyone chose at the best prices, until one closes the gap."""
        packings: list[Packing] = []
        while not packings or (len(packings) < most and not self._is_closed()):
            start = self._packed(response)
            packings.append(sweeps.pack(start, self.generation.prices, target_kw, self.rng))
            self.best.consider(packings[-1])
            self.say(f"swept: {self._reached()}")
        return packings

    def _climb(self, ascent: Ascent) -> Response:
        """Prices and the bound they prove; of many jobs a sample climbs first."""
        roster, n_jobs = self.roster, len(self.roster.jobs)
        if n_jobs > MOST_SAMPLED:
            sample = np.sort(self.rng.choice(n_jobs, SAMPLE, replace=False))
            ascent.climb(roster.some(sample), n_jobs / SAMPLE, SAMPLE_ROUNDS)
            ascent.climb(roster, 1.0, LAST_ROUNDS, LAST_STEP)
        else:
            ascent.climb(roster, 1.0, FEW_ROUNDS if n_jobs <= FEW_JOBS else ROUNDS)
        mean = respond(self.problem, ascent.prices, self.choices, roster)
        last = respond(self.problem, ascent.last_prices, self.choices, roster)
        for prices, response in ((ascent.prices, mean), (ascent.last_prices, last)):
            if response.bound > self.generation.bound:
                self.generation.prices, self.generation.bound = prices, response.bound
        self.say(f"priced: {self._reached()}")
        return mean

    def _packed(self, response: Response) -> Packing:
        """What everyone chose, whether there is room for it or not."""
        jobs = enumerate(self.roster.jobs)
        placements = [response.timetable.placement(j, terms) for j, terms in jobs]
        return Packing.of(self.problem, placements, response.replicas, response.served_rps)

    def _is_closed(self) -> bool:
        return self.proof.gap <= self.limits.gap

    def _repaired(self, repair: Repair, packing: Packing) -> Packing:
        """`packing` and tries around it, until they close the gap or bear no fruit."""
        fruitless = 0
        while fruitless < FRUITLESS_REPAIRS and not self._is_closed():
            before = self.best.objective
            packing = repair.improve(packing, self.rng, TRIES)
            self.best.consider(packing)
            self.say(f"repaired: {self._reached()}")
            fruitless = 0 if self.best.objective < before else fruitless + 1
        return packing

    def _weighed(self, repair: Repair, master: Master, packing: Packing) -> Stage:
        """Whole schedules drawn from the master."""
        master.offer(packing)
        dive = Dive(master, self.choices, self.constant, self.watch.left_s)
        packing = repair.complete(dive.packing())
        self.best.consider(packing)
        self.say(f"whole schedules: {self._reached()}")
        for _ in range(SEARCHES):
            packing = self._repaired(repair, packing)
            if self._is_closed():
                return Stage.GAP
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
                if self._is_closed():
                    return Stage.GAP
            margin = self.best.objective - self.generation.bound
            master.offer_near(self.choices, self.generation.prices, margin)
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

    def _generate(self, master: Master) -> None:
        """Rounds until the bound is close enough to the relaxed master to leave room.

        They end early where neither the bound nor the master moves any more.
        """
        generation, stalled = self.generation, 0
        for _ in range(MAX_ROUNDS):
            reached = (generation.bound, generation.value)
            generation.round(
                self.problem, master, self.choices, self.roster, time_limit_s=self.watch.left_s()
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
