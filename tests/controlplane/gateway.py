"""The definition of HTTPRoute, as the Gateway API's own module has it: pinned, checked, kept.

Apache-2.0, and never copied into this repository: the module stands in Go's cache, what is needed
of it beside the programs of the control plane.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.controlplane.tools import CACHE, HERE, NoControlPlane, find_go

MODULE = "sigs.k8s.io/gateway-api"
FILE = "gateway.networking.k8s.io_httproutes.yaml"
FOLDER = HERE / "gateway-api"


def routes() -> Path | None:
    """Where the definition is; None where `make controlplane` has not fetched it."""
    path = _kept()
    return path if path.is_file() else None


def build_routes() -> Path:
    """The definition, fetched where it is not there yet.

    Raises:
        NoControlPlane: It cannot be had.
    """
    if (there := routes()) is not None:
        return there
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    done = subprocess.run(
        [*find_go(), "mod", "download", "-json", MODULE],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoControlPlane(
            f"{MODULE}: cannot be fetched: {(done.stdout + done.stderr).strip()[-500:]}; "
            "the Go module proxy must be reachable"
        )
    source = Path(json.loads(done.stdout)["Dir"]) / "config" / "crd" / "standard" / FILE
    path = _kept()
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    shutil.copyfile(source, scratch)
    scratch.replace(path)
    return path


def _kept() -> Path:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((FOLDER / name).read_bytes())
    return CACHE / f"gateway-api-{digest.hexdigest()[:16]}" / FILE
