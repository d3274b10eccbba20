"""Everything `kubectl apply --server-side` needs, in the order it needs it."""

import json
from typing import Any

import yaml

from k8s_operator.api.crds import crds
from k8s_operator.install.admission import admission
from k8s_operator.install.rights import ACCOUNT, DEADMAN, rights
from k8s_operator.settings import PREFIX

Manifest = dict[str, Any]
IMAGE = "alize:0.1.0"
METRICS_PORT = 8080
LABELS = {"app.kubernetes.io/name": "alize", "app.kubernetes.io/component": "operator"}
WORLD = {
    "currency": "MAD",
    "policy": {
        "carbon_price_per_kg": 0.5,
        "unmet_price_per_kwh": 60,
        "unserved_price_per_request": 0.5,
        "late_price_per_gpu_h": 500,
        "unfinished_price_per_gpu_h": 2000,
    },
}


def manifests(
    *,
    namespace: str = "alize-system",
    image: str = IMAGE,
    minor: int = 36,
    world: Manifest | None = None,
) -> list[Manifest]:
    """The whole installation for Kubernetes 1.`minor`."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": namespace,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        },
        *crds(),
        *rights(namespace),
        _world(namespace, world or WORLD),
        *admission(minor),
        _deployment(namespace, image),
        _budget(namespace),
        _deadman(namespace, image),
    ]


def manifests_text(**options: Any) -> str:
    """The same as YAML."""
    return yaml.safe_dump_all(manifests(**options), sort_keys=False, width=100)


def _world(namespace: str, world: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "alize-world", "namespace": namespace},
        "data": {"world.yaml": yaml.safe_dump(json.loads(json.dumps(world)), sort_keys=False)},
    }


def run_command() -> list[str]:
    """What the operator's container runs."""
    return ["alize", "operator", "run"]


def deadman_command() -> list[str]:
    """What the dead man's CronJob runs."""
    return ["alize", "operator", "deadman"]


def _container(name: str, image: str, command: list[str], namespace: str) -> Manifest:
    return {
        "name": name,
        "image": image,
        "command": command,
        "env": [
            {"name": f"{PREFIX}NAMESPACE", "value": namespace},
            {
                "name": f"{PREFIX}IDENTITY",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
            },
            {"name": f"{PREFIX}WORLD", "value": "/etc/alize/world.yaml"},
            {"name": f"{PREFIX}SCRATCH", "value": "/scratch"},
            {"name": "HOME", "value": "/scratch"},
        ],
        "resources": {
            "requests": {"cpu": "500m", "memory": "512Mi"},
            "limits": {"memory": "5Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "world", "mountPath": "/etc/alize", "readOnly": True},
            {"name": "scratch", "mountPath": "/scratch"},
        ],
    }


def _pod(account: str, container: Manifest) -> Manifest:
    return {
        "serviceAccountName": account,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "world", "configMap": {"name": "alize-world"}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }


def _deployment(namespace: str, image: str) -> Manifest:
    container = _container("operator", image, run_command(), namespace)
    container["ports"] = [{"name": "metrics", "containerPort": METRICS_PORT}]
    for probe, path in (("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
        container[probe] = {
            "httpGet": {"path": path, "port": "metrics"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
        }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": LABELS},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": ACCOUNT, "namespace": namespace, "labels": LABELS},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    **_pod(ACCOUNT, container),
                    "terminationGracePeriodSeconds": 30,
                    "topologySpreadConstraints": [spread],
                },
            },
        },
    }


def _budget(namespace: str) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": ACCOUNT, "namespace": namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": LABELS}},
    }


def _deadman(namespace: str, image: str) -> Manifest:
    """Lets overdue Jobs go when no operator has led for long; nothing but the API is needed."""
    container = _container("deadman", image, deadman_command(), namespace)
    labels = LABELS | {"app.kubernetes.io/component": "deadman"}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": DEADMAN, "namespace": namespace, "labels": labels},
        "spec": {
            "schedule": "*/5 * * * *",
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 2,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {**_pod(DEADMAN, container), "restartPolicy": "Never"},
                    },
                }
            },
        },
    }
