"""Requests as they came, read where they are kept: hours for forecasts, the newest for a surge.

What cannot be true is refused with what to do, and what was read before stands and grows old. A
surge is held for ten minutes, so that a floor raised by it does not come and go.
"""

import asyncio
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import msgspec

from k8s_operator.connection import Connection, Refused, Unreachable
from k8s_operator.measured import (
    HOUR,
    MOST_HOURS,
    Point,
    hourly,
    mean_query,
    read_csv,
    read_prometheus,
)
from k8s_operator.observer import fetched
from k8s_operator.planning.question import Rates
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.views import ProfileView

log = logging.getLogger(__name__)
#: So many times what the profile states is taken for another unit.
INCREDIBLE = 100
NEWEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """Requests of one region: its hours as last read, the newest rates, why it cannot be read."""

    hours: Rates | None = None
    newest: tuple[Point, ...] = ()
    failed: str = ""

    def highest_rps(self, now: datetime) -> float | None:
        """Of the newest; None where nothing new is known. [1/s]"""
        recent = [rps for at, rps in self.newest if now - NEWEST <= at <= now]
        return max(recent, default=None)


class DemandWatch:
    """Reads for all profiles.

    Attributes:
        seen: By profile's `namespace/name`, then by region.
    """

    def __init__(self, connection: Connection, settings: OperatorSettings, clock: Clock) -> None:
        """Read ConfigMaps through `connection`, all else over HTTP."""
        self._connection, self._settings, self._clock = connection, settings, clock
        self.seen: dict[str, dict[str, Came]] = {}

    def records(self, key: str) -> dict[str, Rates]:
        """Hours by region, of a profile's regions that could be read."""
        return {name: one.hours for name, one in self.seen.get(key, {}).items() if one.hours}

    def surge_rps(self, view: ProfileView) -> float:
        """Requests of all regions together as they came last; 0 where one of them is not known."""
        now, found = self._clock.now(), self.seen.get(view.key, {})
        regions = [one["name"] for one in view.spec.get("demand", ())]
        newest = [found.get(name, Came()).highest_rps(now) for name in regions]
        return 0.0 if None in newest else sum(rps for rps in newest if rps is not None)

    def failures(self, key: str) -> tuple[str, ...]:
        """Why regions cannot be read."""
        found = self.seen.get(key, {})
        return tuple(f"{name}: {one.failed}" for name, one in sorted(found.items()) if one.failed)

    async def run(self, views: Any) -> None:
        """Look for as long as the task lives; `views` tells which profiles there are."""
        while True:
            await self.look(list(views()))
            await asyncio.sleep(self._settings.demand_every_s)

    async def look(self, views: Iterable[ProfileView]) -> None:
        """Read everything once."""
        limit = aiohttp.ClientTimeout(total=self._settings.request_timeout_s)
        wanted = {one.key: one.spec for one in views if one.spec.get("demandSources")}
        self.seen = {key: one for key, one in self.seen.items() if key in wanted}
        async with aiohttp.ClientSession(timeout=limit) as session:
            for key, spec in wanted.items():
                there = self.seen.get(key, {})
                self.seen[key] = {
                    one["region"]: await self._one(
                        session, one, _stated(spec, one["region"]), there.get(one["region"], Came())
                    )
                    for one in spec["demandSources"]
                }

    async def _one(
        self,
        session: aiohttp.ClientSession,
        source: Mapping[str, Any],
        stated_rps: float | None,
        before: Came,
    ) -> Came:
        now = self._clock.now()
        if stated_rps is None:
            return replace(before, failed="needs an entry of demand with meanRps; add it")
        try:
            points, newest = await self._read(session, source, now)
            for _, rps in (*points, *newest):
                _credible(rps, stated_rps)
            hours = hourly(points, now=now)
        except (Refused, Unreachable, ValueError) as error:
            return replace(before, failed=str(error))
        except (aiohttp.ClientError, TimeoutError) as error:
            return replace(before, failed=f"cannot be reached: {error or type(error).__name__}")
        kept = [one for one in (*before.newest, *newest) if now - NEWEST <= one[0] <= now]
        return Came(
            hours=Rates(start=hours.start, rps=hours.power_kw), newest=tuple(dict.fromkeys(kept))
        )

    async def _read(
        self, session: aiohttp.ClientSession, source: Mapping[str, Any], now: datetime
    ) -> tuple[list[Point], list[Point]]:
        """All points, and the newest rates."""
        if (asked := source.get("prometheus")) is not None:
            return await self._ask(session, asked["query"], now)
        if (asked := source.get("configMap")) is not None:
            name, key = asked["name"], asked.get("key", "requests.csv")
            path = f"/api/v1/namespaces/{self._settings.namespace}/configmaps/{name}"
            data = msgspec.json.decode(await self._connection.call("GET", path)).get("data", {})
            if key not in data:
                raise ValueError(f"ConfigMap {name} has no key {key}; add it")
            text = data[key]
        else:
            text = (await fetched(session, source["http"]["url"], {})).decode(errors="replace")
        points = list(read_csv(text, unit="requests a second"))
        return points, [one for one in points if not math.isnan(one[1])]

    async def _ask(
        self, session: aiohttp.ClientSession, query: str, now: datetime
    ) -> tuple[list[Point], list[Point]]:
        if not self._settings.prometheus_url:
            raise ValueError("no Prometheus is known; set ALIZE_OPERATOR_PROMETHEUS_URL")
        root = self._settings.prometheus_url.rstrip("/")
        last = now.replace(minute=0, second=0, microsecond=0)
        span = {
            "query": mean_query(query),
            "start": str((last - MOST_HOURS * HOUR).timestamp()),
            "end": str(last.timestamp()),
            "step": str(HOUR.total_seconds()),
        }
        hours = list(read_prometheus(await fetched(session, f"{root}/api/v1/query_range", span)))
        minute = timedelta(minutes=1)
        recent = {
            "query": query,
            "start": str((now - minute).timestamp()),
            "end": str(now.timestamp()),
            "step": str(minute.total_seconds()),
        }
        raw = await fetched(session, f"{root}/api/v1/query_range", recent)
        # Here an instant is its own, and no hour ends at it.
        newest = [(at + HOUR, rps) for at, rps in read_prometheus(raw) if not math.isnan(rps)]
        return hours, newest


def _stated(spec: Mapping[str, Any], region: str) -> float | None:
    """Mean that the profile states; None where it states none. [1/s]"""
    for one in spec.get("demand", ()):
        if one["name"] == region and "meanRps" in one:
            return float(one["meanRps"])
    return None


def _credible(rps: float, stated_rps: float) -> None:
    if rps < 0:
        raise ValueError(f"must not be negative, got {rps:g} requests a second; correct the source")
    if rps > INCREDIBLE * stated_rps:
        raise ValueError(
            f"got {rps:g} requests a second, more than {INCREDIBLE} times the meanRps of "
            f"{stated_rps:g}; is it a count, or per minute? Correct the source or meanRps"
        )
