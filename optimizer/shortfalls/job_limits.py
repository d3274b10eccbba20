"""How early a job can end where only some of its limits hold.

The exact schedules of `optimizer.pricing` answer it, each step free of charge and lateness the only
cost. Its times are rounded in its favour and power is asked for step by step, so what is said to be
forced is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from optimizer.load import Load
from optimizer.plan import Plan
from optimizer.pricing import untrimmed
from optimizer.problem import Problem
from optimizer.shortfalls.beside import Beside
from optimizer.shortfalls.conflict import Constraint, Limit
from optimizer.shortfalls.supply import reach
from optimizer.site import FloatArray
from optimizer.terms import MAX_UNITS_PER_STEP, Lateness, Terms
from optimizer.timing import TOLERANCE_H
from optimizer.work import Job, JobKind

#: Share of a step that stands for hardly any work: one unit of the finest grain.
LITTLE_WORK = 1 / MAX_UNITS_PER_STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """What is changed for a trial, beside the limits that are lifted.

    Attributes:
        gpus: More in service, by site number.
        power_kw: More supplied, by site number. [kW]
        admitted: Sites where the job may run whatever its rules say.
        width: GPUs of its base mode instead of its own.
        release_step: Released at that step instead.
    """

    gpus: Mapping[int, int] = field(default_factory=dict)
    power_kw: Mapping[int, float] = field(default_factory=dict)
    admitted: frozenset[str] = frozenset()
    width: int | None = None
    release_step: int | None = None


NO_RELIEF = Relief()


class JobLimits:
    """The limits on the jobs of one plan, and how early a job can end under some of them."""

    def __init__(self, problem: Problem, plan: Plan, beside: Beside) -> None:
        """Read the plan once; nothing is asked yet."""
        self.problem, self.plan, self.beside = problem, plan, beside
        self._empty = replace(problem, jobs=(), services=())
        self._placed = {placement.job: placement for placement in plan.placements}
        self._alone_h: dict[str, float] = {}

    @cached_property
    def _idle(self) -> Load:
        return Load.idle(self.problem)

    @cached_property
    def _jobs(self) -> dict[str, Job]:
        return {job.name: job for job in self.problem.jobs}

    def end_h(self, job: Job) -> float:
        """Hours from the start to the end of the horizon or the job's hard deadline. [h]"""
        horizon = self.problem.horizon
        return horizon.steps_until(min(job.deadline, horizon.end)) * horizon.step_h

    def own(self, job: Job, *, planned: bool) -> list[Constraint]:
        """The limits on `job` alone, those first that explain least.

        Args:
            job: Whose they are.
            planned: Whether the jobs it waits for end as planned, or as early as each could alone.
        """
        held = [
            (Limit.RESUME, job.resume_h > 0 and job.kind is not JobKind.CONTIGUOUS),
            (Limit.WHOLE_NODES, job.whole_nodes),
            (Limit.UNBROKEN, job.kind is JobKind.CONTIGUOUS and not job.only_goes_on),
        ]
        found = [Constraint(limit=limit) for limit, holds in held if holds]
        for name in job.after:
            ends = self._planned_end_h(name) if planned else self.alone_h(name)
            amount = ends if np.isfinite(ends) else None
            found.append(Constraint(limit=Limit.AFTER, subject=name, amount=amount))
        powered = (site for site in self.problem.sites if site.pool(job.gpu_type) is not None)
        found += [Constraint(limit=Limit.POWER, subject=site.name) for site in powered]
        held = [
            (Limit.TRANSFER, job.data_gb > 0),
            (Limit.RELEASE, job.running_at is None and job.release > self.problem.horizon.start),
            (Limit.RUNNING, job.only_goes_on),
            (Limit.CERTIFICATION, bool(job.certifications)),
            (Limit.RESIDENCY, job.residency is not None),
            (Limit.ALLOWED_SITES, job.allowed_sites is not None),
            (Limit.POOL, True),
            (Limit.DEADLINE, True),
            (Limit.WORK, True),
        ]
        return found + [Constraint(limit=limit) for limit, holds in held if holds]

    def others(self, job: Job, by_h: float) -> list[Constraint]:
        """What else the plan holds on pools the job could take.

        That which holds least between its release and `by_h` comes first, and is given up first:
        most of what the plan runs is out of its way, and goes at one stroke.
        """
        problem, horizon = self.problem, self.problem.horizon
        pools = [k for k, (_, pool) in enumerate(problem.pools) if pool.gpu_type == job.gpu_type]
        sites = {problem.pools[k][0] for k in pools}
        # Work on other pools of the same sites draws the same power.
        pools = [k for k, (s, _) in enumerate(problem.pools) if s in sites]
        held = self.beside.held(pools, 0, horizon.n_steps)
        end = min(horizon.n_steps, int(np.ceil(by_h / horizon.step_h - 1e-9)))
        size = self.beside.held(pools, horizon.first_step_from(job.release), end)
        own = set(self.beside.numbers[job.name]) & set(range(len(problem.jobs)))
        names = [
            self.beside.owners[number]
            for number in np.argsort(size, kind="stable")
            if held[number] > 0 and number not in own
        ]
        return [Constraint(limit=Limit.OTHER_WORK, subject=name) for name in dict.fromkeys(names)]

    def alone_h(self, name: str) -> float:
        """Hours from the start to the earliest end of a job in an empty world; infinite for none.

        It misses no hard deadline: a job that would is left unfinished.
        """
        if name not in self._alone_h:
            job = self._jobs[name]
            ends = self.ends_h(job, self.own(job, planned=False))
            self._alone_h[name] = ends if ends <= self.end_h(job) + TOLERANCE_H else np.inf
        return self._alone_h[name]

    def _planned_end_h(self, name: str) -> float:
        runs = self._placed[name].runs
        return runs[-1].end_step * self.problem.horizon.step_h if runs else np.inf

    def ends_h(self, job: Job, held: Collection[Constraint], relief: Relief = NO_RELIEF) -> float:
        """Hours from the start to its earliest end where only `held` holds; infinite for none.

        A deadline does not cut it short: whoever asks compares.
        """
        terms = self._terms(job, {one.limit for one in held}, held, relief)
        if terms is None:
            return np.inf
        cost = self._open(terms, held, relief)
        return untrimmed(terms, cost, terms.optimistic_grain)[0]

    def _terms(
        self, job: Job, limits: set[Limit], held: Collection[Constraint], relief: Relief
    ) -> Terms | None:
        """The terms of `job` under some limits, its cost its end; None where it has no site."""
        horizon = self.problem.horizon
        freed = _freed(job, limits, relief, horizon.end)
        if Limit.WORK not in limits:
            freed = replace(freed, work_h=min(job.work_h, LITTLE_WORK * horizon.step_h))
        if relief.release_step is not None:
            freed = replace(freed, release=horizon.instant(relief.release_step))
        elif Limit.RELEASE not in limits and freed.running_at is None:
            freed = replace(freed, release=horizon.start)
        if relief.admitted:
            freed = self._admitted(freed, relief.admitted)
        if not self._empty.admissible_sites(freed):
            return None
        terms = Terms.of(self._empty, freed)
        first = terms.first_step
        for one in held:
            if one.limit is Limit.AFTER:
                ends = np.inf if one.amount is None else one.amount / horizon.step_h
                step = min(float(horizon.n_steps), np.ceil(ends - 1e-9))
                first = np.maximum(first, int(step))
        end_h = horizon.n_steps * horizon.step_h
        return replace(
            terms,
            first_step=first,
            start_cost=np.zeros_like(terms.start_cost),
            lateness=Lateness(step_h=horizon.step_h, due_h=0.0, end_h=end_h, price_per_h=1.0),
            unfinished_cost=np.inf,
        )

    def _admitted(self, job: Job, names: frozenset[str]) -> Job:
        """`job` where besides its own sites those of `names` are open to it."""
        own = {self.problem.sites[s].name for s in self.problem.admissible_sites(job)}
        free = replace(job, residency=None, certifications=frozenset(), allowed_sites=None)
        return replace(free, allowed_sites=frozenset(own | names))

    def _open(self, terms: Terms, held: Collection[Constraint], relief: Relief) -> FloatArray:
        """Cost of a step: nothing, or infinite without room, shape (sites, modes, T)."""
        problem = self.problem
        limits = {one.limit for one in held}
        owners = [
            number
            for one in held
            if one.limit is Limit.OTHER_WORK
            for number in self.beside.numbers[one.subject]
        ]
        load = self.beside.load(owners) if owners else self._idle
        powered = {one.subject for one in held if one.limit is Limit.POWER}
        shape = (*terms.gpus.shape, problem.horizon.n_steps)
        cost: FloatArray = np.zeros(shape)
        for i, (s, k) in enumerate(zip(terms.sites, terms.pools, strict=True)):
            site = problem.sites[s]
            if Limit.POOL in limits:
                free = problem.pool_gpus[k] - load.gpus[k] + relief.gpus.get(s, 0)
                cost[i][terms.gpus[i][:, None] > free[None, :]] = np.inf
            if site.name in powered:
                facility_kw = site.cooling.overhead_kw + site.cooling.slope * load.it_kw[s]
                more = relief.power_kw.get(s, 0.0)
                spare = reach(problem, site, facility_kw, more).spare_kw
                wanted = terms.extra_kw[i][:, None] * site.cooling.slope[None, :]
                cost[i][wanted > np.maximum(0.0, spare)[None, :] + 1e-9] = np.inf
        return cost


def _freed(job: Job, limits: set[Limit], relief: Relief, end: datetime) -> Job:
    """`job` with what is not in `limits` lifted, its deadlines out of the way."""
    kind, resume_h = job.kind, job.resume_h
    if kind is JobKind.CONTIGUOUS and not limits & {Limit.UNBROKEN, Limit.RUNNING}:
        kind, resume_h = JobKind.CHECKPOINTABLE, 0.0
    modes = job.modes
    if relief.width is not None:
        modes = tuple(replace(mode, gpus=min(mode.gpus, relief.width)) for mode in modes)
    running_at = job.running_at
    if job.only_goes_on and Limit.RUNNING not in limits:
        running_at = None
    return replace(
        job,
        kind=kind,
        modes=modes,
        resume_h=resume_h if Limit.RESUME in limits else 0.0,
        residency=job.residency if Limit.RESIDENCY in limits else None,
        certifications=job.certifications if Limit.CERTIFICATION in limits else frozenset(),
        allowed_sites=job.allowed_sites if Limit.ALLOWED_SITES in limits else None,
        data_gb=job.data_gb if Limit.TRANSFER in limits else 0.0,
        whole_nodes=job.whole_nodes and Limit.WHOLE_NODES in limits,
        after=(),
        running_at=running_at,
        deadline=end,
    )
