"""Why requests find no replica, or would find none if a site were lost: step by step.

What a set of replicas can serve is a flow from regions to sites, and its value a minimum cut (Ford
and Fulkerson 1956). The step that lacks most is explained; the same limits then tell for which
other steps they are the reason too.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations

import numpy as np

from optimizer.hosts import Hosts
from optimizer.load import by_host
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.replicas import unprotected_rps
from optimizer.shortfalls.beside import Beside
from optimizer.shortfalls.conflict import Cause, Conflict, Constraint, Cure, Limit, Remedy, Wish
from optimizer.shortfalls.deletion import irreducible
from optimizer.shortfalls.jobs import least_number
from optimizer.shortfalls.supply import reach
from optimizer.site import FloatArray
from optimizer.tally import unserved_rps
from optimizer.work import Service

TOLERANCE = 1e-6
ROOMY_RPS = 1e15
MOST_SETS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """What is changed for a trial, beside the limits that are lifted.

    Attributes:
        gpus: More in service, by site number.
        power_kw: More supplied, by site number. [kW]
        admitted: Sites where the service may run whatever its rules say.
        budget_ms: Latency budget instead of its own. [ms]
    """

    gpus: dict[int, int] = field(default_factory=dict)
    power_kw: dict[int, float] = field(default_factory=dict)
    admitted: frozenset[str] = frozenset()
    budget_ms: float | None = None


class RequestConflicts:
    """The services of a plan that leave requests unserved or unprotected, and why."""

    def __init__(self, problem: Problem, plan: Plan, beside: Beside) -> None:
        """Read the plan once."""
        self._problem, self._plan, self._beside = problem, plan, beside
        self._seconds = problem.horizon.step_s

    def missed(self) -> Iterator[tuple[float, Service, Wish, FloatArray]]:
        """Cost of what each service lacks, the service, the wish, and what lacks by step. [1/s]"""
        price = self._problem.objective.unserved_price_per_request
        for service in self._problem.services:
            serving = self._plan.servings[service.name]
            replicas, _ = by_host(self._problem, service, serving)
            lacking = (
                (Wish.SERVED, unserved_rps(service, serving).sum(axis=0)),
                (Wish.PROTECTED, unprotected_rps(self._problem, service, replicas)),
            )
            for wish, rps in lacking:
                short = np.where(rps > TOLERANCE * max(1.0, service.demand_rps.max()), rps, 0.0)
                if short.any():
                    yield price * float(short.sum()) * self._seconds, service, wish, short

    def conflicts(self, service: Service, wish: Wish, short_rps: FloatArray) -> Iterator[Conflict]:
        """Why `service` lacks `short_rps`, the step that lacks most first."""
        left = short_rps.copy()
        for _ in range(MOST_SETS):
            if not left.any():
                return
            t = int(np.argmax(left))
            cause, kept, cures = self._at(service, wish, t)
            steps = np.flatnonzero(left)
            if cause is not Cause.PRICE:
                told = [
                    int(u) for u in steps if u == t or self._is_forced(service, wish, kept, int(u))
                ]
            else:
                told = [int(u) for u in steps]
            requests = float(left[told].sum()) * self._seconds
            yield Conflict(
                wish=wish,
                subject=service.name,
                amount=requests,
                cost=requests * self._problem.objective.unserved_price_per_request,
                cause=cause,
                constraints=tuple(self._where(service, one, t) for one in kept),
                cures=cures,
                first_step=t,
                end_step=t + 1,
            )
            left[told] = 0.0

    def _at(
        self, service: Service, wish: Wish, t: int
    ) -> tuple[Cause, tuple[Constraint, ...], tuple[Cure, ...]]:
        own = self._own(service, wish)
        for cause, held in ((Cause.ALONE, own), (Cause.BESIDE, [*self._others(service, t), *own])):
            if self._is_forced(service, wish, held, t):
                kept = irreducible(held, lambda some: self._is_forced(service, wish, some, t))
                return cause, kept, tuple(self._cures(service, wish, held, kept, t))
        return Cause.PRICE, (), ()

    def _own(self, service: Service, wish: Wish) -> list[Constraint]:
        """The limits on `service` alone, those first that explain least."""
        powered = (site for site in self._problem.sites if site.pool(service.gpu_type) is not None)
        found = [Constraint(limit=Limit.POWER, subject=site.name) for site in powered]
        held = [
            (Limit.CERTIFICATION, bool(service.certifications)),
            (Limit.RESIDENCY, service.residency is not None),
            (Limit.LATENCY, True),
            (Limit.POOL, True),
        ]
        found += [Constraint(limit=limit) for limit, holds in held if holds]
        if wish is Wish.PROTECTED:
            found += [
                Constraint(limit=Limit.REDUNDANCY, subject=site.name)
                for site in self._problem.sites
                if site.pool(service.gpu_type) is not None
            ]
        return found

    def _others(self, service: Service, t: int) -> list[Constraint]:
        """What else the plan holds at that step where the service could be, smallest first."""
        problem = self._problem
        sites = {s for s, pool in problem.pools if pool.gpu_type == service.gpu_type}
        pools = [k for k, (s, _) in enumerate(problem.pools) if s in sites]
        size = self._beside.held(pools, t, t + 1)
        own = self._number(service)
        names = [
            self._beside.owners[n]
            for n in np.argsort(size, kind="stable")
            if size[n] > 0 and n != own
        ]
        return [Constraint(limit=Limit.OTHER_WORK, subject=name) for name in dict.fromkeys(names)]

    def _number(self, service: Service) -> int:
        return len(self._problem.jobs) + self._problem.services.index(service)

    def _is_forced(self, service: Service, wish: Wish, held: Sequence[Constraint], t: int) -> bool:
        """Whether requests of step `t` must go without where only `held` holds."""
        return self._lacking_rps(service, wish, held, t, Relief()) > 0

    def _lacking_rps(
        self, service: Service, wish: Wish, held: Collection[Constraint], t: int, relief: Relief
    ) -> float:
        """Requests a second of step `t` that go without; none where rounding is all. [1/s]"""
        demand = service.demand_rps[:, t]
        total = float(demand.sum())
        capacity = self._capacity_rps(service, held, t, relief)
        near = [self._near(service, region, held, capacity, relief) for region in service.regions]
        lost = {one.subject for one in held if one.limit is Limit.REDUNDANCY}
        if wish is Wish.SERVED:
            worst = total - _most_served(demand, near, capacity)
        else:
            worst = 0.0
            for name in lost & set(capacity):
                kept = {site: rps for site, rps in capacity.items() if site != name}
                worst = max(worst, total - _most_served(demand, near, kept))
        return worst if worst > TOLERANCE * max(1.0, total) else 0.0

    def _capacity_rps(
        self, service: Service, held: Collection[Constraint], t: int, relief: Relief
    ) -> dict[str, float]:
        """Most requests a second by site where it may run, with the model that gives most. [1/s]

        Parts of a replica are counted where power limits, or where models can be mixed: the site
        can give no more than this.
        """
        problem, limits = self._problem, {one.limit for one in held}
        free = replace(
            service,
            residency=service.residency if Limit.RESIDENCY in limits else None,
            certifications=service.certifications if Limit.CERTIFICATION in limits else frozenset(),
        )
        open_to = set(problem.admissible_sites(free)) | {
            s
            for s, site in enumerate(problem.sites)
            if site.name in relief.admitted and site.pool(service.gpu_type) is not None
        }
        own = self._number(service)
        owners = [
            n
            for one in held
            if one.limit is Limit.OTHER_WORK
            for n in self._beside.numbers[one.subject]
            if n != own
        ]
        load = self._beside.load(owners)
        powered = {one.subject for one in held if one.limit is Limit.POWER}
        capacity: dict[str, float] = {}
        sites = sorted(open_to)
        hosts = Hosts.of(service, sites, problem.sites)
        rps_per_gpu = hosts.by_model(hosts.capacity_rps / hosts.gpus).max(axis=0)
        kw_per_rps = hosts.by_model(hosts.extra_kw / hosts.capacity_rps + hosts.request_kw).min(
            axis=0
        )
        for place, s in enumerate(sites):
            site, most = problem.sites[s], ROOMY_RPS
            k = problem.pool_number[s, service.gpu_type]
            if Limit.POOL in limits:
                gpus = int(problem.pool_gpus[k, t] - load.gpus[k, t]) + relief.gpus.get(s, 0)
                most = max(0, gpus) * float(rps_per_gpu[place])
                if not hosts.has_variants:
                    most = max(0, gpus) // service.gpus_per_replica * service.capacity_rps
            if site.name in powered:
                facility_kw = site.cooling.overhead_kw + site.cooling.slope * load.it_kw[s]
                spare = reach(problem, site, facility_kw, relief.power_kw.get(s, 0.0)).spare_kw[t]
                each = float(kw_per_rps[place] * site.cooling.slope[t])
                if each > 0:
                    most = min(most, max(0.0, float(spare)) / each)
            capacity[site.name] = float(most)
        return capacity

    def _near(
        self,
        service: Service,
        region: str,
        held: Collection[Constraint],
        sites: Collection[str],
        relief: Relief,
    ) -> set[str]:
        """Sites that answer a region in time, or any where latency does not count."""
        if not any(one.limit is Limit.LATENCY for one in held):
            return set(sites)
        budget_ms = service.latency_budget_ms if relief.budget_ms is None else relief.budget_ms
        asked = replace(service, latency_budget_ms=budget_ms)
        return {site for site in sites if asked.reaches(region, site)}

    def _where(self, service: Service, one: Constraint, t: int) -> Constraint:
        """Other work with the GPUs it holds in that step."""
        if one.limit is not Limit.OTHER_WORK:
            return one
        problem, beside = self._problem, self._beside
        pools = [k for k, (_, p) in enumerate(problem.pools) if p.gpu_type == service.gpu_type]
        own = self._number(service)
        numbers = [n for n in beside.numbers[one.subject] if n != own]
        gpus = float(sum(beside.of_owner(n).gpus[pools, t].sum() for n in numbers))
        return replace(one, first_step=t, end_step=t + 1, amount=gpus)

    def _cures(
        self,
        service: Service,
        wish: Wish,
        held: list[Constraint],
        kept: tuple[Constraint, ...],
        t: int,
    ) -> Iterator[Cure]:
        """What would do alone in step `t`, where everything else holds."""
        problem, kinds = self._problem, {one.limit for one in kept}

        def does(relief: Relief, some: Sequence[Constraint] = held) -> bool:
            return self._lacking_rps(service, wish, some, t, relief) <= 0

        sites = [s for s, site in enumerate(problem.sites) if site.pool(service.gpu_type)]
        if Limit.POOL in kinds:
            demand = float(service.demand_rps[:, t].sum())
            most = max(
                (int(np.ceil(demand / model.capacity_rps)) + 1) * model.gpus_per_replica
                for model in service.models
            )
            yield from self._fewest(
                Remedy.MORE_GPUS, sites, most, lambda s, n: does(Relief(gpus={s: n}))
            )
        if Limit.POWER in kinds:
            each = max(one.replica_kw / one.capacity_rps + one.request_kw for one in service.models)
            slope = max(float(problem.sites[s].cooling.slope.max()) for s in sites)
            most_kw = float(service.demand_rps[:, t].sum()) * each * slope
            most_kw += max(float(problem.sites[s].idle_it_kw.max()) for s in sites) * slope
            most_kw += max(problem.sites[s].cooling.overhead_kw for s in sites)
            yield from self._fewest(
                Remedy.MORE_POWER,
                sites,
                int(np.ceil(most_kw)) + 1,
                lambda s, n: does(Relief(power_kw={s: n})),
            )
        if Limit.LATENCY in kinds:
            budgets = sorted({rtt + service.service_time_ms for rtt in service.rtt_ms.values()})
            for budget_ms in budgets:
                if does(Relief(budget_ms=budget_ms)):
                    yield Cure(remedy=Remedy.LATENCY_BUDGET, amount=budget_ms)
                    break
        if kinds & {Limit.RESIDENCY, Limit.CERTIFICATION}:
            for s in sites:
                name = problem.sites[s].name
                if does(Relief(admitted=frozenset([name]))):
                    yield Cure(remedy=Remedy.ADMIT_SITE, subject=name)
        for one in [one for one in kept if one.limit is Limit.OTHER_WORK][:MOST_SETS]:
            rest = [
                other
                for other in held
                if (other.limit, other.subject) != (Limit.OTHER_WORK, one.subject)
            ]
            if does(Relief(), rest):
                yield Cure(remedy=Remedy.WITHOUT, subject=one.subject)

    def _fewest(
        self, remedy: Remedy, sites: list[int], most: int, does: Callable[[int, int], bool]
    ) -> Iterator[Cure]:
        """The least that does, at the site that needs fewest."""
        found = []
        for s in sites:
            fewest = least_number(most, partial(does, s))
            if fewest is not None:
                found.append((fewest, self._problem.sites[s].name))
        if found:
            fewest, name = min(found)
            yield Cure(remedy=remedy, subject=name, amount=fewest)


def _most_served(
    demand_rps: FloatArray, near: list[set[str]], capacity_rps: dict[str, float]
) -> float:
    """Most requests a second that the sites can serve, by minimum cut. [1/s]

    value = min over sets B of sites: capacity(B) + demand of the regions with a site outside B
    """
    sites = sorted(capacity_rps)
    least = np.inf
    for size in range(len(sites) + 1):
        for cut in combinations(sites, size):
            beyond = [r for r, some in enumerate(near) if (some & set(sites)) - set(cut)]
            value = sum(capacity_rps[site] for site in cut) + float(demand_rps[beyond].sum())
            least = min(least, value)
    return least
