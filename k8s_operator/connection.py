"""The one door to the API server: raw bytes over the official client's authentication.

It knows paths and bodies, and no object. An answer that is a refusal becomes an error whose class
says what to do next; a connection that fails becomes `Unreachable`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from kubernetes.aio import config
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
LARGEST_WATCH_LINE_BYTES = 2**23
REFUSED = 400
CLOSING_S = 0.25


class Refused(Exception):
    """The API server said no.

    Attributes:
        code: Of the answer.
        retry_after_s: When to try again, where it says so. [s]
    """

    def __init__(self, code: int, message: str, retry_after_s: float | None = None) -> None:
        """Keep what was said."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retry_after_s = code, message, retry_after_s


class Unreachable(Exception):
    """No answer: the server is away, or the connection broke. Try again later."""


class Connection:
    """An account's connection to one API server."""

    def __init__(self, configuration: Any, *, timeout_s: float, user_agent: str) -> None:
        """Use `load`, which finds the account."""
        self._configuration = configuration
        self._host = configuration.host.rstrip("/")
        self._timeout_s = timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=64, ssl=RESTClientObject(configuration).ssl_context
            ),
            headers={"User-Agent": user_agent},
            read_bufsize=2**18,
            auto_decompress=True,
        )

    @staticmethod
    async def load(
        kubeconfig: Path | None = None,
        context: str | None = None,
        *,
        timeout_s: float = 30.0,
        user_agent: str = "alize",
    ) -> "Connection":
        """As a pod's own account where there is one and no file is named, else by kubeconfig."""
        configuration = Configuration()
        in_cluster = Path("/var/run/secrets/kubernetes.io/serviceaccount/token").is_file()
        if kubeconfig is None and in_cluster:
            config.load_incluster_config(client_configuration=configuration)
        else:
            await config.load_kube_config(
                config_file=None if kubeconfig is None else str(kubeconfig),
                context=context,
                client_configuration=configuration,
            )
        return Connection(configuration, timeout_s=timeout_s, user_agent=user_agent)

    async def close(self) -> None:
        """End all that is open."""
        await self._session.close()
        # TLS transports end a little later than the session that owned them (aiohttp, "Graceful
        # shutdown").
        await asyncio.sleep(CLOSING_S)

    async def _headers(self, kind: str | None) -> dict[str, str]:
        headers = {"Accept": JSON}
        if kind:
            headers["Content-Type"] = kind
        for one in (await self._configuration.auth_settings()).values():
            if one["value"]:
                headers["Authorization"] = str(one["value"])
        return headers

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = JSON,
        query: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> bytes:
        """The answer's raw bytes.

        Raises:
            Refused: With the server's code and words.
            Unreachable: Where there is no answer in time.
        """
        data = None if body is None else msgspec.json.encode(body)
        limit = aiohttp.ClientTimeout(total=timeout_s or self._timeout_s)
        try:
            async with self._session.request(
                method,
                self._host + path,
                data=data,
                params=dict(query or {}),
                headers=await self._headers(kind if data is not None else None),
                timeout=limit,
            ) as answer:
                text = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{method} {path}: {type(error).__name__} {error}") from error
        if answer.status >= REFUSED:
            raise refusal(answer.status, text, answer.headers.get("Retry-After"))
        return text

    @asynccontextmanager
    async def lines(
        self, path: str, query: Mapping[str, str], *, silence_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of a watch, as they come.

        Raises:
            Refused: The watch was refused.
            Unreachable: It broke, or nothing came for `silence_s`.
        """
        limit = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=silence_s)
        try:
            async with self._session.get(
                self._host + path,
                params=dict(query),
                headers=await self._headers(None),
                timeout=limit,
            ) as answer:
                if answer.status >= REFUSED:
                    text = await answer.read()
                    raise refusal(answer.status, text, answer.headers.get("Retry-After"))
                yield _lines(answer.content)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"watch {path}: {type(error).__name__} {error}") from error


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Split at line ends; a line may be longer than the reader's buffer."""
    rest = b""
    async for chunk in content.iter_any():
        rest += chunk
        *whole, rest = rest.split(b"\n")
        for line in whole:
            if line:
                yield line
        if len(rest) > LARGEST_WATCH_LINE_BYTES:
            raise Unreachable(f"watch: a line of more than {LARGEST_WATCH_LINE_BYTES} bytes")


def refusal(code: int, text: bytes, retry_after: str | None) -> Refused:
    """The error for a refusing answer."""
    try:
        message = str(json.loads(text).get("message", ""))
    except ValueError:
        message = text.decode(errors="replace")[:300]
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return Refused(code, message, seconds)
