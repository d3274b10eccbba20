"""Planning again, from the last plan and its prices.

Most of a plan still holds when a forecast moves a little, and its prices prove nearly as much. A
job keeps its schedule unless another saves more than staying is worth, so that small changes do not
shuffle work; jobs that are new, and those that do not fit any more, are put in beside the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimizer.bound import Response, admissible, question, respond
from optimizer.load import by_host
from optimizer.packing import Packing
from optimizer.plan import Placement, Prices, ReservePrices, Run, Serving, Solution
from optimizer.pricing import schedule_cost
from optimizer.problem import Problem
from optimizer.search import Search
from optimizer.site import FloatArray, IntArray
from optimizer.timing import is_finished

#: Of its own cost, what a job must save to be moved.
WORTH_MOVING = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A plan and its prices, told in the sites and steps of the problem that comes after.

    Attributes:
        prices: Of every site and step of that problem.
        placements: By job, of those that both problems know; steps before the new horizon are
            gone, and a schedule that had begun is left out.
        servings: By service, of those that both problems know in the same regions; shapes of that
            problem.
    """

    prices: Prices
    placements: Mapping[str, Placement]
    servings: Mapping[str, Serving]

    @staticmethod
    def of(before: Problem, solution: Solution, after: Problem) -> "Start":
        """What `solution` of `before` says about `after`, whose horizon may start later.

        Prices past the end of the old horizon are those of its last day.

        Raises:
            ValueError: The steps are of another length, or lie between those of before.
        """
        old, new = before.horizon, after.horizon
        passed = (new.start - old.start) / old.step
        if old.step != new.step or passed != int(passed) or passed < 0:
            raise ValueError(
                f"horizon: must have steps of {old.step_h} h that continue those of the last plan, "
                f"got {new.step_h} h from {new.start.isoformat()}; plan without a start"
            )
        day = min(old.n_steps, max(1, round(24 / old.step_h)))
        steps = int(passed) + np.arange(new.n_steps)
        beyond = steps >= old.n_steps
        steps[beyond] = old.n_steps - day + (steps[beyond] - old.n_steps) % day
        sites = [before.site_number.get(site.name) for site in after.sites]
        before_service = {service.name: v for v, service in enumerate(before.services)}
        pools = [
            before.pool_number.get((before.site_number.get(after.sites[s].name, -1), pool.gpu_type))
            for s, pool in after.pools
        ]
        services = [before_service.get(service.name) for service in after.services]
        to = _Retold(sites=sites, pools=pools, services=services, steps=steps)
        models = {one.name: [model.name for model in one.models] for one in before.services}
        known = {job.name for job in after.jobs} & {job.name for job in before.jobs}
        return Start(
            prices=to.prices(solution.prices),
            placements={
                placement.job: _later(placement, int(passed))
                for placement in solution.plan.placements
                if placement.job in known
                and placement.runs
                and placement.runs[0].first_step >= passed
            },
            servings={
                service.name: to.serving(one)
                for service in after.services
                if (one := solution.plan.servings.get(service.name))
                and one.served_rps.shape[0] == len(service.regions)
                and models[service.name] == [model.name for model in service.models]
            },
        )

    def ordered(self, problem: Problem, other: Problem) -> "Start":
        """The same for `other`, which holds the sites of `problem` in another order."""
        sites: list[int | None] = [problem.site_number[site.name] for site in other.sites]
        pools: list[int | None] = [
            problem.pool_number[problem.site_number[other.sites[s].name], pool.gpu_type]
            for s, pool in other.pools
        ]
        services: list[int | None] = list(range(len(problem.services)))
        steps = np.arange(problem.horizon.n_steps)
        to = _Retold(sites=sites, pools=pools, services=services, steps=steps)
        return Start(
            prices=to.prices(self.prices),
            placements=self.placements,
            servings={name: to.serving(one) for name, one in self.servings.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retold:
    """What was said of the sites, pools and steps of one problem, said of those of another.

    Attributes:
        sites: Number in the first problem of each site of the other; None for a new one.
        pools: Likewise.
        services: Likewise.
        steps: Number in the first problem of each step of the other, shape (T,).
    """

    sites: list[int | None]
    pools: list[int | None]
    services: list[int | None]
    steps: IntArray

    def prices(self, said: Prices) -> Prices:
        """Those of something new are the mean of all; the quality of a new service has none."""
        quality = tuple(0.0 if v is None else said.quality_of(v) for v in self.services)
        return replace(
            said,
            power_per_kwh=_taken(said.power_per_kwh, self.sites, self.steps),
            gpu_per_gpu_h=_taken(said.gpu_per_gpu_h, self.pools, self.steps),
            stored_per_kwh=_taken(said.stored_per_kwh, self.sites, self.steps),
            peak_per_kw=_taken(said.peak_per_kw, self.sites, self.steps),
            quality_per_request=quality if any(quality) else (),
            reserve=said.reserve
            and ReservePrices(
                power_per_kw=_taken(said.reserve.power_per_kw, self.sites, self.steps),
                energy_per_kw=_taken(said.reserve.energy_per_kw, self.sites, self.steps),
            ),
        )

    def serving(self, said: Serving) -> Serving:
        """Something new serves nothing."""
        return said.taken(lambda values: _held(values, self.sites, self.steps))


def _taken(values: FloatArray, rows: list[int | None], steps: IntArray) -> FloatArray:
    """Rows of `values`, those of something new the mean of all."""
    mean = values.mean(axis=0)
    return np.array([mean if row is None else values[row] for row in rows])[:, steps]


def _held(values: np.ndarray, rows: list[int | None], steps: IntArray) -> np.ndarray:
    """Rows of `values`, those of something new nothing."""
    none = np.zeros_like(values[0])
    return np.array([none if row is None else values[row] for row in rows])[:, steps]


def _later(placement: Placement, passed: int) -> Placement:
    runs = tuple(
        Run(first_step=run.first_step - passed, n_steps=run.n_steps, mode=run.mode)
        for run in placement.runs
    )
    return Placement(job=placement.job, site=placement.site, runs=runs)


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
