"""From the copy of the cluster to what planning and deciding need. Pure: no writes, no clock.

Knows views, policies and the last plan; what is to be done with them is not known here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf

import msgspec

from k8s_operator import names
from k8s_operator.facts import Defaults, JobFacts, ask_of, read_job
from k8s_operator.ground import Ground
from k8s_operator.history import RunTime, family_of, run_times
from k8s_operator.planning.question import (
    Answer,
    Ask,
    Hours,
    Planned,
    Question,
    Rates,
    SiteFacts,
)
from k8s_operator.planning.question import Stretch as Run
from k8s_operator.policies import Policy, policy_of
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.views import JobView, ProfileView, SiteView
from scheduler.planning.reasons import Reason
from scheduler.planning.snapshot import (
    LiveJob,
    Phase,
    PlannedJob,
    Room,
    Snapshot,
    Stretch,
    Timetable,
    Width,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A Job that a policy speaks for.

    Attributes:
        is_live: Whether deciding is about it: it waits held, or runs where it was placed.
    """

    view: JobView
    facts: JobFacts
    policy: Policy

    @property
    def is_live(self) -> bool:
        """Held by us, or placed by us: the others are only told what would be."""
        if not self.policy.enforces:
            return False
        if self.facts.phase is Phase.RUNNING:
            return self.facts.site is not None and names.HELD in self.view.metadata.annotations
        return True


def managed(
    jobs: Iterable[JobView], policies: Iterable[Policy], clock: Clock, now: datetime
) -> tuple[list[Managed], list[JobView]]:
    """The Jobs that are not over with their policy; and those held that have none any more."""
    policies, jobs = tuple(policies), tuple(jobs)
    learnt = run_times(jobs, clock)
    found, orphaned = [], []
    for view in jobs:
        if (
            view.is_over
            or view.metadata.deletion_timestamp
            or names.KUEUE_QUEUE in view.metadata.labels
        ):
            continue
        policy = policy_of(view, policies)
        if policy is not None:
            told = learnt.get(family_of(view)) if learnt else None
            defaults = _taught(policy.defaults, told)
            facts = read_job(in_world_time(view, clock), defaults, now=now)
            found.append(Managed(view=view, facts=facts, policy=policy))
        elif view.spec.suspend and view.metadata.annotations.get(names.HELD):
            orphaned.append(view)
    return found, orphaned


def _taught(defaults: Defaults, learnt: RunTime | None) -> Defaults:
    """With the run time that history tells, unless the policy states one."""
    if learnt is None or defaults.run_time_by == "policy":
        return defaults
    return replace(
        defaults,
        run_time_h=learnt.typical_h,
        long_run_h=learnt.long_h,
        run_time_by="history",
    )


def in_world_time(view: JobView, clock: Clock) -> JobView:
    """The Job with the cluster's own times as the world's."""
    if clock.is_plain:
        return view
    meta, status = view.metadata, view.status
    return msgspec.structs.replace(
        view,
        metadata=msgspec.structs.replace(
            meta,
            creation_timestamp=meta.creation_timestamp and clock.world(meta.creation_timestamp),
        ),
        status=msgspec.structs.replace(
            status, start_time=status.start_time and clock.world(status.start_time)
        ),
    )


def question(
    *,
    jobs: Iterable[Managed],
    sites: Iterable[SiteView],
    gpus: Mapping[str, tuple[int, int, dict[str, int]]],
    profiles: Iterable[ProfileView],
    observed: Mapping[str, Mapping[str, Hours]],
    came: Mapping[str, dict[str, Rates]],
    world: Mapping[str, object],
    settings: OperatorSettings,
    now: datetime,
) -> Question:
    """What the planner is asked now: the present step and those that follow.

    A Site without a Ready node is left out.
    """
    profiles = tuple(profiles)
    step = timedelta(minutes=settings.step_min)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + ((now - midnight) // step) * step
    before = settings.scratch / "plan.pickle" if settings.scratch else None
    return Question(
        taken_at=now,
        start=start,
        step_min=settings.step_min,
        n_steps=max(1, round(settings.horizon_h * 60 / settings.step_min)),
        expires_at=now + timedelta(hours=settings.expires_after_h),
        world=dict(world),
        sites=tuple(
            SiteFacts(
                name=one.metadata.name,
                spec=one.spec,
                gpus=gpus[one.metadata.name][2],
                observed=dict(observed.get(one.metadata.name, {})),
            )
            for one in sorted(sites, key=lambda one: one.metadata.name)
            if gpus[one.metadata.name][1]
        ),
        services=service_specs(profiles),
        came={
            name: came[key]
            for key, name in sorted(service_names(profiles).items())
            if came.get(key)
        },
        jobs=tuple(sorted(_asks(jobs, start), key=lambda ask: ask.name)),
        gap=settings.gap,
        time_limit_s=settings.solve_limit_s,
        before=None if before is None else str(before),
    )


def service_specs(profiles: Iterable[ProfileView]) -> dict[str, dict[str, object]]:
    """The spec of each profile, by what the planner calls its service."""
    profiles = tuple(profiles)
    names = service_names(profiles)
    specs = {names[one.key]: one.spec for one in profiles}
    return {name: specs[name] for name in sorted(specs)}


def service_names(profiles: Iterable[ProfileView]) -> dict[str, str]:
    """What the planner calls the service of each profile: its name, where no other bears it.

    No name of Kubernetes has an underscore in it.
    """
    profiles = tuple(profiles)
    counts = Counter(one.metadata.name for one in profiles)
    return {
        one.key: one.metadata.name
        if counts[one.metadata.name] == 1
        else f"{one.metadata.namespace}_{one.metadata.name}"
        for one in profiles
    }


def _asks(jobs: Iterable[Managed], start: datetime) -> Iterable[Ask]:
    for one in jobs:
        facts = one.facts
        if facts.suspended_by_user:
            continue
        if one.is_live:
            yield ask_of(facts, now=start)
        elif not one.policy.suspended and not _is_told(one, start):
            # What nobody holds is asked about as if it had waited: that is the advice.
            yield ask_of(replace(facts, phase=Phase.WAITING, site=None), now=start)


def _is_told(one: Managed, now: datetime) -> bool:
    """Whether its advised start has passed: then the advice stands as it was given."""
    told = one.view.metadata.annotations.get(names.PLANNED_START)
    return told is not None and datetime.fromisoformat(told) < now


def timetable(answer: Answer, asked: Question) -> Timetable:
    """An answer as decisions are made by it.

    A Job's last stretch lasts until the plan expires: a start that was missed by a moment is still
    due, and one that takes longer than was thought goes on.
    """

    def end(one: Planned, run: Run) -> datetime:
        return max(run.end, asked.expires_at) if run is one.stretches[-1] else run.end

    return Timetable(
        issued_at=asked.taken_at,
        expires_at=asked.expires_at,
        jobs={
            name: PlannedJob(
                site=one.site,
                stretches=tuple(
                    Stretch(begin=run.begin, end=end(one, run), mode=run.mode)
                    for run in one.stretches
                ),
                waits_for=Reason.WAITING_FOR_CLEANER_ENERGY if one.waits else None,
            )
            for name, one in answer.jobs.items()
        },
    )


def modelled_kw(jobs: Iterable[Managed], ground: Ground) -> dict[str, float]:
    """What each planned site draws now, as the model has it: idle, services and Jobs. [kW]"""
    found = {
        name: outlook.fixed_kw[min(ground.step, len(outlook.fixed_kw) - 1)]
        for name, outlook in ground.outlooks.items()
    }
    for one in jobs:
        facts = one.facts
        if facts.phase is Phase.RUNNING and facts.site in found:
            mode = facts.modes[facts.mode]
            found[facts.site] += ground.kw(
                facts.site, facts.gpu_type, mode.gpus, mode.watts_per_gpu
            )
    return found


def admissible(facts: JobFacts, ground: Ground) -> tuple[str, ...]:
    """Sites where it may run by law, certification, policy and hardware; home first."""
    found = [
        name
        for name, spec in ground.site_specs.items()
        if (not facts.sites or name in facts.sites)
        and (not facts.residency or spec["jurisdiction"] in facts.residency)
        and set(facts.certifications) <= set(spec.get("certifications", ()))  # type: ignore[call-overload]
        and any(pool["name"] == facts.gpu_type for pool in spec["pools"])  # type: ignore[attr-defined]
    ]
    return tuple(sorted(found, key=lambda name: (name != facts.home, name)))


def live(jobs: Iterable[Managed], ground: Ground, now: datetime) -> list[LiveJob]:
    """The Jobs that deciding is about."""
    found = []
    for one in jobs:
        if not one.is_live:
            continue
        facts = one.facts
        sites = admissible(facts, ground)
        found.append(
            LiveJob(
                name=facts.key,
                phase=facts.phase,
                gpu_type=facts.gpu_type,
                widths=tuple(
                    Width(
                        gpus=mode.gpus,
                        power_kw=max(
                            (
                                ground.kw(site, facts.gpu_type, mode.gpus, mode.watts_per_gpu)
                                for site in (sites or ground.site_specs)
                            ),
                            default=0.0,
                        ),
                    )
                    for mode in facts.modes
                ),
                admissible_sites=sites,
                latest_start=facts.latest_start,
                site=facts.site,
                mode=facts.mode if facts.phase is not Phase.WAITING else 0,
                pausable=_pausable(one, now),
                run_now=facts.run_now,
                suspended_by_user=facts.suspended_by_user,
                priority=facts.priority,
            )
        )
    return found


def _pausable(one: Managed, now: datetime) -> bool:
    """Whether its policy lets it be paused now: consent, checkpoint, time run, count, cool-down.

    Never one that somebody else has let go: that would be a fight.
    """
    policy, facts = one.policy, one.facts
    if not policy.pauses or facts.pauses >= policy.max_pauses or facts.taken_over:
        return False
    if policy.only_checkpointable and facts.kind == "contiguous":
        return False
    if facts.started is None:
        return False
    return now - facts.started >= (policy.cooldown if facts.pauses else policy.min_run)


def snapshot(
    jobs: Iterable[Managed], ground: Ground, living: Iterable[LiveJob], now: datetime
) -> Snapshot:
    """The room at each site beside all that runs there, or has not quite left."""
    rooms = {site: ground.room(site) for site in ground.site_specs}
    widths = {job.name: job.widths for job in living}
    for one in jobs:
        facts = one.facts
        leaving = facts.phase is not Phase.RUNNING and not one.view.is_settled
        if facts.site not in rooms or not (facts.phase is Phase.RUNNING or leaving):
            continue
        room = rooms[facts.site]
        mode = facts.modes[facts.mode]
        width = widths[facts.key][facts.mode] if facts.key in widths else None
        gpus = dict(room.gpus)
        gpus[facts.gpu_type] = gpus.get(facts.gpu_type, 0) - mode.gpus
        power_kw = width.power_kw if width else 0.0
        left_kw = room.power_kw - power_kw if room.power_kw != inf else inf
        rooms[facts.site] = Room(gpus=gpus, power_kw=left_kw)
    return Snapshot(taken_at=now, rooms=rooms)
