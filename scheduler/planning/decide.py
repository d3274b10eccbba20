"""What to do now, job by job: the one rule by which a plan becomes deeds.

The simulator and the operator both call it; what differs between a simulated and a real cluster
is only who carries a decision out. It is pure: no clock, no randomness, no cluster, and nothing
slow to import.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.planning.reasons import Reason
from scheduler.planning.snapshot import LiveJob, Phase, PlannedJob, Snapshot, Timetable

ROUNDING_KW = 1e-6


class Action(StrEnum):
    """What is done with a job. Part of the API: never renamed."""

    START = "start"
    RESUME = "resume"
    MOVE = "move"
    RESIZE = "resize"
    KEEP = "keep"
    PREEMPT = "preempt"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is done with one job, and why.

    Attributes:
        site: Where it runs from now on; None where it does not run.
        mode: That it runs in.
    """

    job: str
    action: Action
    reason: Reason
    site: str | None = None
    mode: int = 0


def decide(
    snapshot: Snapshot, plan: Timetable | None, jobs: Sequence[LiveJob], now: datetime
) -> tuple[Decision, ...]:
    """One decision for each of `jobs`, in their order.

    What holds, whatever the plan says, the earlier before the later:

    1. A job is only ever started at a site of its `admissible_sites`; one without any is held.
    2. A start, resume or move never takes more GPUs or power than `snapshot.rooms` have left, with
       what this call stops taken as free at once. Where more runs than there is room for, what the
       plan has narrower is narrowed first; then pausable jobs are preempted until it fits, those
       that can wait longest first.
    3. What a user suspended stays so. A running job that is not pausable is kept as it is.
    4. At its `latest_start` a job starts wherever it may and fits: where it was, where the plan has
       it, then by its own order of sites; in the plan's mode, else in its base mode. Where it fits
       nowhere it is held as LATEST_START_MISSED.
    5. `run_now` starts a job as soon as it fits, in the same order.
    6. While the plan holds it is followed: its site, its stretches, its modes. A job it does not
       know waits as PENDING_EVALUATION.
    7. Without a plan, or with one that has expired, what runs goes on and what waits is held until
       its latest start.

    Room goes to those at their latest start first, by that instant; then to moves and wider modes
    of what runs; then to those that shall not wait; then to the plan's starts. Among equals the
    higher priority comes first, then the name. The order of `jobs` changes nothing.

    Args:
        snapshot: Room at the sites; its `taken_at` says how old it is.
        plan: The last plan; None where there is none.
        jobs: All live jobs, running ones too.
        now: The instant to decide for.
    """
    turn = _Turn(snapshot, plan if plan and now < plan.expires_at else None, now)
    decided = {one.job: one for one in turn.decide(jobs)}
    return tuple(decided[job.name] for job in jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Where a job that does not run wants to, and in which mode; the first that fits is taken."""

    places: tuple[tuple[str, int], ...]
    reason: Reason
    otherwise: Reason | None = None


class _Turn:
    """One call: the room left as decisions are taken one after another."""

    def __init__(self, snapshot: Snapshot, plan: Timetable | None, now: datetime) -> None:
        self._plan, self._now = plan, now
        self._gpus = {
            (site, gpu_type): gpus
            for site, room in snapshot.rooms.items()
            for gpu_type, gpus in room.gpus.items()
        }
        self._power_kw = {site: room.power_kw for site, room in snapshot.rooms.items()}

    def decide(self, jobs: Sequence[LiveJob]) -> Iterator[Decision]:
        """What runs first, as it may make room; then what wants to run, in its order."""
        wishes: list[tuple[LiveJob, _Wish]] = []
        running: list[tuple[LiveJob, Decision]] = []
        for job in jobs:
            if job.phase is Phase.RUNNING:
                asked = self._running(job)
                if asked.action is Action.PREEMPT:
                    self._give_back(job)
                if _narrows(job, asked):
                    self._give_back(job)
                    self._take(job, asked.site, asked.mode)
                    yield asked
                else:
                    running.append((job, asked))
            elif wish := self._wish(job):
                wishes.append((job, wish))
            else:
                yield _hold(job, self._held(job))
        still, pressed = self._pressed(running)
        yield from pressed
        changes = sorted((pair for pair in still if _changes(pair[1])), key=_name)
        yield from (asked for _, asked in still if not _changes(asked))
        yield from self._changed(pair for pair in changes if not _grows(*pair))
        wishes.sort(key=lambda pair: _rank(*pair))
        yield from self._placed(pair for pair in wishes if _is_due(pair[1]))
        yield from self._changed(pair for pair in changes if _grows(*pair))
        yield from self._placed(pair for pair in wishes if not _is_due(pair[1]))

    def _planned(self, job: LiveJob) -> PlannedJob | None:
        """What the plan says, unless it is where the job may not be."""
        planned = self._plan.jobs.get(job.name) if self._plan else None
        return planned if planned and planned.site in job.admissible_sites else None

    def _running(self, job: LiveJob) -> Decision:
        """What a running job should do, room apart."""
        if job.suspended_by_user:
            return _stopped(job, Reason.SUSPENDED_BY_USER)
        if job.site not in job.admissible_sites:
            return _stopped(job, Reason.NO_ADMISSIBLE_SITE)
        planned = self._planned(job)
        if planned is None:
            return _kept(job, Reason.PENDING_EVALUATION if self._plan else Reason.PLAN_EXPIRED)
        stretch = planned.now(self._now)
        if stretch is not None:
            return _changed(job, planned.site, stretch.mode)
        # One at its latest start would be started again at once; one that the plan sees done only
        # runs longer than was thought.
        if self._now >= job.latest_start or job.run_now or planned.is_over(self._now):
            return _kept(job, Reason.AS_PLANNED)
        return _stopped(job, planned.waits_for or Reason.WAITING_FOR_CLEANER_ENERGY)

    def _pressed(
        self, running: list[tuple[LiveJob, Decision]]
    ) -> tuple[list[tuple[LiveJob, Decision]], list[Decision]]:
        """Preempt where more runs than there is room for, those that can wait longest first."""
        still: list[tuple[LiveJob, Decision]] = []
        stopped: list[Decision] = []
        for job, asked in sorted(running, key=lambda pair: _patience(pair[0]), reverse=True):
            if asked.action is Action.PREEMPT:
                stopped.append(asked)
                continue
            short = self._short_of(job)
            if short is None or not job.pausable:
                still.append((job, asked))
                continue
            self._give_back(job)
            stopped.append(Decision(job=job.name, action=Action.PREEMPT, reason=short))
        return still, stopped

    def _short_of(self, job: LiveJob) -> Reason | None:
        assert job.site is not None
        if self._gpus.get((job.site, job.gpu_type), 0) < 0:
            return Reason.WAITING_FOR_CAPACITY
        if self._power_kw.get(job.site, 0.0) < -ROUNDING_KW:
            return Reason.WAITING_FOR_POWER
        return None

    def _changed(self, asked: Iterable[tuple[LiveJob, Decision]]) -> Iterator[Decision]:
        """Moves and new widths, as far as there is room; the others go on as they are."""
        for job, wanted in asked:
            assert wanted.site is not None
            self._give_back(job)
            if self._fits(job, wanted.site, wanted.mode):
                self._take(job, wanted.site, wanted.mode)
                yield wanted
            else:
                reason = self._why_not(job, wanted.site, wanted.mode)
                assert job.site is not None
                self._take(job, job.site, job.mode)
                yield _kept(job, reason)

    def _wish(self, job: LiveJob) -> _Wish | None:
        """Where a job that does not run wants to be now; None where it is to be held."""
        if job.suspended_by_user or not job.admissible_sites:
            return None
        planned = self._planned(job)
        stretch = planned.now(self._now) if planned else None
        if self._now >= job.latest_start or job.run_now:
            due = self._now >= job.latest_start
            return _Wish(
                places=tuple(self._anywhere(job, planned)),
                reason=Reason.LATEST_START_REACHED if due else Reason.RUN_NOW_ASKED,
                otherwise=Reason.LATEST_START_MISSED if due else None,
            )
        if planned is None or stretch is None:
            return None
        waited = job.phase is Phase.PAUSED or planned.waits_for is not None
        reason = Reason.CLEANER_ENERGY_NOW if waited else Reason.AS_PLANNED
        return _Wish(places=((planned.site, stretch.mode),), reason=reason)

    def _anywhere(self, job: LiveJob, planned: PlannedJob | None) -> Iterator[tuple[str, int]]:
        stretch = planned.now(self._now) if planned else None
        first = [one for one in (job.site, planned.site if planned else None) if one]
        for site in dict.fromkeys((*first, *job.admissible_sites)):
            if site not in job.admissible_sites:
                continue
            if stretch and planned and planned.site == site and stretch.mode:
                yield site, stretch.mode
            yield site, 0

    def _placed(self, wishes: Iterable[tuple[LiveJob, _Wish]]) -> Iterator[Decision]:
        for job, wish in wishes:
            place = next((one for one in wish.places if self._fits(job, *one)), None)
            if place is None:
                yield _hold(job, wish.otherwise or self._why_not(job, *wish.places[0]))
                continue
            site, mode = place
            self._take(job, site, mode)
            action = Action.START
            if job.phase is Phase.PAUSED:
                action = Action.RESUME if site == job.site else Action.MOVE
            yield Decision(job=job.name, action=action, reason=wish.reason, site=site, mode=mode)

    def _held(self, job: LiveJob) -> Reason:
        """Why a job that wants to run nowhere now is held."""
        if job.suspended_by_user:
            return Reason.SUSPENDED_BY_USER
        if not job.admissible_sites:
            return Reason.NO_ADMISSIBLE_SITE
        if self._plan is None:
            return Reason.PLAN_EXPIRED
        planned = self._planned(job)
        if planned is None:
            return Reason.PENDING_EVALUATION
        return planned.waits_for or Reason.WAITING_FOR_CLEANER_ENERGY

    def _fits(self, job: LiveJob, site: str, mode: int) -> bool:
        return self._lacks(job, site, mode) is None

    def _why_not(self, job: LiveJob, site: str, mode: int) -> Reason:
        lacks = self._lacks(job, site, mode)
        assert lacks is not None
        return lacks

    def _lacks(self, job: LiveJob, site: str, mode: int) -> Reason | None:
        width = job.widths[mode]
        if self._gpus.get((site, job.gpu_type), 0) < width.gpus:
            return Reason.WAITING_FOR_CAPACITY
        if self._power_kw.get(site, 0.0) < width.power_kw - ROUNDING_KW:
            return Reason.WAITING_FOR_POWER
        return None

    def _take(self, job: LiveJob, site: str | None, mode: int, sign: int = 1) -> None:
        assert site is not None
        width, pool = job.widths[mode], (site, job.gpu_type)
        self._gpus[pool] = self._gpus.get(pool, 0) - sign * width.gpus
        self._power_kw[site] = self._power_kw.get(site, 0.0) - sign * width.power_kw

    def _give_back(self, job: LiveJob) -> None:
        self._take(job, job.site, job.mode, -1)


def _is_due(wish: _Wish) -> bool:
    return wish.reason is Reason.LATEST_START_REACHED


def _rank(job: LiveJob, wish: _Wish) -> tuple[object, ...]:
    """Who is given room first."""
    if _is_due(wish):
        return 0, job.latest_start, -job.priority, job.name
    return 1 + (wish.reason is not Reason.RUN_NOW_ASKED), -job.priority, job.name


def _patience(job: LiveJob) -> tuple[object, ...]:
    """Who can wait longest, when sorted in reverse."""
    return job.latest_start, -job.priority, job.name


def _name(pair: tuple[LiveJob, Decision]) -> str:
    return pair[0].name


def _changes(asked: Decision) -> bool:
    return asked.action in (Action.MOVE, Action.RESIZE)


def _narrows(job: LiveJob, asked: Decision) -> bool:
    """Whether it stays where it is and only gives room back."""
    wanted, there = job.widths[asked.mode], job.widths[job.mode]
    less = wanted.gpus < there.gpus and wanted.power_kw <= there.power_kw
    return asked.action is Action.RESIZE and less


def _grows(job: LiveJob, asked: Decision) -> bool:
    """Whether it needs room that it does not have."""
    return asked.site != job.site or job.widths[asked.mode].gpus > job.widths[job.mode].gpus


def _hold(job: LiveJob, reason: Reason) -> Decision:
    return Decision(job=job.name, action=Action.HOLD, reason=reason)


def _kept(job: LiveJob, reason: Reason) -> Decision:
    return Decision(job=job.name, action=Action.KEEP, reason=reason, site=job.site, mode=job.mode)


def _stopped(job: LiveJob, reason: Reason) -> Decision:
    """Preempt, where that is allowed; a law or a user's wish is told even where it is not."""
    if job.pausable:
        return Decision(job=job.name, action=Action.PREEMPT, reason=reason)
    ordered = (Reason.SUSPENDED_BY_USER, Reason.NO_ADMISSIBLE_SITE)
    return _kept(job, reason if reason in ordered else Reason.PAUSE_NOT_ALLOWED)


def _changed(job: LiveJob, site: str, mode: int) -> Decision:
    """Run at `site` in `mode` from now on, where the job runs already or may be touched."""
    if (site, mode) == (job.site, job.mode):
        return _kept(job, Reason.AS_PLANNED)
    if not job.pausable:
        return _kept(job, Reason.PAUSE_NOT_ALLOWED)
    if site == job.site:
        action, reason = Action.RESIZE, Reason.AS_PLANNED
    else:
        action, reason = Action.MOVE, Reason.CLEANER_ENERGY_ELSEWHERE
    return Decision(job=job.name, action=action, reason=reason, site=site, mode=mode)
