"""A stage for the whole loop: two sites, their nodes, a clock that runs fast, and Jobs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from k8s_operator import names
from tests.controlplane.api import ApiError
from tests.controlplane.controlplane import ControlPlane
from tests.operator.invariants import broken
from tests.operator.objects import Manifest, job, node, site
from tests.operator.replica import Replica, until

#: When the world of every scene begins.
ORIGIN = datetime(2026, 3, 2, tzinfo=UTC)
#: World seconds a second: a step of five minutes takes three seconds.
SPEED = 100
#: Steps from the origin in which energy is dirty everywhere; then `clean` is.
DIRTY_STEPS = 48
#: Given to an operator, on a busy machine, to be ready and lead.
START_S = 120
#: A clock that runs as the wall's does, and steps that last longer than any test.
HOURLY: dict[str, Any] = {
    "CLOCK_SPEED": 1,
    # In the middle of an hour: a busy machine does not reach the next.
    "CLOCK_ORIGIN": (ORIGIN + timedelta(minutes=5)).isoformat(),
    "STEP_MIN": 60,
    "HORIZON_H": 12,
    "SOLVE_LIMIT_S": 240,
    "KILL_AFTER_S": 280,
}
OPERATOR = "system:serviceaccount:alize-system:alize-operator"


def furnish(plane: ControlPlane, *, nodes: int = 2, schedules: bool = False) -> None:
    """Two Sites and their nodes; where nobody keeps nodes Ready, they are said to be."""
    carbon = [800.0] * DIRTY_STEPS + [20.0] * 500
    plane.apply(site("clean", carbon_g_per_kwh=carbon, start=ORIGIN))
    plane.apply(site("dirty", carbon_g_per_kwh=900))
    for name in ("clean", "dirty"):
        for number in range(nodes):
            add_node(plane, node(f"{name}-{number}", name), schedules=schedules)


def add_node(plane: ControlPlane, one: Manifest, *, schedules: bool) -> None:
    plane.apply(one)
    if not schedules:
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        path = f"/api/v1/nodes/{one['metadata']['name']}/status"
        plane.admin.merge(path, {"status": one["status"] | ready})


class Scene:
    """One namespace of a furnished plane."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane, self.namespace = plane, namespace
        self.path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self.began = datetime.now(UTC)

    @contextmanager
    def replica(self, name: str = "one", **settings: Any) -> Iterator[Replica]:
        """An operator whose world begins as the scene did."""
        clock = {
            "CLOCK_ORIGIN": ORIGIN.isoformat(),
            "CLOCK_WALL": self.began.isoformat(),
            "CLOCK_SPEED": SPEED,
            "HORIZON_H": 12,
            "EXPIRES_AFTER_H": 24,
        }
        with Replica(self.plane, name, **(clock | settings)) as one:
            try:
                yield one
            except BaseException as error:
                error.add_note(one.log[-3000:])
                raise

    def create(self, *manifests: Manifest) -> None:
        for one in manifests:
            self.plane.admin.post(self.path, one)

    def create_held(self, *manifests: Manifest, by: str = "all") -> None:
        """As before 1.36: created suspended, with the annotation that says for whom."""
        for one in manifests:
            one["spec"]["suspend"] = True
            one["metadata"]["annotations"][names.HELD] = by
            self.plane.admin.post(self.path, one)

    def job(self, name: str) -> Any:
        return self.plane.admin.get(f"{self.path}/{name}")

    def said(self, name: str, word: str) -> str | None:
        found: str | None = self.job(name)["metadata"].get("annotations", {}).get(word)
        return found

    def is_held(self, name: str) -> bool:
        return bool(self.job(name)["spec"].get("suspend"))

    def site_of(self, name: str) -> str | None:
        selector = self.job(name)["spec"]["template"]["spec"].get("nodeSelector", {})
        found: str | None = selector.get(names.SITE)
        return found

    def events(self, name: str) -> list[tuple[str, str]]:
        """Reasons and notes of what was told of a Job."""
        path = f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events"
        return [
            (one["reason"], one.get("note", ""))
            for one in self.plane.admin.get(path)["items"]
            if one["regarding"].get("name") == name
            and one.get("reportingController") == "alize.dev/operator"
        ]

    def told(self, name: str) -> list[str]:
        """Reasons alone."""
        return [reason for reason, _ in self.events(name)]

    def world_now(self) -> datetime:
        return ORIGIN + (datetime.now(UTC) - self.began) * SPEED

    def writes(self, name: str, user: str | None = None) -> list[dict[str, Any]]:
        """Accepted patches of a Job, from the API server's own audit log."""
        return [
            one["requestObject"]
            for one in self.plane.audit()
            if one["objectRef"].get("name") == name
            and one["objectRef"].get("namespace") == self.namespace
            and one["verb"] == "patch"
            and one["objectRef"]["resource"] == "jobs"
            and "subresource" not in one["objectRef"]
            and one["responseStatus"]["code"] == 200
            and (user is None or one["user"]["username"] == user)
        ]

    def broken_promises(
        self, patience_s: float, jobs: Iterable[str], grace_s: float = 60, **limits: float
    ) -> list[str]:
        """Every promise broken in this scene; `jobs` are those that must have started by now.

        A Job waits up to `patience_s` of wall time; on a busy machine `grace_s` is no delay.
        """
        return broken(
            self.plane.audit(),
            namespace=self.namespace,
            since=self.began,
            patience=dict.fromkeys(jobs, timedelta(seconds=patience_s)),
            grace=timedelta(seconds=grace_s),
            now=datetime.now(UTC),
            **limits,  # type: ignore[arg-type]
        )

    def clear(self) -> None:
        """Leave nothing that another scene would plan."""
        for one in list(self.plane.admin.items(self.path)):
            name = one["metadata"]["name"]
            try:
                self.plane.admin.delete(f"{self.path}/{name}", propagationPolicy="Background")
            except ApiError as gone:
                if gone.code != 404:
                    raise
        policies = f"/apis/alize.dev/v1alpha1/namespaces/{self.namespace}/energypolicies"
        self.plane.admin.delete(policies)
        until("Jobs are gone", lambda: not self.plane.admin.get(self.path)["items"], 60)


def releases(writes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that let a Job go."""
    return [one for one in writes if one.get("spec", {}).get("suspend") is False]


def wait_of(wall_s: float) -> str:
    """A policy's longest wait that lasts so many seconds of wall time."""
    return f"{round(wall_s * SPEED / 60)}m"


def trains(count: int) -> list[str]:
    """Names of so many Jobs."""
    return [f"train-{number}" for number in range(count)]


def held_jobs(scene: Scene, count: int) -> None:
    """Create them, held."""
    scene.create_held(*(job(name, scene.namespace) for name in trains(count)))


def all_released(scene: Scene, count: int) -> bool:
    """Whether none of them is held any more, by one look."""
    held = {
        one["metadata"]["name"]
        for one in scene.plane.admin.get(scene.path)["items"]
        if one["spec"].get("suspend")
    }
    return not held & set(trains(count))
