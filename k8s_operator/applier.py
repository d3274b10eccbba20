"""Every write to the cluster: rate-limited, fenced, with the object's uid in it.

Server-side apply with `uid`: an apply to an object that has gone is refused and never makes it
anew. A server that asks for patience gets it. A writer that is no longer sure to lead writes
nothing.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from k8s_operator.backoff import Backoff
from k8s_operator.connection import APPLY, JSON, JSON_PATCH, MERGE, Connection, Refused, Unreachable

CONFLICT, TOO_MANY, NOT_FOUND, SERVER_FAULT = 409, 429, 404, 500
TRIES = 6
#: Of one write: a wait as long as was asked for must do, whatever the sum of two times rounds to.
ROUND_OFF = 1e-9


class Fenced(Exception):
    """This process is not sure to lead: it writes nothing."""


class Bucket:
    """So many writes a second, and a few at once after a pause."""

    def __init__(
        self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin full."""
        self._per_s, self._burst, self._clock = per_s, float(burst), clock
        self._left, self._at = float(burst), clock()

    async def take(self) -> None:
        """Return when one more write is allowed."""
        while (wait_s := self.wait_s()) > 0:
            await asyncio.sleep(wait_s)

    def wait_s(self) -> float:
        """Take one, or say how long to wait for it. [s]"""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left >= 1 - ROUND_OFF:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._per_s


class Applier:
    """The one who writes.

    Attributes:
        counts: Writes by what they were and how they ended.
    """

    def __init__(
        self,
        connection: Connection,
        bucket: Bucket,
        *,
        may_write: Callable[[], bool],
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._connection, self._bucket = connection, bucket
        self._may_write, self._backoff = may_write, backoff
        self.counts: dict[tuple[str, str], int] = {}

    async def apply(
        self, path: str, body: Mapping[str, Any], *, manager: str, force: bool = True
    ) -> bytes:
        """Server-side apply; `body` must name the uid of what it is meant for."""
        assert body["metadata"].get("uid"), "an apply without a uid may make an object anew"
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        return await self._write("PATCH", path, body, APPLY, query)

    async def merge_status(self, path: str, body: Mapping[str, Any], *, manager: str) -> bytes:
        """Merge into the status of an object."""
        return await self._write("PATCH", f"{path}/status", body, MERGE, {"fieldManager": manager})

    async def merge(self, path: str, body: Mapping[str, Any], *, manager: str) -> bytes:
        """Merge into an object."""
        return await self._write("PATCH", path, body, MERGE, {"fieldManager": manager})

    async def patch(self, path: str, steps: list[dict[str, Any]], *, manager: str) -> bytes:
        """Change single places of an object; `steps` must test the uid of what they are for."""
        assert any(one["op"] == "test" and one["path"] == "/metadata/uid" for one in steps)
        return await self._write("PATCH", path, steps, JSON_PATCH, {"fieldManager": manager})

    async def create(self, path: str, body: Mapping[str, Any], *, manager: str) -> bytes:
        """Make an object."""
        return await self._write("POST", path, body, JSON, {"fieldManager": manager})

    async def delete(self, path: str) -> bytes:
        """Remove an object of ours."""
        return await self._write("DELETE", path, None, JSON, {})

    async def _write(
        self, method: str, path: str, body: Any, kind: str, query: Mapping[str, str]
    ) -> bytes:
        what = _what(path)
        backoff = self._backoff()
        for attempt in range(1, TRIES + 1):
            await self._bucket.take()
            if not self._may_write():
                self._count(what, "fenced")
                raise Fenced(f"{method} {path}: this process is not sure to lead")
            try:
                answer = await self._connection.call(method, path, body, kind=kind, query=query)
            except Refused as refused:
                self._count(what, str(refused.code))
                patient = refused.code == TOO_MANY or refused.code >= SERVER_FAULT
                if not patient or attempt == TRIES:
                    raise
                await asyncio.sleep(max(refused.retry_after_s or 0.0, backoff.next_s()))
            except Unreachable:
                self._count(what, "unreachable")
                raise
            else:
                self._count(what, "ok")
                return answer
        raise AssertionError("the last try returns or raises")

    def _count(self, what: str, how: str) -> None:
        self.counts[what, how] = self.counts.get((what, how), 0) + 1


def _what(path: str) -> str:
    """The resource of a path.

    >>> _what("/apis/batch/v1/namespaces/team-a/jobs/bert")
    'jobs'
    """
    parts = path.strip("/").split("/")
    rest = parts[2 if parts[0] == "api" else 3 :]
    inside = rest[0] == "namespaces" and rest[2:]
    return inside[0] if inside else rest[0]
