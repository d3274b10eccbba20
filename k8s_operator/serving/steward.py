"""The loop of inference services: look at their objects, steer, write, tell.

Level-based like the loop of Jobs, and beside it, so that a long turn there never delays the loss of
a site here. What was there before stands on each object itself, and is put back as soon as nobody
steers it any more.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from k8s_operator.applier import CONFLICT, NOT_FOUND, Applier, Fenced
from k8s_operator.cache import OWN, Cache
from k8s_operator.conditions import same
from k8s_operator.connection import Connection, Refused, Unreachable
from k8s_operator.instants import instant_text
from k8s_operator.names import STATUS_WRITER
from k8s_operator.planning.question import Answer, Question, ServiceOutlook
from k8s_operator.serving.demand import DemandWatch
from k8s_operator.serving.objects import (
    HPAS,
    ROUTES,
    HpaView,
    RouteView,
    ScaledView,
    hpa_apply,
    hpa_path,
    hpa_put_back,
    is_edited,
    remembered,
    route_patch,
    route_path,
    route_put_back,
    scaled_path,
)
from k8s_operator.serving.profile import Profile, read_profile, shared
from k8s_operator.serving.report import demand_state, event_on, states, status_of, turned
from k8s_operator.serving.steer import Ground, Look, Pace, Steering, steer
from k8s_operator.serving.words import AWAY, SCALER, SHIFTED_AT, STEERED, STEERED_BY, WRITTEN, Event
from k8s_operator.settings import Clock, OperatorSettings
from k8s_operator.state import service_names
from k8s_operator.views import ProfileView, SiteView

log = logging.getLogger(__name__)
V = TypeVar("V")
INVALID = 422
NEVER = datetime.max.replace(tzinfo=UTC)


class Steward:
    """Steers every InferenceProfile.

    Attributes:
        shifts: Changes of weights by what they were: `step`, `failover`.
    """

    def __init__(
        self,
        connection: Connection,
        applier: Applier,
        cache: Cache,
        settings: OperatorSettings,
        *,
        demand: DemandWatch,
        clock: Clock,
    ) -> None:
        """Read through `connection`, write with `applier`."""
        self._connection, self._applier, self._cache = connection, applier, cache
        self._settings, self._clock = settings, clock
        self._demand = demand
        self._pace = Pace(
            shift_every_s=settings.shift_every_s, return_after_s=settings.return_after_s
        )
        self._outlooks: dict[str, ServiceOutlook] = {}
        self._troubles: dict[str, str] = {}
        self._expires_at: datetime | None = None
        self._ready_since_s: dict[str, float] = {}
        self.shifts: dict[str, int] = {}

    def learn(self, asked: Question, answer: Answer) -> None:
        """Take in a plan; what it could not have keeps what was last known of it."""
        names = service_names(self._cache.profiles.objects.values())
        self._outlooks |= {
            key: answer.services[name] for key, name in names.items() if name in answer.services
        }
        self._outlooks = {key: one for key, one in self._outlooks.items() if key in names}
        self._troubles = {
            key: answer.service_troubles[name].message
            for key, name in names.items()
            if name in answer.service_troubles
        }
        self._expires_at = asked.expires_at

    async def run(self, leads: asyncio.Event) -> None:
        """Work for as long as the task lives, while `leads` is set."""
        await self._cache.wait()
        while True:
            await leads.wait()
            try:
                await self.turn()
            except (Refused, Unreachable, Fenced) as error:
                log.info("services: %s", error)
            await asyncio.sleep(self._settings.serve_every_s)

    async def turn(self) -> None:
        """Look at every profile once."""
        views = sorted(
            self._cache.profiles.objects.values(),
            key=lambda one: (one.metadata.creation_timestamp or NEVER, one.key),
        )
        profiles = [read_profile(one) for one in views]
        taken = shared(profiles)
        ground = self._ground()
        steered: set[tuple[str, str]] = set()
        for view, one in zip(views, profiles, strict=True):
            if one.enforces and one.key not in taken:
                steered |= {(one.key, target.scaler) for target in one.targets}
                steered.add((one.key, one.route))
            try:
                await self._serve(view, one, ground, taken.get(one.key))
            except Refused as refused:
                # One that cannot be written must not keep the others from their failover.
                log.warning("service %s: %s", one.key, refused)
        await put_back(self._connection, self._applier, keep=steered)

    async def _serve(
        self, view: ProfileView, one: Profile, ground: Ground, taken: str | None
    ) -> None:
        """Look at one profile's objects, steer, write and tell; `taken` says who has them."""
        trouble = taken or self._trouble(one) or self._troubles.get(one.key, "")
        look = None if taken else await self._look(one)
        outlook = self._outlooks.get(one.key)
        steering = None
        if look is not None and outlook is not None:
            came_rps = self._demand.surge_rps(view)
            steering = steer(one, look, outlook, ground, self._pace, came_rps=came_rps)
            if one.enforces:
                await self._write(view, one, look, steering)
        told = states(one, look, steering, trouble=trouble, plan_holds=ground.plan_holds)
        if view.spec.get("demandSources"):
            told["DemandRead"] = demand_state(self._demand.failures(one.key))
        await self._tell(view, one, look, steering, told)

    @property
    def _sites(self) -> Mapping[str, SiteView]:
        return self._cache.sites.objects

    def _trouble(self, one: Profile) -> str:
        """A target whose Site is not there."""
        known = self._sites
        unknown = sorted(target.site for target in one.targets if target.site not in known)
        if not unknown:
            return ""
        return f"targets: there is no Site {', '.join(unknown)}; add it, or take the target out"

    def _ground(self) -> Ground:
        now_s = time.monotonic()
        nodes = tuple(self._cache.nodes.objects.values())
        sites = {name: one.spec["nodeSelector"].items() for name, one in self._sites.items()}
        alive = {
            name
            for name, labels in sites.items()
            if any(node.is_alive and labels <= node.metadata.labels.items() for node in nodes)
        }
        lost = frozenset(sites.keys() - alive)
        self._ready_since_s = {name: self._ready_since_s.get(name, now_s) for name in alive}
        now = self._clock.now()
        return Ground(
            lost=lost,
            healthy_s={name: now_s - since_s for name, since_s in self._ready_since_s.items()},
            now=now,
            wall=datetime.now(UTC),
            plan_holds=self._expires_at is not None and now < self._expires_at,
        )

    async def _look(self, one: Profile) -> Look:
        """Its objects as they are now; those that are not there are named."""
        space = one.namespace
        hpas: dict[str, HpaView] = {}
        ready: dict[str, int] = {}
        missing = []
        for target in one.targets:
            hpa = await self._get(hpa_path(space, target.scaler), HpaView)
            if hpa is None:
                missing.append(
                    f"{target.site}: there is no HorizontalPodAutoscaler {target.scaler}; "
                    "create it, or name another"
                )
                continue
            hpas[target.site] = hpa
            ref = hpa.spec.scale_target_ref
            path = scaled_path(space, ref)
            scaled = await self._get(path, ScaledView) if path else None
            if scaled is None:
                missing.append(
                    f"{target.site}: {target.scaler} scales {ref.kind} {ref.name}, whose readiness "
                    "cannot be read; let it scale a Deployment or StatefulSet that is there"
                )
            else:
                ready[target.site] = scaled.status.ready_replicas
        route = await self._get(route_path(space, one.route), RouteView) if one.route else None
        if one.route and route is None:
            missing.append(f"there is no HTTPRoute {one.route}; create it, or take routeRef out")
        return Look(hpas=hpas, ready=ready, route=route, missing=tuple(missing))

    async def _get(self, path: str, view: type[V]) -> V | None:
        try:
            return msgspec.json.decode(await self._connection.call("GET", path), type=view)
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return None
            raise

    async def _write(self, view: ProfileView, one: Profile, look: Look, steering: Steering) -> None:
        """Bounds first: a failover's survivors are raised in the same turn."""
        if steering.failover:
            await self._shift(view, one, look, steering)
        for target in one.targets:
            hpa = look.hpas.get(target.site)
            if hpa is None or is_edited(hpa.metadata, hpa.bounds):
                continue
            body = hpa_apply(hpa, one.key, steering.bounds[target.site])
            if body is not None:
                path = hpa_path(one.namespace, target.scaler)
                await self._tried(path, self._applier.apply(path, body, manager=SCALER))
        if not steering.failover:
            await self._shift(view, one, look, steering)

    async def _shift(self, view: ProfileView, one: Profile, look: Look, steering: Steering) -> None:
        route, after = look.route, steering.after
        if route is None or not after or steering.problem:
            return
        backends = {target.site: target.backend for target in one.targets}
        weights = {backends[name]: weight for name, weight in after.items()}
        said, away = {}, ",".join(sorted(steering.away))
        moves = after != steering.weights
        if away != route.metadata.annotations.get(AWAY, ""):
            said[AWAY] = away
        if moves:
            said[SHIFTED_AT] = instant_text(datetime.now(UTC).replace(microsecond=0))
        edited = is_edited(
            route.metadata, {backends[name]: w for name, w in steering.weights.items()}
        )
        if edited or not (said or remembered(route.metadata, WRITTEN) != weights):
            return
        path = route_path(one.namespace, one.route)
        steps = route_patch(route, one.key, weights, said)
        if not await self._tried(path, self._applier.patch(path, steps, manager=SCALER)):
            return
        if moves:
            kind = "failover" if steering.failover else "step"
            self.shifts[kind] = self.shifts.get(kind, 0) + 1
        if steering.failover:
            told = ", ".join(f"{name} {weight}" for name, weight in sorted(after.items()))
            gone = ", ".join(sorted(n for n, w in steering.weights.items() if w and not after[n]))
            await self._event(view, Event.FAILED_OVER, f"{gone} is lost; weights are now {told}")
        if steering.returned:
            names = ", ".join(sorted(steering.returned))
            await self._event(view, Event.RETURNED, f"{names} is healthy: requests return by steps")

    async def _tried(self, path: str, write: Any) -> bool:
        """Whether it was written; where somebody wrote in between, the next turn looks anew."""
        try:
            await write
        except Refused as refused:
            if refused.code not in (CONFLICT, NOT_FOUND, INVALID):
                raise
            log.info("%s: %s", path, refused)
            return False
        return True

    async def _tell(
        self,
        view: ProfileView,
        one: Profile,
        look: Look | None,
        steering: Steering | None,
        told: Mapping[str, tuple[bool, str, str]],
    ) -> None:
        status = status_of(view, one, look, steering, told=told, now=self._clock.now())
        if same(view.status, status):
            return
        space, name = one.namespace, view.metadata.name
        path = f"{OWN}/namespaces/{space}/inferenceprofiles/{name}"
        raw = await self._applier.merge_status(path, {"status": status}, manager=STATUS_WRITER)
        self._cache.profiles.put(raw)
        for event, note in turned(view, told):
            await self._event(view, event, note)

    async def _event(self, view: ProfileView, event: Event, note: str) -> None:
        body = event_on(view, event, note, self._settings.identity)
        path = f"/apis/events.k8s.io/v1/namespaces/{view.metadata.namespace}/events"
        try:
            await self._applier.create(path, body, manager=SCALER)
        except (Refused, Unreachable) as error:
            log.info("event %s of %s: %s", event, view.key, error)


async def put_back(
    connection: Connection, applier: Applier, *, keep: Iterable[tuple[str, str]] = ()
) -> list[str]:
    """Give every steered object back what stood there before; but those in `keep`.

    Args:
        keep: Profile and name of what is steered on.

    Returns:
        What was put back, by its path.
    """
    kept, done = set(keep), []
    for path in (f"{HPAS}/horizontalpodautoscalers", f"{ROUTES}/httproutes"):
        try:
            raw = await connection.call("GET", path, query={"labelSelector": f"{STEERED}=true"})
        except Refused as refused:
            if refused.code == NOT_FOUND:
                continue  # A cluster without the Gateway API has no routes.
            raise
        for item in msgspec.json.decode(raw)["items"]:
            meta = item["metadata"]
            if (meta.get("annotations", {}).get(STEERED_BY), meta["name"]) in kept:
                continue
            where, steps = _restored(path, item)
            try:
                await applier.patch(where, steps, manager=SCALER)
            except Refused as refused:
                if refused.code not in (CONFLICT, NOT_FOUND, INVALID):
                    raise
                log.info("%s: %s", where, refused)
            else:
                done.append(where)
    return done


def _restored(path: str, item: Any) -> tuple[str, list[dict[str, Any]]]:
    space, name = item["metadata"]["namespace"], item["metadata"]["name"]
    if path.endswith("httproutes"):
        return route_path(space, name), route_put_back(msgspec.convert(item, RouteView))
    return hpa_path(space, name), hpa_put_back(msgspec.convert(item, HpaView))
