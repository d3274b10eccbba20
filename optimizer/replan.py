"""Planning again, from the last plan and its prices.

Most of a plan still holds when a forecast moves a little, and its prices prove nearly as much. A
job keeps its schedule unless another saves more than staying is worth, so that small changes do not
shuffle work; jobs that are new, and those that do not fit any more, are put in beside the others.
"""

from collections.abc import Mapping

import numpy as np

from optimizer.bound import Response, admissible, question, respond
from optimizer.load import by_host
from optimizer.packing import Packing
from optimizer.plan import Placement
from optimizer.pricing import schedule_cost
from optimizer.problem import Problem
from optimizer.search import Search
from optimizer.site import IntArray
from optimizer.start import Start
from optimizer.timing import is_finished

#: Of its own cost, what a job must save to be moved.
WORTH_MOVING = 0.02


def replan(search: Search, start: Start) -> None:
    """Keep the schedules of `start` where that costs next to nothing, and settle the others."""
    problem = search.problem
    response = respond(problem, start.prices, search.choices, search.roster)
    search.proven(start.prices, response)
    search.put_premium(admissible(problem, start.prices).money_premium)
    search.tell("priced as before")
    placements, movers = _kept(search, start, response)
    replicas, served = list(response.replicas), list(response.served_rps)
    for v, service in enumerate(problem.services):
        if service.name in start.servings:
            replicas[v], served[v] = by_host(problem, service, start.servings[service.name])
    packing = Packing.of(search.priced, placements, replicas, served)
    search.consider(search.sweeps().settle(packing, movers), "kept what holds")


def _kept(search: Search, start: Start, response: Response) -> tuple[list[Placement], IntArray]:
    """The schedule of each job to start from, and the numbers of the jobs that may move."""
    problem, asked = search.priced, question(search.priced, start.prices)
    placements, movers = [], []
    for j, terms in enumerate(search.priced_roster.jobs):
        kept = start.placements.get(terms.job.name)
        if kept is None or not _still_holds(problem, j, kept):
            placements.append(response.timetable.placement(j, terms))
            movers.append(j)
            continue
        placements.append(kept)
        cost = schedule_cost(terms, asked.step_costs(terms), kept)
        if cost > response.least[j] + WORTH_MOVING * abs(response.least[j]):
            movers.append(j)
    return placements, np.array(movers, dtype=np.int64)


def _still_holds(problem: Problem, j: int, placement: Placement) -> bool:
    job = problem.jobs[j]
    if placement.site not in problem.site_number:
        return False
    return problem.site_number[placement.site] in problem.admissible_sites(job) and (
        is_finished(problem, job, placement)
        and placement.runs[0].first_step >= problem.first_step(job, placement.site)
        and placement.runs[-1].end_step <= problem.end_step(job)
    )


def share_moved(before: Mapping[str, Placement], after: tuple[Placement, ...]) -> float:
    """Share of the jobs with a schedule before that have another one now. [0..1]"""
    both = [(before[one.job], one) for one in after if one.job in before]
    moved = sum(old != new for old, new in both)
    return moved / len(both) if both else 0.0
