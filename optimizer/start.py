"""What a plan and its prices say about the problem that comes after.

Sites and pools come and go, the horizon moves on: prices of what is new are the mean of all, and
something new serves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimizer.plan import Placement, Prices, ReservePrices, Run, Serving, Solution
from optimizer.problem import Problem
from optimizer.site import FloatArray, IntArray


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
