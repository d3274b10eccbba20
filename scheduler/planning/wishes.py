"""Wishes that a plan leaves unmet, in words: what was asked, what forces it, what would do.

The finding is the optimizer's; here it gets names, hours and numbers of the problem.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from optimizer.load import Load, extra_it_kw
from optimizer.problem import Problem
from optimizer.shortfalls.conflict import Cause, Conflict, Constraint, Limit, Remedy, Wish
from optimizer.work import Job, Service
from scheduler.planning.clauses import Clause, Fact

#: Pieces of other work named one by one.
MOST_NAMED = 4
#: Ways out named.
MOST_CURES = 3
AT_TIMES = frozenset({Remedy.END_LATER, Remedy.RELEASE_EARLIER})


class Teller:
    """Tells the conflicts of one problem."""

    def __init__(self, problem: Problem) -> None:
        """Look up jobs and services once."""
        self._problem = problem
        self._jobs = {job.name: job for job in problem.jobs}
        self._services = {service.name: service for service in problem.services}

    def tell(self, conflict: Conflict) -> tuple[Clause, ...]:
        """One sentence: the wish, the constraints that force it or its price, the ways out."""
        said = [self._wish(conflict)]
        for number, clause in enumerate(self._reasons(conflict)):
            said += [Clause(says="besides" if number else "because"), clause]
        if conflict.cause is Cause.PRICE:
            said.append(self._price(conflict))
            return tuple(said)
        cures = conflict.cures[:MOST_CURES]
        for number, cure in enumerate(cures):
            facts: dict[str, Fact] = {"amount": float(cure.amount or 0.0), "subject": cure.subject}
            if cure.remedy in AT_TIMES:
                step_h = self._problem.horizon.step_h
                start, step = self._problem.horizon.start, self._problem.horizon.step
                facts = {"at": start + float(cure.amount or 0.0) / step_h * step}
            said.append(Clause(says="or" if number else "cure"))
            said.append(Clause(says=f"cure_{cure.remedy.value}", facts=facts))
        if not cures:
            said.append(Clause(says="no_cure"))
        return tuple(said)

    def _wish(self, conflict: Conflict) -> Clause:
        problem, limits = self._problem, {one.limit for one in conflict.constraints}
        match conflict.wish:
            case Wish.FINISHED | Wish.ON_TIME:
                return self._job_wish(conflict, limits)
            case Wish.SERVED | Wish.PROTECTED:
                assert conflict.first_step is not None
                says = "wish_served" if conflict.wish is Wish.SERVED else "wish_protected"
                at = problem.horizon.instant(conflict.first_step)
                facts: dict[str, Fact] = {"service": conflict.subject, "at": at}
                return Clause(says=says, facts={**facts, "requests": float(conflict.amount)})
            case Wish.POWERED:
                site: dict[str, Fact] = {"site": conflict.subject, "kwh": float(conflict.amount)}
                return Clause(says="wish_powered", facts={**site, **self._hours(conflict)})
            case Wish.CARBON_BUDGET:
                budget_kg = float(problem.objective.carbon_budget_kg or 0.0)
                return Clause(
                    says="wish_carbon", facts={"budget": budget_kg, "kg": float(conflict.amount)}
                )

    def _job_wish(self, conflict: Conflict, limits: set[Limit]) -> Clause:
        job, facts = self._jobs[conflict.subject], {"job": conflict.subject}
        late = {"hours": float(conflict.amount)}
        if conflict.cause is Cause.PRICE:
            if conflict.wish is Wish.FINISHED:
                return Clause(says="wish_finished_price", facts=facts)
            return Clause(says="wish_on_time_price", facts={**facts, **late})
        if conflict.wish is Wish.ON_TIME:
            return Clause(says="wish_on_time", facts={**facts, **late, "by": job.due})
        if Limit.DEADLINE in limits:
            return Clause(says="wish_finished", facts={**facts, "by": job.deadline})
        return Clause(says="wish_horizon" if Limit.WORK in limits else "wish_never", facts=facts)

    def _hours(self, one: Conflict | Constraint) -> dict[str, Fact]:
        assert one.first_step is not None
        assert one.end_step is not None
        horizon = self._problem.horizon
        return {"first": horizon.instant(one.first_step), "end": horizon.instant(one.end_step)}

    def _reasons(self, conflict: Conflict) -> Iterator[Clause]:
        limits = {one.limit for one in conflict.constraints}
        match conflict.wish:
            case Wish.FINISHED | Wish.ON_TIME:
                work: Job | Service = self._jobs[conflict.subject]
                yield from self._of_job(self._jobs[conflict.subject], conflict, limits)
            case Wish.SERVED | Wish.PROTECTED:
                work = self._services[conflict.subject]
                if conflict.cause is not Cause.PRICE:
                    yield self._demand(work, conflict)
                for one in conflict.constraints:
                    if one.limit is Limit.LATENCY:
                        ms = float(work.latency_budget_ms)
                        yield Clause(says="limit_latency", facts={"ms": ms})
                    elif one.limit is Limit.REDUNDANCY:
                        yield Clause(says="limit_redundancy", facts={"site": one.subject})
                    elif one.limit is Limit.POWER:
                        yield Clause(says="limit_power_service", facts={"site": one.subject})
            case Wish.POWERED:
                yield from self._of_power(conflict)
                return
            case Wish.CARBON_BUDGET:
                if conflict.cause is Cause.ALONE:
                    yield Clause(says="limit_idle_emits")
                yield from self._named(
                    conflict,
                    lambda one: Clause(
                        says="limit_emits", facts={"work": one.subject, "kg": one.amount or 0.0}
                    ),
                )
                return
        yield from self._of_place(work, limits)
        yield from self._named(conflict, lambda one: self._other(work, one))

    def _of_job(self, job: Job, conflict: Conflict, limits: set[Limit]) -> Iterator[Clause]:
        asked: dict[str, Fact] = {"gpus": float(job.base.gpus), "gpu_type": job.gpu_type}
        if Limit.WORK in limits:
            yield Clause(says="limit_work", facts={**asked, "hours": float(job.work_h)})
        elif Limit.POOL in limits:
            yield Clause(says="limit_width", facts=asked)
        said: Mapping[Limit, Clause] = {
            Limit.RELEASE: Clause(says="limit_release", facts={"at": job.release}),
            Limit.RUNNING: Clause(says="limit_running", facts={"site": job.origin}),
            Limit.TRANSFER: Clause(says="limit_transfer", facts={"gb": float(job.data_gb)}),
            Limit.UNBROKEN: Clause(says="limit_unbroken"),
            Limit.RESUME: Clause(says="limit_resume", facts={"hours": float(job.resume_h)}),
            Limit.WHOLE_NODES: Clause(says="limit_nodes"),
            Limit.ALLOWED_SITES: Clause(
                says="limit_allowed", facts={"sites": _listed(job.allowed_sites or ())}
            ),
        }
        yield from (clause for limit, clause in said.items() if limit in limits)
        for one in conflict.constraints:
            if one.limit is Limit.AFTER and one.amount is None:
                yield Clause(says="limit_after_never", facts={"job": one.subject})
            elif one.limit is Limit.AFTER and one.amount is not None:
                horizon = self._problem.horizon
                at = horizon.start + one.amount / horizon.step_h * horizon.step
                yield Clause(says="limit_after", facts={"job": one.subject, "at": at})
            elif one.limit is Limit.POWER:
                s = self._problem.site_number[one.subject]
                slope = float(self._problem.sites[s].cooling.slope.max())
                kw = extra_it_kw(self._problem, job, s, 0) * slope
                yield Clause(says="limit_power", facts={"site": one.subject, "kw": kw})

    def _demand(self, service: Service, conflict: Conflict) -> Clause:
        rps = float(service.demand_rps[:, conflict.first_step].sum())
        replicas = np.ceil(rps / service.capacity_rps - 1e-9)
        facts: dict[str, Fact] = {"rps": rps, "gpus": float(replicas * service.gpus_per_replica)}
        return Clause(says="limit_demand", facts={**facts, "gpu_type": service.gpu_type})

    def _of_place(self, work: Job | Service, limits: set[Limit]) -> Iterator[Clause]:
        """Where it may be, and what is there."""
        if Limit.RESIDENCY in limits:
            places = _listed(work.residency or ())
            yield Clause(says="limit_residency", facts={"places": places})
        if Limit.CERTIFICATION in limits:
            yield Clause(says="limit_certification", facts={"what": _listed(work.certifications)})
        if Limit.POOL not in limits:
            return
        problem = self._problem
        most = [
            (int(gpus.max()), int(gpus.min()), site.name)
            for s, site in enumerate(problem.sites)
            if site.pool(work.gpu_type) is not None and self._may_use(work, s, limits)
            for gpus in [problem.pool_gpus[problem.pool_number[s, work.gpu_type]]]
        ]
        gpus, fewest, name = max(most)
        facts: dict[str, Fact] = {"gpus": float(gpus), "site": name}
        if fewest < gpus:
            yield Clause(says="limit_pool_varies", facts={**facts, "fewest": float(fewest)})
        else:
            yield Clause(says="limit_pool", facts=facts)

    def _may_use(self, work: Job | Service, s: int, limits: set[Limit]) -> bool:
        """Whether a site is open to `work` where only these limits hold."""
        site = self._problem.sites[s]
        resides = work.residency is None or site.jurisdiction in work.residency
        may = Limit.RESIDENCY not in limits or resides
        may &= Limit.CERTIFICATION not in limits or work.certifications <= site.certifications
        if isinstance(work, Job) and Limit.ALLOWED_SITES in limits:
            may &= work.allowed_sites is None or site.name in work.allowed_sites
        return may

    def _other(self, work: Job | Service, one: Constraint) -> Clause:
        facts: dict[str, Fact] = {
            "work": one.subject,
            "gpus": float(one.amount or 0.0),
            **self._hours(one),
        }
        other = self._jobs.get(one.subject)
        if isinstance(work, Job) and other and {work.priority, other.priority} != {1.0}:
            ranks = {"priority": float(other.priority), "own": float(work.priority)}
            return Clause(says="limit_other_priority", facts={**facts, **ranks})
        return Clause(says="limit_other", facts=facts)

    def _of_power(self, conflict: Conflict) -> Iterator[Clause]:
        s = self._problem.site_number[conflict.subject]
        if conflict.cause is not Cause.PRICE:
            idle_kw = Load.idle(self._problem).facility_kw(self._problem)[s]
            steps = slice(conflict.first_step, conflict.end_step)
            yield Clause(says="limit_draws", facts={"kw": float(idle_kw[steps].max())})
        for one in conflict.constraints:
            amount = float(one.amount or 0.0)
            match one.limit:
                case Limit.GRID | Limit.GENERATOR:
                    yield Clause(says=f"limit_{one.limit.value}", facts={"kw": amount})
                case Limit.BATTERY:
                    yield Clause(says="limit_battery", facts={"kwh": amount})
                case Limit.PLANT:
                    yield Clause(says="limit_plant", facts={"plant": one.subject, "kw": amount})
        yield from self._named(
            conflict,
            lambda one: Clause(
                says="limit_load",
                facts={"work": one.subject, "kw": float(one.amount or 0.0), **self._hours(one)},
            ),
        )

    def _named(self, conflict: Conflict, say: Callable[[Constraint], Clause]) -> Iterator[Clause]:
        """Other work, the largest by name and the rest by number."""
        others = [one for one in conflict.constraints if one.limit is Limit.OTHER_WORK]
        others.sort(key=lambda one: (-(one.amount or 0.0), one.subject))
        yield from (say(one) for one in others[:MOST_NAMED])
        if len(others) > MOST_NAMED:
            yield Clause(says="limit_others", facts={"n": len(others) - MOST_NAMED})

    def _price(self, conflict: Conflict) -> Clause:
        facts: dict[str, Fact] = {
            "cost": float(conflict.cost),
            "currency": self._problem.objective.currency,
        }
        if conflict.extra_cost is None:
            return Clause(says="price_only", facts=facts)
        says = "price_missed" if conflict.extra_cost < conflict.cost else "price_worth"
        return Clause(says=says, facts={**facts, "extra": float(conflict.extra_cost)})


def _listed(names: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))
