"""What `alize operator status` shows: leader, active plan, Sites and policies as they are."""

from typing import Any

import msgspec

from k8s_operator import names
from k8s_operator.applier import NOT_FOUND
from k8s_operator.cache import OWN
from k8s_operator.connection import Connection, Refused
from k8s_operator.settings import OperatorSettings


async def overview(connection: Connection, settings: OperatorSettings) -> dict[str, Any]:
    """Plain values, the same for people and for other programs."""

    async def items(path: str) -> list[dict[str, Any]]:
        try:
            found = msgspec.json.decode(await connection.call("GET", path))
        except Refused as refused:
            if refused.code == NOT_FOUND:
                return []
            raise
        return list(found.get("items", [found]))

    leases = await items(
        f"/apis/coordination.k8s.io/v1/namespaces/{settings.namespace}/leases/{settings.lease.name}"
    )
    plans = await items(f"{OWN}/energyplans")
    active = [one for one in plans if one["metadata"].get("labels", {}).get(names.ACTIVE) == "true"]
    return {
        "leader": leases[0]["spec"].get("holderIdentity") or None if leases else None,
        "plan": {"name": active[-1]["metadata"]["name"], **active[-1].get("status", {})}
        if active
        else None,
        "sites": {one["metadata"]["name"]: _state(one) for one in await items(f"{OWN}/sites")},
        "policies": {
            f"{one['metadata']['namespace']}/{one['metadata']['name']}": {
                "mode": one["spec"].get("mode"),
                "suspend": one["spec"].get("suspend"),
                **_state(one),
            }
            for one in await items(f"{OWN}/energypolicies")
        },
    }


def _state(one: dict[str, Any]) -> dict[str, Any]:
    status = one.get("status", {})
    ready = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), None)
    return {
        **{key: status[key] for key in ("nodes", "gpus", "jobs") if key in status},
        "ready": None if ready is None else ready["status"] == "True",
        "reason": None if ready is None else ready["reason"],
        "message": None if ready is None else ready["message"],
    }


def table(found: dict[str, Any]) -> str:
    """The same in a few lines."""
    lines = [f"leader    {found['leader'] or 'none'}"]
    plan = found["plan"]
    if plan is None:
        lines.append("plan      none")
    else:
        totals = plan.get("totals", {})
        lines.append(
            f"plan      {plan['name']}: {totals.get('jobs', 0)} jobs, expected to save "
            f"{totals.get('carbonSaving', '?')} of run-now's emissions, gap "
            f"{plan.get('solver', {}).get('gap', '?')}, expires {plan.get('expiresAt', '?')}"
        )
    for name, one in found["sites"].items():
        lines.append(
            f"site      {name}: {one['reason'] or 'not looked at yet'}, "
            f"{one.get('gpus', 0)} GPUs, {one['message'] or ''}"
        )
    for name, one in found["policies"].items():
        jobs = one.get("jobs", {})
        counts = ", ".join(f"{count} {state}" for state, count in jobs.items())
        lines.append(
            f"policy    {name}: {one['mode']}, {counts or 'no jobs'} {one['reason'] or ''}"
        )
    return "\n".join(lines)
