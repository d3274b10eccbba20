"""What sites hold at one instant: GPUs of Ready nodes, and the outlook of the last plan.

Knows views and the plan's answer, no Jobs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k8s_operator import names
from k8s_operator.planning.question import SiteOutlook
from k8s_operator.views import NodeView, SiteView
from scheduler.planning.snapshot import Room


def gpus_by_site(
    sites: Iterable[SiteView], nodes: Iterable[NodeView]
) -> dict[str, tuple[int, int, dict[str, int]]]:
    """Nodes, Ready nodes, and GPUs of the Ready ones by type, for each Site."""
    nodes = tuple(nodes)
    found = {}
    for site in sites:
        selector = site.spec["nodeSelector"].items()
        pools = [pool["name"] for pool in site.spec.get("pools", ())]
        own = [node for node in nodes if selector <= node.metadata.labels.items()]
        gpus: dict[str, int] = {}
        ready = 0
        for node in own:
            if not node.is_ready:
                continue
            ready += 1
            labels = node.metadata.labels
            kind = labels.get(names.GPU_TYPE) or labels.get(names.GPU_PRODUCT)
            if kind is None and len(pools) == 1:
                kind = pools[0]
            if kind is not None:
                count = int(node.status.allocatable.get(names.GPU_RESOURCE, "0"))
                gpus[kind] = gpus.get(kind, 0) + count
        found[site.metadata.name] = (len(own), ready, gpus)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of the sites at one instant: the plan's outlook, or the nodes alone.

    Attributes:
        site_specs: By name, of the Sites that have Ready nodes.
        outlooks: Of the last plan.
        step: Number of the plan's step that the instant lies in.
    """

    site_specs: Mapping[str, Mapping[str, object]]
    gpus: Mapping[str, tuple[int, int, dict[str, int]]]
    outlooks: Mapping[str, SiteOutlook]
    step: int

    def room(self, site: str) -> Room:
        """All there is beside the services, before any Job."""
        outlook, there = self.outlooks.get(site), self.gpus[site][2]
        if outlook is None:
            return Room(gpus=there)
        t = min(self.step, len(outlook.cap_kw) - 1)
        return Room(
            gpus={
                kind: min(free[t], there.get(kind, 0)) for kind, free in outlook.free_gpus.items()
            },
            power_kw=outlook.cap_kw[t] - outlook.fixed_kw[t],
        )

    def kw(self, site: str, gpu_type: str, gpus: int, watts_per_gpu: float) -> float:
        """Facility power that so many busy GPUs add over their standing idle. [kW]"""
        outlook = self.outlooks.get(site)
        if outlook is None:
            return 0.0
        t = min(self.step, len(outlook.kw_per_it_kw) - 1)
        extra = watts_per_gpu / 1000 - outlook.idle_kw_per_gpu.get(gpu_type, 0.0)
        return max(0.0, gpus * extra * outlook.kw_per_it_kw[t])
