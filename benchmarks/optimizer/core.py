"""The core model stated with Pyomo, as the optimizer does, and the same stated with linopy.

Sites, plants, batteries, demand charges and the routes of services, under the replicas that run-now
holds: what is compiled once a plan. Jobs are not in it.
"""

import json
import os
import pickle
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.line import Metric
from benchmarks.meter import Meter
from benchmarks.optimizer.asked import Asked
from benchmarks.optimizer.linopy_core import OPTIONS, Core, Took

METRICS = (
    Metric(
        name="core_seconds",
        unit="s",
        better="lower",
        meaning="wall, to state and solve the core model with Pyomo, without jobs",
    ),
    Metric(name="core_cpu_seconds", unit="s", better="lower", meaning="likewise, CPU"),
    Metric(
        name="linopy_ratio",
        unit="1",
        better="higher",
        meaning="wall, to state and solve the same with linopy / with Pyomo",
    ),
    Metric(name="linopy_cpu_ratio", unit="1", better="higher", meaning="likewise, CPU"),
)
REPEATS = 5
ROOT = Path(__file__).resolve().parents[2]
SAME = 1e-6


def core_of(asked: Asked) -> Core:
    """The core of an instance, under the replicas of run-now."""
    from optimizer.baselines import run_now
    from optimizer.load import Load

    problem = asked.problem()
    servings = run_now(problem).servings
    return Core(
        problem=problem,
        facility_kw=Load.idle(problem).facility_kw(problem),
        capacity_rps=np.array(
            [servings[one.name].replicas * one.capacity_rps for one in problem.services]
        ),
    )


def with_pyomo(asked: Asked) -> list[Took]:
    """State and solve it in this process, some times over."""
    whole = Meter()
    from optimizer.highs import LinearModel
    from optimizer.model.core import routed_model

    core, took = core_of(asked), []
    for _ in range(REPEATS):
        meter = Meter()
        linear = LinearModel(
            routed_model(
                core.problem,
                core.facility_kw,
                lambda v, s, t: float(core.capacity_rps[v, s, t]),
            ),
            **OPTIONS,
        )
        objective = linear.solve(time_limit_s=asked.ending.time_s).objective
        rows, columns = linear.shape
        took.append(
            Took(
                objective=objective,
                rows=rows,
                columns=columns,
                spent=meter.read(),
                cost=whole.read(),
            )
        )
    return took


def with_linopy(asked: Asked, python: Path) -> list[Took]:
    """The same by the interpreter of another environment."""
    with tempfile.TemporaryDirectory() as folder:
        core, answer = Path(folder) / "core.pickle", Path(folder) / "took.jsonl"
        core.write_bytes(pickle.dumps(core_of(asked)))
        subprocess.run(
            [python, "-m", "benchmarks.optimizer.linopy_core", core, answer, str(REPEATS)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        lines = answer.read_text(encoding="utf-8").splitlines()
    return [Took.of(json.loads(line)) for line in lines]


def figures(pyomo: Sequence[Took], linopy: Sequence[Took]) -> dict[str, float]:
    """A value for each of the metrics, of the medians of the repeats.

    Raises:
        ValueError: The two are not the same model.
    """
    for theirs, ours in zip(linopy, pyomo, strict=True):
        shapes = [(one.rows, one.columns) for one in (ours, theirs)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"core: rows and columns with Pyomo {shapes[0]}, linopy {shapes[1]}")
        if abs(theirs.objective - ours.objective) > SAME * (1 + abs(ours.objective)):
            raise ValueError(f"core: Pyomo reached {ours.objective}, linopy {theirs.objective}")
    own, other = spent(pyomo), spent(linopy)
    return own | {
        "linopy_ratio": other["core_seconds"] / own["core_seconds"],
        "linopy_cpu_ratio": other["core_cpu_seconds"] / own["core_cpu_seconds"],
    }


def spent(repeats: Sequence[Took]) -> dict[str, float]:
    """Median seconds to state and solve, wall and CPU, by metric."""
    return {
        "core_seconds": median(one.spent.wall_seconds for one in repeats),
        "core_cpu_seconds": median(one.spent.cpu_seconds for one in repeats),
    }
