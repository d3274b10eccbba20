"""One world worked out, in whatever process: from a text and edits to a row of figures.

What a task needs travels with it, so that it can be worked out on a machine that has no file of
ours; what comes back is plain numbers.
"""

import tempfile
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler.errors import DataUnavailable, InputError

if TYPE_CHECKING:
    from optimizer.limits import Limits
    from scheduler.planning.run import PlannedRun
    from scheduler.scenario import Scenario

Row = dict[str, Any]


class Status(StrEnum):
    """How a world ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What is done with each world.

    Attributes:
        lived: Whether it is lived through, rather than planned once.
        gap: Relative gap that ends a solve. [1]
        time_limit_s: Wall time that ends a solve. [s]
        seed: Of the search orders.
        replan_h: Time between plans of a life. [h]
        window_h: How far each of them looks. [h]
    """

    lived: bool
    gap: float
    time_limit_s: float
    seed: int
    replan_h: float
    window_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One world to work out.

    Attributes:
        text: The scenario, which needs no other file.
        edits: What makes the world of it.
    """

    text: str
    edits: tuple[str, ...]
    how: How


def work_out(task: Task) -> Row:
    """The figures of a world, or why there are none; it never raises but for a lost machine."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        row = _figures(task)
    except (InputError, DataUnavailable) as error:
        row = {"status": Status.REFUSED.value, "error": str(error)}
    except Exception as error:
        row = {"status": Status.FAILED.value, "error": f"{type(error).__name__}: {error}"}
    return {
        **row,
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
    }


def _figures(task: Task) -> Row:
    from optimizer.limits import Limits  # noqa: PLC0415 - a second of start-up
    from scheduler.scenario import load  # noqa: PLC0415 - a second of start-up

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scenario.yaml")
        path.write_text(task.text, encoding="utf-8")
        scenario = load(path, edits=task.edits)
    limits = Limits(gap=task.how.gap, time_s=task.how.time_limit_s)
    figures = _lived if task.how.lived else _planned
    return {"status": Status.DONE.value, "error": "", **figures(scenario, limits, task.how)}


def _planned(scenario: "Scenario", limits: "Limits", how: How) -> Row:
    from scheduler.planning.planner import plan_scenario  # noqa: PLC0415 - a second of start-up

    return _of_run(plan_scenario(scenario, limits=limits, seed=how.seed))


def _lived(scenario: "Scenario", limits: "Limits", how: How) -> Row:
    from scheduler.simulation.run import simulate  # noqa: PLC0415 - a second of start-up
    from scheduler.simulation.simulate import Pace  # noqa: PLC0415 - a second of start-up

    step_h = scenario.horizon.step_h
    replan, window = (max(1, round(hours / step_h)) for hours in (how.replan_h, how.window_h))
    simulated = simulate(
        scenario,
        limits=limits,
        pace=Pace(replan_steps=replan, window_steps=max(window, replan)),
        seed=how.seed,
    )
    return {
        **_of_run(simulated.run),
        "captured_share": simulated.captured_share,
        "regret": simulated.regret,
        "replans": simulated.lived.replans,
        "failures": len(simulated.lived.failures),
    }


def _of_run(run: "PlannedRun") -> Row:
    proof = run.solution.proof
    return {
        "basis": run.basis,
        **asdict(run.kpis),
        **{f"run_now_{name}": value for name, value in asdict(run.baseline_kpis).items()},
        "energy_efficiency_gain_percent": run.gain.energy_efficiency_percent,
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "deterministic": proof.deterministic,
        "digest": run.digest,
    }
