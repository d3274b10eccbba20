"""What only etcd itself can be asked for, through its own HTTP gateway."""

import json
import urllib.request
from typing import Any

from tests.controlplane.controlplane import ControlPlane


def compact(plane: ControlPlane) -> None:
    """Make it forget every version but the newest."""

    def ask(path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{plane.etcd_port}{path}", json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    # A few writes of its own move the version on past what was seen.
    for _ in range(5):
        ask("/v3/kv/put", {"key": "eA==", "value": "eA=="})
    revision = ask("/v3/kv/range", {"key": "eA=="})["header"]["revision"]
    ask("/v3/kv/compaction", {"revision": revision, "physical": True})
