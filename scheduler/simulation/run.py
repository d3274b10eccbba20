"""A scenario lived through, as a run like any other: figures, baseline, bound and proof.

The bound is that of perfect foresight, which knows weather, demand and arrivals before they come;
run-now lives in the same world.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from optimizer.baselines import run_now
from optimizer.limits import Limits
from optimizer.plan import Placement, Plan, Solution
from optimizer.problem import Problem
from optimizer.shortfalls.find import conflicts
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import Violation, verify
from scheduler.accounting.kpis import Kpis, efficiency_gain, kpis_of
from scheduler.accounting.lived import lived_kpis, with_cut_off
from scheduler.errors import InputError
from scheduler.planning.actual import actual
from scheduler.planning.foreseen import foreseen
from scheduler.planning.planner import DECIDING_PACKAGES, BrokenPlan, digest_of, refuse_broken
from scheduler.planning.run import PlannedRun
from scheduler.scenario import Scenario
from scheduler.simulation.policy import Alize
from scheduler.simulation.rivals import Rival
from scheduler.simulation.simulate import Lived, Pace, live_through

Progress = Callable[[str, str], None]

ENDS_AS_IT_BEGAN = "as full at the end as at the start"
#: Gap that ends each plan on the way: forecasts are wrong by more.
GAP_ON_THE_WAY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What another policy's life in the same world came to.

    Attributes:
        policy: Its name.
        objective: As lived. [money]
    """

    policy: str
    kpis: Kpis
    objective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRun:
    """A scenario lived through.

    Attributes:
        run: As a run, for readers; its plan is what was done, its bound that of perfect foresight.
        lived: Deeds and re-plans.
        foresight: Figures of a plan that knew everything before it began.
        captured_share: Of what perfect foresight could save over run-now, at the objective; None
            where there is nothing to save.
        regret: Objective lived less that of the plan with perfect foresight. [money]
        foresight_objective: Of the plan with perfect foresight. [money]
        beside: Other policies in the same world; none where none were asked for.
    """

    run: PlannedRun
    lived: Lived
    foresight: Kpis
    captured_share: float | None
    regret: float
    foresight_objective: float
    beside: tuple[Beside, ...] = ()


def simulate(
    scenario: Scenario,
    *,
    limits: Limits | None = None,
    pace: Pace | None = None,
    seed: int = 0,
    rivals: Sequence[str] = (),
    progress: Progress = lambda _phase, _message: None,
) -> SimulatedRun:
    """Live through `scenario` step by step.

    Args:
        scenario: A loaded world.
        limits: When to stop the plan with perfect foresight; its stop ends the others too.
        pace: How often is planned, and how far ahead.
        seed: Of the solver's search orders.
        rivals: Policies of `rivals.RULES` to live through the same world, one after another.
        progress: Told the phase (world, simulate, foresight, check) and what has been reached.

    Raises:
        InputError: The scenario names something that no life here obeys yet.
    """
    limits = limits or Limits()
    _refuse_what_is_not_lived(scenario)
    progress("world", "what comes true")
    truth, later = actual(scenario)
    baseline = run_now(truth)
    lived = live_through(
        scenario,
        truth,
        Alize(
            limits=replace(limits, gap=max(limits.gap, GAP_ON_THE_WAY)),
            seed=seed,
            margin_h=scenario.world.policy.margin_h,
        ),
        pace=pace,
        progress=lambda step, of: progress("simulate", f"step {step} of {of}"),
    )
    beside = []
    for name in rivals:
        progress("simulate", f"the same world, by {name}")
        beside.append(_beside(truth, live_through(scenario, truth, Rival(name), pace=pace)))
    progress("foresight", "the same world, known before it begins")
    foresight = solve(truth, limits=limits, seed=seed)
    progress("check", "limits and account")
    refuse_broken(truth, baseline)
    simulated = _run(scenario, truth, baseline, lived, foresight)
    run = replace(simulated.run, left_for_later=later)
    return replace(simulated, run=run, beside=tuple(beside))


def _beside(truth: Problem, lived: Lived) -> Beside:
    problem, placements = with_cut_off(truth, lived.plan.placements)
    plan = replace(lived.plan, placements=placements)
    violations = tuple(one for one in verify(problem, plan) if not _ends_fuller(problem, plan, one))
    if violations:
        raise BrokenPlan(violations)
    return Beside(
        policy=lived.policy,
        kpis=lived_kpis(problem, plan),
        objective=tally(problem, plan).objective,
    )


def _ends_fuller(problem: Problem, plan: Plan, violation: Violation) -> bool:
    """Whether a battery ended fuller than it began: a rule that does not plan cannot tell.

    Nothing is given for what it holds more, so this flatters nobody.
    """
    if violation.rule != ENDS_AS_IT_BEGAN:
        return False
    name = violation.where.split(",")[0]
    battery = problem.sites[problem.site_number[name]].battery
    assert battery is not None
    return float(plan.dispatch[name].soc_kwh[-1]) > battery.soc_initial_kwh


def _refuse_what_is_not_lived(scenario: Scenario) -> None:
    """Variants of models and sleeping nodes are planned, but not yet lived through."""
    for name, service in scenario.world.services.items():
        if service.variants:
            raise InputError(
                f"services.{name}.variants: cannot be simulated yet, got {len(service.variants)}; "
                "leave them out, or plan without living through it"
            )
    for name, site in scenario.world.sites.items():
        for gpu_type, pool in site.pools.items():
            if pool.sleep_kw_per_gpu is not None:
                raise InputError(
                    f"sites.{name}.pools.{gpu_type}.sleep_kw_per_gpu: cannot be simulated yet, got "
                    f"{pool.sleep_kw_per_gpu}; leave it out, or plan without living through it"
                )


def _run(
    scenario: Scenario, truth: Problem, baseline: Plan, lived: Lived, foresight: Solution
) -> SimulatedRun:
    problem, placements = with_cut_off(truth, lived.plan.placements, lived.lost)
    plan = replace(lived.plan, placements=placements)
    refuse_broken(problem, plan)
    objective = tally(problem, plan).objective
    solution = replace(foresight, plan=plan, proof=replace(foresight.proof, objective=objective))
    kpis, baseline_kpis = lived_kpis(problem, plan), kpis_of(truth, baseline)
    nothing = (
        Placement(job=job.name, site=job.home, runs=()) for job in problem.jobs[len(truth.jobs) :]
    )
    run = PlannedRun(
        scenario=scenario,
        issued_at=scenario.horizon.start,
        basis="simulated",
        forecasts=foreseen(scenario, scenario.horizon.start).forecasts,
        problem=problem,
        solution=solution,
        baseline=replace(baseline, placements=(*baseline.placements, *nothing)),
        kpis=kpis,
        baseline_kpis=baseline_kpis,
        gain=efficiency_gain(kpis, baseline_kpis),
        waterfall=(),
        versions={name: version(name) for name in DECIDING_PACKAGES},
        digest=digest_of(problem, solution),
        conflicts=conflicts(problem, plan, carbon_per_kg=solution.prices.carbon_per_kg),
    )
    run_now_objective = tally(truth, baseline).objective
    possible = run_now_objective - foresight.proof.bound
    return SimulatedRun(
        run=run,
        lived=lived,
        foresight=kpis_of(truth, foresight.plan),
        captured_share=(run_now_objective - objective) / possible if possible > 0 else None,
        regret=objective - foresight.proof.objective,
        foresight_objective=foresight.proof.objective,
    )
