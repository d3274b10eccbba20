"""Letting go of what is held with nothing but the API server: no plan, no leader, no cache.

`release-all` lets everything go, before Alizé is removed. The dead man's release lets go only what
is overdue, and only when no operator has led for long: it works latest starts out itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from k8s_operator import names
from k8s_operator.actuators.native import Event, Intent, release
from k8s_operator.applier import CONFLICT, NOT_FOUND, Applier, Bucket
from k8s_operator.cache import OWN
from k8s_operator.connection import Connection, Refused
from k8s_operator.facts import read_job
from k8s_operator.install.admission import HOLD
from k8s_operator.instants import parse_instant
from k8s_operator.policies import policy_of, read_policy
from k8s_operator.serving.steward import put_back
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.state import in_world_time
from k8s_operator.views import JobView, PolicyView
from scheduler.planning.reasons import Reason

V = TypeVar("V")
BINDINGS = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings"
PAGE = 500
AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What was done.

    Attributes:
        released: Jobs let go.
        left: Jobs that somebody else holds, or that are not due.
        failed: Jobs that could not be let go, with why.
        warning: What still holds new Jobs, and what to do; empty where nothing does.
        put_back: Autoscalers and routes that have again what stood there before.
    """

    released: tuple[str, ...]
    left: int
    failed: tuple[str, ...]
    warning: str = ""
    put_back: tuple[str, ...] = ()


async def release_all(connection: Connection, settings: OperatorSettings) -> Released:
    """Let go of every Job that Alizé holds, and hold no new ones where this account may say so.

    Autoscalers and routes get back what stood there before.
    """
    warning = await _hold_no_more(connection)
    note = "all held Jobs are released; nothing waits for Alizé any more"
    done = await _release(
        connection, settings, lambda job, _: True, reason=Reason.RUN_NOW_ASKED, note=note
    )
    back: list[str] = []
    try:
        back = await put_back(connection, _applier(connection, settings))
    except Refused as refused:
        told = f"autoscalers and routes are not put back: {refused}; run this as an administrator"
        warning = "\n".join(filter(None, (warning, told)))
    return replace(done, warning=warning, put_back=tuple(back))


async def _hold_no_more(connection: Connection) -> str:
    """Take away what holds Jobs at their creation; else one made meanwhile would stay held."""
    try:
        await connection.call("DELETE", f"{BINDINGS}/{HOLD}")
    except Refused as refused:
        if refused.code == NOT_FOUND:
            return ""
        return (
            f"new Jobs are held still: the binding {HOLD} could not be removed: {refused}; "
            "run this as an administrator, or delete it by hand"
        )
    return ""


async def deadman(connection: Connection, settings: OperatorSettings) -> Released | None:
    """Let go of every overdue Job; None while an operator leads, or has led not long ago."""
    silent_s = await _lease_silent_s(connection, settings)
    if silent_s is not None and silent_s < settings.dead_after_s:
        return None
    policies = [
        read_policy(one) for one in await _all(connection, f"{OWN}/energypolicies", PolicyView)
    ]
    clock = Clock(settings)

    def overdue(job: JobView, now: datetime) -> bool:
        policy = policy_of(job, policies)
        if policy is None or not policy.enforces:
            return True
        told = job.metadata.annotations.get(names.LATEST_START)
        facts = read_job(in_world_time(job, clock), policy.defaults, now=now)
        latest = min(facts.latest_start, parse_instant(told)) if told else facts.latest_start
        return now >= latest

    note = "no operator has led for long and its latest start has come"
    return await _release(
        connection, settings, overdue, reason=Reason.LATEST_START_REACHED, note=note
    )


async def _release(
    connection: Connection,
    settings: OperatorSettings,
    wanted: Callable[[JobView, datetime], bool],
    *,
    reason: Reason,
    note: str,
) -> Released:
    clock, applier = Clock(settings), _applier(connection, settings)
    jobs = await _all(
        connection, "/apis/batch/v1/jobs", JobView, labelSelector=f"{names.MANAGED}=true"
    )
    held = [job for job in jobs if is_held(job)]
    due = [job for job in held if wanted(job, clock.now())]
    gate = asyncio.Semaphore(AT_ONCE)
    done: list[str] = []
    failed: list[str] = []

    async def let_go(job: JobView) -> None:
        async with gate:
            # Where it was placed, or where the plan has it by law, its place stays.
            told = job.metadata.annotations.get(names.PLANNED_SITE)
            one = release(job, told if _is_bound(job) else None, reason, note)
            problem = await _apply(connection, applier, one, job)
            (failed if problem else done).append(f"{job.key}: {problem}" if problem else job.key)

    await asyncio.gather(*(let_go(job) for job in due))
    return Released(
        released=tuple(sorted(done)), left=len(held) - len(due), failed=tuple(sorted(failed))
    )


async def _apply(connection: Connection, applier: Applier, one: Intent, job: JobView) -> str | None:
    """Why it could not be let go; None where it was, or is gone."""
    body: dict[str, Any] = dict(one.body)
    for _ in range(5):
        try:
            await applier.apply(one.path, body, manager=names.ACTUATOR)
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return None
            if refused.code != CONFLICT:
                return str(refused)
            # Somebody wrote in between; the uid still guards against another Job of that name.
            body["metadata"] = {
                key: value for key, value in body["metadata"].items() if key != "resourceVersion"
            }
        else:
            return None
    return f"still in conflict: {Event.RELEASED} was not written for {job.key}"


def is_held(job: JobView) -> bool:
    """Whether Alizé suspended it; a user's own suspension is never lifted."""
    held = job.metadata.annotations.get(names.HELD, "")
    return job.spec.suspend and held not in ("", names.LET_GO) and not job.is_over


def _is_bound(job: JobView) -> bool:
    said = job.metadata.annotations
    return names.RESIDENCY in said or names.CERTIFICATIONS in said


def _applier(connection: Connection, settings: OperatorSettings) -> Applier:
    bucket = Bucket(settings.writes_per_s, settings.write_burst)
    return Applier(connection, bucket, may_write=lambda: True)


async def _lease_silent_s(connection: Connection, settings: OperatorSettings) -> float | None:
    """Since the last renewal; None where there is no Lease. [s]"""
    root = f"/apis/coordination.k8s.io/v1/namespaces/{settings.namespace}/leases"
    try:
        raw = await connection.call("GET", f"{root}/{settings.lease.name}")
    except Refused as refused:
        if refused.code == NOT_FOUND:
            return None
        raise
    renewed = msgspec.json.decode(raw)["spec"].get("renewTime")
    if renewed is None:
        return None
    return (datetime.now(UTC) - parse_instant(renewed)) / timedelta(seconds=1)


async def _all(connection: Connection, path: str, view: type[V], **query: str) -> Sequence[V]:
    """Every object of a collection, page by page."""
    found: list[V] = []
    asked = {"limit": str(PAGE), **query}
    while True:
        page = msgspec.json.decode(await connection.call("GET", path, query=asked))
        found += msgspec.convert(page["items"], list[view])  # type: ignore[valid-type]
        if not (more := page["metadata"].get("continue")):
            return found
        asked["continue"] = more
