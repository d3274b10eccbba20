"""One leads; a leader that is not sure of it writes nothing; a standby takes over."""

import asyncio
import contextlib

import pytest

from k8s_operator.applier import Applier, Bucket, Fenced
from k8s_operator.connection import Connection
from k8s_operator.lease import Leadership
from k8s_operator.settings import LeaseSettings

LEASE = LeaseSettings(name="tried", lasts_s=3, renews_within_s=2, retries_every_s=0.3)


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@contextlib.asynccontextmanager
async def candidates(api, namespace, *names, clock=None):
    """By a clock that stands still unless a test moves it: a busy machine takes no lead away."""
    connection = await Connection.load(api.kubeconfig, timeout_s=30)
    try:
        yield [Leadership(connection, namespace, name, LEASE, clock or Hands()) for name in names]
    finally:
        await connection.close()


def run(scene):
    asyncio.run(scene())


def test_of_two_one_leads(api, namespace):
    async def scene():
        async with candidates(api, namespace, "one", "two") as (one, two):
            await asyncio.gather(one.turn(), two.turn())
            await asyncio.gather(one.turn(), two.turn())
            assert [one.leads, two.leads].count(True) == 1
            assert [one.may_write(), two.may_write()].count(True) == 1

    run(scene)


def test_of_two_told_the_same_name_one_leads(api, namespace):
    async def scene():
        async with candidates(api, namespace, "same", "same") as (one, two):
            for _ in range(2):
                await one.turn()
                await two.turn()
            assert [one.may_write(), two.may_write()] == [True, False]
            await two.release()
            await one.turn()
            assert one.may_write()

    run(scene)


def test_a_leader_that_gives_the_lease_back_is_followed_at_once(api, namespace):
    async def scene():
        async with candidates(api, namespace, "one", "two") as (one, two):
            await one.turn()
            await two.turn()
            assert not two.leads
            await one.release()
            await two.turn()
            assert two.leads
            assert not one.may_write()

    run(scene)


def test_a_leader_that_is_silent_is_followed_after_the_time_it_promised(api, namespace):
    clock = Hands()

    async def scene():
        async with candidates(api, namespace, "one", "two", clock=clock) as (one, two):
            await one.turn()
            await two.turn()
            clock.now_s = 2.9
            await two.turn()
            assert not two.leads
            clock.now_s = 3.1
            await two.turn()
            assert two.leads

    run(scene)


def test_a_leader_that_was_frozen_may_not_write_when_it_wakes(api, namespace):
    clock = Hands()

    async def scene():
        async with candidates(api, namespace, "one", clock=clock) as (one,):
            await one.turn()
            assert one.may_write()
            clock.now_s = 60.0
            assert one.leads
            assert not one.may_write()

    run(scene)


def test_a_fenced_writer_writes_nothing(api, namespace):
    async def scene():
        connection = await Connection.load(api.kubeconfig)
        applier = Applier(connection, Bucket(100, 10), may_write=lambda: False)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "never"}}
        try:
            with pytest.raises(Fenced):
                await applier.create(
                    f"/api/v1/namespaces/{namespace}/configmaps", body, manager="test"
                )
        finally:
            await connection.close()

    run(scene)
    assert api.admin.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"] == []
