"""What each job has been through so far, and what is left of it as far as anybody can tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from optimizer.load import extra_it_kw, reserved_gpus
from optimizer.plan import Placement, Run
from optimizer.problem import Problem
from optimizer.timing import is_finished, progress_h
from optimizer.work import Job, JobKind
from scheduler.planning.decide import Action, Decision
from scheduler.planning.snapshot import LiveJob, Phase, Width

#: What is thought to be left of a job that has outlived its estimate, as a share of a step.
OVERDUE_SHARE = 0.5


@dataclass(slots=True, kw_only=True)
class JobLog:
    """One job's life.

    Attributes:
        job: As it truly is.
        announced_h: The work that whoever submitted it thought it was. [h]
        site: Where it runs or has run; None before its first start.
        runs: What it has run so far.
        failed_at: The last step that it failed in, and rests for; None where it never has.
    """

    job: Job
    announced_h: float
    site: str | None = None
    runs: list[Run] = field(default_factory=list)
    failed_at: int | None = None

    @property
    def placement(self) -> Placement:
        """Its runs so far."""
        return Placement(job=self.job.name, site=self.site or self.job.home, runs=tuple(self.runs))

    def ran_before(self, step: int) -> bool:
        """Whether it ran in the step before `step`, and still does as that begins."""
        return bool(self.runs) and self.runs[-1].end_step == step and self.failed_at != step

    def run(self, step: int, site: str, mode: int) -> None:
        """It runs in `step`."""
        self.site = site
        if self.ran_before(step) and self.runs[-1].mode == mode:
            self.runs[-1] = replace(self.runs[-1], n_steps=self.runs[-1].n_steps + 1)
        else:
            self.runs.append(Run(first_step=step, n_steps=1, mode=mode))


class Journal:
    """All jobs of one world, and what became of them."""

    def __init__(
        self,
        truth: Problem,
        announced_h: Mapping[str, float],
        known: Mapping[str, datetime] | None = None,
    ) -> None:
        """Nothing has run yet; jobs are known of as they are released, or as `known` says."""
        self._known = known or {}
        self.lost: list[Placement] = []
        self._truth = truth
        self._logs = {
            job.name: JobLog(job=job, announced_h=announced_h.get(job.name, job.work_h))
            for job in truth.jobs
        }

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Every job's runs, in the order of the problem."""
        return tuple(log.placement for log in self._logs.values())

    def live(self, step: int) -> list[JobLog]:
        """Jobs that are known at `step`, not done, and not past their hard deadline."""
        now = self._truth.horizon.instant(step)
        return [
            log
            for log in self._logs.values()
            if min(log.job.release, self._known.get(log.job.name, log.job.release)) <= now
            and now < log.job.deadline
            and not self._done(log)
        ]

    def make_room(self, step: int, room: Mapping[tuple[int, str], int]) -> None:
        """Where fewer GPUs are left than jobs that cannot pause hold, some lose all their work.

        Those that have done least go first; they begin anew. `room` is by site and GPU type.
        """
        stuck = [log for log in self.running(step) if log.job.kind is JobKind.CONTIGUOUS]
        for (s, gpu_type), gpus in room.items():
            there = [
                (log, reserved_gpus(self._truth, log.job, s, log.runs[-1].mode))
                for log in stuck
                if log.site == self._truth.sites[s].name and log.job.gpu_type == gpu_type
            ]
            there.sort(
                key=lambda pair: (sum(run.n_steps for run in pair[0].runs), pair[0].job.name)
            )
            over = sum(held for _, held in there) - gpus
            for log, held in there:
                if over <= 0:
                    break
                over -= held
                self.lost.append(log.placement)
                log.site, log.runs = None, []

    def running(self, step: int) -> list[JobLog]:
        """Live jobs that ran up to `step`."""
        return [log for log in self.live(step) if log.ran_before(step)]

    def fail(self, log: JobLog, step: int) -> None:
        """It stops as `step` begins and rests for it; all is lost where it cannot pause."""
        log.failed_at = step
        if log.job.kind is JobKind.CONTIGUOUS:
            self.lost.append(log.placement)
            log.site, log.runs = None, []

    def _done(self, log: JobLog) -> bool:
        return is_finished(self._truth, log.job, log.placement)

    def left_h(self, log: JobLog) -> float:
        """Work that is thought to be left, without what a resume repeats. [h]"""
        done = progress_h(self._truth, log.job, log.placement) if log.runs else 0.0
        return max(log.announced_h - done, OVERDUE_SHARE * self._truth.horizon.step_h)

    def may_start(self, log: JobLog, step: int) -> bool:
        """Whether all it waits for has ended by `step`."""
        before = [self._logs[name] for name in log.job.after]
        return all(self._done(one) and one.runs[-1].end_step <= step for one in before)

    def as_seen(self, step: int) -> tuple[Job, ...]:
        """The live jobs as a planner sees them at `step`, each with what is left of it.

        One that has begun stays at its site; a pause costs it what a resume repeats.
        """
        known = {log.job.name for log in self.live(step)}
        return tuple(self._seen(log, step, known) for log in self.live(step))

    def _seen(self, log: JobLog, step: int, known: set[str]) -> Job:
        after = tuple(name for name in log.job.after if name in known)
        left_h = self.left_h(log)
        release = log.job.release
        if log.failed_at == step:
            release = self._truth.horizon.instant(step + 1)
        if log.site is None:
            return replace(log.job, work_h=left_h, after=after, release=release)
        runs = log.ran_before(step)
        return replace(
            log.job,
            release=release,
            work_h=left_h + (0.0 if runs else log.job.resume_h),
            after=(),
            data_gb=0.0,
            home=log.site,
            running_at=log.site if runs else None,
            allowed_sites=frozenset({log.site}),
        )

    def as_live(self, step: int) -> list[LiveJob]:
        """The same jobs as decisions are made on."""
        now = self._truth.horizon.instant(step)
        return [
            self._live(log, step)
            for log in self.live(step)
            if log.job.release <= now and log.failed_at != step and self.may_start(log, step)
        ]

    def _live(self, log: JobLog, step: int) -> LiveJob:
        problem, job = self._truth, log.job
        phase = Phase.WAITING
        if log.site is not None:
            phase = Phase.RUNNING if log.ran_before(step) else Phase.PAUSED
        names = [problem.sites[s].name for s in problem.admissible_sites(job)]
        reached = [name for name in names if problem.first_step(job, name) <= step]
        sites = [log.site] if log.site else sorted(reached, key=lambda name: name != job.home)
        s = problem.site_number[sites[0] if sites else job.home]
        fastest = max(mode.speed for mode in job.modes)
        left_h = self.left_h(log) + (job.resume_h if phase is Phase.PAUSED else 0.0)
        return LiveJob(
            name=job.name,
            phase=phase,
            gpu_type=job.gpu_type,
            widths=tuple(
                Width(
                    gpus=reserved_gpus(problem, job, s, mode),
                    power_kw=extra_it_kw(problem, job, s, mode)
                    * problem.sites[s].cooling.slope[step],
                )
                for mode in range(len(job.modes))
            ),
            admissible_sites=tuple(sites),
            latest_start=job.deadline - timedelta(hours=np.ceil(left_h / fastest)),
            site=log.site,
            mode=log.runs[-1].mode if log.runs else 0,
            pausable=job.kind is not JobKind.CONTIGUOUS,
            priority=job.priority,
        )

    def carry_out(self, decisions: tuple[Decision, ...], step: int) -> None:
        """Run in `step` what was decided to run."""
        for one in decisions:
            if one.action not in (Action.HOLD, Action.PREEMPT):
                assert one.site is not None
                self._logs[one.job].run(step, one.site, one.mode)
