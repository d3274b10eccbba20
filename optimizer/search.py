"""What every stage of a solve shares: the problem, the limits, and the best so far."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.bound import Response, lower_bound
from optimizer.dispatcher import Dispatcher, Router
from optimizer.generation import Generation
from optimizer.groundwork import Groundwork
from optimizer.highs import TimeLimitReached
from optimizer.limits import Ended, Limits, Progress, Watch
from optimizer.load import Load
from optimizer.money import dearer, dearer_roster, paid_for_work
from optimizer.packing import Packing
from optimizer.plan import Plan, Prices, Proof, Solution, Stage
from optimizer.problem import Problem
from optimizer.repair import Repair
from optimizer.site import FloatArray
from optimizer.supply import SureSupply
from optimizer.sweeps import Sweeps
from optimizer.tally import tally
from optimizer.verify import verify

#: Tries in a round of repair, and rounds without fruit that end it.
TRIES, FRUITLESS_REPAIRS = 100, 2


class Best:
    """The best plan so far."""

    def __init__(self, problem: Problem, plan: Plan, watch: Watch, say: Progress) -> None:
        self.problem, self.plan, self.watch, self.say = problem, plan, watch, say
        self.router = Router(problem)
        self.objective = tally(problem, plan).objective

    def consider(self, packing: Packing) -> None:
        """Finish `packing`; keep it when it is better and breaks no rule."""
        plan = self.router.finish(packing, time_limit_s=self.watch.finish_s)
        objective = tally(self.problem, plan).objective
        better = objective < self.objective - 1e-9 * abs(self.objective)
        violations = verify(self.problem, plan) if better else ()
        if violations:
            self.say(f"a plan that breaks a rule was dropped: {violations[0]}")
        elif better:
            self.plan, self.objective = plan, objective


class Search:
    """One solve on its way."""

    def __init__(
        self,
        problem: Problem,
        ground: Groundwork,
        limits: Limits,
        seed: int,
        progress: Progress,
    ) -> None:
        """Run-now is the first plan, and the last resort.

        Args:
            problem: The problem.
            ground: Of it, or of the same problem at other prices.
            limits: When to stop.
            seed: Of the orders in which jobs are tried.
            progress: Told, in words, what has been reached.
        """
        self.problem, self.limits, self.seed, self.say = problem, limits, seed, progress
        self.watch = Watch(limits)
        self.roster, self.choices, self.thin = ground.roster, ground.choices, ground.thin
        self.best = Best(problem, ground.baseline, self.watch, progress)
        self.dispatcher = Dispatcher(problem)
        self.rng = np.random.default_rng(seed)
        idle_kw = Load.idle(problem).facility_kw(problem)
        idle = replace(problem, jobs=(), services=())
        paid = paid_for_work(idle, Load.idle(idle), ())
        self.idle_prices = self.dispatcher.solve(idle_kw, time_limit_s=60.0, paid=paid)[2]
        self.constant = lower_bound(idle, self.idle_prices)
        self.generation = Generation(self.idle_prices)
        #: The problem and its jobs as sweeps and repair see them: without a cost budget, and with
        #: dearer money.
        self.priced, self.priced_roster = problem, self.roster
        self.supply = SureSupply(problem=problem, dispatcher=self.dispatcher)

    @property
    def is_budgeted(self) -> bool:
        """Whether there is a cost budget."""
        return self.problem.objective.cost_budget is not None

    def put_premium(self, premium: float) -> None:
        """Search on at this premium on money, where there is a cost budget."""
        if self.is_budgeted:
            self.priced = dearer(self.problem, premium)
            self.priced_roster = dearer_roster(self.problem, self.roster, premium)
            self.supply = SureSupply(problem=self.priced, dispatcher=Dispatcher(self.priced))

    def run(self, stages: Callable[[], Stage]) -> Solution:
        """The best plan once `stages` have ended, or a limit has ended them."""
        try:
            stage = stages()
        except Ended as ended:
            stage = ended.stage
        except TimeLimitReached:
            stage = Stage.TIME_LIMIT
        self.watch.cut_short |= self.best.router.cut_short
        generation = self.generation
        if not np.isfinite(generation.bound):
            generation.bound = lower_bound(self.problem, generation.prices)
        return Solution(
            plan=self.best.plan,
            proof=replace(self.proof, stage=self.watch.stage(stage)),
            prices=generation.prices,
            idle_prices=self.idle_prices,
        )

    @property
    def proof(self) -> Proof:
        """How good the best plan is known to be."""
        return Proof(
            objective=self.best.objective,
            bound=self.generation.bound,
            constant=self.constant,
            stage=Stage.ITERATIONS,
            seed=self.seed,
            seconds=self.watch.seconds,
        )

    def is_closed(self) -> bool:
        """Whether the gap is small enough."""
        return self.proof.gap <= self.limits.gap

    def sweeps(self) -> Sweeps:
        """Rounds over all jobs and services."""
        return Sweeps(
            problem=self.priced,
            roster=self.priced_roster,
            choices=self.thin,
            supply=self.supply,
            watch=self.watch,
        )

    def repair(self) -> Repair:
        """Tries around a packing."""
        return Repair(
            problem=self.priced,
            terms=self.priced_roster.jobs,
            choices=self.choices,
            supply=self.supply,
            left_s=self.watch.left_s,
        )

    def consider(self, packing: Packing, what: str) -> None:
        """Keep the plan of `packing` where it is the best, and tell `what` was done."""
        self.best.consider(packing)
        self.tell(what)

    def proven(self, prices: Prices, response: Response) -> None:
        """Keep `prices` where what they prove is the best."""
        if response.bound > self.generation.bound:
            self.generation.prices, self.generation.bound = prices, response.bound

    def tell(self, what: str) -> None:
        """Tell what was done and what is reached."""
        self.say(f"{what}: {self.proof}")

    def swept(
        self, sweeps: Sweeps, response: Response, target_kw: FloatArray, most: int
    ) -> list[Packing]:
        """Packings around what everyone chose at the best prices, until one closes the gap."""
        packings: list[Packing] = []
        while not packings or (len(packings) < most and not self.is_closed()):
            start = Packing.of_response(self.priced, self.roster.jobs, response)
            packings.append(sweeps.pack(start, self.generation.prices, target_kw, self.rng))
            self.consider(packings[-1], "swept")
        return packings

    def repaired(self, repair: Repair, packing: Packing) -> Packing:
        """`packing` and tries around it, until they close the gap or bear no fruit."""
        fruitless = 0
        while fruitless < FRUITLESS_REPAIRS and not self.is_closed():
            before = self.best.objective
            packing = repair.improve(packing, self.rng, TRIES)
            self.consider(packing, "repaired")
            fruitless = 0 if self.best.objective < before else fruitless + 1
        return packing
