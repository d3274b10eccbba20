"""What one service's autoscalers and route should say now. Pure: a look at them in, wishes out.

Bounds are never under what demand needs; weights go by planned steps, and at once only from a lost
site. What somebody else has written since is left to them, and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from k8s_operator.instants import parse_instant
from k8s_operator.planning.question import ServiceOutlook
from k8s_operator.serving.bounds import Bounds, bounds
from k8s_operator.serving.objects import HpaView, RouteView, is_edited, weights_of
from k8s_operator.serving.profile import Profile
from k8s_operator.serving.weights import apportioned, shift
from k8s_operator.serving.words import AWAY, SHIFTED_AT

MOST_SHARE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A service's objects as they are.

    Attributes:
        hpas: By site, those that are there.
        ready: Replicas that are ready, by site.
        route: None where the profile names none, or it is not there.
        missing: What is not there, and what to do.
    """

    hpas: Mapping[str, HpaView]
    ready: Mapping[str, int]
    route: RouteView | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What holds of the sites now.

    Attributes:
        lost: Sites without a Ready node.
        healthy_s: For how long each of the others has had one, as far as is known. [s]
        now: World time.
        wall: Wall time, by which steps are paced.
        plan_holds: Whether the plan has not expired.
    """

    lost: frozenset[str]
    healthy_s: Mapping[str, float]
    now: datetime
    wall: datetime
    plan_holds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How quickly weights may move."""

    shift_every_s: float
    return_after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What is wanted.

    Attributes:
        high_rps: Demand that is not exceeded in nineteen of twenty cases, or came. [1/s]
        is_surge: Whether more came than that.
        bounds: By site.
        weights: By site as they are; none where there is no route to steer.
        after: By site as they should be next.
        goal: By site as the plan has them.
        away: Lost sites to which requests have not returned.
        returned: Those to which they may from now on.
        failover: Whether a lost site is emptied.
        edited: Objects that somebody else has written, in words.
        problem: Why the route cannot be steered, and what to do.
        nowhere: Whether no admissible site is left.
    """

    high_rps: float
    bounds: dict[str, Bounds]
    weights: dict[str, int]
    after: dict[str, int]
    goal: dict[str, int]
    away: frozenset[str] = frozenset()
    returned: frozenset[str] = frozenset()
    failover: bool = False
    edited: tuple[str, ...] = ()
    problem: str = ""
    nowhere: bool = False
    is_surge: bool = False


def steer(
    profile: Profile,
    look: Look,
    outlook: ServiceOutlook,
    ground: Ground,
    pace: Pace,
    *,
    came_rps: float = 0.0,
) -> Steering:
    """What is wanted of `profile`'s objects now.

    Args:
        came_rps: Requests as they came last; above the forecast they count at once. [1/s]
    """
    sites = frozenset(one.site for one in profile.targets)
    lost, closed = ground.lost & sites, sites - set(outlook.open_sites) - ground.lost
    steps = _steps(outlook, ground.now, profile.startup)
    forecast_rps = max(outlook.high_rps[n] for n in steps)
    high_rps = max(forecast_rps, came_rps)
    most_share = {
        name: min(MOST_SHARE, ready * outlook.capacity_rps / high_rps) if high_rps else MOST_SHARE
        for name, ready in look.ready.items()
    }
    wanted = _wanted(outlook, steps[0], sites - closed)
    by_site = {one.site: one.backend for one in profile.targets}
    weights: dict[str, int] = {}
    after: dict[str, int] = {}
    goal: dict[str, int] = {}
    away = returned = frozenset[str]()
    problem, failover = "", False
    edited = _edited_hpas(profile, look)
    if look.route is not None:
        meta = look.route.metadata
        there = weights_of(look.route, tuple(by_site.values()))
        problem = there.problem
        weights = {name: there.weights[by_site[name]] for name in by_site if not problem}
    if look.route is not None and weights:
        before = frozenset(filter(None, meta.annotations.get(AWAY, "").split(","))) & sites
        returned = frozenset(
            name for name in before - lost if ground.healthy_s.get(name, 0.0) >= pace.return_after_s
        )
        away = (before | lost) - returned
        step = shift(
            weights, wanted, lost=lost, most_share=most_share, closed=closed | (away - lost)
        )
        after, failover = step.weights, step.failover and step.weights != weights
        if is_edited(meta, there.weights):
            edited = (*edited, f"weights of HTTPRoute {meta.name}")
            after, failover = dict(weights), False
        elif not failover and not (ground.plan_holds and _is_due(look.route, ground, pace)):
            after = dict(weights)
        live = {name: share for name, share in wanted.items() if name not in lost | away}
        if sum(live.values()):
            goal = dict.fromkeys(weights, 0) | apportioned(live, sum(weights.values()))
    found = bounds(
        {one.site: one.allowed for one in profile.targets},
        planned={name: max(counts[n] for n in steps) for name, counts in outlook.replicas.items()},
        shares=_shares(wanted, after, lost),
        high_rps=high_rps,
        capacity_rps=outlook.capacity_rps,
        survives_loss_at=sites & set(outlook.open_sites)
        if outlook.survives_site_loss
        else frozenset(),
        lost=lost,
        headroom=profile.headroom,
    )
    if not ground.plan_holds:
        found = {name: _kept(one, look.hpas.get(name)) for name, one in found.items()}
    return Steering(
        high_rps=high_rps,
        is_surge=came_rps > forecast_rps,
        bounds=found,
        weights=weights,
        after=after,
        goal=goal,
        away=away,
        returned=returned,
        failover=failover,
        edited=edited,
        problem=problem,
        nowhere=not sites - lost - closed,
    )


def _steps(outlook: ServiceOutlook, now: datetime, startup: timedelta) -> range:
    """Numbers of the step that runs and of those in which what is started now first answers."""
    step, last = timedelta(minutes=outlook.step_min), len(outlook.high_rps) - 1
    first = min(last, max(0, (now - outlook.start) // step))
    ready = min(last, max(first, (now + startup - outlook.start) // step))
    return range(first, ready + 1)


def _wanted(outlook: ServiceOutlook, step: int, sites: frozenset[str]) -> dict[str, float]:
    """The plan's requests by site; where it has none, its replicas."""
    rps = {name: outlook.rps[name][step] for name in sorted(sites) if name in outlook.rps}
    if sum(rps.values()) > 0:
        return rps
    return {name: float(outlook.replicas[name][step]) for name in rps}


def _shares(
    wanted: Mapping[str, float], after: Mapping[str, int], lost: frozenset[str]
) -> dict[str, float]:
    """Of all requests by site: the larger of what it will have next and what the plan has."""
    live = {name: share for name, share in wanted.items() if name not in lost}
    whole, total = sum(live.values()), sum(after.values())
    return {
        name: max(
            live.get(name, 0.0) / whole if whole else 0.0,
            after.get(name, 0) / total if total else 0.0,
        )
        for name in live.keys() | after.keys()
    }


def _edited_hpas(profile: Profile, look: Look) -> tuple[str, ...]:
    return tuple(
        f"bounds of HorizontalPodAutoscaler {one.scaler}"
        for one in profile.targets
        if (hpa := look.hpas.get(one.site)) and is_edited(hpa.metadata, hpa.bounds)
    )


def _is_due(route: RouteView, ground: Ground, pace: Pace) -> bool:
    told = route.metadata.annotations.get(SHIFTED_AT)
    if told is None:
        return True
    try:
        shifted = parse_instant(told)
    except ValueError:
        return True
    return ground.wall - shifted >= timedelta(seconds=pace.shift_every_s)


def _kept(wanted: Bounds, hpa: HpaView | None) -> Bounds:
    """Not below what stands: the plan that would lower it has expired."""
    if hpa is None:
        return wanted
    return Bounds(
        least=max(wanted.least, hpa.spec.min_replicas),
        most=max(wanted.most, hpa.spec.max_replicas),
        short=wanted.short,
    )
