"""Autoscalers and routes as the API server has them: what is read of them, and what is written.

An autoscaler is written by server-side apply of its two bounds, a route by a patch of single
weights, both tied to the object that was seen. Putting back leaves nothing of ours.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from k8s_operator.serving.bounds import Bounds
from k8s_operator.serving.weights import LEAST_SUM
from k8s_operator.serving.words import ANNOTATIONS, BEFORE, STEERED, STEERED_BY, WRITTEN
from k8s_operator.views import Meta

HPAS = "/apis/autoscaling/v2"
ROUTES = "/apis/gateway.networking.k8s.io/v1"


class ScaleTarget(msgspec.Struct, frozen=True):
    """What an autoscaler scales."""

    kind: str
    name: str


class HpaSpec(msgspec.Struct, rename="camel", frozen=True):
    """Its bounds."""

    scale_target_ref: ScaleTarget
    max_replicas: int
    min_replicas: int = 1


class HpaView(msgspec.Struct, frozen=True):
    """A HorizontalPodAutoscaler."""

    metadata: Meta
    spec: HpaSpec

    @property
    def bounds(self) -> dict[str, int]:
        """As they are."""
        return {"minReplicas": self.spec.min_replicas, "maxReplicas": self.spec.max_replicas}


class ScaledStatus(msgspec.Struct, rename="camel", frozen=True):
    """How many of its replicas are ready."""

    ready_replicas: int = 0


class ScaledView(msgspec.Struct, frozen=True):
    """A Deployment or StatefulSet."""

    status: ScaledStatus = ScaledStatus()


class RouteView(msgspec.Struct, frozen=True):
    """An HTTPRoute; its rules stay as they are written."""

    metadata: Meta
    spec: dict[str, Any]


def hpa_path(namespace: str, name: str) -> str:
    """Where an autoscaler is."""
    return f"{HPAS}/namespaces/{namespace}/horizontalpodautoscalers/{name}"


def route_path(namespace: str, name: str) -> str:
    """Where a route is."""
    return f"{ROUTES}/namespaces/{namespace}/httproutes/{name}"


def scaled_path(namespace: str, one: ScaleTarget) -> str:
    """Where what an autoscaler scales is; empty for a kind whose readiness cannot be read."""
    plural = {"Deployment": "deployments", "StatefulSet": "statefulsets"}.get(one.kind)
    return f"/apis/apps/v1/namespaces/{namespace}/{plural}/{one.name}" if plural else ""


def remembered(meta: Meta, word: str) -> dict[str, int] | None:
    """What an annotation of ours says; None where it is not there or not ours to read."""
    try:
        return msgspec.json.decode(meta.annotations[word], type=dict[str, int])
    except (KeyError, msgspec.DecodeError):
        return None


def is_edited(meta: Meta, now: Mapping[str, int]) -> bool:
    """Whether somebody else has written since the operator did."""
    written = remembered(meta, WRITTEN)
    return written is not None and written != now


def hpa_apply(view: HpaView, key: str, wanted: Bounds) -> dict[str, Any] | None:
    """The apply that sets the bounds; None where they stand."""
    bounds = {"minReplicas": wanted.least, "maxReplicas": wanted.most}
    if view.bounds == bounds and remembered(view.metadata, WRITTEN) == bounds:
        return None
    before = view.metadata.annotations.get(BEFORE) or _text(view.bounds)
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": view.metadata.name,
            "namespace": view.metadata.namespace,
            "uid": view.metadata.uid,
            "resourceVersion": view.metadata.resource_version,
            "labels": {STEERED: "true"},
            "annotations": {BEFORE: before, WRITTEN: _text(bounds), STEERED_BY: key},
        },
        "spec": bounds,
    }


def hpa_put_back(view: HpaView) -> list[dict[str, Any]]:
    """The patch that sets the bounds there were before; what was set by hand since stays."""
    before = remembered(view.metadata, BEFORE)
    steps = _tests(view.metadata)
    if before and not is_edited(view.metadata, view.bounds):
        steps += [_set(f"/spec/{name}", value) for name, value in before.items()]
    return steps + _forgets(view.metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A route's weights of the profile's backends; `problem` where they cannot be steered."""

    weights: dict[str, int]
    problem: str = ""


def weights_of(view: RouteView, backends: tuple[str, ...]) -> Weighed:
    """By backend; every rule that names one of them must give all of them the same weights."""
    found: list[dict[str, int]] = []
    for rule in view.spec.get("rules", ()):
        there = {
            one["name"]: int(one.get("weight", 1))
            for one in rule.get("backendRefs", ())
            if one["name"] in backends
        }
        if there:
            found.append(there)
    name = view.metadata.name
    if not found or set(found[0]) != set(backends):
        missing = ", ".join(sorted(set(backends) - set(found[0] if found else ())))
        return Weighed(
            weights={},
            problem=f"HTTPRoute {name} has no backendRef {missing}; name it in one of its rules",
        )
    if any(one != found[0] for one in found):
        return Weighed(
            weights={},
            problem=f"rules of HTTPRoute {name} weigh the backends differently; make them equal",
        )
    if sum(found[0].values()) < LEAST_SUM:
        return Weighed(
            weights={},
            problem=(
                f"weights of HTTPRoute {name} sum to {sum(found[0].values())}, where one point is "
                "more than a step may be; give it weights that sum to 100"
            ),
        )
    return Weighed(weights=found[0])


def route_patch(
    view: RouteView, key: str, weights: Mapping[str, int], said: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The patch that sets `weights` by backend, with our words and `said` among them."""
    meta = view.metadata
    now = weights_of(view, tuple(weights)).weights
    words = {
        BEFORE: meta.annotations.get(BEFORE) or _text(now),
        WRITTEN: _text(dict(weights)),
        STEERED_BY: key,
        **said,
    }
    steps = _tests(meta) + list(_weights(view, weights))
    if not meta.annotations:
        steps.append(_set("/metadata/annotations", {}))
    if not meta.labels:
        steps.append(_set("/metadata/labels", {}))
    steps.append(_set(f"/metadata/labels/{_escaped(STEERED)}", "true"))
    return steps + [_set(f"/metadata/annotations/{_escaped(k)}", v) for k, v in words.items()]


def route_put_back(view: RouteView) -> list[dict[str, Any]]:
    """The patch that sets the weights there were before; what was set by hand since stays."""
    before = remembered(view.metadata, BEFORE) or {}
    steps = _tests(view.metadata)
    now = weights_of(view, tuple(before))
    if not now.problem and not is_edited(view.metadata, now.weights):
        steps += _weights(view, before)
    return steps + _forgets(view.metadata)


def _weights(view: RouteView, weights: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for r, rule in enumerate(view.spec.get("rules", ())):
        for b, one in enumerate(rule.get("backendRefs", ())):
            if one["name"] in weights and one.get("weight", 1) != weights[one["name"]]:
                yield _set(f"/spec/rules/{r}/backendRefs/{b}/weight", weights[one["name"]])


def _tests(meta: Meta) -> list[dict[str, Any]]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": meta.uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": meta.resource_version},
    ]


def _forgets(meta: Meta) -> list[dict[str, Any]]:
    gone = [
        f"/metadata/annotations/{_escaped(one)}" for one in ANNOTATIONS if one in meta.annotations
    ]
    gone += [f"/metadata/labels/{_escaped(STEERED)}"] if STEERED in meta.labels else []
    return [{"op": "remove", "path": path} for path in gone]


def _set(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def _escaped(word: str) -> str:
    return word.replace("~", "~0").replace("/", "~1")


def _text(content: Mapping[str, int]) -> str:
    return msgspec.json.encode(content, order="sorted").decode()
