"""From a scenario to a planned run: forecast, build, solve, check, account."""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

from optimizer.baselines import run_now
from optimizer.fingerprint import fingerprint
from optimizer.freedom import stages
from optimizer.highs import TimeLimitReached
from optimizer.limits import Limits
from optimizer.plan import Plan, Solution
from optimizer.problem import Problem
from optimizer.shortfalls.find import conflicts
from optimizer.solve import solve
from optimizer.stochastic.expected import in_expected
from optimizer.stochastic.scenarios import StochasticProblem
from optimizer.stochastic.solve import solve_stochastic
from optimizer.verify import Violation, verify
from scheduler.accounting.kpis import efficiency_gain, kpis_of
from scheduler.planning.foreseen import foreseen
from scheduler.planning.foresight import Foresight, Futures
from scheduler.planning.futures import draw
from scheduler.planning.run import PlannedRun, Step
from scheduler.planning.spread import spread
from scheduler.scenario import Scenario

DECIDING_PACKAGES = ("alize", "highspy", "numpy", "pandas", "pvlib", "pyomo", "windpowerlib")

Progress = Callable[[str, str], None]


class BrokenPlan(RuntimeError):
    """The verifier refused a plan the optimizer made: a bug of ours, never the user's."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        """Say every rule broken."""
        super().__init__("; ".join(str(violation) for violation in violations))


def plan_scenario(
    scenario: Scenario,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress = lambda _phase, _message: None,
    foresight: Foresight | None = None,
) -> PlannedRun:
    """Plan `scenario` on what is known at its horizon's start.

    Args:
        scenario: A loaded world.
        limits: When to stop.
        seed: Of the solver's search orders.
        progress: Told the phase (forecast, solve, check) and what has been reached.
        foresight: For how many futures to plan; for the expected one alone by default.

    Raises:
        InputError: The forecasts do not hold as many futures.
        BrokenPlan: The plan breaks a hard rule.
    """
    issued_at: datetime = scenario.horizon.start
    progress("forecast", "weather, carbon and demand")
    ahead = foreseen(scenario, issued_at)
    problem, forecasts = ahead.problem, ahead.forecasts
    futures = None
    scenarios = draw(forecasts, foresight) if foresight else ()
    baseline = run_now(problem)

    def reached(message: str) -> None:
        progress("solve", message)

    if foresight:
        stochastic = StochasticProblem(problem=problem, scenarios=scenarios, risk=foresight.risk)
        found = solve_stochastic(stochastic, limits=limits, seed=seed, progress=reached)
        futures = Futures(foresight=foresight, scenarios=scenarios, solution=found)
        solution = in_expected(stochastic, found)
    else:
        solution = solve(problem, limits=limits, seed=seed, progress=reached)
    progress("check", "limits, account and what each freedom brings")
    refuse_broken(problem, baseline)
    refuse_broken(problem, solution.plan)
    try:
        steps = stages(problem, baseline, solution.plan)
    except TimeLimitReached:
        steps = ()
        progress("check", "what each freedom brings was not found in time and is left out")
    kpis, baseline_kpis = kpis_of(problem, solution.plan), kpis_of(problem, baseline)
    return PlannedRun(
        scenario=scenario,
        issued_at=issued_at,
        basis="forecast",
        forecasts=forecasts,
        problem=problem,
        solution=solution,
        baseline=baseline,
        kpis=kpis,
        baseline_kpis=baseline_kpis,
        gain=efficiency_gain(kpis, baseline_kpis),
        waterfall=tuple(Step(freedom=name, kpis=kpis_of(problem, one)) for name, one in steps),
        versions={name: version(name) for name in DECIDING_PACKAGES},
        digest=digest_of(problem, solution, futures),
        left_for_later=ahead.left_for_later,
        spread=spread(problem, solution.plan, baseline, forecasts),
        futures=futures,
        conflicts=conflicts(problem, solution.plan, carbon_per_kg=solution.prices.carbon_per_kg),
    )


def refuse_broken(problem: Problem, plan: Plan) -> None:
    """Raise BrokenPlan unless `plan` keeps every hard rule."""
    violations = verify(problem, plan)
    if violations:
        raise BrokenPlan(violations)


def digest_of(problem: Problem, solution: Solution, futures: Futures | None = None) -> str:
    """SHA-256 of the problem and the solution, without times of computing."""
    whole = (problem, solution) if futures is None else (problem, solution, futures)
    return fingerprint(whole, without=["seconds"])
