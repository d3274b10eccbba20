"""A wire between the operator and the API server that a test can cut, or make swallow all."""

import contextlib
import selectors
import socket
import threading
from urllib.parse import urlsplit

from tests.controlplane.processes import free_port


class Wire:
    """Forwards bytes between a port of its own and a server, until told otherwise."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._swallows = threading.Event()
        self._dead: set[socket.socket] = set()
        self._ended = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(0.2)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def swallow(self) -> None:
        """From now on nothing gets through, and nobody is told: packets are dropped."""
        self._swallows.set()

    def swallow_open(self) -> None:
        """Nothing more gets through what is open, and nobody is told; new connections work."""
        self._dead.update(one for pair in self._pairs for one in pair)

    def carry(self) -> None:
        """New connections get through again; those that were swallowed stay dead."""
        self.cut()
        self._swallows.clear()

    def cut(self) -> None:
        """Close every connection."""
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._pairs = []

    def close(self) -> None:
        self._ended.set()
        self.cut()
        for one in self._threads:
            one.join(timeout=5)
        self._listener.close()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                near.close()
                continue
            self._pairs.append((near, far))
            thread = threading.Thread(target=self._forward, args=(near, far), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _forward(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as ready, near, far:
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while not self._ended.is_set():
                for key, _ in ready.select(timeout=0.2):
                    source, sink = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    try:
                        chunk = source.recv(65536)
                        if not chunk:
                            return
                        if not self._swallows.is_set() and source not in self._dead:
                            sink.sendall(chunk)
                    except OSError:
                        return
