"""What the operator says on its own resources, when it changes: conditions, counts, the plan."""

import base64
import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from k8s_operator import names
from k8s_operator.instants import instant_text, parse_duration
from k8s_operator.observer import Seen
from k8s_operator.planning.question import USUAL_MAX_AGE, Answer, Question, SiteOutlook, Trouble
from k8s_operator.state import Managed
from k8s_operator.views import SiteView
from scheduler.planning.reasons import Reason

OWN = f"/apis/{names.API_VERSION}"
JOBS_A_SHARD = 4000
LONGEST_MESSAGE = 1000


def condition(
    there: Iterable[Mapping[str, Any]],
    kind: str,
    state: tuple[bool, str, str],
    *,
    generation: int,
    now: datetime,
) -> dict[str, Any]:
    """A condition of that status, reason and message; its time of change is kept where it is."""
    status, reason, message = state
    told = "True" if status else "False"
    before = next((one for one in there if one["type"] == kind), None)
    same = before is not None and before["status"] == told
    return {
        "type": kind,
        "status": told,
        "reason": reason,
        "message": message,
        "lastTransitionTime": before["lastTransitionTime"]
        if same and before
        else instant_text(now),
        "observedGeneration": generation,
    }


def conflict(jobs: Iterable[Managed]) -> tuple[bool, str, str]:
    """Whether somebody else writes what the operator writes, as a condition says it."""
    taken = sorted(one.facts.key for one in jobs if one.facts.taken_over)
    if not taken:
        return False, "NoConflict", ""
    return (
        True,
        "SuspendTakenOver",
        f"{len(taken)} Jobs, such as {taken[0]}: somebody else writes spec.suspend, and it is left "
        f"to them; end the other's writes, or take the label {names.MANAGED} off",
    )


def stall(jobs: Iterable[Managed], troubles: Mapping[str, Trouble]) -> tuple[bool, str, str]:
    """Whether Jobs need a person, as a condition says it; the most severe reason first."""
    found = {
        one.facts.key: (reason, text)
        for one in jobs
        for reason, text in _needs(one, troubles)
        if not one.facts.suspended_by_user
    }
    if not found:
        return False, "NoTrouble", ""
    order = [str(reason) for reason in Reason]
    key = min(found, key=lambda name: (order.index(found[name][0]), name))
    reason, text = found[key]
    return True, reason, f"{len(found)} Jobs need a person, such as {key}: {text}"[:LONGEST_MESSAGE]


def _needs(one: Managed, troubles: Mapping[str, Trouble]) -> Iterator[tuple[str, str]]:
    trouble = troubles.get(one.facts.key)
    if trouble is not None and trouble.reason != Reason.PENDING_EVALUATION:
        yield trouble.reason, trouble.message
    elif one.facts.problems:
        yield Reason.MISCONFIGURED.value, "; ".join(one.facts.problems)


def site_status(
    view: SiteView,
    nodes: tuple[int, int, dict[str, int]],
    outlook: SiteOutlook | None,
    trouble: Trouble | None,
    now: datetime,
    *,
    seen: Mapping[str, Seen] | None = None,
) -> dict[str, Any]:
    """What the operator sees of a Site."""
    there, generation = view.status.get("conditions", ()), view.metadata.generation
    count, ready, gpus = nodes
    now = now.replace(microsecond=0)
    if trouble is not None:
        state = (False, trouble.reason, trouble.message)
    elif not count:
        labels = ", ".join(f"{key}={value}" for key, value in view.spec["nodeSelector"].items())
        state = (False, "NoNodes", f"no Node carries {labels}; label the nodes of this site")
    elif not ready:
        state = (False, "NodesNotReady", f"none of its {count} nodes is Ready; Jobs go elsewhere")
    else:
        state = (True, "NodesMatched", f"{ready} of {count} nodes Ready")
    conditions = [condition(there, "Ready", state, generation=generation, now=now)]
    status: dict[str, Any] = {
        "observedGeneration": generation,
        "nodes": count,
        "readyNodes": ready,
        "gpus": sum(gpus.values()),
    }
    if outlook is not None:
        age, most = now - outlook.issued_at, _max_age(view)
        fresh = age <= most
        rungs = ", ".join(sorted({f"{k}: {v}" for k, v in outlook.rungs.items()}))
        told = rungs if fresh else f"issued {age} ago, longer than {most}; last known: {rungs}"
        conditions.append(
            condition(
                there,
                "ForecastFresh",
                (fresh, "WithinMaxAge" if fresh else "Stale", told),
                generation=generation,
                now=now,
            )
        )
        status["forecastIssuedAt"] = instant_text(outlook.issued_at)
        status["forecastRung"] = next(iter(outlook.rungs.values()), "none")[:64]
    if seen:
        read = _observed(seen)
        conditions.append(condition(there, "Observed", read, generation=generation, now=now))
    return status | {"conditions": conditions}


def _observed(seen: Mapping[str, Seen]) -> tuple[bool, str, str]:
    """Whether all that is measured could be read, as a condition says it."""
    failed = [f"{what}: {one.failed}" for what, one in sorted(seen.items()) if one.failed]
    if failed:
        return False, "Unreadable", "; ".join(failed)[:LONGEST_MESSAGE]
    lengths = [
        f"{what}: {len(one.hours.power_kw)} h until {instant_text(one.hours.end)}"
        for what, one in sorted(seen.items())
        if one.hours
    ]
    return True, "HoursRead", ", ".join(lengths)


def is_stale(view: SiteView, outlook: SiteOutlook | None, now: datetime) -> bool:
    """Whether the forecast of a Site is older than it allows."""
    if outlook is None:
        return False
    return now - outlook.issued_at > _max_age(view)


def _max_age(view: SiteView) -> timedelta:
    return parse_duration(view.spec.get("forecastMaxAge", USUAL_MAX_AGE))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two statuses say the same."""
    return bool(
        msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")
    )


def plan_name(asked: Question) -> str:
    """Of the EnergyPlan of a question."""
    return "plan-" + asked.taken_at.strftime("%Y%m%dt%H%M%S") + "z"


def plan_spec(asked: Question) -> dict[str, Any]:
    """The span of a plan."""
    return {
        "horizonStart": instant_text(asked.start),
        "stepMinutes": asked.step_min,
        "steps": asked.n_steps,
    }


def plan_status(asked: Question, answer: Answer, shards: Sequence[Mapping[str, Any]]) -> Any:
    """What was planned, beside run-now."""
    plan, baseline = answer.plan, answer.baseline
    assert plan is not None and baseline is not None
    before = baseline.emissions_kg
    saving = 100 * (1 - plan.emissions_kg / before) if before > 0 else 0.0
    return {
        "digest": answer.digest,
        "issuedAt": instant_text(asked.taken_at.replace(microsecond=0)),
        "expiresAt": instant_text(asked.expires_at.replace(microsecond=0)),
        "solver": {
            "stage": answer.stage,
            "gap": f"{answer.gap:.6f}",
            "seconds": f"{answer.seconds:.3f}",
        },
        "totals": {
            "jobs": len(answer.jobs),
            "unfinished": plan.jobs_unfinished,
            "emissionsKilograms": f"{plan.emissions_kg:.3f}",
            "baselineEmissionsKilograms": f"{before:.3f}",
            "cost": f"{plan.cost:.3f}",
            "baselineCost": f"{baseline.cost:.3f}",
            "currency": answer.currency,
            "carbonSaving": f"{saving:.1f}%",
        },
        "shards": list(shards),
    }


def shards(name: str, uid: str, namespace: str, answer: Answer) -> list[tuple[dict[str, Any], int]]:
    """ConfigMaps with every Job's start and site, owned by the plan, and how many each holds."""
    rows = sorted(answer.jobs.items())
    found = []
    for number, first in enumerate(range(0, len(rows), JOBS_A_SHARD)):
        part = rows[first : first + JOBS_A_SHARD]
        table = {
            key: {
                "site": one.site,
                "runs": [
                    [instant_text(r.begin), instant_text(r.end), r.mode] for r in one.stretches
                ],
            }
            for key, one in part
        }
        packed = gzip.compress(msgspec.json.encode(table), mtime=0)
        found.append(
            (
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": f"{name}-{number}",
                        "namespace": namespace,
                        "ownerReferences": [
                            {
                                "apiVersion": names.API_VERSION,
                                "kind": "EnergyPlan",
                                "name": name,
                                "uid": uid,
                            }
                        ],
                    },
                    "immutable": True,
                    "binaryData": {"jobs.json.gz": base64.b64encode(packed).decode()},
                },
                len(part),
            )
        )
    return found


def expires_in(status: Mapping[str, Any], now: datetime) -> timedelta:
    """Until a plan is followed no more."""
    return datetime.fromisoformat(status["expiresAt"]) - now
