"""The few things the commands do with a run, as one object that a test can replace.

Each default imports its room only when it is called: Pyomo, pvlib and the figures take seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from scheduler.errors import InputError

if TYPE_CHECKING:
    from optimizer.limits import Limits
    from scheduler.planning.explain import Explanation
    from scheduler.planning.foresight import Foresight
    from scheduler.planning.recheck import Recheck
    from scheduler.planning.run import PlannedRun
    from scheduler.scenario import Scenario
    from scheduler.simulation.run import SimulatedRun
    from scheduler.simulation.simulate import Pace

Progress = Callable[[str, str], None]


def _plan(
    scenario: "Scenario",
    *,
    limits: "Limits",
    seed: int,
    progress: Progress,
    foresight: "Foresight | None" = None,
) -> "PlannedRun":
    from scheduler.planning.planner import plan_scenario

    return plan_scenario(scenario, limits=limits, seed=seed, progress=progress, foresight=foresight)


def _simulate(
    scenario: "Scenario",
    *,
    limits: "Limits",
    pace: "Pace",
    seed: int,
    progress: Progress,
    policies: bool = False,
) -> "SimulatedRun":
    from scheduler.simulation.rivals import RULES
    from scheduler.simulation.run import simulate

    rivals = tuple(RULES) if policies else ()
    return simulate(scenario, limits=limits, pace=pace, seed=seed, rivals=rivals, progress=progress)


def _explain(run: "PlannedRun") -> Callable[[str], "Explanation"]:
    from scheduler.planning.explainer import Explainer

    return Explainer(run).explain


def _recheck(run: "PlannedRun") -> "Recheck":
    from scheduler.planning.recheck import recheck

    return recheck(run)


def _render(run: "PlannedRun") -> str:
    try:
        from scheduler.reporting.report import render
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("scheduler"):
            raise
        raise InputError(
            f"the report needs the package {error.name}; `pip install 'alize[report]'` adds it"
        ) from None
    return render(run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What commands call.

    Attributes:
        plan: Scenario to planned run.
        simulate: Scenario to simulated run.
        explain: Run to what explains its jobs by name.
        recheck: Run to findings, with no solver.
        render: Run to one HTML document.
    """

    plan: Callable[..., "PlannedRun"] = _plan
    simulate: Callable[..., "SimulatedRun"] = _simulate
    explain: Callable[["PlannedRun"], Callable[[str], "Explanation"]] = _explain
    recheck: Callable[["PlannedRun"], "Recheck"] = _recheck
    render: Callable[["PlannedRun"], str] = _render


def tools(context: typer.Context) -> Tools:
    """Those given to the command line, or the real ones."""
    return context.obj if isinstance(context.obj, Tools) else Tools()
