"""The JSON of a simulated run: that of a run, and beside it what only a life can tell."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from scheduler.accounting.ledger import Entry, ledger
from scheduler.accounting.timeliness import job_times, service_times
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
        "policies": policies(simulated),
        "account": account(simulated),
        "deeds_by_action": dict(sorted(counts.items())),
        "failures": [
            {"at": instant_text(horizon.instant(step)), "job": job} for step, job in lived.failures
        ],
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


def policies(simulated: SimulatedRun) -> list[dict[str, Any]]:
    """Every policy that lived in this world, and perfect foresight, side by side."""
    proof = simulated.run.solution.proof
    lived = [(simulated.lived.policy, simulated.run.kpis, proof.objective)]
    lived += [(one.policy, one.kpis, one.objective) for one in simulated.beside]
    lived.append(("perfect foresight", simulated.foresight, simulated.foresight_objective))
    return [
        {
            "policy": name,
            "objective": objective,
            "regret": objective - simulated.foresight_objective,
            "kpis": asdict(kpis),
        }
        for name, kpis, objective in lived
    ]


def account(simulated: SimulatedRun) -> dict[str, Any]:
    """Who used which energy, where it came from, and how long work and requests took."""
    problem, plan = simulated.run.problem, simulated.run.plan
    book = ledger(problem, plan)
    return {
        "matched_share": book.matched_share,
        "sites": [asdict(one) for one in book.sites],
        "entries": [_entry(one) for one in book.entries],
        "job_times": asdict(job_times(problem, plan)),
        "service_times": [asdict(one) for one in service_times(problem, plan)],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry), "sci_g_per_gpu_h": entry.sci_g_per_gpu_h}
