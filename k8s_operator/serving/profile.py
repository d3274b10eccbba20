"""An InferenceProfile as steering needs it, and which of two that name one object has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from k8s_operator.instants import parse_duration
from k8s_operator.serving.bounds import Range
from k8s_operator.views import ProfileView


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The replicas of one site."""

    site: str
    scaler: str
    backend: str
    allowed: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is steered for one service.

    Attributes:
        key: `namespace/name`.
        headroom: Share by which an autoscaler may go above its minimum. [1]
        startup: From a new replica's creation to its first answer.
        route: Name of its HTTPRoute, empty where there is none.
    """

    key: str
    namespace: str
    enforces: bool
    headroom: float
    startup: timedelta
    route: str
    targets: tuple[Target, ...]


def read_profile(view: ProfileView) -> Profile:
    """The profile; the API server has checked every field."""
    spec: Mapping[str, Any] = view.spec
    return Profile(
        key=view.key,
        namespace=view.metadata.namespace,
        enforces=spec.get("mode", "Advise") == "Enforce",
        headroom=spec.get("headroomPercent", 20) / 100,
        startup=parse_duration(spec.get("startup", "2m")),
        route=spec.get("routeRef", {}).get("name", ""),
        targets=tuple(
            Target(
                site=one["site"],
                scaler=one["scalerRef"]["name"],
                backend=one.get("backend", ""),
                allowed=Range(floor=one["floor"], ceiling=one["ceiling"]),
            )
            for one in spec.get("targets", ())
        ),
    )


def shared(profiles: Iterable[Profile]) -> dict[str, str]:
    """For each profile that names what an earlier one has: which object it is, and whose.

    Also one that names an autoscaler or a backend twice.
    """
    owners: dict[tuple[str, str, str], str] = {}
    found: dict[str, str] = {}
    for one in profiles:
        claims = [("HorizontalPodAutoscaler", target.scaler) for target in one.targets]
        claims += [("HTTPRoute", one.route)] if one.route else []
        for kind, name in claims:
            owner = owners.get((one.namespace, kind, name))
            if owner is not None:
                whose = "this profile twice" if owner == one.key else f"InferenceProfile {owner}"
                found[one.key] = (
                    f"{kind} {name} is steered by {whose}; name another, or take it out of one"
                )
                break
            owners[one.namespace, kind, name] = one.key
        backends = [target.backend for target in one.targets if target.backend]
        if len(set(backends)) < len(backends):
            found.setdefault(one.key, "two targets name the same backend; give each its own")
        if one.key in found:
            owners = {claim: owner for claim, owner in owners.items() if owner != one.key}
    return found
