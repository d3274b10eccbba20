"""The JSON of a simulated run: that of a run, and beside it what only a life can tell."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from scheduler.planning.codec import instant_text
from scheduler.planning.document import document as run_document
from scheduler.simulation.run import SimulatedRun

SCHEMA = "alize.dev/simulation/v1"


def document(simulated: SimulatedRun) -> dict[str, Any]:
    """`simulated` as one document; only `solver.seconds` may differ between two like runs."""
    return {**run_document(simulated.run), "simulation": log(simulated)}


def log(simulated: SimulatedRun) -> dict[str, Any]:
    """What happened on the way, and how far it stayed behind perfect foresight."""
    lived, horizon = simulated.lived, simulated.run.problem.horizon
    counts = Counter(one.decision.action.value for one in lived.deeds)
    return {
        "schema": SCHEMA,
        "policy": lived.policy,
        "replans": lived.replans,
        "captured_share": simulated.captured_share,
        "regret": simulated.regret,
        "perfect_foresight": asdict(simulated.foresight),
        "deeds_by_action": dict(sorted(counts.items())),
        "deeds": [
            {
                "at": instant_text(horizon.instant(one.step)),
                "job": one.decision.job,
                "action": one.decision.action.value,
                "reason": one.decision.reason.value,
                "site": one.decision.site,
            }
            for one in lived.deeds
        ],
    }
