"""The copy of the cluster follows the API server, whatever happens to the connection."""

import asyncio
import contextlib

import pytest

from k8s_operator.connection import Connection
from k8s_operator.reflector import Reflector
from k8s_operator.settings import WatchSettings
from k8s_operator.views import JobView
from tests.controlplane.controlplane import Options, control_plane
from tests.operator.etcd import compact
from tests.operator.objects import job
from tests.operator.proxy import Wire

WATCH = WatchSettings(page=7, ends_after_s=30, silence_s=5, backoff_first_s=0.1, backoff_most_s=1)
#: Nothing waits so long but on a machine that is busy with much else.
PATIENCE_S = 120.0


@contextlib.asynccontextmanager
async def following(kubeconfig, namespace, **settings):
    connection = await Connection.load(kubeconfig, timeout_s=20)
    reflector = Reflector(
        connection,
        f"/apis/batch/v1/namespaces/{namespace}/jobs",
        JobView,
        WATCH.model_copy(update=settings),
    )
    task = asyncio.create_task(reflector.run())
    try:
        await asyncio.wait_for(reflector.synced.wait(), PATIENCE_S)
        yield reflector
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await connection.close()


async def until(true):
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.05)


async def write(work, *arguments, **options):
    """The test's own hand, without stopping the event loop."""
    return await asyncio.to_thread(work, *arguments, **options)


@pytest.fixture
def jobs(api, namespace):
    """Creates Jobs by number."""
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"

    def create(*numbers):
        for number in numbers:
            api.admin.post(path, job(f"job-{number}", namespace))

    return create


def test_a_list_in_pages_is_taken_whole(api, namespace, jobs):
    jobs(*range(20))

    async def scene():
        async with following(api.kubeconfig, namespace) as found:
            assert set(found.objects) == {f"{namespace}/job-{number}" for number in range(20)}

    asyncio.run(scene())


def test_what_is_made_changed_and_removed_is_seen(api, namespace, jobs):
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/job-1"

    async def scene():
        async with following(api.kubeconfig, namespace) as found:
            await write(jobs, 1)
            await until(lambda: len(found.objects) == 1)
            words = {"metadata": {"annotations": {"said": "yes"}}}
            await write(api.admin.merge, path, words)
            one = f"{namespace}/job-1"
            await until(lambda: found.objects[one].metadata.annotations.get("said") == "yes")
            await write(api.admin.delete, path, propagationPolicy="Background")
            await until(lambda: not found.objects)

    asyncio.run(scene())


def test_a_broken_connection_is_taken_up_where_it_was_without_a_new_list(api, namespace, jobs):
    async def scene(wire):
        kubeconfig = api.kubeconfig_of("alize-system", "alize-operator", wire.url)
        async with following(kubeconfig, namespace) as found:
            first = found.objects
            await write(wire.cut)
            await write(jobs, 1)
            await until(lambda: len(found.objects) == 1)
            assert found.objects is first

    with Wire(api.url) as wire:
        asyncio.run(scene(wire))


def test_a_connection_that_swallows_everything_is_noticed_by_its_silence(api, namespace, jobs):
    async def scene(wire):
        kubeconfig = api.kubeconfig_of("alize-system", "alize-operator", wire.url)
        async with following(kubeconfig, namespace, silence_s=2) as found:
            await write(wire.swallow)
            await write(jobs, 1)
            await until(lambda: found.restarts.get("inactivity"))
            assert not found.objects
            await write(wire.carry)
            await until(lambda: len(found.objects) == 1)

    with Wire(api.url) as wire:
        asyncio.run(scene(wire))


def test_a_version_that_is_too_old_is_listed_anew(tools):
    """etcd forgets, the API server starts with an empty watch cache, the watch is told 410."""

    async def scene(plane):
        path = "/apis/batch/v1/namespaces/default/jobs"
        async with following(plane.kubeconfig, "default", ends_after_s=2) as found:
            await write(plane.admin.post, path, job("before"))
            await until(lambda: len(found.objects) == 1)
            plane.servers["kube-apiserver"].kill()
            await write(compact, plane)
            await write(plane.start_api_server)
            await write(plane.admin.post, path, job("after"))
            await until(lambda: len(found.objects) == 2)
            assert found.restarts.get("gone")

    with control_plane(Options(schedules=False), tools=tools) as plane:
        asyncio.run(scene(plane))


def test_the_copy_is_of_the_selected_alone(api, namespace):
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    api.admin.post(path, job("ours", namespace))
    api.admin.post(path, job("theirs", namespace, labels={"app": "x"}))

    async def scene():
        connection = await Connection.load(api.kubeconfig)
        reflector = Reflector(connection, path, JobView, WATCH, selector="alize.dev/managed=true")
        task = asyncio.create_task(reflector.run())
        await asyncio.wait_for(reflector.synced.wait(), PATIENCE_S)
        assert set(reflector.objects) == {f"{namespace}/ours"}
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await connection.close()

    asyncio.run(scene())
