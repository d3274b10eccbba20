"""Held from the first moment: policies the API server itself keeps, with no process in the path.

From 1.36 a MutatingAdmissionPolicy suspends a Job as it is created. Before, a
ValidatingAdmissionPolicy warns whoever creates one that is not suspended. Both fail open: a broken
policy must not block batch work. Both ask the namespace's EnergyPolicy, so that Advise and the kill
switch hold nothing.
"""

from typing import Any

from k8s_operator import names

Manifest = dict[str, Any]
HOLD = "alize-hold-jobs"
WARN = "alize-warn-jobs"
FIRST_MUTATING_MINOR = 36

_MATCH = {
    "resourceRules": [
        {
            "apiGroups": ["batch"],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["jobs"],
        }
    ],
    "objectSelector": {"matchLabels": {names.MANAGED: "true"}},
}
_CONDITIONS = [
    {
        "name": "not-kueue",
        "expression": f"!('{names.KUEUE_QUEUE}' in object.metadata.labels)",
    },
    {
        "name": "its-namespace",
        "expression": "params.metadata.namespace == request.namespace",
    },
    {
        "name": "enforced",
        "expression": "params.spec.mode == 'Enforce' && !params.spec.suspend",
    },
    {
        "name": "selected",
        "expression": (
            "!has(params.spec.selector) || !has(params.spec.selector.matchLabels) || "
            "params.spec.selector.matchLabels.all(k, k in object.metadata.labels && "
            "object.metadata.labels[k] == params.spec.selector.matchLabels[k])"
        ),
    },
    {
        "name": "not-held-by-user",
        "expression": "!has(object.spec.suspend) || !object.spec.suspend",
    },
]
_PARAMS = {"paramKind": {"apiVersion": names.API_VERSION, "kind": "EnergyPolicy"}}


def admission(minor: int) -> list[Manifest]:
    """The policy and its binding for Kubernetes 1.`minor`."""
    return _mutating() if minor >= FIRST_MUTATING_MINOR else _validating()


def _mutating() -> list[Manifest]:
    held = (
        "Object{metadata: Object.metadata{annotations: "
        f'{{"{names.HELD}": params.metadata.name}}}}, spec: Object.spec{{suspend: true}}}}'
    )
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": HOLD},
            "spec": {
                **_PARAMS,
                "failurePolicy": "Ignore",
                "reinvocationPolicy": "IfNeeded",
                "matchConstraints": _MATCH,
                "matchConditions": _CONDITIONS,
                "mutations": [
                    {
                        "patchType": "ApplyConfiguration",
                        "applyConfiguration": {"expression": held},
                    }
                ],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": HOLD},
            "spec": {"policyName": HOLD, **_ANY},
        },
    ]


def _validating() -> list[Manifest]:
    message = (
        "this Job starts at once: before Kubernetes 1.36 create it with spec.suspend: true and "
        f"the annotation {names.HELD}: <name of its EnergyPolicy> to have it planned"
    )
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": WARN},
            "spec": {
                **_PARAMS,
                "failurePolicy": "Ignore",
                "matchConstraints": _MATCH,
                "matchConditions": _CONDITIONS[:-1],
                "validations": [
                    {
                        "expression": "has(object.spec.suspend) && object.spec.suspend",
                        "message": message,
                    }
                ],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": WARN},
            "spec": {"policyName": WARN, "validationActions": ["Warn"], **_ANY},
        },
    ]


_ANY = {"paramRef": {"selector": {}, "parameterNotFoundAction": "Allow"}}
