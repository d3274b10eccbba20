"""What a service's objects should say, worked out by hand for each thing that may be in the way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from k8s_operator.planning.question import ServiceOutlook
from k8s_operator.serving.objects import (
    HpaSpec,
    HpaView,
    RouteView,
    ScaleTarget,
    hpa_apply,
    hpa_put_back,
    route_patch,
    route_put_back,
    weights_of,
)
from k8s_operator.serving.profile import read_profile, shared
from k8s_operator.serving.steer import Ground, Look, Pace, steer
from k8s_operator.serving.words import ANNOTATIONS, AWAY, BEFORE, STEERED, WRITTEN
from k8s_operator.views import Meta, ProfileView
from tests.operator.services import profile, target

NOW = datetime(2026, 3, 2, 0, 20, tzinfo=UTC)
#: Bounds of the team's own, as they are remembered.
TEAMS = '{"maxReplicas":40,"minReplicas":2}'
PACE = Pace(shift_every_s=60, return_after_s=600)
#: A hundred requests a second all day, all of them planned at clean; the demand doubles at one.
OUTLOOK = ServiceOutlook(
    start=NOW.replace(minute=0),
    step_min=60,
    capacity_rps=10.0,
    high_rps=(100.0, 200.0),
    replicas={"clean": (10, 20), "dirty": (0, 0)},
    rps={"clean": (100.0, 200.0), "dirty": (0.0, 0.0)},
    open_sites=("clean", "dirty"),
)
CALM = Ground(lost=frozenset(), healthy_s={"clean": 1e6, "dirty": 1e6}, now=NOW, wall=NOW)
ENFORCED = read_profile(msgspec.convert(profile("team"), ProfileView))


def route(clean, dirty, **annotations):
    refs = [{"name": "chat-clean", "weight": clean}, {"name": "chat-dirty", "weight": dirty}]
    said = {f"alize.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    meta = Meta(name="chat", namespace="team", uid="u", resource_version="7", annotations=said)
    return RouteView(metadata=meta, spec={"rules": [{"backendRefs": refs}]})


def hpa(least=2, most=40, **annotations):
    said = {f"alize.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    meta = Meta(
        name="chat-clean", namespace="team", uid="u", resource_version="7", annotations=said
    )
    ref = ScaleTarget(kind="Deployment", name="chat-clean")
    return HpaView(
        metadata=meta, spec=HpaSpec(scale_target_ref=ref, min_replicas=least, max_replicas=most)
    )


def look(one=None, clean=10, dirty=10):
    return Look(hpas={}, ready={"clean": clean, "dirty": dirty}, route=one)


def test_one_planned_step_then_a_pause():
    first = steer(ENFORCED, look(route(0, 100)), OUTLOOK, CALM, PACE)
    assert first.after == {"clean": 20, "dirty": 80}
    moved = route(20, 80, shifted_at=NOW.isoformat())
    soon = replace(CALM, wall=NOW + timedelta(seconds=59))
    assert steer(ENFORCED, look(moved), OUTLOOK, soon, PACE).after == {"clean": 20, "dirty": 80}
    later = replace(CALM, wall=NOW + timedelta(seconds=60))
    assert steer(ENFORCED, look(moved), OUTLOOK, later, PACE).after == {"clean": 40, "dirty": 60}


def test_the_floor_stays_where_requests_still_are():
    found = steer(ENFORCED, look(route(20, 80)), OUTLOOK, CALM, PACE)
    # After this step 60 of 100 requests a second are still answered at dirty.
    assert found.after == {"clean": 40, "dirty": 60}
    assert found.bounds["dirty"].least == 6
    assert found.bounds["clean"].least == 10


def test_replicas_for_the_next_step_are_started_before_it_begins():
    soon = replace(CALM, now=NOW.replace(minute=59))
    patient = replace(ENFORCED, startup=timedelta(minutes=2))
    assert steer(patient, look(), OUTLOOK, soon, PACE).bounds["clean"].least == 20
    assert steer(ENFORCED, look(), OUTLOOK, soon, PACE).bounds["clean"].least == 10


def test_a_surge_above_the_band_raises_the_floor_at_once():
    calm = steer(ENFORCED, look(route(100, 0)), OUTLOOK, CALM, PACE, came_rps=99.0)
    assert (calm.bounds["clean"].least, calm.is_surge) == (10, False)
    surge = steer(ENFORCED, look(route(100, 0)), OUTLOOK, CALM, PACE, came_rps=175.0)
    assert (surge.bounds["clean"].least, surge.is_surge) == (18, True)


def test_a_lost_site_is_left_at_once_and_returned_to_after_ten_minutes_of_health():
    lost = replace(CALM, lost=frozenset({"clean"}))
    found = steer(ENFORCED, look(route(100, 0)), OUTLOOK, lost, PACE)
    assert (found.failover, found.after) == (True, {"clean": 0, "dirty": 100})
    assert found.away == {"clean"}
    back = route(0, 100, away="clean")
    early = replace(CALM, healthy_s={"clean": 599.0, "dirty": 1e6})
    found = steer(ENFORCED, look(back), OUTLOOK, early, PACE)
    assert (found.after, found.away) == ({"clean": 0, "dirty": 100}, {"clean"})
    healthy = replace(CALM, healthy_s={"clean": 600.0, "dirty": 1e6})
    found = steer(ENFORCED, look(back), OUTLOOK, healthy, PACE)
    assert (found.after, found.away) == ({"clean": 20, "dirty": 80}, frozenset())
    assert found.returned == {"clean"}


def test_a_failover_waits_for_no_pause_and_no_plan():
    moved = route(100, 0, shifted_at=NOW.isoformat())
    lost = replace(CALM, lost=frozenset({"clean"}), plan_holds=False)
    assert steer(ENFORCED, look(moved), OUTLOOK, lost, PACE).after == {"clean": 0, "dirty": 100}


def test_a_service_that_may_go_nowhere_else_stays_where_it_is_and_says_so():
    sovereign = msgspec.structs.replace(OUTLOOK, open_sites=("clean",))
    lost = replace(CALM, lost=frozenset({"clean"}))
    found = steer(ENFORCED, look(route(100, 0)), sovereign, lost, PACE)
    assert found.after == {"clean": 100, "dirty": 0}
    assert found.nowhere


def test_when_the_plan_has_expired_bounds_only_rise_and_weights_stay():
    expired = replace(CALM, plan_holds=False)
    there = Look(hpas={"clean": hpa(15, 18)}, ready={"clean": 15}, route=route(50, 50))
    found = steer(ENFORCED, there, OUTLOOK, expired, PACE)
    assert found.after == {"clean": 50, "dirty": 50}
    assert (found.bounds["clean"].least, found.bounds["clean"].most) == (15, 18)


def test_the_loss_of_a_site_is_carried_by_those_that_already_stand():
    safe = msgspec.structs.replace(OUTLOOK, survives_site_loss=True)
    found = steer(ENFORCED, look(route(100, 0)), safe, CALM, PACE)
    assert (found.bounds["clean"].least, found.bounds["dirty"].least) == (10, 10)


def test_what_was_written_by_hand_is_seen():
    edited = route(7, 93, written='{"chat-clean":20,"chat-dirty":80}')
    found = steer(ENFORCED, look(edited), OUTLOOK, CALM, PACE)
    assert found.edited == ("weights of HTTPRoute chat",)
    assert found.after == {"clean": 7, "dirty": 93}


def test_weights_that_cannot_be_steered_say_why():
    names = ("chat-clean", "chat-dirty")
    assert "one point is more than a step" in weights_of(route(1, 1), names).problem
    assert "has no backendRef chat-far" in weights_of(route(50, 50), (*names, "chat-far")).problem
    two = route(50, 50)
    two.spec["rules"].append({"backendRefs": [{"name": "chat-clean", "weight": 9}]})
    assert "weigh the backends differently" in weights_of(two, names).problem


def test_what_stood_there_before_is_remembered_once_and_put_back():
    found = steer(ENFORCED, Look(hpas={}, ready={}), OUTLOOK, CALM, PACE)
    body = hpa_apply(hpa(), "team/chat", found.bounds["clean"])
    assert body["spec"] == {"minReplicas": 10, "maxReplicas": 12}
    assert body["metadata"]["annotations"][BEFORE] == TEAMS
    ours = hpa(
        10,
        12,
        before='{"maxReplicas":40,"minReplicas":2}',
        written=body["metadata"]["annotations"][WRITTEN],
    )
    assert hpa_apply(ours, "team/chat", found.bounds["clean"]) is None
    values = {one["path"]: one.get("value") for one in hpa_put_back(ours)}
    assert (values["/spec/minReplicas"], values["/spec/maxReplicas"]) == (2, 40)


def test_bounds_set_by_hand_since_are_not_put_back():
    ours = hpa(
        5,
        6,
        before='{"maxReplicas":40,"minReplicas":2}',
        written='{"maxReplicas":12,"minReplicas":10}',
    )
    assert not any(one["path"].startswith("/spec") for one in hpa_put_back(ours))


def test_a_memory_that_somebody_has_spoilt_changes_no_bounds():
    for spoilt in ("[]", "many", '{"minReplicas":"2"}'):
        ours = hpa(10, 12, before=spoilt, written='{"maxReplicas":12,"minReplicas":10}')
        assert not any(one["path"].startswith("/spec") for one in hpa_put_back(ours))


def test_a_patch_of_weights_touches_nothing_else_of_the_route():
    steps = route_patch(
        route(0, 100), "team/chat", {"chat-clean": 20, "chat-dirty": 80}, {AWAY: ""}
    )
    weights = {one["path"]: one["value"] for one in steps if one["path"].startswith("/spec")}
    assert weights == {
        "/spec/rules/0/backendRefs/0/weight": 20,
        "/spec/rules/0/backendRefs/1/weight": 80,
    }
    assert [one["path"] for one in steps if one["op"] == "test"] == [
        "/metadata/uid",
        "/metadata/resourceVersion",
    ]


def test_a_route_gets_its_weights_back():
    ours = route(
        20,
        80,
        before='{"chat-clean":0,"chat-dirty":100}',
        written='{"chat-clean":20,"chat-dirty":80}',
    )
    back = {one["path"]: one.get("value") for one in route_put_back(ours)}
    assert back["/spec/rules/0/backendRefs/1/weight"] == 100
    assert back[f"/metadata/annotations/{WRITTEN.replace('/', '~1')}"] is None


def test_the_older_of_two_profiles_has_what_both_name():
    older = replace(ENFORCED, key="team/older")
    other = read_profile(
        msgspec.convert(
            profile("team", "b", routeRef=None, targets=[target("chat", "clean")]), ProfileView
        )
    )
    assert set(shared([older, other])) == {"team/b"}
    assert "InferenceProfile team/older" in shared([older, other])["team/b"]
    far = replace(other, namespace="elsewhere")
    assert shared([older, far]) == {}


def test_every_word_of_ours_stands_under_our_own_group():
    assert {one.split("/")[0] for one in (*ANNOTATIONS, STEERED)} == {"alize.dev"}
