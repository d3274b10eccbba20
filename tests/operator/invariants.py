"""What is promised, read from the API server's own audit log after whatever has happened.

R1 no Job touched without consent · R2 none later than its latest start · R3 none started twice, and
a pause between two starts · R4 never two writers · R7 bounded load · R8 one instant, one plan. That
nothing is done while the API server is away (R5) shows in R2 and R3 of a test that stops it; that
nothing stays held after an uninstall (R6) is a test of its own. It shares no code with those it
judges.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

OURS = "system:serviceaccount:alize-system:alize-"
AGENT = "alize-operator/"
MANAGED, HELD = "alize.dev/managed", "alize.dev/held"
#: Over so long a mean is taken, and so much of it may be requests that were held up on their way.
WINDOW_S, HELD_UP_S = 10, 3
#: Beside Jobs: its own resources, what it tells, and the tables of its plans.
MAY_WRITE = {"sites", "energypolicies", "inferenceprofiles", "energyplans", "events", "configmaps"}
MAY_WRITE |= {"leases", "jobs"}

Entry = dict[str, Any]


@dataclass(slots=True)
class History:
    """One Job, as the audit log tells of it.

    Attributes:
        suspended_by: Who wrote `spec.suspend: true` last; None where it is not.
        starts: When the operator let it go.
        pauses: How often the operator suspended it.
    """

    created: datetime
    managed: bool
    suspended_by: str | None
    starts: list[datetime] = field(default_factory=list)
    pauses: int = 0
    deleted: bool = False


def broken(
    audit: Iterable[Entry],
    *,
    namespace: str,
    since: datetime,
    patience: Mapping[str, timedelta],
    grace: timedelta,
    now: datetime,
    writes_per_s: float = 50,
    burst: int = 50,
) -> list[str]:
    """Every promise that was broken in `namespace` since an instant, in words.

    Args:
        audit: The log.
        namespace: Of the Jobs looked at; who leads is looked at everywhere.
        since: When the test began.
        patience: Of each Job that must start, from its creation to its latest start, in wall time.
        grace: A start this late is not called late: outages, time to take over, a busy machine.
        now: When the log was read.
        writes_per_s: What the operator was allowed.
        burst: The same, at once.
    """
    entries = sorted(
        (one for one in audit if _received(one) >= since),
        key=lambda one: one["requestReceivedTimestamp"],
    )
    jobs: dict[str, History] = {}
    found = list(_written_without_right(entries))
    for one in entries:
        if _is_of(one, "jobs", namespace) and _accepted(one):
            found += _follow(one, jobs)
    for name, job in jobs.items():
        if len(job.starts) > 1 + job.pauses:
            found.append(f"R3: {name} was started {len(job.starts)} times, paused {job.pauses}")
        if name in patience and not job.deleted:
            latest = job.created + patience[name] + grace
            if job.starts and job.starts[0] > latest:
                found.append(f"R2: {name} was started {job.starts[0] - latest} too late")
            elif not job.starts and now > latest:
                found.append(f"R2: {name} is held {now - latest} too long")
    lost = patience.keys() - jobs.keys()
    found += [f"R2: {name} was never created" for name in sorted(lost)]
    found += _two_writers(entries)
    found += _too_many(entries, writes_per_s, burst)
    found += _plans_that_differ(entries)
    return found


def _received(one: Entry) -> datetime:
    return datetime.fromisoformat(one["requestReceivedTimestamp"])


def _done(one: Entry) -> datetime:
    return datetime.fromisoformat(one["stageTimestamp"])


def _accepted(one: Entry) -> bool:
    return bool(one["stage"] == "ResponseComplete" and one["responseStatus"].get("code", 500) < 300)


def _is_ours(one: Entry) -> bool:
    return bool(one["user"]["username"].startswith(OURS))


def _is_of(one: Entry, resource: str, namespace: str | None = None) -> bool:
    target = one.get("objectRef", {})
    if target.get("resource") != resource or "subresource" in target:
        return False
    return namespace is None or target.get("namespace") == namespace


def _written_without_right(entries: Iterable[Entry]) -> Iterator[str]:
    for one in entries:
        target = one.get("objectRef", {})
        if not _is_ours(one) or not _accepted(one):
            continue
        if target.get("resource") not in MAY_WRITE:
            yield f"R1: {one['verb']} of {target.get('resource')} by {one['user']['username']}"
        elif target["resource"] == "jobs" and (one["verb"] != "patch" or "subresource" in target):
            yield f"R1: {one['verb']} of Job {target.get('name')}"


def _follow(one: Entry, jobs: dict[str, History]) -> Iterator[str]:
    """Take one accepted write of a Job into its history."""
    body, who = one.get("requestObject") or {}, one["user"]["username"]
    name = one["objectRef"].get("name") or body.get("metadata", {}).get("name")
    if one["verb"] == "create":
        meta = body["metadata"]
        held = body["spec"].get("suspend") and HELD in meta.get("annotations", {})
        jobs[name] = History(
            created=_done(one),
            managed=meta.get("labels", {}).get(MANAGED) == "true",
            suspended_by=("us" if held else who) if body["spec"].get("suspend") else None,
        )
        return
    if name not in jobs:
        return
    job = jobs[name]
    if one["verb"].startswith("delete"):
        job.deleted = True
        return
    wanted = body.get("spec", {}).get("suspend") if isinstance(body, dict) else None
    if _is_ours(one):
        if not job.managed:
            yield f"R1: {name} never opted in, and was written"
        if wanted is False and job.suspended_by is not None:
            if job.suspended_by != "us":
                yield f"R1: {name}: a suspension by {job.suspended_by} was lifted"
            job.starts.append(_received(one))
        elif wanted is True and job.suspended_by is None:
            job.pauses += 1
    if wanted is not None:
        kept = job.suspended_by if job.suspended_by and wanted else None
        job.suspended_by = kept or (("us" if _is_ours(one) else who) if wanted else None)


def _two_writers(entries: list[Entry]) -> Iterator[str]:
    """A write of a Job by a process that is not the last to have written the Lease."""
    renewals = deque(
        sorted(
            (_done(one), one["userAgent"])
            for one in entries
            if _is_of(one, "leases") and _is_operator(one) and _accepted(one)
        )
    )
    holder = ""
    for one in entries:
        if not (_is_of(one, "jobs") and _is_operator(one) and _accepted(one)):
            continue
        while renewals and renewals[0][0] <= _received(one):
            holder = renewals.popleft()[1]
        if holder and holder != one["userAgent"]:
            name = one["objectRef"]["name"]
            yield f"R4: {name} was written by {one['userAgent']} while {holder} led"


def _is_operator(one: Entry) -> bool:
    return bool(_is_ours(one) and one.get("userAgent", "").startswith(AGENT))


def _too_many(entries: list[Entry], per_s: float, burst: int) -> Iterator[str]:
    """More writes of one process in ten seconds than it may make, refused ones too."""
    windows: dict[str, deque[datetime]] = {}
    most = per_s * (WINDOW_S + HELD_UP_S) + burst
    for one in entries:
        # The Lease is renewed whatever else is to be written.
        if not _is_operator(one) or one.get("objectRef", {}).get("resource") == "leases":
            continue
        window = windows.setdefault(one["userAgent"], deque())
        window.append(_received(one))
        while window[-1] - window[0] > timedelta(seconds=WINDOW_S):
            window.popleft()
        if len(window) > most:
            yield f"R7: {one['userAgent']} wrote {len(window)} times in 10 s, allowed {most:g}"
            return


def _plans_that_differ(entries: list[Entry]) -> Iterator[str]:
    told: dict[tuple[str, str], str] = {}
    for one in entries:
        target = one.get("objectRef", {})
        if target.get("resource") != "energyplans" or target.get("subresource") != "status":
            continue
        status = (one.get("requestObject") or {}).get("status", {})
        if "digest" in status:
            key = target["name"], status["issuedAt"]
            if told.setdefault(key, status["digest"]) != status["digest"]:
                yield f"R8: {target['name']} was told with two digests"
