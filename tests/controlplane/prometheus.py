"""A real Prometheus for the tests: the system's, else Debian's package, unpacked into the cache.

apt verifies what it fetches by Debian's signed lists. Nothing is installed on the system: the
package is only unpacked, because the programs in it need no other.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.processes import Server, free_port, wait_until
from tests.controlplane.tools import CACHE, NoControlPlane

PROGRAMS = ("prometheus", "promtool")
HOME = CACHE / "prometheus-debian"
READY_S = 120.0
FETCH_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusTools:
    """The folder that holds both programs."""

    folder: Path

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


def kept() -> PrometheusTools | None:
    """The programs as they are here and now, without fetching any."""
    on_path = {Path(found).parent for name in PROGRAMS if (found := shutil.which(name))}
    for folder in (*on_path, HOME):
        if all((folder / name).is_file() for name in PROGRAMS):
            return PrometheusTools(folder=folder)
    return None


def prometheus() -> PrometheusTools:
    """The programs, fetched where they are not there yet.

    Raises:
        NoControlPlane: They cannot be had; why, and what to do.
    """
    if (there := kept()) is not None:
        return there
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NoControlPlane(
            "prometheus: not on the PATH, and there is no apt to fetch it with; install it"
        )
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        # Lists of our own: those of the system may be old, or not there yet, and are not ours.
        lists = Path(scratch) / "lists"
        (lists / "partial").mkdir(parents=True)
        own = ["-o", f"Dir::State::Lists={lists}"]
        _run(["apt-get", *own, "update"], scratch)
        _run(["apt-get", *own, "download", "prometheus"], scratch)
        [package] = Path(scratch).glob("prometheus_*.deb")
        _run(["dpkg-deb", "--extract", str(package), "whole"], scratch)
        HOME.mkdir(exist_ok=True)
        for name in PROGRAMS:
            (Path(scratch) / "whole" / "usr" / "bin" / name).replace(HOME / name)
    return PrometheusTools(folder=HOME)


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=FETCH_S, check=False
    )
    if done.returncode:
        raise NoControlPlane(
            f"prometheus: {' '.join(command)} failed: {done.stderr.strip()[-300:]}; "
            "install prometheus"
        )


@contextmanager
def serving(tools: PrometheusTools, folder: Path, openmetrics: str) -> Iterator[str]:
    """The address of a Prometheus that holds those samples, while the block runs."""
    samples, data = folder / "samples.txt", folder / "data"
    samples.write_text(openmetrics)
    subprocess.run(
        [tools["promtool"], "tsdb", "create-blocks-from", "openmetrics", samples, data],
        capture_output=True,
        check=True,
    )
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    port = free_port()
    server = Server(
        "prometheus",
        [
            str(tools["prometheus"]),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder,
    )
    server.start()
    try:
        wait_until("Prometheus", lambda: "ready to receive" in server.tail(), within_s=READY_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
