"""Carries intents out: the most urgent first, each Job one at a time, a failing one less and less.

Intents are what is wanted now: a new set replaces the old one, and what was not written yet is
forgotten. Events are written when nothing else is to be done.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from k8s_operator import names
from k8s_operator.actuators.native import WARNINGS, Event, Intent
from k8s_operator.applier import CONFLICT, NOT_FOUND, Applier, Fenced
from k8s_operator.backoff import Backoff
from k8s_operator.connection import Refused, Unreachable
from k8s_operator.instants import micro_text
from k8s_operator.views import JobView

log = logging.getLogger(__name__)
LONGEST_NOTE = 1000
MOST_EVENTS = 50_000
TELL_AGAIN_S = 1.0


class Hands:
    """Writers at work.

    Attributes:
        acted: Intents carried out, by event.
    """

    def __init__(
        self,
        applier: Applier,
        identity: str,
        *,
        stored: Callable[[bytes], None],
        workers: int = 16,
    ) -> None:
        self._applier, self._identity, self._stored = applier, identity, stored
        self._workers = workers
        self._wanted: dict[str, Intent] = {}
        self._in_flight: set[str] = set()
        self._failing: dict[str, tuple[Backoff, float]] = {}
        self._events: deque[dict[str, Any]] = deque(maxlen=MOST_EVENTS)
        self._something = asyncio.Condition()
        self._closed = False
        self.acted: dict[str, int] = {}

    async def want(self, intents: Iterable[Intent]) -> None:
        """From now on these are to be done, and no others."""
        if self._closed:
            return
        ordered = sorted(intents, key=lambda one: (one.urgent_at, one.key))
        async with self._something:
            self._wanted = {one.key: one for one in ordered}
            self._something.notify_all()

    async def tell(self, event: Event, job: JobView, note: str) -> None:
        """An event that goes with no write."""
        self._events.append(self._event(event, job.metadata, note))
        async with self._something:
            self._something.notify()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to be written."""
        return not self._wanted and not self._in_flight and not self._events

    async def drain(self) -> None:
        """Forget what was not begun, and return when what was begun is written."""
        await self.want(())
        self._closed = True
        while self._in_flight:
            await asyncio.sleep(0.05)

    async def run(self) -> None:
        """Work for as long as the task lives."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            async with self._something:
                while (one := self._next()) is None and not self._events:
                    try:
                        # Not wait_for: on Python 3.11 it may swallow a cancellation.
                        async with asyncio.timeout(1.0):
                            await self._something.wait()
                    except TimeoutError:
                        continue
            if one is not None:
                try:
                    await self._carry_out(one)
                finally:
                    self._in_flight.discard(one.key)
            elif self._events:
                await self._write_event(self._events.popleft())

    def _next(self) -> Intent | None:
        now = time.monotonic()
        for key, one in self._wanted.items():
            if key in self._in_flight:
                continue
            failing = self._failing.get(key)
            if failing is not None and failing[1] > now:
                continue
            del self._wanted[key]
            self._in_flight.add(key)
            return one
        return None

    async def _carry_out(self, one: Intent) -> None:
        try:
            raw = await self._applier.apply(one.path, one.body, manager=names.ACTUATOR)
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return
            # Somebody wrote in between: the next look at the Job decides anew.
            if refused.code != CONFLICT:
                log.warning("%s: %s", one.key, refused)
            backoff, _ = self._failing.setdefault(one.key, (Backoff(first_s=0.5), 0.0))
            self._failing[one.key] = backoff, time.monotonic() + backoff.next_s()
            return
        except (Fenced, Unreachable) as error:
            log.info("%s: %s", one.key, error)
            return
        self._failing.pop(one.key, None)
        self._stored(raw)
        if one.event is not None:
            self.acted[one.event] = self.acted.get(one.event, 0) + 1
            meta = one.body["metadata"]
            self._events.append(
                self._regarding(one.event, meta["namespace"], meta["name"], meta["uid"], one)
            )

    def _event(self, event: Event, meta: Any, note: str) -> dict[str, Any]:
        return self._made(event, meta.namespace, meta.name, meta.uid, note)

    def _regarding(
        self, event: Event, namespace: str, name: str, uid: str, one: Intent
    ) -> dict[str, Any]:
        return self._made(event, namespace, name, uid, f"{one.reason.value}: {one.note}")

    def _made(self, event: Event, namespace: str, name: str, uid: str, note: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{name[:200]}.{time.time_ns():x}",
                "namespace": namespace,
            },
            "eventTime": micro_text(now),
            "reportingController": f"{names.GROUP}/operator",
            "reportingInstance": self._identity[:128],
            "action": event.removeprefix("Energy"),
            "reason": event.value,
            "type": "Warning" if event in WARNINGS else "Normal",
            "note": note[:LONGEST_NOTE],
            "regarding": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "namespace": namespace,
                "name": name,
                "uid": uid,
            },
        }

    async def _write_event(self, event: dict[str, Any]) -> None:
        space = event["metadata"]["namespace"]
        path = f"/apis/events.k8s.io/v1/namespaces/{space}/events"
        try:
            await self._applier.create(path, event, manager=names.ACTUATOR)
        except Fenced:
            # What has happened stays true: it is told as soon as this process leads again.
            self._events.appendleft(event)
            await asyncio.sleep(TELL_AGAIN_S)
        except (Refused, Unreachable) as error:
            log.info("event %s of %s: %s", event["reason"], event["regarding"]["name"], error)
