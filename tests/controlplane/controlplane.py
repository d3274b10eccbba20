"""A whole Kubernetes control plane on loopback, in seconds: etcd, API server, controllers, nodes.

RBAC on, audit log on, stock feature gates, a fresh etcd each. Any number stand side by side. The
nodes are kwok's: they and their pods behave, and run no containers.
"""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.controlplane.api import Api
from tests.controlplane.processes import Server, free_port, wait_until
from tests.controlplane.tools import Programs, programs

#: Three seconds on a quiet machine; a busy one is given its time.
READY_S = 300.0
#: What the audit log keeps of a write; reading is not logged, or it would be the load.
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {
            "level": "Request",
            "resources": [
                {"group": "batch", "resources": ["jobs", "jobs/status"]},
                {"group": "autoscaling"},
                {"group": "gateway.networking.k8s.io"},
                {"group": "alize.dev"},
            ],
        },
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a test may ask for.

    Attributes:
        schedules: Whether pods are made, scheduled and run; without, only the API is there.
        quick: Lift the client limits of controllers and scheduler, which stock values set so low
            that they, and not what is tested, would be measured.
        node_lease_s: How long a node counts as alive without a sign. [s]
        api_flags: More flags of the API server.
    """

    schedules: bool = True
    quick: bool = True
    node_lease_s: int = 40
    api_flags: tuple[str, ...] = ()


class ControlPlane:
    """A running control plane, its servers by name, and the administrator's hand."""

    def __init__(self, tools: Programs, folder: Path, options: Options) -> None:
        self.tools, self.folder, self.options = tools, folder, options
        self.api_port, self.etcd_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.api_port}"
        self.audit_log = folder / "audit.log"
        self._tokens = {"admin": secrets.token_hex(16)}
        self._write_files()
        self.servers = {one.name: one for one in self._servers()}
        self._admin: Api | None = None

    @property
    def admin(self) -> Api:
        """The administrator's hand."""
        assert self._admin is not None, "the control plane was not started"
        return self._admin

    @property
    def ca(self) -> Path:
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def _write_files(self) -> None:
        tokens = f'{self._tokens["admin"]},admin,admin,"system:masters"\n'
        (self.folder / "tokens.csv").write_text(tokens)
        (self.folder / "audit-policy.json").write_text(json.dumps(AUDIT))
        key = self.folder / "service-accounts.key"
        _write_private_key(key)

    def _servers(self) -> list[Server]:
        home, port = self.folder, self.etcd_port
        etcd = [
            str(self.tools["etcd"]),
            f"--data-dir={home / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{port}",
            f"--advertise-client-urls=http://127.0.0.1:{port}",
            f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
            "--quota-backend-bytes=4294967296",
            "--log-level=warn",
        ]
        api = [
            str(self.tools["kube-apiserver"]),
            f"--etcd-servers=http://127.0.0.1:{port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self.api_port}",
            f"--cert-dir={home / 'certificates'}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={home / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={home / 'service-accounts.key'}",
            f"--service-account-signing-key-file={home / 'service-accounts.key'}",
            "--service-cluster-ip-range=10.0.0.0/16",
            f"--audit-policy-file={home / 'audit-policy.json'}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-mode=blocking",
            *self.options.api_flags,
        ]
        servers = [Server("etcd", etcd, home), Server("kube-apiserver", api, home)]
        if not self.options.schedules:
            return servers
        limits = ["--kube-api-qps=300", "--kube-api-burst=500"] if self.options.quick else []
        grace = max(50, self.options.node_lease_s + 50)
        shared = [
            f"--kubeconfig={self.kubeconfig}",
            f"--authentication-kubeconfig={self.kubeconfig}",
            f"--authorization-kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
        ]
        manager = [
            str(self.tools["kube-controller-manager"]),
            *shared,
            f"--secure-port={free_port()}",
            f"--service-account-private-key-file={home / 'service-accounts.key'}",
            f"--root-ca-file={self.ca}",
            "--use-service-account-credentials=true",
            f"--node-monitor-grace-period={grace}s",
            *limits,
            *(["--concurrent-job-syncs=20"] if self.options.quick else []),
        ]
        scheduler = [
            str(self.tools["kube-scheduler"]),
            *shared,
            f"--secure-port={free_port()}",
            *limits,
        ]
        kwok = [
            str(self.tools["kwok"]),
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=true",
            "--enable-crds=Stage",
            f"--node-lease-duration-seconds={self.options.node_lease_s}",
        ]
        return [
            *servers,
            Server("kube-controller-manager", manager, home),
            Server("kube-scheduler", scheduler, home),
            Server("kwok", kwok, home),
        ]

    def start(self) -> None:
        """Start every server; return when the API answers and namespaces get their account."""
        self.servers["etcd"].start()
        self.start_api_server()
        self._write_kubeconfig()
        if self.options.schedules:
            for path in sorted(
                self.tools.stages.glob("*.yaml"), key=lambda one: "kwok.x" not in one.name
            ):
                self.apply_text(path.read_text())
            for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
                self.servers[name].start()
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            wait_until("the default account", lambda: self.admin.get(account), within_s=READY_S)

    def start_api_server(self) -> None:
        server = self.servers["kube-apiserver"]
        server.start()

        def ready() -> bool:
            if not server.runs:
                raise RuntimeError(f"kube-apiserver ended: {server.tail()}")
            admin = Api(self.url, str(self.ca), self._tokens["admin"])
            try:
                if not admin.ready():
                    return False
            except Exception:
                admin.close()
                raise
            if self._admin is not None:
                self._admin.close()
            self._admin = admin
            return True

        wait_until("the API server", ready, within_s=READY_S)

    def stop(self) -> None:
        """Kill every server, the last to start first."""
        if self._admin is not None:
            self._admin.close()
        for server in reversed(self.servers.values()):
            server.kill()

    def _write_kubeconfig(self) -> None:
        self.kubeconfig.write_text(
            yaml.safe_dump(kubeconfig(self.url, self.ca, self._tokens["admin"]))
        )

    def kubeconfig_of(self, namespace: str, account: str, url: str | None = None) -> Path:
        """A kubeconfig with a token of a ServiceAccount, as its pod would have it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 7200},
        }
        token = self.admin.post(path, request)["status"]["token"]
        file = self.folder / f"{namespace}-{account}-{secrets.token_hex(3)}.kubeconfig"
        file.write_text(yaml.safe_dump(kubeconfig(url or self.url, self.ca, token)))
        return file

    def apply_text(self, manifests: str) -> None:
        """Server-side apply every document of a YAML text, as `kubectl apply` would."""
        for one in yaml.safe_load_all(manifests):
            if one:
                self.apply(one)

    def apply(self, manifest: dict[str, Any]) -> Any:
        """Server-side apply one object; a kind just defined may take a moment to be served."""
        answer: Any = None

        def applied() -> bool:
            nonlocal answer
            answer = self.admin.apply(self.path_of(manifest), manifest)
            return True

        if manifest["kind"] == "Stage":
            wait_until(f"{manifest['kind']} {manifest['metadata']['name']}", applied, within_s=20)
        else:
            applied()
        return answer

    def path_of(self, manifest: dict[str, Any]) -> str:
        """Where an object lives, as the API server's discovery tells."""
        version = manifest["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = self.admin.get(root)["resources"]
        for one in resources:
            if one["kind"] == manifest["kind"] and "/" not in one["name"]:
                meta = manifest["metadata"]
                space = (
                    f"namespaces/{meta.get('namespace', 'default')}/" if one["namespaced"] else ""
                )
                return f"{root}/{space}{one['name']}/{meta['name']}"
        raise RuntimeError(f"{root}: no kind {manifest['kind']}")

    def audit(self) -> Iterator[dict[str, Any]]:
        """Every write the API server logged, in order."""
        with self.audit_log.open() as log:
            for line in log:
                yield json.loads(line)


def kubeconfig(url: str, ca: Path, token: str) -> dict[str, Any]:
    """A kubeconfig with one cluster and one account."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "it", "user": {"token": token}}],
    }


def _write_private_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


@contextmanager
def control_plane(
    options: Options | None = None, *, tools: Programs | None = None, folder: Path | None = None
) -> Iterator[ControlPlane]:
    """A control plane while the block runs; its folder is removed with it unless one is named."""
    home = folder or Path(tempfile.mkdtemp(prefix="alize-controlplane-"))
    home.mkdir(parents=True, exist_ok=True)
    plane = ControlPlane(tools or programs(), home, options or Options())
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
        if folder is None and not os.environ.get("ALIZE_KEEP_CONTROLPLANE"):
            shutil.rmtree(home, ignore_errors=True)
