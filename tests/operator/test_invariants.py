"""The checker of promises finds what it is there to find: a checker that cannot fail is none."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.operator.invariants import broken

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPERATOR = "system:serviceaccount:alize-system:alize-operator"


def entry(second, verb, resource, name, body=None, *, user=OPERATOR, agent="one", code=200):
    at = (NOON + timedelta(seconds=second)).isoformat()
    return {
        "stage": "ResponseComplete",
        "requestReceivedTimestamp": at,
        "stageTimestamp": at,
        "verb": verb,
        "user": {"username": user},
        "userAgent": f"alize-operator/{agent}",
        "objectRef": {"resource": resource, "namespace": "team", "name": name},
        "responseStatus": {"code": code},
        "requestObject": body,
    }


def made(name="train", *, second=0, managed="true", held=True):
    meta = {
        "name": name,
        "labels": {"alize.dev/managed": managed},
        "annotations": {"alize.dev/held": "all"} if held else {},
    }
    body = {"metadata": meta, "spec": {"suspend": True}}
    return entry(second, "create", "jobs", name, body, user="ann", agent="kubectl")


def suspend(second, wanted, **options):
    return entry(second, "patch", "jobs", "train", {"spec": {"suspend": wanted}}, **options)


def lease(second, agent):
    return entry(second, "update", "leases", "alize-operator", agent=agent)


def told(*audit, patience_s=60, now_s=30):
    return broken(
        audit,
        namespace="team",
        since=NOON,
        patience={"train": timedelta(seconds=patience_s)},
        grace=timedelta(0),
        now=NOON + timedelta(seconds=now_s),
    )


PAUSED = (suspend(2, True), suspend(3, False))
GOOD = {
    "held, and there is time": [made()],
    "released in time": [made(), suspend(1, False)],
    "released, and told again": [made(), suspend(1, False), suspend(2, False)],
    "paused and resumed": [made(), suspend(1, False), *PAUSED],
    "refused, and tried again": [made(), suspend(1, False, code=409), suspend(2, False)],
    "handed over": [lease(0, "one"), made(), lease(1, "two"), suspend(2, False, agent="two")],
    "its user holds it": [made(), suspend(1, False), suspend(2, True, user="ann")],
}
BAD = {
    "a pod": ([made(), entry(1, "patch", "pods", "x")], "R1: patch of pods"),
    "a Job that is deleted": ([made(), entry(1, "delete", "jobs", "train")], "R1: delete of Job"),
    "a Job that never opted in": (
        [made(managed="no"), suspend(1, False)],
        "R1: train never opted in",
    ),
    "a user's suspension lifted": (
        [made(held=False), suspend(1, False)],
        "R1: train: a suspension by ann was lifted",
    ),
    "a later suspension lifted": (
        [made(), suspend(1, False), suspend(2, True, user="ann"), suspend(3, False)],
        "R1: train: a suspension by ann was lifted",
    ),
    "a late start": ([made(), suspend(61, False)], "R2: train was started 0:00:01 too late"),
    "held for too long": ([made()], "R2: train is held 0:00:40 too long"),
    "a Job that is lost": ([], "R2: train was never created"),
    "a Job started again": (
        [made(), suspend(1, False), suspend(2, True, user="ann"), suspend(3, False)],
        "R3: train was started 2 times, paused 0",
    ),
    "a writer that does not lead": (
        [lease(0, "one"), made(), lease(1, "two"), suspend(2, False, agent="one")],
        "R4: train was written by alize-operator/one while alize-operator/two led",
    ),
    "too many writes": (
        [made(), *(suspend(n / 1000, False, code=429) for n in range(701)), suspend(1, False)],
        "R7: alize-operator/one wrote 701 times in 10 s, allowed 700",
    ),
    "two digests of one plan": (
        [made(), suspend(1, False)]
        + [
            entry(n, "patch", "energyplans", "plan", {"status": {"digest": n, "issuedAt": "t"}})
            | {"objectRef": {"resource": "energyplans", "subresource": "status", "name": "plan"}}
            for n in (2, 3)
        ],
        "R8: plan was told with two digests",
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_is_allowed_breaks_no_promise(case):
    assert told(*GOOD[case]) == []


@pytest.mark.parametrize("case", BAD)
def test_a_broken_promise_is_found(case):
    audit, words = BAD[case]
    assert any(one.startswith(words) for one in told(*audit, now_s=100)), told(*audit, now_s=100)
