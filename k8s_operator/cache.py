"""The operator's copy of the cluster: one reflector a kind, and whether all of them are in."""

import asyncio
import time
from collections.abc import Callable, Iterator

from k8s_operator import names
from k8s_operator.connection import Connection
from k8s_operator.reflector import Reflector
from k8s_operator.settings import WatchSettings
from k8s_operator.views import JobView, NodeView, PlanView, PolicyView, ProfileView, SiteView

OWN = f"/apis/{names.API_VERSION}"


class Cache:
    """Jobs that opted in, and all Nodes, Sites, policies, profiles and plans."""

    def __init__(
        self, connection: Connection, watch: WatchSettings, changed: Callable[[], None]
    ) -> None:
        self.jobs = Reflector(
            connection,
            "/apis/batch/v1/jobs",
            JobView,
            watch,
            selector=f"{names.MANAGED}=true",
            changed=changed,
        )
        self.nodes = Reflector(connection, "/api/v1/nodes", NodeView, watch, changed=changed)
        self.sites = Reflector(connection, f"{OWN}/sites", SiteView, watch, changed=changed)
        self.policies = Reflector(
            connection, f"{OWN}/energypolicies", PolicyView, watch, changed=changed
        )
        self.profiles = Reflector(
            connection, f"{OWN}/inferenceprofiles", ProfileView, watch, changed=changed
        )
        self.plans = Reflector(connection, f"{OWN}/energyplans", PlanView, watch, changed=changed)

    def __iter__(self) -> Iterator[Reflector[object]]:
        """Every reflector."""
        yield from (
            self.jobs,  # type: ignore[misc]
            self.nodes,
            self.sites,
            self.policies,
            self.profiles,
            self.plans,
        )

    @property
    def is_synced(self) -> bool:
        """Whether every first list is complete."""
        return all(one.synced.is_set() for one in self)

    async def wait(self) -> None:
        """Return when it is."""
        for one in self:
            await one.synced.wait()

    def staleness_s(self) -> float:
        """Since something was last heard of the collection that was silent longest. [s]"""
        now = time.monotonic()
        return max(now - one.seen_s for one in self)

    async def run(self) -> None:
        """Follow all of them."""
        async with asyncio.TaskGroup() as group:
            for one in self:
                group.create_task(one.run())
