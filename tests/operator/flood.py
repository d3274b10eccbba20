"""More requests than the API server has patience for, under the operator's own account."""

import contextlib
import threading
from collections.abc import Iterator

import yaml

from tests.controlplane.api import Api, ApiError
from tests.controlplane.controlplane import ControlPlane
from tests.operator.replica import NAMESPACE


@contextlib.contextmanager
def one_seat(plane: ControlPlane) -> Iterator[None]:
    """The operator's account may have one request at a time; what is more is refused."""
    root = "/apis/flowcontrol.apiserver.k8s.io/v1"
    limited = {"nominalConcurrencyShares": 1, "borrowingLimitPercent": 0, "lendablePercent": 0}
    plane.admin.post(
        f"{root}/prioritylevelconfigurations",
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": "one-seat"},
            "spec": {"type": "Limited", "limited": limited | {"limitResponse": {"type": "Reject"}}},
        },
    )
    account = {"namespace": NAMESPACE, "name": "alize-operator"}
    everything = {
        "verbs": ["*"],
        "apiGroups": ["*"],
        "resources": ["*"],
        "clusterScope": True,
        "namespaces": ["*"],
    }
    plane.admin.post(
        f"{root}/flowschemas",
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {"name": "one-seat"},
            "spec": {
                "priorityLevelConfiguration": {"name": "one-seat"},
                "matchingPrecedence": 2,
                "distinguisherMethod": {"type": "ByUser"},
                "rules": [
                    {
                        "subjects": [{"kind": "ServiceAccount", "serviceAccount": account}],
                        "resourceRules": [everything],
                    }
                ],
            },
        },
    )
    try:
        yield
    finally:
        plane.admin.delete(f"{root}/flowschemas/one-seat")
        plane.admin.delete(f"{root}/prioritylevelconfigurations/one-seat")


@contextlib.contextmanager
def noise(plane: ControlPlane, path: str, *, threads: int) -> Iterator[None]:
    """Lists without end under the operator's account."""
    file = plane.kubeconfig_of(NAMESPACE, "alize-operator")
    token = yaml.safe_load(file.read_text())["users"][0]["user"]["token"]
    over = threading.Event()

    def work() -> None:
        hand = Api(plane.url, str(plane.ca), token)
        while not over.is_set():
            with contextlib.suppress(ApiError, OSError):
                hand.get(path)
        hand.close()

    crowd = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for one in crowd:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in crowd:
            one.join(timeout=30)
