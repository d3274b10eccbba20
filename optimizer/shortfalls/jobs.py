"""Why a job is late or unfinished: limits on it alone, then the work in its way, then the price."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from optimizer.load import Load, reserved_gpus
from optimizer.marginal import Marginal
from optimizer.merit_order import MeritOrder
from optimizer.plan import Placement
from optimizer.pricing import cheapest, schedule_cost
from optimizer.shortfalls.conflict import Cause, Conflict, Constraint, Cure, Limit, Remedy, Wish
from optimizer.shortfalls.deletion import irreducible
from optimizer.shortfalls.job_limits import JobLimits, Relief
from optimizer.terms import Terms
from optimizer.timing import TOLERANCE_H, is_finished, late_h
from optimizer.work import Job

Does = Callable[..., bool]
MOST_YIELDING = 3
OF_SITES = frozenset({Limit.RESIDENCY, Limit.CERTIFICATION, Limit.ALLOWED_SITES, Limit.TRANSFER})


class JobConflicts:
    """The jobs of a plan that miss a deadline, and why."""

    def __init__(self, limits: JobLimits, carbon_per_kg: float) -> None:
        """Take the limits of the plan's jobs, and the price of its carbon budget."""
        self._limits, self._problem, self._plan = limits, limits.problem, limits.plan
        self._carbon_per_kg = carbon_per_kg

    def missed(self) -> Iterator[tuple[float, int]]:
        """What each late or unfinished job costs, and its number. [money]"""
        price = self._problem.objective
        for j, (job, placement) in enumerate(self._pairs()):
            if not is_finished(self._problem, job, placement):
                yield price.unfinished_cost(job), j
            elif late := late_h(self._problem, job, placement):
                yield price.late_price_per_h(job) * late, j

    def _pairs(self) -> Iterator[tuple[Job, Placement]]:
        return zip(self._problem.jobs, self._plan.placements, strict=True)

    def conflict(self, j: int) -> Conflict:
        """Why job number `j` is late or unfinished."""
        job, placement = self._problem.jobs[j], self._plan.placements[j]
        price, horizon = self._problem.objective, self._problem.horizon
        if is_finished(self._problem, job, placement):
            late = late_h(self._problem, job, placement)
            wish, by_h = Wish.ON_TIME, horizon.steps_until(job.due) * horizon.step_h
            amount, cost = late, price.late_price_per_h(job) * late
        else:
            wish, by_h = Wish.FINISHED, self._limits.end_h(job)
            amount, cost = job.work_h, price.unfinished_cost(job)
        for cause in (Cause.ALONE, Cause.BESIDE):
            held = self._limits.own(job, planned=cause is Cause.BESIDE)
            if cause is Cause.BESIDE:
                held = [*self._limits.others(job, by_h), *held]
            if self._is_forced(job, held, by_h):
                kept = irreducible(held, lambda some: self._is_forced(job, some, by_h))
                kept = tuple(self._where(job, one, by_h) for one in kept)
                cures = tuple(self._cures(job, held, kept, by_h))
                break
        else:
            cause, kept, cures = Cause.PRICE, (), ()
        return Conflict(
            wish=wish,
            subject=job.name,
            amount=amount,
            cost=cost,
            cause=cause,
            constraints=kept,
            cures=cures,
            extra_cost=self._extra_cost(job, placement) if cause is Cause.PRICE else None,
        )

    def _is_forced(self, job: Job, held: Sequence[Constraint], by_h: float) -> bool:
        """Whether `job` cannot end in time where only `held` holds."""
        until = by_h if any(one.limit is Limit.DEADLINE for one in held) else np.inf
        ends = self._limits.ends_h(job, held)
        return bool(np.isinf(ends) or ends > until + TOLERANCE_H)

    def _where(self, job: Job, one: Constraint, by_h: float) -> Constraint:
        """Other work with the hours in which it stands in the way, and the GPUs it holds there."""
        if one.limit is not Limit.OTHER_WORK:
            return one
        problem, beside = self._problem, self._limits.beside
        pools = [k for k, (_, pool) in enumerate(problem.pools) if pool.gpu_type == job.gpu_type]
        load = sum(beside.of_owner(n).gpus[pools] for n in beside.numbers[one.subject])
        gpus = np.asarray(load).sum(axis=0)
        first = problem.horizon.first_step_from(job.release)
        end = min(problem.horizon.n_steps, int(np.ceil(by_h / problem.horizon.step_h - 1e-9)))
        steps = np.flatnonzero(gpus)
        inside = steps[(steps >= first) & (steps < end)]
        steps = inside if len(inside) else steps
        if not len(steps):
            return one
        return replace(
            one,
            first_step=int(steps[0]),
            end_step=int(steps[-1]) + 1,
            amount=float(gpus[steps].max()),
        )

    def _cures(
        self, job: Job, held: list[Constraint], kept: tuple[Constraint, ...], by_h: float
    ) -> Iterator[Cure]:
        """What would do alone, where everything else holds.

        Args:
            job: Whose cures.
            held: All that holds in the world of the conflict.
            kept: Those that force it: only they are worth lifting.
            by_h: Hours from the start to where it should end.
        """
        limits, horizon = self._limits, self._problem.horizon
        kinds = {one.limit for one in kept}

        def ends(without: frozenset[Limit] = frozenset(), relief: Relief | None = None) -> float:
            rest = [one for one in held if one.limit not in without]
            return limits.ends_h(job, rest, relief or Relief())

        def does(without: frozenset[Limit] = frozenset(), relief: Relief | None = None) -> bool:
            return ends(without, relief) <= by_h + TOLERANCE_H

        if Limit.DEADLINE in kinds and np.isfinite(late := ends()):
            yield Cure(remedy=Remedy.END_LATER, amount=late)
        if Limit.RELEASE in kinds:
            last = horizon.first_step_from(job.release) - 1
            step = latest_number(last, lambda n: does(relief=Relief(release_step=n)))
            if step is not None:
                yield Cure(remedy=Remedy.RELEASE_EARLIER, amount=step * horizon.step_h)
        if Limit.POOL in kinds:
            yield from self._cures_of_pools(job, does)
        if kinds & OF_SITES:
            for site in self._problem.sites:
                if does(relief=Relief(admitted=frozenset([site.name]))):
                    yield Cure(remedy=Remedy.ADMIT_SITE, subject=site.name)
        if Limit.UNBROKEN in kinds and does(frozenset([Limit.UNBROKEN])):
            yield Cure(remedy=Remedy.ALLOW_PAUSES)
        if Limit.WHOLE_NODES in kinds and does(frozenset([Limit.WHOLE_NODES])):
            yield Cure(remedy=Remedy.SHARE_NODES)
        if Limit.POWER in kinds:
            yield from self._cures_of_power(job, does)
        singles = [one for one in kept if one.limit in (Limit.AFTER, Limit.OTHER_WORK)]
        for one in singles[: MOST_YIELDING * 2]:
            rest = [
                other for other in held if (other.limit, other.subject) != (one.limit, one.subject)
            ]
            if limits.ends_h(job, rest) <= by_h + TOLERANCE_H:
                remedy = Remedy.NOT_AFTER if one.limit is Limit.AFTER else Remedy.WITHOUT
                yield Cure(remedy=remedy, subject=one.subject)

    def _cures_of_pools(self, job: Job, does: Does) -> Iterator[Cure]:
        """The least more GPUs that do, at the site that needs fewest; the widest job that fits."""
        problem = self._problem
        most = {
            s: int(problem.pool_gpus[problem.pool_number[s, job.gpu_type]].max())
            for s in problem.admissible_sites(job)
        }
        widest = max(most.values(), default=0)
        if 0 < widest < job.base.gpus and does(relief=Relief(width=widest)):
            yield Cure(remedy=Remedy.FEWER_GPUS, amount=widest)

        def trial(s: int) -> Callable[[int], bool]:
            return lambda n: does(relief=Relief(gpus={s: n}))

        found = []
        for s in most:
            needed = max(reserved_gpus(problem, job, s, m) for m in range(len(job.modes)))
            fewest = least_number(needed, trial(s))
            if fewest is not None:
                found.append((fewest, problem.sites[s].name))
        if found:
            fewest, name = min(found)
            yield Cure(remedy=Remedy.MORE_GPUS, subject=name, amount=fewest)

    def _cures_of_power(self, job: Job, does: Does) -> Iterator[Cure]:
        """The least more kW that do, at the site that needs fewest."""
        problem, found = self._problem, []
        load = Load.of(problem, self._plan.placements, self._plan.servings)
        facility_kw = load.facility_kw(problem)

        def trial(s: int) -> Callable[[int], bool]:
            return lambda n: does(relief=Relief(power_kw={s: float(n)}))

        for s in problem.admissible_sites(job):
            site = problem.sites[s]
            most_kw = max(mode.power_kw for mode in job.modes) * float(site.cooling.slope.max())
            most_kw += float(facility_kw[s].max())
            fewest = least_number(int(np.ceil(most_kw)) + 1, trial(s))
            if fewest is not None:
                found.append((fewest, site.name))
        if found:
            fewest, name = min(found)
            yield Cure(remedy=Remedy.MORE_POWER, subject=name, amount=fewest)

    @cached_property
    def _margin(self) -> tuple[Marginal, Load]:
        """Prices beside the plan, and what it draws and reserves."""
        problem, plan = self._problem, self._plan
        order = MeritOrder.of(problem, dict(plan.dispatch), self._carbon_per_kg)
        return Marginal.of(problem, order), Load.of(problem, plan.placements, plan.servings)

    def _extra_cost(self, job: Job, placement: Placement) -> float | None:
        """What ending in time adds beside the rest of the plan, lateness apart. [money]

        Power that nothing supplies is in it at its price; None where there is no room.
        """
        problem, horizon = self._problem, self._problem.horizon
        marginal, load = self._margin
        finished = is_finished(problem, job, placement)
        in_time = replace(job, deadline=min(job.due, job.deadline)) if finished else job
        terms = _free_of_lateness(Terms.of(problem, in_time))
        for one in self._limits.own(job, planned=True):
            if one.limit is Limit.AFTER:
                ends = np.inf if one.amount is None else one.amount / horizon.step_h
                first = int(min(float(horizon.n_steps), np.ceil(ends - 1e-9)))
                terms = replace(terms, first_step=np.maximum(terms.first_step, first))
        as_planned = _free_of_lateness(Terms.of(problem, job))
        load.add(problem, job, placement, -1)
        try:
            least, _ = cheapest(terms, marginal.step_costs(terms, load))
            now = 0.0
            if finished:
                costs = marginal.step_costs(as_planned, load)
                now = schedule_cost(as_planned, costs, placement)
        finally:
            load.add(problem, job, placement)
        return least - now if np.isfinite(least) else None


def _free_of_lateness(terms: Terms) -> Terms:
    """`terms` where being late costs nothing and being left is no way out."""
    lateness = replace(terms.lateness, price_per_h=0.0)
    return replace(terms, lateness=lateness, unfinished_cost=np.inf)


def least_number(most: int, does: Callable[[int], bool]) -> int | None:
    """The least number from 1 to `most` that does, where all above one that does do too."""
    if most < 1 or not does(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if does(middle) else (middle, high)
    return high


def latest_number(last: int, does: Callable[[int], bool]) -> int | None:
    """The greatest number from 0 to `last` that does, where all below one that does do too."""
    least = least_number(last + 1, lambda n: does(last + 1 - n))
    return None if least is None else last + 1 - least
