"""CustomResourceDefinitions of the four resources, generated: fields, rules, columns, words."""

from dataclasses import dataclass
from typing import Any

from k8s_operator.api.inference import InferenceProfileStatus, inference_profile_spec
from k8s_operator.api.resources import (
    EnergyPlanSpec,
    EnergyPlanStatus,
    EnergyPolicySpec,
    EnergyPolicyStatus,
    SiteStatus,
    own_schema,
    site_spec,
)
from k8s_operator.api.schema import Schema
from k8s_operator.names import ACTIVE, GROUP, VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    path: str
    kind: str = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of `alize.dev`.

    Attributes:
        plural: Its name in paths.
        short: Its short name for `kubectl get`.
    """

    kind: str
    plural: str
    short: str
    scope: str
    spec: Schema
    status: Schema
    columns: tuple[Column, ...]
    words: str


READY = Column(name="Ready", path='.status.conditions[?(@.type=="Ready")].status')


def resources() -> tuple[Resource, ...]:
    """The four, in the order they are told."""
    return (
        Resource(
            kind="Site",
            plural="sites",
            short="esite",
            scope="Cluster",
            spec=site_spec(),
            status=own_schema(SiteStatus),
            columns=(
                READY,
                Column(name="Nodes", path=".status.nodes", kind="integer"),
                Column(name="GPUs", path=".status.gpus", kind="integer"),
                Column(name="Import-kW", path=".spec.grid.importLimitKw.constant"),
                Column(name="Forecast", path=".status.forecastRung"),
                Column(name="Issued", path=".status.forecastIssuedAt", kind="date"),
            ),
            words="A metered place with its grid connection, plants, battery, cooling and nodes.",
        ),
        Resource(
            kind="EnergyPolicy",
            plural="energypolicies",
            short="epol",
            scope="Namespaced",
            spec=own_schema(EnergyPolicySpec),
            status=own_schema(EnergyPolicyStatus),
            columns=(
                Column(name="Mode", path=".spec.mode"),
                Column(name="Suspended", path=".spec.suspend", kind="boolean"),
                Column(name="Held", path=".status.jobs.held", kind="integer"),
                Column(name="Released", path=".status.jobs.released", kind="integer"),
                Column(name="Paused", path=".status.jobs.paused", kind="integer"),
                READY,
            ),
            words="Which Jobs of a namespace are planned, and what may be done with them.",
        ),
        Resource(
            kind="InferenceProfile",
            plural="inferenceprofiles",
            short="infp",
            scope="Namespaced",
            spec=inference_profile_spec(),
            status=own_schema(InferenceProfileStatus),
            columns=(
                Column(name="Latency-ms", path=".spec.latencyBudgetMs"),
                Column(name="Floor", path=".spec.targets[*].floor"),
                Column(name="Ceiling", path=".spec.targets[*].ceiling"),
                READY,
            ),
            words="An inference service: demand, capacity of a replica, latency budget.",
        ),
        Resource(
            kind="EnergyPlan",
            plural="energyplans",
            short="eplan",
            scope="Cluster",
            spec=own_schema(EnergyPlanSpec),
            status=own_schema(EnergyPlanStatus),
            columns=(
                Column(
                    name="Active", path=f".metadata.labels.{ACTIVE.replace('.', chr(92) + '.')}"
                ),
                Column(name="Stage", path=".status.solver.stage"),
                Column(name="Gap", path=".status.solver.gap"),
                Column(name="Jobs", path=".status.totals.jobs", kind="integer"),
                Column(name="Saves", path=".status.totals.carbonSaving"),
                Column(name="Expires", path=".status.expiresAt"),
            ),
            words="One plan of all Jobs: summary, proof, and where its table is.",
        ),
    )


def crds() -> list[dict[str, Any]]:
    """Every definition, ready to be applied."""
    return [_crd(one) for one in resources()]


def _crd(one: Resource) -> dict[str, Any]:
    singular = one.kind.lower()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{one.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": one.scope,
            "names": {
                "kind": one.kind,
                "listKind": f"{one.kind}List",
                "plural": one.plural,
                "singular": singular,
                "shortNames": [one.short],
                "categories": ["energy"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        {"name": c.name, "type": c.kind, "jsonPath": c.path} for c in one.columns
                    ],
                    "schema": {"openAPIV3Schema": _root(one)},
                }
            ],
        },
    }


def _root(one: Resource) -> Schema:
    return {
        "type": "object",
        "description": one.words,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "Version of this format."},
            "kind": {"type": "string", "description": f"{one.kind}."},
            "metadata": {"type": "object"},
            "spec": one.spec,
            "status": one.status,
        },
    }
