"""What a plan does for a service, as a tree: replicas, requests, and who answers them."""

from typing import Any

from optimizer.plan import Serving
from optimizer.problem import Problem
from optimizer.quality import mean_quality
from optimizer.site import IntArray
from optimizer.tally import unserved_rps
from optimizer.work import Service
from scheduler.planning.run import PlannedRun


def served(run: PlannedRun, service: Service) -> dict[str, Any]:
    """Requests of `service` and who answers them, beside run-now."""
    problem = run.problem
    ours, theirs = run.plan.servings[service.name], run.baseline.servings[service.name]
    seconds = problem.horizon.step_s
    requests = float(service.demand_rps.sum()) * seconds
    missed = float(unserved_rps(service, ours).sum()) * seconds
    return {
        "service": service.name,
        "home": service.home,
        "requests": requests,
        "unserved_requests": missed,
        "gpus_per_replica": service.gpus_per_replica,
        "replica_hours": _replica_hours(problem, ours),
        "baseline_replica_hours": _replica_hours(problem, theirs),
        "requests_share": {
            site.name: float(ours.all_served_rps[:, s].sum()) * seconds / max(requests, 1e-9)
            for s, site in enumerate(problem.sites)
        },
        **(_models(problem, service, ours) if service.variants else {}),
    }


def _models(problem: Problem, service: Service, serving: Serving) -> dict[str, Any]:
    """Who answers a service with variants, and how well."""
    answered = max(float(serving.all_served_rps.sum()), 1e-9)
    return {
        "quality_floor": service.quality_floor,
        "mean_quality": mean_quality(service, serving),
        "models": [
            {
                "model": model.name,
                "quality": model.quality,
                "gpus_per_replica": model.gpus_per_replica,
                "share_of_answers": float(part.served_rps.sum()) / answered,
                "replica_hours": _hours(problem, part.replicas),
            }
            for model, part in zip(service.models, serving.parts, strict=False)
        ],
    }


def _replica_hours(problem: Problem, serving: Serving) -> dict[str, float]:
    return _hours(problem, serving.all_replicas)


def _hours(problem: Problem, replicas: IntArray) -> dict[str, float]:
    hours = replicas.sum(axis=1) * problem.horizon.step_h
    return {site.name: float(hours[s]) for s, site in enumerate(problem.sites)}
