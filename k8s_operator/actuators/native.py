"""Decisions about plain Jobs as server-side applies: held by `suspend`, placed by `nodeSelector`.

One apply releases and places. Every apply holds all that is ours on the Job, or it would be taken
away. Nothing is written that is there already.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from k8s_operator import names
from k8s_operator.facts import gpus_of
from k8s_operator.instants import instant_text
from k8s_operator.state import Managed
from k8s_operator.views import JobView
from scheduler.planning.decide import Action, Decision
from scheduler.planning.reasons import Reason
from scheduler.planning.snapshot import Phase, PlannedJob


class Event(StrEnum):
    """What an event on a Job is called. Part of the API: never renamed."""

    DEFERRED = "EnergyDeferred"
    RELEASED = "EnergyReleased"
    PAUSED = "EnergyPaused"
    RESUMED = "EnergyResumed"
    RESIZED = "EnergyResized"
    INFEASIBLE = "EnergyInfeasible"
    MISSED = "LatestStartMissed"
    ADVISED = "EnergyAdvised"
    CONFLICTED = "EnergyConflicted"


WARNINGS = (Event.INFEASIBLE, Event.MISSED, Event.CONFLICTED)
#: Of a Job that runs nothing is told that was not known when it was let go.
UNREMARKABLE = (Reason.AS_PLANNED, Reason.PENDING_EVALUATION, Reason.PLAN_EXPIRED)
HOPELESS = (
    Reason.MISCONFIGURED,
    Reason.NO_ADMISSIBLE_SITE,
    Reason.EXCEEDS_CAPACITY,
    Reason.DEADLINE_UNREACHABLE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One apply, and the event that tells of it.

    Attributes:
        key: Of the Job.
        body: What is applied.
        urgent_at: The earlier, the sooner it is written; events and advice come last.
        event: None where nothing new is to be told.
        note: Of the event, for people.
    """

    key: str
    path: str
    body: Mapping[str, Any]
    urgent_at: float
    event: Event | None
    note: str
    reason: Reason


def job_path(job: JobView) -> str:
    """Where a Job is."""
    return f"/apis/batch/v1/namespaces/{job.metadata.namespace}/jobs/{job.metadata.name}"


def intent(
    one: Managed,
    decision: Decision,
    *,
    planned: PlannedJob | None,
    plan: str,
    note: str,
    now: datetime,
) -> Intent | None:
    """What to write for a decision; None where it stands already."""
    facts, view = one.facts, one.view
    words = _words(one, decision.reason, planned, plan)
    match decision.action:
        case Action.START | Action.RESUME:
            return _start(one, decision, words, note)
        case Action.MOVE if facts.phase is Phase.PAUSED:
            return _start(one, decision, words, note)
        case Action.PREEMPT | Action.MOVE:
            return _pause(one, decision, words, now, note)
        case Action.RESIZE:
            return _resize(one, decision, words, now, note)
    if not _differs(view, words):
        return None
    event = None
    if decision.action is Action.HOLD and not facts.suspended_by_user:
        event = _held_event(decision.reason)
        if view.metadata.annotations.get(names.REASON) == decision.reason and event in WARNINGS:
            event = None
    if facts.suspended_by_user and facts.taken_over:
        event = Event.CONFLICTED
        note = "somebody else suspended it after its release; it is left to them"
    return Intent(
        key=facts.key,
        path=job_path(view),
        body=_body(view, words),
        urgent_at=math.inf,
        event=event,
        note=note or _when(planned),
        reason=decision.reason,
    )


def advice(one: Managed, planned: PlannedJob, plan: str) -> Intent | None:
    """What an unheld Job is told: when and where it would have run."""
    words = _words(one, planned.waits_for or Reason.AS_PLANNED, planned, plan)
    if planned.stretches:
        words[names.PLANNED_START] = instant_text(planned.stretches[0].begin)
        words[names.PLANNED_SITE] = planned.site
        words[names.PLAN] = plan
    if not _differs(one.view, words):
        return None
    return Intent(
        key=one.facts.key,
        path=job_path(one.view),
        body=_body(one.view, words),
        urgent_at=math.inf,
        event=Event.ADVISED,
        note="advice only: nothing was changed; " + _when(planned),
        reason=Reason(words[names.REASON]),
    )


def release(view: JobView, site: str | None, reason: Reason, note: str) -> Intent:
    """Let a held Job go at once, placed only where a site is named: the kill switch's way."""
    words = {names.HELD: names.LET_GO, names.REASON: reason.value}
    return Intent(
        key=view.key,
        path=job_path(view),
        body=_body(view, words, suspend=False, site=site),
        urgent_at=0.0,
        event=Event.RELEASED,
        note=note,
        reason=reason,
    )


def _start(one: Managed, decision: Decision, words: dict[str, str], note: str) -> Intent | None:
    facts, view = one.facts, one.view
    assert decision.site is not None
    # What has run before may be placed anew only when the last of its pods is gone.
    if view.status.start_time is not None and not view.is_settled:
        return None
    words = words | {names.HELD: names.LET_GO, names.PLANNED_SITE: decision.site}
    if decision.reason is Reason.LATEST_START_REACHED:
        words.pop(names.PLANNED_START, None)
    resumed = facts.phase is Phase.PAUSED
    pods = _pods(one, decision.mode)
    if pods is not None:
        words[names.BASE_GPUS] = str(facts.modes[0].gpus)
    return Intent(
        key=facts.key,
        path=job_path(view),
        body=_body(view, words, suspend=False, site=decision.site, pods=pods),
        urgent_at=facts.latest_start.timestamp(),
        event=Event.RESUMED if resumed else Event.RELEASED,
        note=note or f"at {decision.site}",
        reason=decision.reason,
    )


def _pause(
    one: Managed, decision: Decision, words: dict[str, str], now: datetime, note: str
) -> Intent:
    facts, view = one.facts, one.view
    words = words | {
        names.HELD: one.policy.name,
        names.PAUSES: str(facts.pauses + 1),
        names.PAUSED_AT: instant_text(now.replace(microsecond=0)),
    }
    if facts.done_by == "time":
        words[names.DONE] = f"{facts.done_share:.4f}"
    return Intent(
        key=facts.key,
        path=job_path(view),
        body=_body(view, words, suspend=True),
        urgent_at=0.0,
        event=Event.PAUSED,
        note=note or f"progress {facts.done_share:.0%}, as {facts.done_by} tells",
        reason=decision.reason,
    )


def _resize(
    one: Managed, decision: Decision, words: dict[str, str], now: datetime, note: str
) -> Intent | None:
    pods, facts = _pods(one, decision.mode), one.facts
    if pods is None or pods == one.view.spec.parallelism:
        return None
    words = words | {
        names.BASE_GPUS: str(facts.modes[0].gpus),
        names.RESIZED_AT: instant_text(now.replace(microsecond=0)),
    }
    if facts.done_by == "time":
        words[names.DONE] = f"{facts.done_share:.4f}"
    return Intent(
        key=one.facts.key,
        path=job_path(one.view),
        body=_body(one.view, words, pods=pods),
        urgent_at=one.facts.latest_start.timestamp(),
        event=Event.RESIZED,
        note=note or f"from {one.view.spec.parallelism} to {pods} pods",
        reason=decision.reason,
    )


def _pods(one: Managed, mode: int) -> int | None:
    """Pods of a mode, for an Indexed Job whose completions follow; never 0, which would end it."""
    spec, facts = one.view.spec, one.facts
    if facts.kind != "elastic" or spec.completion_mode != "Indexed":
        return None
    if spec.completions != spec.parallelism or mode == facts.mode:
        return None
    each = gpus_of(one.view) // spec.parallelism
    return max(1, facts.modes[mode].gpus // max(1, each))


def _words(one: Managed, reason: Reason, planned: PlannedJob | None, plan: str) -> dict[str, str]:
    """The annotations that say what was decided; those of other applies stay as they are."""
    there = one.view.metadata.annotations
    words = {name: there[name] for name in names.WRITTEN if name in there}
    running = one.facts.phase is Phase.RUNNING
    if not (running and reason in UNREMARKABLE and names.REASON in words):
        words[names.REASON] = reason.value
    if running:
        return words
    words[names.LATEST_START] = instant_text(one.facts.latest_start.replace(microsecond=0))
    if one.facts.run_time_by != "annotation":
        words[names.RUN_TIME_BY] = one.facts.run_time_by
    if planned is not None and planned.stretches:
        words[names.PLANNED_START] = instant_text(planned.stretches[0].begin)
        words[names.PLANNED_SITE] = planned.site
        words[names.PLAN] = plan
    return words


def _differs(view: JobView, words: Mapping[str, str]) -> bool:
    """Whether anything but the plan's name is new; that alone is not worth a write."""
    there = view.metadata.annotations
    return any(there.get(name) != value for name, value in words.items() if name != names.PLAN)


def _body(
    view: JobView,
    words: Mapping[str, str],
    *,
    suspend: bool | None = None,
    site: str | None = None,
    pods: int | None = None,
) -> dict[str, Any]:
    """All that is ours on the Job, with what is to change."""
    meta = view.metadata
    acted = names.HELD in meta.annotations or suspend is not None
    spec: dict[str, Any] = {}
    if acted:
        spec["suspend"] = view.spec.suspend if suspend is None else suspend
        placed = site or view.spec.template.spec.node_selector.get(names.SITE)
        if placed is not None:
            spec["template"] = {"spec": {"nodeSelector": {names.SITE: placed}}}
    if pods is None and names.BASE_GPUS in meta.annotations:
        # Once its width is ours to write, leaving it out would take it away.
        pods = view.spec.parallelism
    if pods is not None:
        spec["parallelism"] = spec["completions"] = pods
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            # An older look at the Job must not undo what somebody has done to it since.
            **({"resourceVersion": meta.resource_version} if spec else {}),
            "annotations": dict(words),
        },
        **({"spec": spec} if spec else {}),
    }


def _held_event(reason: Reason) -> Event:
    if reason is Reason.LATEST_START_MISSED:
        return Event.MISSED
    return Event.INFEASIBLE if reason in HOPELESS else Event.DEFERRED


def _when(planned: PlannedJob | None) -> str:
    if planned is None or not planned.stretches:
        return "no start is planned; it starts by its latest start in any case"
    return f"planned for {instant_text(planned.stretches[0].begin)} at {planned.site}"
