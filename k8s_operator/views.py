"""What the operator needs of each object, read from raw bytes: everything else is never built.

Ten thousand Jobs as full objects are half a gigabyte; as these they are a few dozen megabytes.
"""

from datetime import datetime
from typing import Any

import msgspec

Labels = dict[str, str]


class Meta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Who an object is."""

    name: str
    uid: str = ""
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: Labels = {}
    annotations: Labels = {}


class Condition(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """One aspect of an object's state."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Resources(msgspec.Struct, frozen=True, gc=False):
    """What a container asks for."""

    requests: dict[str, str | int | float] = {}
    limits: dict[str, str | int | float] = {}


class Container(msgspec.Struct, frozen=True, gc=False):
    """One container of a pod."""

    image: str = ""
    resources: Resources = Resources()


class PodSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """What a Job's pods are like."""

    containers: list[Container] = []
    node_selector: Labels = {}


class PodTemplate(msgspec.Struct, frozen=True, gc=False):
    """A Job's template of pods."""

    spec: PodSpec = PodSpec()


class JobSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """What is asked for."""

    suspend: bool = False
    parallelism: int = 1
    completions: int | None = None
    completion_mode: str = "NonIndexed"
    template: PodTemplate = PodTemplate()


class JobStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """What became of it."""

    start_time: datetime | None = None
    completion_time: datetime | None = None
    active: int = 0
    succeeded: int = 0
    terminating: int = 0
    conditions: list[Condition] = []


class JobView(msgspec.Struct, frozen=True, gc=False):
    """A Job."""

    metadata: Meta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or badly."""
        return any(
            one.type in ("Complete", "Failed") and one.status == "True"
            for one in self.status.conditions
        )

    @property
    def is_settled(self) -> bool:
        """Suspended, and nothing of it runs any more; only then may it be placed elsewhere."""
        told = any(
            one.type == "Suspended" and one.status == "True" for one in self.status.conditions
        )
        still = self.status.active == 0 and self.status.terminating == 0
        return self.spec.suspend and still and (told or self.status.start_time is None)


class NodeStatus(msgspec.Struct, frozen=True, gc=False):
    """What a node has to give."""

    allocatable: dict[str, str] = {}
    conditions: list[Condition] = []


class NodeSpec(msgspec.Struct, frozen=True, gc=False):
    """Whether pods may be put on it."""

    unschedulable: bool = False


class NodeView(msgspec.Struct, frozen=True, gc=False):
    """A Node."""

    metadata: Meta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def is_alive(self) -> bool:
        """Whether pods that are on it go on."""
        return any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)

    @property
    def is_ready(self) -> bool:
        """Whether pods can be put on it."""
        return self.is_alive and not self.spec.unschedulable


class SiteView(msgspec.Struct, frozen=True, gc=False):
    """A Site; its spec is the planner's to read."""

    metadata: Meta
    spec: dict[str, Any]
    status: dict[str, Any] = {}


class PolicyView(msgspec.Struct, frozen=True, gc=False):
    """An EnergyPolicy."""

    metadata: Meta
    spec: dict[str, Any]
    status: dict[str, Any] = {}


class PlanView(msgspec.Struct, frozen=True, gc=False):
    """An EnergyPlan."""

    metadata: Meta
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class ProfileView(msgspec.Struct, frozen=True, gc=False):
    """An InferenceProfile."""

    metadata: Meta
    spec: dict[str, Any]
    status: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.metadata.namespace}/{self.metadata.name}"
