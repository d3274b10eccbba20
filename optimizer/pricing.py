"""A job's cheapest schedule when every step of every site and mode has a price.

Contiguous jobs slide a window; the others search every path through steps and progress. Exact for
that job, all else held.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from optimizer.paths import Lateness, Question, least_path
from optimizer.plan import Placement, Run
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.timing import is_finished
from optimizer.work import Job, JobKind

MAX_UNITS_PER_STEP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """A job's times in whole units of progress, so that a table can count them.

    Attributes:
        work: Units to be done.
        gain: Units done in a step, by mode.
        repeat: Units repeated at a resume.
        exact: Whether nothing was rounded.
    """

    work: int
    gain: tuple[int, ...]
    repeat: int
    exact: bool

    @staticmethod
    def of(job: Job, step_h: float, *, optimistic: bool = False) -> "Grain":
        """The coarsest grain that is exact, else the finest allowed, rounded to one side.

        Rounded against the job a schedule keeps its promise; rounded in its favour
        (`optimistic`) the price is a bound.
        """
        speeds = tuple(mode.speed for mode in job.modes)
        return _grain(job.work_h, job.resume_h, speeds, step_h, optimistic=optimistic)


@lru_cache(maxsize=4096)
def _grain(
    work_h: float, resume_h: float, speeds: tuple[float, ...], step_h: float, *, optimistic: bool
) -> Grain:
    hours = np.array([work_h, resume_h, *(speed * step_h for speed in speeds)])
    units, exact = MAX_UNITS_PER_STEP, False
    for candidate in range(1, MAX_UNITS_PER_STEP + 1):
        scaled = hours * candidate / step_h
        if np.abs(scaled - scaled.round()).max() < 1e-9 * max(1.0, scaled.max()):
            units, exact = candidate, True
            break
    up = (lambda x: int(np.ceil(x - 1e-9)), lambda x: int(np.floor(x + 1e-9)))
    need, give = reversed(up) if optimistic else up
    return Grain(
        work=max(1, need(work_h * units / step_h)),
        gain=tuple(give(speed * units) for speed in speeds),
        repeat=need(resume_h * units / step_h),
        exact=exact,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrices:
    """What running one job costs, step by step.

    Attributes:
        sites: Numbers of the admissible sites.
        cost: Of a step at a site in a mode, infinite where it cannot run, shape (sites, modes, T).
            [money]
        start_cost: Of choosing a site at all, shape (sites,). [money]
        first_step: Earliest step by site.
        end_step: Number of the step after the last.
    """

    sites: tuple[int, ...]
    cost: FloatArray
    start_cost: FloatArray
    first_step: tuple[int, ...]
    end_step: int


def fixed_step_prices(problem: Problem, job: Job, cost: FloatArray) -> StepPrices:
    """`cost` by site, mode and step as the prices of `job`, its windows and transfers added."""
    sites = problem.admissible_sites(job)
    names = [problem.sites[s].name for s in sites]
    return StepPrices(
        sites=sites,
        cost=cost,
        start_cost=np.array([problem.transfer_cost(job, name) for name in names]),
        first_step=tuple(problem.first_step(job, name) for name in names),
        end_step=problem.end_step(job),
    )


def cheapest(
    problem: Problem, job: Job, prices: StepPrices, *, optimistic: bool = False
) -> tuple[float, Placement]:
    """The cheapest schedule of `job` and its cost, lateness included. [money]

    Leaving it unfinished is a schedule too, at its price: the answer is never infinite.
    """
    unfinished = problem.objective.unfinished_price_per_gpu_h * job.gpu_hours
    nowhere = Placement(job=job.name, site=job.home, runs=())
    if job.kind is JobKind.CONTIGUOUS:
        cost, position, runs = _cheapest_window(problem, job, prices)
    else:
        cost, position, runs = _cheapest_path(problem, job, prices, optimistic=optimistic)
    if cost >= unfinished:
        return unfinished, nowhere
    site = problem.sites[prices.sites[position]].name
    return cost, Placement(job=job.name, site=site, runs=runs)


def window_costs(problem: Problem, job: Job, prices: StepPrices) -> FloatArray:
    """Cost of a contiguous run in the base mode by site and start, shape (sites, T). [money]

    Infinite where it cannot start.
    """
    h, n_steps = problem.horizon.step_h, problem.horizon.n_steps
    length = int(np.ceil(job.work_h / h - 1e-9))
    costs = np.full((len(prices.sites), n_steps), np.inf)
    starts = n_steps - length + 1
    if starts <= 0:
        return costs
    step = prices.cost[:, 0]
    blocked = ~np.isfinite(step)
    summed = np.cumsum(np.pad(np.where(blocked, 0.0, step), ((0, 0), (1, 0))), axis=1)
    walls = np.cumsum(np.pad(blocked.astype(np.int64), ((0, 0), (1, 0))), axis=1)
    costs[:, :starts] = summed[:, length:] - summed[:, :-length]
    costs[:, :starts][walls[:, length:] > walls[:, :-length]] = np.inf
    finish_h: FloatArray = np.arange(n_steps, dtype=np.float64) * h + job.work_h
    costs += prices.start_cost[:, None] + _lateness(problem, job).cost(finish_h)
    early = np.arange(n_steps) < np.array(prices.first_step)[:, None]
    costs[early] = np.inf
    return costs


def _lateness(problem: Problem, job: Job) -> Lateness:
    horizon = problem.horizon
    return Lateness(
        step_h=horizon.step_h,
        due_h=horizon.steps_until(job.due) * horizon.step_h,
        end_h=horizon.steps_until(min(job.deadline, horizon.end)) * horizon.step_h,
        price_per_h=job.base.gpus * problem.objective.late_price_per_gpu_h,
    )


def _cheapest_window(
    problem: Problem, job: Job, prices: StepPrices
) -> tuple[float, int, tuple[Run, ...]]:
    costs = window_costs(problem, job, prices)
    position, start = np.unravel_index(int(np.argmin(costs)), costs.shape)
    length = int(np.ceil(job.work_h / problem.horizon.step_h - 1e-9))
    return (
        float(costs[position, start]),
        int(position),
        (Run(first_step=int(start), n_steps=length),),
    )


def _cheapest_path(
    problem: Problem, job: Job, prices: StepPrices, *, optimistic: bool
) -> tuple[float, int, tuple[Run, ...]]:
    grain = Grain.of(job, problem.horizon.step_h, optimistic=optimistic)
    early = np.arange(prices.cost.shape[2]) < np.array(prices.first_step)[:, None]
    path = least_path(
        Question(
            cost=np.where(early[:, None, :], np.inf, prices.cost),
            start_cost=prices.start_cost,
            begin=min(prices.first_step),
            end=prices.end_step,
            work=grain.work,
            gain=grain.gain,
            repeat=grain.repeat,
            lateness=_lateness(problem, job),
        )
    )
    if not np.isfinite(path.cost):
        return np.inf, 0, ()
    runs = _runs(path.steps)
    return path.cost, path.site, runs if grain.exact else _trimmed(problem, job, runs)


def _trimmed(problem: Problem, job: Job, runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """`runs` without the last steps that only rounded times ask for."""
    while True:
        *before, last = runs
        if last.n_steps > 1:
            before.append(replace(last, n_steps=last.n_steps - 1))
        shorter = Placement(job=job.name, site=job.home, runs=tuple(before))
        if not is_finished(problem, job, shorter):
            return runs
        runs = shorter.runs


def _runs(steps: Sequence[tuple[int, int]]) -> tuple[Run, ...]:
    """Steps in order, each with its mode, joined into unbroken runs of one mode."""
    runs: list[Run] = []
    for step, mode in steps:
        if runs and runs[-1].end_step == step and runs[-1].mode == mode:
            first = runs[-1]
            runs[-1] = Run(first_step=first.first_step, n_steps=first.n_steps + 1, mode=mode)
        else:
            runs.append(Run(first_step=step, n_steps=1, mode=mode))
    return tuple(runs)
