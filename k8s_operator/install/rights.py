"""What the operator may do and nothing more: no pod, no secret, no delete but of its own plans."""

from typing import Any

from k8s_operator.names import GROUP

Manifest = dict[str, Any]
ACCOUNT = "alize-operator"
DEADMAN = "alize-deadman"


def rights(namespace: str) -> list[Manifest]:
    """Accounts, roles and their bindings."""
    return [
        _account(ACCOUNT, namespace),
        _account(DEADMAN, namespace),
        _cluster_role(
            ACCOUNT,
            [
                _rule("batch", ["jobs"], ["get", "list", "watch", "patch"]),
                _rule("autoscaling", ["horizontalpodautoscalers"], ["get", "list", "patch"]),
                _rule("apps", ["deployments", "statefulsets"], ["get"]),
                _rule("gateway.networking.k8s.io", ["httproutes"], ["get", "list", "patch"]),
                _rule("", ["nodes"], ["get", "list", "watch"]),
                _rule(
                    GROUP,
                    ["sites", "energypolicies", "inferenceprofiles", "energyplans"],
                    ["get", "list", "watch"],
                ),
                _rule(
                    GROUP,
                    ["sites/status", "energypolicies/status", "inferenceprofiles/status"],
                    ["patch"],
                ),
                _rule(GROUP, ["energyplans"], ["create", "patch", "delete"]),
                _rule(GROUP, ["energyplans/status"], ["patch"]),
                _rule("events.k8s.io", ["events"], ["create"]),
            ],
        ),
        _cluster_binding(ACCOUNT, namespace),
        _role(
            ACCOUNT,
            namespace,
            [
                _rule("coordination.k8s.io", ["leases"], ["get", "create", "update"]),
                _rule("", ["configmaps"], ["get", "create"]),
            ],
        ),
        _binding(ACCOUNT, namespace),
        _cluster_role(
            DEADMAN,
            [
                _rule("batch", ["jobs"], ["get", "list", "patch"]),
                _rule(GROUP, ["energypolicies"], ["get", "list"]),
                _rule("events.k8s.io", ["events"], ["create"]),
            ],
        ),
        _cluster_binding(DEADMAN, namespace),
        _role(DEADMAN, namespace, [_rule("coordination.k8s.io", ["leases"], ["get"])]),
        _binding(DEADMAN, namespace),
        _aggregated("view", ["get", "list", "watch"]),
        _aggregated("edit", ["create", "update", "patch", "delete"]),
    ]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _account(name: str, namespace: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
    }


def _cluster_role(name: str, rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }


def _role(name: str, namespace: str, rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": rules,
    }


def _cluster_binding(name: str, namespace: str) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        **_subject(name, namespace, "ClusterRole"),
    }


def _binding(name: str, namespace: str) -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        **_subject(name, namespace, "Role"),
    }


def _subject(name: str, namespace: str, kind: str) -> Manifest:
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }


def _aggregated(name: str, verbs: list[str]) -> Manifest:
    """Whoever may view or edit a namespace may do so with its policies and profiles."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {
            "name": f"alize-{name}",
            "labels": {f"rbac.authorization.k8s.io/aggregate-to-{name}": "true"},
        },
        "rules": [_rule(GROUP, ["energypolicies", "inferenceprofiles"], verbs)],
    }
