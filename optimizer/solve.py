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

from dataclasses import replace

from optimizer.ascent import Ascent
from optimizer.bound import Response, respond
from optimizer.canonical import canonical
from optimizer.climbing import LAST_ROUNDS, LAST_STEP, ROUNDS, climb_from_nowhere
from optimizer.groundwork import Groundwork
from optimizer.limits import Limits, Progress
from optimizer.packing import Packing
from optimizer.plan import Solution, Stage
from optimizer.problem import Problem
from optimizer.replan import replan
from optimizer.search import Search
from optimizer.start import Start
from optimizer.weighing import Weighing

#: Jobs that a master can weigh against each other in a few seconds, and at most: of more than the
#: first only where the climb and its sweeps did not close the gap.
FEW_JOBS, MOST_WEIGHED = 300, 3000
#: Rounds of the ascent where a master goes on from its prices.
FEW_ROUNDS = 40
#: Sweeps from the prices, each in another order.
PACKS = 2


def solve(
    problem: Problem,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
    start: Start | None = None,
) -> Solution:
    """A feasible plan of `problem`, its certified bound, and the prices behind both.

    Args:
        problem: The problem.
        limits: When to stop.
        seed: Of the orders in which jobs are tried.
        progress: Told, in words, what has been reached.
        start: The last plan, of which as much is kept as is worth it.
    """
    ordered, back = canonical(problem)
    begun = start.ordered(problem, ordered) if start else None
    search = Search(ordered, Groundwork.of(ordered), limits or Limits(), seed, progress)
    return back(search.run(lambda: stages(search, begun)))


def stages(search: Search, start: Start | None) -> Stage:
    """Each stage in turn, until one of them closes the gap."""
    if start:
        replan(search, start)
        if search.is_closed():
            return Stage.GAP
    few = len(search.roster.jobs) <= FEW_JOBS
    first = start.prices if start else search.idle_prices
    ascent = Ascent(search.problem, search.thin, first, search.watch)
    with search.watch.part():
        if start:
            ascent.climb(search.roster, 1.0, LAST_ROUNDS, LAST_STEP)
        else:
            n_rounds = FEW_ROUNDS if few else ROUNDS
            climb_from_nowhere(ascent, search.roster, search.rng, n_rounds)
    response, sweeps = proven(search, ascent), search.sweeps()
    packings = search.swept(sweeps, response, ascent.target_kw, 1 if few or start else PACKS)
    if not few and not search.is_closed():
        with search.watch.part():
            ascent.climb(search.roster, 1.0, LAST_ROUNDS, LAST_STEP)
        response = proven(search, ascent)
        if not search.is_closed():
            packings += search.swept(sweeps, response, ascent.target_kw, 1)
    if search.is_closed():
        return Stage.GAP
    weighing = None
    if not few:
        _repaired(search)
    if len(search.roster.jobs) <= MOST_WEIGHED and not search.is_closed():
        weighing = Weighing(search, packings, response)
        weighing.sweep(sweeps)
    if search.is_closed():
        return Stage.GAP
    packing = _repaired(search)
    if search.is_closed():
        return Stage.GAP
    if not few or weighing is None or search.problem.is_chained:
        return Stage.ITERATIONS
    return weighing.draw(packing)


def _repaired(search: Search) -> Packing:
    """The best plan, with what was left out of it put in, and tries around that."""
    repair, best = search.repair(), Packing.of_plan(search.priced, search.best.plan)
    return search.repaired(repair, repair.complete(best))


def proven(search: Search, ascent: Ascent) -> Response:
    """What everyone chooses at the prices of the climb, once what they prove is kept."""
    mean = respond(search.problem, ascent.prices, search.choices, search.roster)
    last = respond(search.problem, ascent.last_prices, search.choices, search.roster)
    search.proven(ascent.prices, mean)
    search.proven(ascent.last_prices, last)
    if ascent.prices.reserve is not None:
        # The climb leaves the prices of reserve as they were: ask the flows under its load.
        time_s = search.watch.left_s()
        dispatched = search.dispatcher.solve(ascent.target_kw, time_limit_s=time_s)[2]
        gpu, premium = ascent.prices.gpu_per_gpu_h, ascent.prices.money_premium
        prices = replace(dispatched, gpu_per_gpu_h=gpu, money_premium=premium)
        search.proven(prices, respond(search.problem, prices, search.choices, search.roster))
    search.put_premium(search.generation.prices.money_premium)
    search.tell("priced")
    return mean
