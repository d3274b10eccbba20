"""One small world planned for real, once; what a case needs otherwise is put beside it."""

import dataclasses
from datetime import timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from optimizer.limits import Limits
from scheduler.cli.main import app
from scheduler.cli.tools import Tools
from scheduler.planning.clauses import Clause
from scheduler.planning.explain import Explanation, Start, WaitReason
from scheduler.planning.planner import plan_scenario
from scheduler.scenario import load

WORLD = "one-site-one-battery"


@pytest.fixture(scope="session")
def planned():
    """The plan of one job, one site and one battery."""
    return plan_scenario(load(WORLD), limits=Limits(gap=0.05, time_s=60))


@pytest.fixture(scope="session")
def unfinished(planned):
    """The same world, its one job left undone."""
    (placement,) = planned.plan.placements
    left = dataclasses.replace(placement, runs=())
    plan = dataclasses.replace(planned.plan, placements=(left,))
    solution = dataclasses.replace(planned.solution, plan=plan)
    return dataclasses.replace(planned, solution=solution)


def explained(run):
    """Explains any job by a start at once and a chosen one three hours later."""
    return lambda job: explanation(run, job)


def explanation(run, job):
    at_once = Start(site="home", start=run.issued_at, cost=80.0, emissions_kg=15.0, late_h=0.0)
    chosen = dataclasses.replace(
        at_once, start=run.issued_at + timedelta(hours=3), cost=34.0, emissions_kg=12.0
    )
    return Explanation(
        job=job,
        reason=WaitReason.WAITING_FOR_CLEANER_ENERGY,
        clauses=(Clause(says="cleaner", facts={"kg": -3.0, "money": -46.0, "currency": "EUR"}),),
        chosen=chosen,
        starts=(at_once, chosen),
        alternatives=("run at once by raising its priority",),
    )


@pytest.fixture
def alize(planned, tmp_path, monkeypatch):
    """Runs `alize` in an empty folder, with quick tools unless a case gives others."""
    monkeypatch.chdir(tmp_path)
    for name in ("RUNS_DIR", "GAP", "TIME_LIMIT_S", "OUTPUT", "SEED", "DEBUG"):
        monkeypatch.delenv(f"ALIZE_{name}", raising=False)
    quick = Tools(
        plan=lambda _scenario, **_options: planned,
        explain=explained,
        recheck=lambda _run: SimpleNamespace(ok=True, findings=(), checked=("12 steps",)),
        render=lambda run: f"<html>{run.scenario.name}</html>\n",
    )

    def alize(*args, **tools):
        return CliRunner().invoke(app, args, obj=dataclasses.replace(quick, **tools))

    return alize
