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
