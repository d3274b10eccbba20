"""A small, synchronous hand into an API server, for arranging tests and looking at what came of it.

It shares nothing with the operator's own client, so that one cannot hide the other's mistakes.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

CONTENT = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


class ApiError(RuntimeError):
    """The API server refused; `code` and `message` are its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Api:
    """One account's hand."""

    def __init__(self, url: str, ca: str, token: str) -> None:
        self.url, self.token = url, token
        self._context = ssl.create_default_context(cafile=ca)
        self._local = threading.local()
        self._opened: list[HTTPSConnection] = []
        #: What the server warned of in its last answer.
        self.warnings: list[str] = []

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        impersonate: str | None = None,
        **query: Any,
    ) -> Any:
        """The answer, parsed."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        if impersonate:
            headers["Impersonate-User"] = impersonate
        target = path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, target, data, headers)
                answer = connection.getresponse()
                text = answer.read()
                break
            except (OSError, ssl.SSLError):
                connection.close()
                self._local.connection = None
                # A connection kept open may have been closed by the other side.
                if attempt == 2:
                    raise
        self.warnings = answer.headers.get_all("Warning") or []
        return _parsed(answer, text)

    def _connection(self) -> HTTPSConnection:
        if getattr(self._local, "connection", None) is None:
            parts = urlsplit(self.url)
            self._local.connection = HTTPSConnection(
                parts.hostname or "", parts.port, context=self._context, timeout=60
            )
            self._opened.append(self._local.connection)
        connection: HTTPSConnection = self._local.connection
        return connection

    def close(self) -> None:
        for one in self._opened:
            one.close()

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any, **query: Any) -> Any:
        return self.call("POST", path, body, **query)

    def put(self, path: str, body: Any) -> Any:
        return self.call("PUT", path, body)

    def delete(self, path: str, **query: Any) -> Any:
        return self.call("DELETE", path, **query)

    def merge(self, path: str, body: Any, **query: Any) -> Any:
        return self.call("PATCH", path, body, kind=CONTENT["merge"], **query)

    def apply(self, path: str, body: Any, manager: str = "test", *, force: bool = True) -> Any:
        return self.call(
            "PATCH",
            path,
            body,
            kind=CONTENT["apply"],
            fieldManager=manager,
            force=str(force).lower(),
        )

    def items(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every object of a collection, page by page."""
        while True:
            page = self.get(path, limit=500, **query)
            yield from page["items"]
            if not (more := page["metadata"].get("continue")):
                return
            query["continue"] = more

    def ready(self) -> bool:
        return bool(self.call("GET", "/readyz") == "ok")


def _parsed(answer: HTTPResponse, text: bytes) -> Any:
    if not answer.headers.get_content_type().endswith("json"):
        if answer.status >= 300:
            raise ApiError(answer.status, text.decode(errors="replace"))
        return text.decode()
    found = json.loads(text)
    if answer.status >= 300:
        raise ApiError(answer.status, str(found.get("message", found)))
    return found
