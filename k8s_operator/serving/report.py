"""What is told of a service: the status of its profile, and events when a condition turns."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from k8s_operator import names
from k8s_operator.conditions import LONGEST_MESSAGE, condition
from k8s_operator.instants import micro_text
from k8s_operator.serving.profile import Profile
from k8s_operator.serving.steer import Look, Steering
from k8s_operator.serving.words import WARNINGS, Event
from k8s_operator.views import ProfileView

State = tuple[bool, str, str]
LONGEST_NOTE = 1000
NOWHERE = (
    "no site is left that may run it and answers in time; it stays where it is: bring one back, "
    "or add a target"
)
EXPIRED = "the plan has expired; bounds only rise, weights stay"
ADVICE = "advice only: nothing is changed; say mode: Enforce"


def states(
    profile: Profile,
    look: Look | None,
    steering: Steering | None,
    *,
    trouble: str,
    plan_holds: bool,
) -> dict[str, State]:
    """Ready, Conflicted and SLOFloor."""
    return {
        "Ready": _ready(profile, look, steering, trouble=trouble, plan_holds=plan_holds),
        "Conflicted": _conflicted(steering),
        "SLOFloor": _slo_floor(steering),
    }


def _ready(
    profile: Profile,
    look: Look | None,
    steering: Steering | None,
    *,
    trouble: str,
    plan_holds: bool,
) -> State:
    if trouble:
        return False, "Misconfigured", trouble[:LONGEST_MESSAGE]
    if steering is None or look is None:
        return False, "NoPlan", "no plan has it yet; its bounds and weights stay"
    obstacles = (
        ("TargetNotFound", "; ".join(look.missing)[:LONGEST_MESSAGE]),
        ("RouteUnusable", steering.problem),
        ("NoAdmissibleSite", NOWHERE if steering.nowhere else ""),
        ("PlanExpired", "" if plan_holds else EXPIRED),
    )
    for reason, message in obstacles:
        if message:
            return False, reason, message
    return (True, "Steered", "") if profile.enforces else (True, "Advised", ADVICE)


def _conflicted(steering: Steering | None) -> State:
    if steering is None or not steering.edited:
        return False, "NoConflict", ""
    return (
        True,
        "EditedByHand",
        f"somebody else has written {', '.join(steering.edited)}; it is left to them: put back "
        "what stood there, or take the annotation alize.dev/written off to have it steered again",
    )


def _slo_floor(steering: Steering | None) -> State:
    if steering is None:
        return False, "NotKnown", ""
    short = {name: one.short for name, one in steering.bounds.items() if one.short}
    if short:
        told = ", ".join(f"{name} {count}" for name, count in sorted(short.items()))
        return (
            True,
            "CeilingTooLow",
            f"demand of {steering.high_rps:g}/s needs more replicas than the ceiling allows: "
            f"{told}; raise it",
        )
    if steering.is_surge:
        return (
            True,
            "Surge",
            f"{steering.high_rps:g} requests a second came, more than was forecast; floors are up",
        )
    above = {name: one.above_plan for name, one in steering.bounds.items() if one.above_plan}
    if above:
        told = ", ".join(f"{name} {count}" for name, count in sorted(above.items()))
        return (
            True,
            "FloorAbovePlan",
            f"replicas kept beyond the plan for a demand of {steering.high_rps:g}/s: {told}",
        )
    return False, "PlanSuffices", ""


def demand_state(failures: tuple[str, ...]) -> State:
    """Whether the requests that came can be read."""
    if failures:
        told = "; ".join(failures)[:LONGEST_MESSAGE]
        return False, "Unreadable", f"{told}; what was read before stands"
    return True, "HoursRead", ""


def status_of(
    view: ProfileView,
    profile: Profile,
    look: Look | None,
    steering: Steering | None,
    *,
    told: Mapping[str, State],
    now: datetime,
) -> dict[str, Any]:
    """The profile's status."""
    generation = view.metadata.generation
    found: dict[str, Any] = {
        "observedGeneration": generation,
        "conditions": [
            condition(
                view.status.get("conditions", ()),
                kind,
                state,
                generation=generation,
                now=now.replace(microsecond=0),
            )
            for kind, state in told.items()
        ],
    }
    if steering is None or look is None:
        return found
    rows = []
    for one in profile.targets:
        wanted = steering.bounds[one.site]
        row: dict[str, Any] = {
            "site": one.site,
            "least": wanted.least,
            "most": wanted.most,
            "ready": look.ready.get(one.site, 0),
        }
        if one.site in steering.weights:
            row["weight"] = steering.weights[one.site]
            row["wantedWeight"] = steering.goal.get(one.site, steering.weights[one.site])
        rows.append(row)
    return found | {"highRequestsPerSecond": f"{steering.high_rps:.3f}", "targets": rows}


def turned(view: ProfileView, told: Mapping[str, State]) -> Iterator[tuple[Event, str]]:
    """Events for conditions that have turned for the worse since they were last written."""
    before = {one["type"]: one for one in view.status.get("conditions", ())}
    bad = {
        "Ready": (False, Event.NOT_READY),
        "Conflicted": (True, Event.CONFLICTED),
        "SLOFloor": (True, Event.SLO_FLOOR),
        "DemandRead": (False, Event.NOT_READY),
    }
    for kind, (status, reason, message) in told.items():
        worse, event = bad[kind]
        if status is not worse or reason == "NoPlan":
            continue
        last = before.get(kind)
        if last is None or (last["status"], last["reason"]) != (str(status), reason):
            yield event, f"{reason}: {message}"


def event_on(view: ProfileView, event: Event, note: str, instance: str) -> dict[str, Any]:
    """An event as the API server takes it."""
    meta = view.metadata
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{meta.name[:200]}.{time.time_ns():x}",
            "namespace": meta.namespace,
        },
        "eventTime": micro_text(datetime.now(UTC)),
        "reportingController": f"{names.GROUP}/operator",
        "reportingInstance": instance[:128],
        "action": event.removeprefix("Inference"),
        "reason": event.value,
        "type": "Warning" if event in WARNINGS else "Normal",
        "note": note[:LONGEST_NOTE],
        "regarding": {
            "apiVersion": names.API_VERSION,
            "kind": "InferenceProfile",
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
        },
    }
