"""Looks every few minutes at what is measured at the Sites, and keeps what it saw last.

A source that cannot be read is told on its Site and tried again; what was read of it before stands,
and grows old, which the forecast itself takes into account.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from k8s_operator.connection import Connection, Refused, Unreachable
from k8s_operator.measured import HOUR, MOST_HOURS, hourly, mean_query, read_csv, read_prometheus
from k8s_operator.planning.question import Hours
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.views import SiteView

log = logging.getLogger(__name__)
LARGEST_BYTES = 8 * 2**20
PLANTS = ("wind", "pv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that is measured: its hours as last read, and why it cannot be read now."""

    hours: Hours | None = None
    failed: str = ""


class Observer:
    """Reads for all Sites.

    Attributes:
        seen: By Site, then by `wind`, `pv` and `power`.
    """

    def __init__(self, connection: Connection, settings: OperatorSettings, clock: Clock) -> None:
        """Read ConfigMaps through `connection`, all else over HTTP."""
        self._connection, self._settings, self._clock = connection, settings, clock
        self.seen: dict[str, dict[str, Seen]] = {}

    def plants(self, site: str) -> dict[str, Hours]:
        """What its plants gave, of those that are measured."""
        found = self.seen.get(site, {})
        return {name: one.hours for name in PLANTS if (one := found.get(name)) and one.hours}

    def drawn_kw(self, site: str) -> float | None:
        """What it drew in the last hour that was measured. [kW]"""
        one = self.seen.get(site, {}).get("power")
        return None if one is None or one.hours is None else one.hours.power_kw[-1]

    async def look(self, sites: Iterable[SiteView]) -> None:
        """Read everything once."""
        limit = aiohttp.ClientTimeout(total=self._settings.request_timeout_s)
        wanted = {one.metadata.name: one.spec.get("observations", {}) for one in sites}
        self.seen = {name: one for name, one in self.seen.items() if wanted.get(name)}
        async with aiohttp.ClientSession(timeout=limit) as session:
            for name, sources in wanted.items():
                for what, source in sources.items():
                    before = self.seen.setdefault(name, {}).get(what, Seen())
                    self.seen[name][what] = await self._one(session, source, before)
                    if failed := self.seen[name][what].failed:
                        log.warning("site %s: observations.%s: %s", name, what, failed)

    async def _one(
        self, session: aiohttp.ClientSession, source: dict[str, Any], before: Seen
    ) -> Seen:
        now = self._clock.now()
        try:
            return Seen(hours=await self._read(session, source, now))
        except (Refused, Unreachable, ValueError) as error:
            failed = str(error)
        except (aiohttp.ClientError, TimeoutError) as error:
            failed = f"cannot be reached: {str(error) or type(error).__name__}"
        return Seen(hours=before.hours, failed=failed)

    async def _read(
        self, session: aiohttp.ClientSession, source: dict[str, Any], now: datetime
    ) -> Hours:
        if (asked := source.get("configMap")) is not None:
            name, key = asked["name"], asked.get("key", "power.csv")
            path = f"/api/v1/namespaces/{self._settings.namespace}/configmaps/{name}"
            data = msgspec.json.decode(await self._connection.call("GET", path)).get("data", {})
            if key not in data:
                raise ValueError(f"ConfigMap {name} has no key {key}; add it")
            return hourly(read_csv(data[key]), now=now)
        if (asked := source.get("http")) is not None:
            raw = await fetched(session, asked["url"], {})
            return hourly(read_csv(raw.decode(errors="replace")), now=now)
        if not self._settings.prometheus_url:
            raise ValueError("no Prometheus is known; set ALIZE_OPERATOR_PROMETHEUS_URL")
        last = now.replace(minute=0, second=0, microsecond=0)
        query = {
            "query": mean_query(source["prometheus"]["query"]),
            "start": str((last - MOST_HOURS * HOUR).timestamp()),
            "end": str(last.timestamp()),
            "step": str(HOUR.total_seconds()),
        }
        root = self._settings.prometheus_url.rstrip("/")
        raw = await fetched(session, f"{root}/api/v1/query_range", query)
        return hourly(read_prometheus(raw), now=now)

    async def run(self, sites: Any) -> None:
        """Look for as long as the task lives; `sites` tells which there are."""
        while True:
            await self.look(list(sites()))
            await asyncio.sleep(self._settings.observe_every_s)


async def fetched(session: aiohttp.ClientSession, url: str, query: dict[str, str]) -> bytes:
    """What an address answers.

    Raises:
        ValueError: It answers no, or too much.
    """
    async with session.get(url, params=query) as answer:
        raw = await answer.content.read(LARGEST_BYTES + 1)
        while len(raw) <= LARGEST_BYTES and (more := await answer.content.read(LARGEST_BYTES)):
            raw += more
        if len(raw) > LARGEST_BYTES:
            raise ValueError(f"more than {LARGEST_BYTES // 2**20} MiB; keep 90 days of hours")
        # Prometheus tells in its answer what is wrong with a query.
        if not answer.ok and answer.content_type != "application/json":
            raise ValueError(f"answers {answer.status}; look at its address")
        return raw
