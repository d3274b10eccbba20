"""The front between money and carbon: what each further kilogram saved costs.

The same problem at carbon prices from none to one at which carbon alone decides. Each point goes on
from the plan and the prices of its neighbour, and all stand on the same groundwork, so a front
costs a few solves, not as many as it has points. Points that another beats in both are left out: no
weighting of the two would choose them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from optimizer.ascent import Ascent
from optimizer.canonical import canonical
from optimizer.climbing import LAST_ROUNDS, LAST_STEP
from optimizer.groundwork import Groundwork
from optimizer.limits import Limits, Progress
from optimizer.plan import Plan, Proof, Solution, Stage
from optimizer.problem import Problem
from optimizer.replan import replan
from optimizer.scale import Scale
from optimizer.search import Search
from optimizer.solve import proven, stages
from optimizer.start import Start
from optimizer.tally import tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One plan of the front.

    Attributes:
        carbon_price_per_kg: At which it is best. [money/kg CO2e]
        cost: Its objective without what carbon costs. [money]
        emissions_kg: [kg CO2e]
        proof: At that carbon price.
    """

    carbon_price_per_kg: float
    cost: float
    emissions_kg: float
    plan: Plan
    proof: Proof


def front(
    problem: Problem,
    carbon_prices_per_kg: tuple[float, ...],
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> tuple[Point, ...]:
    """The undominated points, the cheapest first.

    Args:
        problem: Its own carbon price is not used.
        carbon_prices_per_kg: One plan each. [money/kg CO2e]
        limits: Of each plan.
        seed: Of the orders in which jobs are tried.
        progress: Told, in words, what has been reached.

    Raises:
        ValueError: A price is negative, or there is none.
    """
    if not carbon_prices_per_kg or min(carbon_prices_per_kg) < 0:
        raise ValueError(
            f"carbon prices: must be some, none below 0, got {carbon_prices_per_kg}; "
            "say one a point of the front"
        )
    found = list(
        _points(problem, sorted(set(carbon_prices_per_kg)), limits or Limits(), seed, progress)
    )
    # A neighbour's plan may be better at this price than the one found here.
    best = [
        min(found, key=lambda one: one.cost + price * one.emissions_kg)
        for price in (point.carbon_price_per_kg for point in found)
    ]
    chosen = {(one.cost, one.emissions_kg): one for one in best}
    return tuple(chosen[key] for key in sorted(chosen))


def spread(problem: Problem, n_points: int) -> tuple[float, ...]:
    """Carbon prices from none to a hundred times the problem's own, evenly by ratio. [money/kg]"""
    own = problem.objective.carbon_price_per_kg or 0.1
    return (0.0, *(float(one) for one in own * np.geomspace(0.1, 100.0, max(1, n_points - 1))))


def _points(
    problem: Problem, prices: list[float], limits: Limits, seed: int, progress: Progress
) -> Iterator[Point]:
    ordered, back = canonical(problem)
    ground, last = Groundwork.of(ordered), None
    for price in prices:
        objective = replace(ordered.objective, carbon_price_per_kg=price)
        search = Search(replace(ordered, objective=objective), ground, limits, seed, progress)
        solution = search.run(
            partial(_next_point, search, last) if last else partial(stages, search, None)
        )
        last = search.problem, solution
        account = tally(search.problem, solution.plan)
        emissions_kg = sum(site.emissions_kg for site in account.sites)
        yield Point(
            carbon_price_per_kg=price,
            cost=account.objective - price * emissions_kg,
            emissions_kg=emissions_kg,
            plan=back(solution).plan,
            proof=solution.proof,
        )


def _next_point(search: Search, last: tuple[Problem, Solution]) -> Stage:
    """Climb from the prices of a neighbour, then move the jobs that another schedule suits better.

    Prices of power grow with the price of carbon, so those of the neighbour are scaled first.
    """
    before, solution = last
    growth = Scale.of(search.problem).power_per_kwh / Scale.of(before).power_per_kwh
    first = replace(
        solution.prices,
        power_per_kwh=solution.prices.power_per_kwh * growth,
        gpu_per_gpu_h=solution.prices.gpu_per_gpu_h * growth,
        stored_per_kwh=solution.prices.stored_per_kwh * growth,
    )
    ascent = Ascent(search.problem, search.thin, first, search.watch)
    with search.watch.part():
        ascent.climb(search.roster, 1.0, LAST_ROUNDS, LAST_STEP)
    response = proven(search, ascent)
    placements = {one.job: one for one in solution.plan.placements if one.runs}
    servings = solution.plan.servings
    prices = search.generation.prices
    replan(search, Start(prices=prices, placements=placements, servings=servings))
    if not search.is_closed():
        search.swept(search.sweeps(), response, ascent.target_kw, 1)
    return Stage.GAP if search.is_closed() else Stage.ITERATIONS
