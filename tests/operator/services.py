"""A service of two sites with all that is steered: Deployments, autoscalers, a route, a profile."""

from pathlib import Path
from typing import Any

import yaml

from k8s_operator import names
from tests.controlplane.controlplane import ControlPlane
from tests.operator.objects import WORLD, Manifest

SITES = ("clean", "dirty")
#: Requests a second that a replica answers, and that clients of the one region send.
CAPACITY_RPS, DEMAND_RPS = 10, 100
ROUTES = "/apis/gateway.networking.k8s.io/v1"


def world(plane: ControlPlane) -> Path:
    """The operator's world, with a region near to both sites."""
    path = plane.folder / "served-world.yaml"
    region = {"timezone": "UTC", "rtt_ms": dict.fromkeys(SITES, 10)}
    path.write_text(yaml.safe_dump(WORLD | {"regions": {"coast": region}}))
    return path


def profile(namespace: str, name: str = "chat", **spec: Any) -> Manifest:
    """An InferenceProfile that enforces: ten replicas carry its demand, at each site if need be."""
    usual = {
        "mode": "Enforce",
        "startup": "1s",
        "gpuType": "gpu",
        "home": "dirty",
        "gpusPerReplica": 1,
        "capacityRps": str(CAPACITY_RPS),
        "replicaIdleKw": "0.3",
        "energyPerRequestWh": "1",
        "latencyBudgetMs": "300",
        "serviceTimeMs": "100",
        "demand": [{"name": "coast", "rps": {"constant": str(DEMAND_RPS)}}],
        "survivesSiteLoss": True,
        "routeRef": {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "name": name,
        },
        "targets": [target(name, site) for site in SITES],
    }
    return {
        "apiVersion": names.API_VERSION,
        "kind": "InferenceProfile",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {key: value for key, value in (usual | spec).items() if value is not None},
    }


def target(name: str, site: str, floor: int = 1, ceiling: int = 30) -> Manifest:
    """The replicas of one site."""
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "name": f"{name}-{site}",
    }
    return {
        "site": site,
        "scalerRef": scaler,
        "backend": f"{name}-{site}",
        "floor": floor,
        "ceiling": ceiling,
    }


def steered(
    namespace: str, weights: dict[str, int], name: str = "chat", replicas: int = 2
) -> list[Manifest]:
    """What a team has before there is a profile: its own bounds and weights."""
    found: list[Manifest] = []
    for site in weights:
        meta = {"name": f"{name}-{site}", "namespace": namespace}
        labels = {"app": name, "site": site}
        pod = {
            "nodeSelector": {names.SITE: site},
            "containers": [
                {"name": "serve", "image": "serve", "resources": {"requests": {"cpu": "100m"}}}
            ],
        }
        found.append(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": meta,
                "spec": {
                    "replicas": replicas,
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": pod},
                },
            }
        )
        ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": meta["name"]}
        found.append(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": meta,
                "spec": {"scaleTargetRef": ref, "minReplicas": 2, "maxReplicas": 40},
            }
        )
    backends = [
        {"name": f"{name}-{site}", "port": 80, "weight": weight} for site, weight in weights.items()
    ]
    found.append(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"rules": [{"backendRefs": backends}]},
        }
    )
    return found


class Service:
    """What became of one service's objects."""

    def __init__(self, plane: ControlPlane, namespace: str, name: str = "chat") -> None:
        self.plane, self.namespace, self.name = plane, namespace, name

    @property
    def route_path(self) -> str:
        return f"{ROUTES}/namespaces/{self.namespace}/httproutes/{self.name}"

    def hpa_path(self, site: str) -> str:
        root = f"/apis/autoscaling/v2/namespaces/{self.namespace}"
        return f"{root}/horizontalpodautoscalers/{self.name}-{site}"

    def deployment(self, site: str) -> Any:
        root = f"/apis/apps/v1/namespaces/{self.namespace}"
        return self.plane.admin.get(f"{root}/deployments/{self.name}-{site}")

    def ready(self, site: str) -> int:
        return int(self.deployment(site).get("status", {}).get("readyReplicas", 0))

    def weights(self) -> dict[str, int]:
        [rule] = self.plane.admin.get(self.route_path)["spec"]["rules"]
        return {
            one["name"].removeprefix(f"{self.name}-"): one["weight"] for one in rule["backendRefs"]
        }

    def bounds(self, site: str) -> tuple[int, int]:
        spec = self.plane.admin.get(self.hpa_path(site))["spec"]
        return spec["minReplicas"], spec["maxReplicas"]

    def profile(self) -> Any:
        root = f"/apis/alize.dev/v1alpha1/namespaces/{self.namespace}"
        return self.plane.admin.get(f"{root}/inferenceprofiles/{self.name}")

    def condition(self, kind: str) -> tuple[str, str, str]:
        """Status, reason and message."""
        for one in self.profile().get("status", {}).get("conditions", ()):
            if one["type"] == kind:
                return one["status"], one["reason"], one["message"]
        return "", "", ""

    def events(self) -> list[str]:
        path = f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events"
        return [
            one["reason"]
            for one in self.plane.admin.get(path)["items"]
            if one["regarding"].get("kind") == "InferenceProfile"
            and one["regarding"]["name"] == self.name
        ]

    def written_weights(self) -> list[dict[str, int]]:
        """After each accepted patch of the route, by the API server's own audit log."""
        now, found = {}, []
        for one in self.plane.audit():
            ref = one["objectRef"]
            if (
                ref["resource"] != "httproutes"
                or (ref.get("namespace"), ref.get("name")) != (self.namespace, self.name)
                or one["responseStatus"]["code"] >= 300
                or "alize-operator" not in one["user"]["username"]
            ):
                continue
            for step in one["requestObject"]:
                if step["path"].endswith("/weight"):
                    now[SITES[int(step["path"].split("/")[-2])]] = step["value"]
            if now and (not found or found[-1] != now):
                found.append(dict(now))
        return found
