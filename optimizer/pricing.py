"""A job's cheapest schedule when every step of every site and mode has a price.

Contiguous jobs slide a window; the others search every path through steps and progress. Exact for
that job, all else held.
"""

from collections.abc import Sequence
from dataclasses import replace

from optimizer.paths import least_path, least_window
from optimizer.plan import Placement, Run
from optimizer.site import FloatArray
from optimizer.terms import Grain, Terms
from optimizer.timing import is_finished, late_h


def cheapest(
    terms: Terms, cost: FloatArray, *, optimistic: bool = False
) -> tuple[float, Placement]:
    """The cheapest schedule of a job and its cost, lateness included. [money]

    Leaving it unfinished is a schedule too, at its price: the answer is never infinite.

    Args:
        terms: Of the job.
        cost: Of a step at a site in a mode, infinite where it cannot run, shape
            (sites, modes, T). [money]
        optimistic: Round in favour of the job, so that the cost is a bound.
    """
    least, placement = untrimmed(terms, cost, terms.optimistic_grain if optimistic else terms.grain)
    if optimistic or not placement.runs or terms.is_contiguous or terms.grain.exact:
        return least, placement
    shorter = trimmed(terms, placement)
    return schedule_cost(terms, cost, shorter), shorter


def untrimmed(terms: Terms, cost: FloatArray, grain: Grain) -> tuple[float, Placement]:
    """The cheapest schedule of a job and its cost, its times counted in units of `grain`. [money]

    Arguments as of `cheapest`.
    """
    if terms.is_contiguous:
        least, position, start = least_window(terms, cost[:, 0])
        runs: tuple[Run, ...] = (Run(first_step=start, n_steps=terms.n_steps),)
    else:
        path = least_path(terms, cost, grain)
        least, position = path.cost, path.site
        runs = _runs(path.steps)
    if least >= terms.unfinished_cost:
        return terms.unfinished_cost, Placement.none(terms.job)
    return least, Placement(job=terms.job.name, site=terms.names[position], runs=runs)


def schedule_cost(terms: Terms, cost: FloatArray, placement: Placement) -> float:
    """What `placement` costs at the same prices, lateness included. [money]"""
    if not is_finished(terms, terms.job, placement):
        return terms.unfinished_cost
    position = terms.names.index(placement.site)
    total = float(terms.start_cost[position])
    for run in placement.runs:
        total += float(cost[position, run.mode, run.first_step : run.end_step].sum())
    return total + terms.lateness.price_per_h * late_h(terms, terms.job, placement)


def trimmed(terms: Terms, placement: Placement) -> Placement:
    """`placement` without the last steps that only rounded times ask for."""
    while True:
        *before, last = placement.runs
        if last.n_steps > 1:
            before.append(replace(last, n_steps=last.n_steps - 1))
        shorter = replace(placement, runs=tuple(before))
        if not is_finished(terms, terms.job, shorter):
            return placement
        placement = shorter


def _runs(steps: Sequence[tuple[int, int]]) -> tuple[Run, ...]:
    """Steps in order, each with its mode, joined into unbroken runs of one mode."""
    runs: list[Run] = []
    begin, end, mode = 0, -1, -1
    for step, step_mode in steps:
        if step != end or step_mode != mode:
            if end > begin:
                runs.append(Run(first_step=begin, n_steps=end - begin, mode=mode))
            begin, mode = step, step_mode
        end = step + 1
    if end > begin:
        runs.append(Run(first_step=begin, n_steps=end - begin, mode=mode))
    return tuple(runs)
