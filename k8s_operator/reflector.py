"""A copy of one kind's objects that follows the API server, whatever happens to the connection.

List in pages, then watch from there with bookmarks. A broken watch resumes where it was; one whose
version is too old lists again; one that is silent for too long is broken. Its objects are views,
read from raw bytes. It tells what changed by a counter and an event, and acts on nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from k8s_operator.backoff import Backoff
from k8s_operator.connection import Connection, Refused, Unreachable
from k8s_operator.settings import WatchSettings
from k8s_operator.views import Meta

log = logging.getLogger(__name__)
V = TypeVar("V")
GONE = 410


class _Envelope(msgspec.Struct):
    """A watch event whose object is not read yet."""

    type: str
    object: msgspec.Raw


class _ListMeta(msgspec.Struct, rename={"resource_version": "resourceVersion", "more": "continue"}):
    """Where a list stands."""

    resource_version: str = ""
    more: str = ""


class _Bare(msgspec.Struct):
    """Any object, by its metadata."""

    metadata: Meta


class _Status(msgspec.Struct):
    """An error told inside a watch."""

    code: int = 0
    message: str = ""


class _BareVersion(msgspec.Struct):
    """A bookmark."""

    metadata: _ListMeta


class Reflector(Generic[V]):
    """The objects of one collection, by `namespace/name`, or `name` where there is no namespace.

    Attributes:
        objects: As they were last seen.
        synced: Set once the first list is complete.
        revision: Grows with each change.
        restarts: How often the watch was taken up again, by reason.
        seen_s: When something was last heard, by the monotonic clock. [s]
    """

    def __init__(
        self,
        connection: Connection,
        path: str,
        view: type[V],
        settings: WatchSettings,
        *,
        selector: str = "",
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection, self._path, self._settings = connection, path, settings
        self._selector, self._changed = selector, changed
        page = msgspec.defstruct(
            f"{view.__name__}List",
            [("metadata", _ListMeta), ("items", list[view])],  # type: ignore[valid-type]
        )
        self._read_page: Any = msgspec.json.Decoder(page)
        self._read_one: Any = msgspec.json.Decoder(view)
        self._read_event = msgspec.json.Decoder(_Envelope)
        self._version = ""
        self.objects: dict[str, V] = {}
        self.synced = asyncio.Event()
        self.revision = 0
        self.restarts: dict[str, int] = {}
        self.seen_s = time.monotonic()

    @property
    def name(self) -> str:
        """The resource's name."""
        return self._path.rsplit("/", 1)[-1]

    async def run(self) -> None:
        """Follow for as long as the task lives."""
        settings = self._settings
        backoff = Backoff(first_s=settings.backoff_first_s, most_s=settings.backoff_most_s)
        while True:
            try:
                if not self._version:
                    await self._list()
                    backoff.reset()
                await self._watch(backoff)
                self._heard()
                self._restart("ended")
            except Refused as refused:
                if refused.code == GONE:
                    self._version = ""
                    self._restart("gone")
                    continue
                self._restart(str(refused.code))
                log.warning("%s: %s", self.name, refused)
                await asyncio.sleep(max(refused.retry_after_s or 0.0, backoff.next_s()))
            except Unreachable as error:
                silent = "Timeout" in str(error)
                self._restart("inactivity" if silent else "broken")
                log.info("%s: %s", self.name, error)
                await asyncio.sleep(backoff.next_s())

    def _restart(self, reason: str) -> None:
        self.restarts[reason] = self.restarts.get(reason, 0) + 1

    async def _list(self) -> None:
        """Take the whole collection, page by page, and put it in place at once."""
        found: dict[str, V] = {}
        query = {"limit": str(self._settings.page)}
        if self._selector:
            query["labelSelector"] = self._selector
        while True:
            page = self._read_page.decode(
                await self._connection.call("GET", self._path, query=query)
            )
            for one in page.items:
                found[_key(one.metadata)] = one
            if not page.metadata.more:
                break
            query["continue"] = page.metadata.more
        self.objects = found
        self._version = page.metadata.resource_version
        self._heard()
        self.synced.set()
        self._told()

    async def _watch(self, backoff: Backoff) -> None:
        settings = self._settings
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(max(1, round(settings.last_s()))),
        }
        if self._selector:
            query["labelSelector"] = self._selector
        async with self._connection.lines(self._path, query, silence_s=settings.silence_s) as lines:
            self._heard()
            async for line in lines:
                backoff.reset()
                self._heard()
                self._take(self._read_event.decode(line))

    def _take(self, event: _Envelope) -> None:
        if event.type == "ERROR":
            status = msgspec.json.decode(event.object, type=_Status)
            raise Refused(status.code, status.message)
        if event.type == "BOOKMARK":
            bookmark = msgspec.json.decode(event.object, type=_BareVersion)
            self._version = bookmark.metadata.resource_version
            return
        one = self._read_one.decode(event.object)
        key = _key(one.metadata)
        if event.type == "DELETED":
            self.objects.pop(key, None)
        else:
            self.objects[key] = one
        self._version = one.metadata.resource_version
        self._told()

    def put(self, raw: bytes) -> None:
        """Take the answer to a write of ours at once; the watch tells the same a little later."""
        one = self._read_one.decode(raw)
        key = _key(one.metadata)
        there: Any = self.objects.get(key)
        if there is not None and there.metadata.uid == one.metadata.uid:
            self.objects[key] = one

    def _heard(self) -> None:
        self.seen_s = time.monotonic()

    def _told(self) -> None:
        self.revision += 1
        self._changed()


def _key(meta: Meta) -> str:
    return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
