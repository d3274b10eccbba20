"""Objects of a cluster with defaults, so that a test shows only what matters to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from k8s_operator import names
from k8s_operator.instants import instant_text
from k8s_operator.views import JobView

Manifest = dict[str, Any]
WORLD = {
    "currency": "EUR",
    "policy": {
        "carbon_price_per_kg": 1,
        "unmet_price_per_kwh": 100,
        "unserved_price_per_request": 1,
        "late_price_per_gpu_h": 10,
        "unfinished_price_per_gpu_h": 100,
    },
}


def job_view(manifest: Manifest, *, created: datetime) -> JobView:
    """`manifest` as the operator sees it once the API server has it."""
    meta = {"creationTimestamp": instant_text(created), "uid": "u", **manifest["metadata"]}
    return msgspec.convert({**manifest, "metadata": meta}, JobView)


def site(
    name: str,
    *,
    carbon_g_per_kwh: float | Sequence[float] = 500,
    start: datetime | None = None,
    step_min: int = 5,
    import_limit_kw: float = 1000,
    jurisdiction: str = "MA",
    certifications: Sequence[str] = (),
    idle_kw_per_gpu: float = 0,
) -> Manifest:
    """A Site whose energy is free and whose carbon is given; PUE 1, idle GPUs draw nothing."""
    if isinstance(carbon_g_per_kwh, Sequence):
        assert start is not None
        carbon: Manifest = {
            "start": instant_text(start),
            "stepMinutes": step_min,
            "values": [str(one) for one in carbon_g_per_kwh],
        }
    else:
        carbon = {"constant": str(carbon_g_per_kwh)}
    return {
        "apiVersion": names.API_VERSION,
        "kind": "Site",
        "metadata": {"name": name},
        "spec": {
            "nodeSelector": {names.SITE: name},
            "latitudeDeg": "0",
            "longitudeDeg": "0",
            "timezone": "UTC",
            "jurisdiction": jurisdiction,
            "certifications": list(certifications),
            "grid": {
                "importLimitKw": {"constant": str(import_limit_kw)},
                "tariff": {"pricePerKwh": {"constant": "0"}},
                "carbon": {"gPerKwh": carbon},
            },
            "cooling": {"pue": "1"},
            "pools": [{"name": "gpu", "idleKwPerGpu": str(idle_kw_per_gpu)}],
        },
    }


def node(name: str, site_name: str, gpus: int = 8) -> Manifest:
    """A node of a site; kwok makes it Ready."""
    room = {"cpu": "64", "memory": "256Gi", "pods": "110", names.GPU_RESOURCE: str(gpus)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {names.SITE: site_name, "type": "kwok"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


def policy(name: str = "all", namespace: str = "default", **spec: Any) -> Manifest:
    """An EnergyPolicy that enforces, with a day of patience."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": "EnergyPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"mode": "Enforce", "maxDelay": "24h", **spec},
    }


def job(
    name: str,
    namespace: str = "default",
    *,
    gpus: int = 1,
    run_time: str | None = "10m",
    labels: Manifest | None = None,
    pod_runs: str = "3600s",
    pods: int = 1,
    **annotations: str,
) -> Manifest:
    """A managed Job; its annotations are named as in `names`, such as RUN_NOW="true"."""
    said = {getattr(names, key): value for key, value in annotations.items()}
    if run_time is not None:
        said[names.RUN_TIME] = run_time
    stage = "pod-complete.stage.kwok.x-k8s.io"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {names.MANAGED: "true"} if labels is None else labels,
            "annotations": {names.WATTS_PER_GPU: "1000"} | said,
        },
        "spec": {
            "parallelism": pods,
            "completions": pods,
            "completionMode": "Indexed",
            "template": {
                "metadata": {
                    "annotations": {f"{stage}/delay": pod_runs, f"{stage}/jitter-delay": pod_runs}
                },
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        {
                            "name": "train",
                            "image": "train",
                            "resources": {"limits": {names.GPU_RESOURCE: str(gpus)}},
                        }
                    ],
                },
            },
        },
    }
