"""Control planes for the tests: one that only has an API, one whose pods run, both real.

Where the programs cannot be had the tests skip, and the last lines of the run say so.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest

from tests.controlplane.controlplane import ControlPlane, Options, control_plane
from tests.controlplane.prometheus import PrometheusTools
from tests.controlplane.prometheus import kept as kept_prometheus
from tests.controlplane.tools import KUBERNETES, Programs, kept
from tests.operator.objects import node, site
from tests.operator.replica import install
from tests.operator.scene import Scene, add_node, furnish

MISSING = f"no control plane of Kubernetes {KUBERNETES}: `make controlplane` builds it once"
NO_PROMETHEUS = "no Prometheus: `make controlplane` fetches Debian's package where apt is"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"tools", "prometheus"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def tools() -> Programs:
    found = kept()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
def prometheus() -> PrometheusTools:
    """A real Prometheus and its promtool."""
    found = kept_prometheus()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(NO_PROMETHEUS)
        pytest.skip(NO_PROMETHEUS)
    return found


@pytest.fixture(scope="session")
def api(tools: Programs) -> Iterator[ControlPlane]:
    """An API server with Alizé installed, and nothing that schedules or runs."""
    with control_plane(Options(schedules=False), tools=tools) as plane:
        install(plane, minor=minor_of(plane))
        yield plane


@pytest.fixture(scope="session")
def plane(tools: Programs) -> Iterator[ControlPlane]:
    """A whole control plane with Alizé installed, shared by tests that keep to a namespace."""
    with control_plane(tools=tools) as whole:
        install(whole, minor=minor_of(whole))
        yield whole


@pytest.fixture
def own_plane(tools: Programs) -> Iterator[ControlPlane]:
    """A whole control plane of one test alone, which may break it."""
    with control_plane(tools=tools) as whole:
        install(whole, minor=minor_of(whole))
        yield whole


@contextmanager
def furnished(tools: Programs, *, nodes: int = 2) -> Iterator[ControlPlane]:
    """An API server with Alizé installed, two Sites and their nodes; nothing schedules pods."""
    with control_plane(Options(schedules=False), tools=tools) as plane:
        install(plane, minor=minor_of(plane))
        furnish(plane, nodes=nodes)
        yield plane


@contextmanager
def peopled(tools: Programs, *sites: str) -> Iterator[ControlPlane]:
    """A whole control plane: pods run, on one node of 16 GPUs at each of the sites."""
    with control_plane(Options(), tools=tools) as plane:
        install(plane, minor=minor_of(plane))
        for name in sites:
            plane.apply(site(name, carbon_g_per_kwh=20))
            add_node(plane, node(f"{name}-0", name, gpus=16), schedules=True)
        yield plane


@pytest.fixture
def scene(stage: ControlPlane, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A namespace of the test's own on the stage of its module, and nothing left there after."""
    one = Scene(stage, make_namespace(stage, request.node.name))
    yield one
    one.clear()


@pytest.fixture
def kubectl(tools: Programs):
    """kubectl of the same version, as the administrator."""

    def run(plane: ControlPlane, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
        command = [str(tools["kubectl"]), f"--kubeconfig={plane.kubeconfig}", *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=240, check=False, **options
        )

    return run


@pytest.fixture
def namespace(api: ControlPlane, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    return make_namespace(api, request.node.name)


def make_namespace(plane: ControlPlane, wanted: str) -> str:
    """A namespace named after a test."""
    clean = "".join(c if c.isalnum() else "-" for c in wanted.lower()).strip("-")
    name = f"{clean[:40].strip('-')}-{sha256(wanted.encode()).hexdigest()[:8]}"
    plane.admin.post(
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
    )
    return name


def minor_of(plane: ControlPlane) -> int:
    return int(plane.admin.get("/version")["minor"].rstrip("+"))
