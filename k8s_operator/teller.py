"""Writes what is to be known onto the operator's own resources, and only where it is new."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from k8s_operator import names
from k8s_operator.applier import Applier
from k8s_operator.cache import OWN, Cache
from k8s_operator.conditions import (
    condition,
    conflict,
    plan_name,
    plan_spec,
    plan_status,
    same,
    shards,
    site_status,
    stall,
)
from k8s_operator.ground import gpus_by_site
from k8s_operator.observer import Seen
from k8s_operator.planning.question import Answer, Question
from k8s_operator.state import Managed
from scheduler.planning.snapshot import Phase

KEPT_PLANS = 4


class Teller:
    """Writes plans and statuses of Sites and policies."""

    def __init__(self, applier: Applier, cache: Cache, namespace: str, currency: str) -> None:
        """Write with `applier` what differs from `cache`."""
        self._applier, self._cache = applier, cache
        self._namespace, self._currency = namespace, currency

    async def plan(self, asked: Question, answer: Answer, *, changed: bool) -> None:
        """One EnergyPlan a plan; the same plan anew only expires later."""
        plans = f"{OWN}/energyplans"
        active = [
            one
            for one in self._cache.plans.objects.values()
            if one.metadata.labels.get(names.ACTIVE) == "true"
        ]
        kept = next((one for one in active if one.status.get("digest") == answer.digest), None)
        if kept is not None and not changed:
            status = plan_status(asked, answer, kept.status.get("shards", ()))
            await self._applier.merge_status(
                f"{plans}/{kept.metadata.name}", {"status": status}, manager=names.STATUS_WRITER
            )
            return
        name = plan_name(asked)
        made = msgspec.json.decode(
            await self._applier.create(
                plans,
                {
                    "apiVersion": names.API_VERSION,
                    "kind": "EnergyPlan",
                    "metadata": {"name": name, "labels": {names.ACTIVE: "true"}},
                    "spec": plan_spec(asked),
                },
                manager=names.STATUS_WRITER,
            )
        )
        uid = made["metadata"]["uid"]
        told = []
        maps = f"/api/v1/namespaces/{self._namespace}/configmaps"
        for body, count in shards(name, uid, self._namespace, answer):
            await self._applier.create(maps, body, manager=names.STATUS_WRITER)
            told.append({"configMap": body["metadata"]["name"], "jobs": count})
        await self._applier.merge_status(
            f"{plans}/{name}",
            {"status": plan_status(asked, answer, told)},
            manager=names.STATUS_WRITER,
        )
        for one in active:
            await self._applier.merge(
                f"{plans}/{one.metadata.name}",
                {"metadata": {"labels": {names.ACTIVE: "false"}}},
                manager=names.STATUS_WRITER,
            )
        olds = sorted(self._cache.plans.objects)
        for old in olds[: max(0, len(olds) + 1 - KEPT_PLANS)]:
            if old != name:
                await self._applier.delete(f"{plans}/{old}")

    async def sites(
        self, answer: Answer | None, now: datetime, seen: Mapping[str, Mapping[str, Seen]]
    ) -> None:
        """How every Site is, and how fresh what is known of it."""
        gpus = gpus_by_site(self._cache.sites.objects.values(), self._cache.nodes.objects.values())
        for name, view in list(self._cache.sites.objects.items()):
            status = site_status(
                view,
                gpus[name],
                answer.sites.get(name) if answer else None,
                answer.site_troubles.get(name) if answer else None,
                now,
                seen=seen.get(name),
            )
            if not same(view.status, status):
                await self._applier.merge_status(
                    f"{OWN}/sites/{name}", {"status": status}, manager=names.STATUS_WRITER
                )

    async def policies(
        self, jobs: list[Managed], answer: Answer | None, failure: str, now: datetime
    ) -> None:
        """What became of the Jobs of every policy."""
        troubles = answer.troubles if answer else {}
        for view in list(self._cache.policies.objects.values()):
            own = [
                one
                for one in jobs
                if (one.policy.namespace, one.policy.name)
                == (view.metadata.namespace, view.metadata.name)
            ]
            phases = [one.facts.phase for one in own if not one.facts.suspended_by_user]
            state = (True, "Planned", "")
            if view.spec.get("suspend"):
                state = (True, "Suspended", "the kill switch is on: nothing is held")
            elif answer is None:
                state = (False, "NoPlan", failure or "the first plan is being made")
            objective = view.spec.get("objective")
            if objective and objective["currency"] != self._currency:
                state = (
                    False,
                    "CurrencyMismatch",
                    f"objective.currency is {objective['currency']}, the cluster's is "
                    f"{self._currency}; its carbon price is not used: change one",
                )
            status = {
                "observedGeneration": view.metadata.generation,
                "jobs": {
                    "held": phases.count(Phase.WAITING),
                    "released": phases.count(Phase.RUNNING),
                    "paused": phases.count(Phase.PAUSED),
                    "infeasible": sum(one.facts.key in troubles for one in own),
                },
                "conditions": [
                    condition(
                        view.status.get("conditions", ()),
                        kind,
                        told,
                        generation=view.metadata.generation,
                        now=now.replace(microsecond=0),
                    )
                    for kind, told in (
                        ("Ready", state),
                        ("Stalled", stall(own, troubles)),
                        ("Conflicted", conflict(own)),
                    )
                ],
            }
            if not same(view.status, status):
                meta = view.metadata
                await self._applier.merge_status(
                    f"{OWN}/namespaces/{meta.namespace}/energypolicies/{meta.name}",
                    {"status": status},
                    manager=names.STATUS_WRITER,
                )
