"""What each freedom is worth: the plan taken back step by step to run-now.

    dispatch          run-now's work, its energy flows chosen
    time              jobs at home, or where they are running, and in their base mode, their
                      hours chosen
    place             jobs and requests at any admissible site
    width and power   any mode
    variants          any model of a service; left out where no service has variants

Each stage starts from the plan with one freedom less, so that what it lacks is that freedom and not
the luck of another search.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from optimizer.chains import Chains
from optimizer.dispatcher import Dispatcher, Router
from optimizer.load import Load
from optimizer.marginal import Marginal
from optimizer.merit_order import MeritOrder
from optimizer.money import dearer, paid_for_work
from optimizer.packing import Packing, by_work, choose_replicas, place_cheapest
from optimizer.plan import Placement, Plan
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.tally import tally
from optimizer.terms import Terms, terms_of
from optimizer.timing import TOLERANCE_H
from optimizer.work import Job, JobKind

TIME_LIMIT_S = 60.0
#: Rounds in which services choose replicas of the full model beside each other.
FULL_ROUNDS = 2


def stages(problem: Problem, baseline: Plan, plan: Plan) -> tuple[tuple[str, Plan], ...]:
    """Plans of growing freedom, the last of them `plan`.

    Args:
        problem: The problem.
        baseline: Run-now.
        plan: Of every freedom.
    """
    dispatcher = Dispatcher(problem)
    dispatched = _dispatched(problem, dispatcher, Packing.of_plan(problem, baseline), baseline)
    whole = _full_models(problem, dispatcher, plan)
    placed = _without_modes(problem, dispatcher, whole)
    timed = _at_home(problem, dispatcher, baseline, placed)
    steps: tuple[tuple[str, Plan], ...] = (
        ("dispatch", dispatched),
        ("time", timed),
        ("place", placed),
        ("width and power", whole),
    )
    if any(service.variants for service in problem.services):
        steps = (*steps, ("variants", plan))
    return tuple(_never_worse(problem, baseline, steps))


def _never_worse(
    problem: Problem, baseline: Plan, steps: tuple[tuple[str, Plan], ...]
) -> Iterator[tuple[str, Plan]]:
    """Each stage or the one before it, whichever is better: a freedom need not be used.

    A stage that found more than the plan of every freedom stands as that plan.
    """
    best, least = baseline, tally(problem, baseline).objective
    whole = steps[-1][1]
    floor = tally(problem, whole).objective
    for name, plan in steps:
        objective = tally(problem, plan).objective
        if objective < floor:
            best, least = whole, floor
        elif objective <= least:
            best, least = plan, objective
        yield name, best


def _dispatched(
    problem: Problem, dispatcher: Dispatcher, packing: Packing, routed_as: Plan
) -> Plan:
    """The plan of `packing` with the servings of `routed_as` and the best energy flows."""
    placements, servings = tuple(packing.placements), routed_as.servings
    load = Load.of(problem, placements, servings)
    paid = paid_for_work(problem, load, placements)
    load_kw = load.facility_kw(problem)
    dispatch = dispatcher.finish(load_kw, time_limit_s=TIME_LIMIT_S, paid=paid)
    return Plan(placements=placements, servings=servings, dispatch=dispatch)


def _full_models(problem: Problem, dispatcher: Dispatcher, plan: Plan) -> Plan:
    """`plan` with every service answering with its full model alone; the better of two beginnings.

    Jobs stay as they are, or come back once the services, which need more GPUs now, have chosen.
    """
    if not any(serving.variants for serving in plan.servings.values()):
        return plan
    services = tuple(replace(one, variants=(), quality_floor=0.0) for one in problem.services)
    narrow = replace(problem, services=services)
    bare = {
        name: replace(serving, variants=(), served_rps=0 * serving.served_rps)
        for name, serving in plan.servings.items()
    }
    kept = Packing.of_plan(narrow, replace(plan, servings=bare))
    load_kw = kept.load.facility_kw(narrow)
    _, dispatch, prices = dispatcher.solve(load_kw, time_limit_s=TIME_LIMIT_S)
    marginal = Marginal.of(narrow, MeritOrder.of(narrow, dispatch, prices.carbon_per_kg))
    emptied, jobs = kept.copy(), by_work(narrow)
    for j in jobs:
        emptied.take_out(j)
    for packing in (kept, emptied):
        for _ in range(FULL_ROUNDS):
            for v, service in enumerate(narrow.services):
                choose_replicas(packing, v, Choices.of(narrow, service).thinned(), marginal)
    _sweep(narrow, dispatcher, emptied, jobs)
    router = Router(narrow)
    found = [router.finish(packing, time_limit_s=TIME_LIMIT_S) for packing in (kept, emptied)]
    return min(found, key=lambda one: tally(narrow, one).objective)


def _base_only(job: Job) -> Job:
    """`job` without modes; what could pause still can."""
    kind = JobKind.CHECKPOINTABLE if job.kind is JobKind.ELASTIC else job.kind
    return replace(job, kind=kind, modes=(job.base,))


def _without_modes(problem: Problem, dispatcher: Dispatcher, plan: Plan) -> Plan:
    """Jobs in their base mode, services as in `plan`."""
    narrow = replace(problem, jobs=tuple(_base_only(job) for job in problem.jobs))
    wide = [p for p in plan.placements if any(run.mode for run in p.runs)]
    if not wide:
        return plan
    names = {placement.job for placement in wide}
    everyone = by_work(narrow)
    packing = _keeping(narrow, plan, {p.job for p in plan.placements} - names, everyone)
    _sweep(
        narrow,
        dispatcher,
        packing,
        [j for j in by_work(narrow) if narrow.jobs[j].name in names],
    )
    _sweep(narrow, dispatcher, packing, by_work(narrow))
    return _dispatched(narrow, dispatcher, packing, plan)


def _at_home(problem: Problem, dispatcher: Dispatcher, baseline: Plan, plan: Plan) -> Plan:
    """Jobs at home in their base mode and services as in run-now; the better of two beginnings.

    A job without spare time has no hours to choose: it runs as in run-now.
    """
    jobs = tuple(
        replace(_base_only(job), allowed_sites=frozenset([job.origin])) for job in problem.jobs
    )
    narrow = replace(problem, jobs=jobs)
    pinned = {job.name for job in problem.jobs if not _has_slack(job)}
    movable = [j for j in by_work(problem) if problem.jobs[j].name not in pinned]
    homes = {job.name: job.origin for job in problem.jobs}
    at_home = {p.job for p in plan.placements if p.runs and p.site == homes[p.job]} | pinned
    hybrid = replace(
        plan,
        servings=baseline.servings,
        placements=tuple(
            before if before.job in pinned else after
            for before, after in zip(baseline.placements, plan.placements, strict=True)
        ),
    )
    found = []
    for start, kept in ((hybrid, at_home), (baseline, set(homes))):
        packing = _keeping(narrow, start, kept, movable)
        _sweep(narrow, dispatcher, packing, movable)
        _sweep(narrow, dispatcher, packing, movable)
        found.append(_dispatched(narrow, dispatcher, packing, baseline))
    return min(found, key=lambda one: tally(problem, one).objective)


def _has_slack(job: Job) -> bool:
    return (job.due - job.release) / timedelta(hours=1) - job.work_h > TOLERANCE_H


def _keeping(problem: Problem, plan: Plan, kept: set[str], movable: list[int]) -> Packing:
    """The packing of `plan` with only the jobs `kept`, and of the movable only what still fits."""
    packing = Packing.of_plan(
        problem,
        replace(
            plan,
            placements=tuple(
                p if p.job in kept else Placement.none(job)
                for job, p in zip(problem.jobs, plan.placements, strict=True)
            ),
        ),
    )
    for j in reversed(movable):
        if (packing.load.gpus > problem.pool_gpus).any():
            packing.take_out(j)
    if problem.is_chained:
        Chains.of(problem, terms_of(problem)).clear(packing)
    return packing


def _sweep(
    problem: Problem,
    dispatcher: Dispatcher,
    packing: Packing,
    jobs: list[int],
) -> None:
    load_kw = packing.load.facility_kw(problem)
    paid = paid_for_work(problem, packing.load, packing.placements)
    _, dispatch, prices = dispatcher.solve(load_kw, time_limit_s=TIME_LIMIT_S, paid=paid)
    problem = dearer(problem, prices.money_premium)
    marginal = Marginal.of(problem, MeritOrder.of(problem, dispatch, prices.carbon_per_kg))
    chains = Chains.of(problem, terms_of(problem)) if problem.is_chained else None
    for j in chains.sorted(jobs) if chains else jobs:
        if chains and chains.rank[j] >= 0:
            before = packing.placements[j]
            packing.take_out(j)
            chains.put(packing, j, marginal)
            if not chains.keeps(packing):
                packing.take_out(j)
                packing.put(j, before)
        else:
            place_cheapest(packing, j, Terms.of(problem, problem.jobs[j]), marginal)
