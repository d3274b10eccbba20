"""Who leads: one Lease, renewed; and who may write: one who knows that it still holds it.

Two clocks that differ must not make two leaders, so another's renewal is timed from when it was
first seen here. A process that was frozen wakes up with a renewal too old, and writes nothing.
Two processes told the same identity must not make two leaders either: each knows its own Lease by
a word that no other process has.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from k8s_operator import names
from k8s_operator.connection import Connection, Refused, Unreachable
from k8s_operator.instants import micro_text
from k8s_operator.settings import LeaseSettings

log = logging.getLogger(__name__)
NOT_FOUND, CONFLICT = 404, 409


@dataclass(slots=True)
class _Seen:
    """Another's renewal, and when it was first seen here."""

    renewal: tuple[str, str] = ("", "")
    at_s: float = 0.0


class Leadership:
    """This process's part in the election.

    Attributes:
        leads: Whether it held the Lease at its last renewal.
        holder: Who held it when last looked at.
    """

    def __init__(
        self,
        connection: Connection,
        namespace: str,
        identity: str,
        settings: LeaseSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection, self._identity, self._settings = connection, identity, settings
        self._root = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._clock, self._namespace = clock, namespace
        self._process, self._met_namesake = secrets.token_hex(8), False
        self._seen = _Seen()
        self._renewed_s = float("-inf")
        self.leads = False
        self.holder = ""
        self.began = asyncio.Event()

    def may_write(self) -> bool:
        """Whether the Lease is surely still this process's: renewed not long ago."""
        return self.leads and self._clock() - self._renewed_s < self._settings.renews_within_s

    async def run(self) -> None:
        """Hold the Lease, or stand by for it, for as long as the task lives."""
        while True:
            await self.turn()
            await asyncio.sleep(self._settings.retries_every_s)

    async def turn(self) -> None:
        """One try to renew or to take the Lease."""
        asked_s = self._clock()
        try:
            async with asyncio.timeout(self._settings.renews_within_s):
                held = await self._try()
        except (TimeoutError, Refused, Unreachable) as error:
            log.warning("lease: %s", error)
            held = self.leads and asked_s - self._renewed_s < self._settings.renews_within_s
        else:
            if held:
                self._renewed_s = asked_s
        self._is(held)

    def _is(self, leads: bool) -> None:
        if leads != self.leads:
            log.info("lease: %s %s", self._identity, "leads" if leads else "leads no more")
        self.leads = leads
        if leads:
            self.began.set()
        else:
            self.began.clear()

    async def _try(self) -> bool:
        path = f"{self._root}/{self._settings.name}"
        try:
            lease = msgspec.json.decode(await self._connection.call("GET", path))
        except Refused as refused:
            if refused.code != NOT_FOUND:
                raise
            return await self._put("POST", self._root, self._lease({}))
        spec = lease.get("spec", {})
        self.holder = spec.get("holderIdentity") or ""
        if self.holder and not self._is_mine(lease) and not self._is_stale(spec):
            if self.holder == self._identity and not self._met_namesake:
                self._met_namesake = True
                log.error(
                    "lease: another process called %s too holds it; if that one still runs, "
                    "give each replica an identity of its own",
                    self._identity,
                )
            return False
        return await self._put("PUT", path, self._lease(lease))

    def _is_mine(self, lease: dict[str, Any]) -> bool:
        """Whether this very process holds it, and no other of its name."""
        process = lease["metadata"].get("annotations", {}).get(names.PROCESS)
        return self.holder == self._identity and process == self._process

    def _is_stale(self, spec: dict[str, Any]) -> bool:
        """Whether the holder has not renewed for as long as it promised, by this clock."""
        renewal = (spec.get("holderIdentity", ""), spec.get("renewTime", ""))
        if renewal != self._seen.renewal:
            self._seen = _Seen(renewal, self._clock())
        lasts_s = spec.get("leaseDurationSeconds") or self._settings.lasts_s
        return self._clock() - self._seen.at_s > max(float(lasts_s), self._settings.lasts_s)

    def _lease(self, found: dict[str, Any]) -> dict[str, Any]:
        now = micro_text(datetime.now(UTC))
        before = found.get("spec", {})
        mine = bool(found) and self._is_mine(found)
        meta: dict[str, Any] = {
            "name": self._settings.name,
            "namespace": self._namespace,
            "annotations": {names.PROCESS: self._process},
        }
        if found:
            meta["resourceVersion"] = found["metadata"]["resourceVersion"]
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": meta,
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": max(1, round(self._settings.lasts_s)),
                "acquireTime": before.get("acquireTime", now) if mine else now,
                "renewTime": now,
                "leaseTransitions": before.get("leaseTransitions", 0) + (not mine and bool(found)),
            },
        }

    async def _put(self, method: str, path: str, lease: dict[str, Any]) -> bool:
        try:
            await self._connection.call(method, path, lease)
        except Refused as refused:
            if refused.code == CONFLICT:
                return False
            raise
        self.holder = self._identity
        return True

    async def release(self) -> None:
        """Give the Lease back, so that a standby takes over at once."""
        if not self.leads:
            return
        path = f"{self._root}/{self._settings.name}"
        try:
            lease = msgspec.json.decode(await self._connection.call("GET", path))
            self.holder = lease["spec"].get("holderIdentity") or ""
            if self._is_mine(lease):
                lease["spec"]["holderIdentity"] = ""
                await self._connection.call("PUT", path, lease)
        except (Refused, Unreachable) as error:
            log.warning("lease: not released: %s", error)
        self._is(False)
