"""A replica of the operator as a process of its own, under the account its pod would have."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import yaml

from k8s_operator.install.manifests import manifests
from k8s_operator.install.rights import ACCOUNT
from tests.controlplane.controlplane import ControlPlane
from tests.controlplane.processes import end_with_parent, free_port, wait_until
from tests.operator.objects import WORLD

NAMESPACE = "alize-system"
ALIZE = Path(sys.executable).parent / "alize"
#: What is tested is the code beside these tests, wherever another copy is installed.
SOURCE = Path(__file__).parents[2]
#: A kind just defined is served after a second, on a busy machine after many.
INSTALLED_S = 120.0
#: Whether every time constant is as it ships, or at about a tenth.
FULL_LENGTH = os.environ.get("TIME_CONSTANTS") == "full"
SHORT = {
    "SETTLE_S": 0.5,
    "DECIDE_EVERY_S": 0.3,
    "SERVE_EVERY_S": 0.5,
    "SHIFT_EVERY_S": 2,
    "RETURN_AFTER_S": 15,
    "REPLAN_EVERY_S": 30,
    "WATCH__ENDS_AFTER_S": 10,
    "WATCH__SILENCE_S": 15,
    "WATCH__BACKOFF_FIRST_S": 0.1,
    "WATCH__BACKOFF_MOST_S": 3,
    "LEASE__LASTS_S": 3,
    "LEASE__RENEWS_WITHIN_S": 2,
    "LEASE__RETRIES_EVERY_S": 0.4,
    "REQUEST_TIMEOUT_S": 5,
    "DEAD_AFTER_S": 5,
}
QUICK = {
    **({} if FULL_LENGTH else SHORT),
    "STEP_MIN": 5,
    "HORIZON_H": 4,
    "PLANNER_NICE": 0,
}


def constant(full_s: float) -> float:
    """A time constant at full length, or at a tenth of it."""
    return full_s if FULL_LENGTH else full_s / 10


def install(plane: ControlPlane, **options: Any) -> None:
    """Apply the manifests as a user would; a kind just defined may take a moment."""
    for one in manifests(world=WORLD, **options):

        def applied(one: Any = one) -> bool:
            plane.apply(one)
            return True

        wait_until(f"{one['kind']} {one['metadata']['name']}", applied, within_s=INSTALLED_S)

    for kind in ("sites", "energypolicies", "inferenceprofiles", "energyplans"):
        path = f"/apis/alize.dev/v1alpha1/{kind}"
        wait_until(f"{kind} are served", partial(plane.admin.get, path), within_s=INSTALLED_S)


def clean_environment() -> dict[str, str]:
    """This process's, without settings of an operator, and with the code under test first."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALIZE_")}
    return kept | {"PYTHONPATH": str(SOURCE)}


class Replica:
    """One process of `alize operator run`."""

    def __init__(
        self, plane: ControlPlane, name: str, *, url: str | None = None, **settings: Any
    ) -> None:
        self.name, self.port = name, free_port()
        world = plane.folder / "world.yaml"
        world.write_text(yaml.safe_dump(WORLD))
        chosen = QUICK | {"NAMESPACE": NAMESPACE, "IDENTITY": name, "WORLD": world} | settings
        self._environment = {
            **clean_environment(),
            "KUBECONFIG": str(plane.kubeconfig_of(NAMESPACE, ACCOUNT, url)),
            **{f"ALIZE_OPERATOR_{key}": str(value) for key, value in chosen.items()},
        }
        self._log = plane.folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Replica":
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(ALIZE),
                    "operator",
                    "run",
                    "--metrics-port",
                    str(self.port),
                ],
                env=self._environment,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one call into the kernel, no lock
            )
        return self

    def __enter__(self) -> "Replica":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            with error:
                return f"{error.code}: {error.read().decode()}"

    def wait_ready(self, within_s: float = 60) -> None:
        wait_until(f"{self.name} ready", lambda: self.get("/readyz") == "ok", within_s=within_s)

    def metric(self, name: str) -> dict[str, float]:
        """Series of a metric by their labels as written."""
        found = {}
        for line in self.get("/metrics").splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] == name:
                found[series] = float(value)
        return found

    @property
    def leads(self) -> bool:
        return self.metric("alize_leader") == {"alize_leader": 1.0}

    def is_quiet(self, for_s: float = 3.0) -> bool:
        """Whether it writes no Job for a while."""

        def written() -> dict[str, float]:
            found = self.metric("alize_apply_total")
            return {key: count for key, count in found.items() if 'resource="jobs"' in key}

        before = written()
        time.sleep(for_s)
        return before == written()

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def planner(self) -> int | None:
        """Process of its planner, None while it has none."""
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if b"planning.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        return None

    def end(self) -> int | None:
        """Ask it to end; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return None if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(timeout=10)


def until(what: str, true: Any, within_s: float = 30.0) -> None:
    """A short name for the tests."""
    wait_until(what, true, within_s=within_s, every_s=0.2)


def seconds_of(work: Any) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
