"""Writes are few, patient, and never make anew what has gone."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_operator.applier import Applier, Bucket
from k8s_operator.backoff import Backoff
from k8s_operator.connection import Connection, Refused
from tests.operator.objects import job


@contextlib.asynccontextmanager
async def applier_as(kubeconfig, per_s=100.0, burst=10):
    connection = await Connection.load(kubeconfig, timeout_s=10)
    try:
        yield Applier(
            connection,
            Bucket(per_s, burst),
            may_write=lambda: True,
            backoff=lambda: Backoff(first_s=0.3, most_s=2),
        )
    finally:
        await connection.close()


def applied(name, namespace, uid):
    meta = {"name": name, "namespace": namespace, "uid": uid, "annotations": {"said": "yes"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta}


def test_an_apply_to_what_has_gone_is_refused_and_makes_nothing(api, namespace):
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    made = api.admin.post(path, job("gone", namespace))
    api.admin.delete(f"{path}/gone", propagationPolicy="Background")

    async def scene():
        async with applier_as(api.kubeconfig) as applier:
            body = applied("gone", namespace, made["metadata"]["uid"])
            with pytest.raises(Refused) as refused:
                await applier.apply(f"{path}/gone", body, manager="test")
            assert refused.value.code == 409

    asyncio.run(scene())
    assert api.admin.get(path)["items"] == []


def test_an_apply_to_another_of_the_same_name_is_refused(api, namespace):
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    made = api.admin.post(path, job("again", namespace))
    api.admin.delete(f"{path}/again", propagationPolicy="Background")
    api.admin.post(path, job("again", namespace))

    async def scene():
        async with applier_as(api.kubeconfig) as applier:
            body = applied("again", namespace, made["metadata"]["uid"])
            with pytest.raises(Refused) as refused:
                await applier.apply(f"{path}/again", body, manager="test")
            assert refused.value.code in (409, 422)

    asyncio.run(scene())
    assert "said" not in api.admin.get(f"{path}/again")["metadata"]["annotations"]


def test_a_server_that_asks_for_patience_gets_it(api, namespace):
    """A priority level with no seat refuses everything with 429 until it is given one."""
    level = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/none"
    flow = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/none"
    account = {"namespace": "alize-system", "name": "alize-operator"}

    def seats(shares):
        limited = {
            "nominalConcurrencyShares": shares,
            "lendablePercent": 0,
            "borrowingLimitPercent": 0,
            "limitResponse": {"type": "Reject"},
        }
        api.admin.apply(
            level,
            {
                "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
                "kind": "PriorityLevelConfiguration",
                "metadata": {"name": "none"},
                "spec": {"type": "Limited", "limited": limited},
            },
        )

    seats(0)
    api.admin.apply(
        flow,
        {
            "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
            "kind": "FlowSchema",
            "metadata": {"name": "none"},
            "spec": {
                "priorityLevelConfiguration": {"name": "none"},
                "matchingPrecedence": 1,
                "distinguisherMethod": {"type": "ByUser"},
                "rules": [
                    {
                        "subjects": [{"kind": "ServiceAccount", "serviceAccount": account}],
                        "resourceRules": [
                            {
                                "apiGroups": ["*"],
                                "resources": ["*"],
                                "verbs": ["*"],
                                "namespaces": ["*"],
                                "clusterScope": True,
                            }
                        ],
                    }
                ],
            },
        },
    )
    path = "/api/v1/namespaces/alize-system/configmaps"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "patient"}}

    async def scene():
        async with applier_as(api.kubeconfig_of(*account.values())) as applier:
            work = asyncio.create_task(applier.create(path, body, manager="test"))
            async with asyncio.timeout(20):
                while not applier.counts.get(("configmaps", "429")):
                    await asyncio.sleep(0.05)
            assert not work.done()
            await asyncio.to_thread(seats, 30)
            await asyncio.wait_for(work, 30)
            assert applier.counts["configmaps", "ok"] == 1

    try:
        asyncio.run(scene())
    finally:
        api.admin.delete(flow)
        api.admin.delete(level)


@given(burst=st.integers(1, 20), per_s=st.floats(0.5, 200), asks=st.integers(1, 300))
def test_never_more_writes_than_the_rate_and_one_burst(burst, per_s, asks):
    now = [0.0]
    bucket = Bucket(per_s, burst, clock=lambda: now[0])
    for written in range(1, asks + 1):
        while (wait_s := bucket.wait_s()) > 0:
            now[0] += wait_s
        assert written <= burst + now[0] * per_s + 1e-6


def test_waits_double_with_jitter_up_to_a_most():
    backoff = Backoff(first_s=1.0, most_s=5.0)
    waits = [backoff.next_s() for _ in range(6)]
    spans = [1, 2, 4, 5, 5, 5]
    assert all(span / 2 <= wait <= span for wait, span in zip(waits, spans, strict=True))
    backoff.reset()
    assert backoff.next_s() <= 1
