"""What each freedom is worth: stages from run-now to the plan, none worse than the one before."""

from itertools import pairwise

import pytest

from optimizer.baselines import run_now
from optimizer.fingerprint import fingerprint
from optimizer.freedom import stages
from optimizer.limits import Limits
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.work import Mode
from tests.optimizer import worlds
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import SEEDS, tiny

NAMES = ["dispatch", "time", "place", "width and power"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_objective_never_rises_from_stage_to_stage_and_ends_with_the_plan(seed):
    world = solved(tiny, seed)
    problem, baseline, plan = world.problem, run_now(world.problem), world.solution.plan
    found = stages(problem, baseline, plan)
    objectives = [tally(problem, one).objective for one in (baseline, *(p for _, p in found))]
    assert [name for name, _ in found] == NAMES
    assert found[-1][1] is plan
    for before, after in pairwise(objectives):
        assert after <= before + 1e-6 * (1 + abs(before))


@pytest.mark.parametrize("kind", ["contiguous", "checkpointable"])
def test_without_slack_the_freedom_of_time_is_worth_nothing_at_all(kind):
    # Two hours of work between release and deadline, at home, whatever the hours cost.
    jobs = [
        worlds.job(f"job-{n}", kind=kind, release=n, due=n + 2, kw=1.1 * (n + 1)) for n in range(4)
    ]
    site = worlds.site(
        slope=[1.1, 1.2, 1.3, 1.3, 1.2, 1.1],
        grid=worlds.grid(limit=30, price=[1, 3, 2, 5, 1, 2]),
        plants=(worlds.plant([0, 1, 7, 9, 3, 0]),),
        battery=worlds.battery(),
    )
    problem = worlds.problem(site, jobs=jobs, services=[worlds.service(kw_per_rps=0.3)])
    baseline = run_now(problem)
    plan = solve(problem, limits=Limits(gap=1e-4)).plan
    found = dict(stages(problem, baseline, plan))
    assert tally(problem, found["time"]) == tally(problem, found["dispatch"])
    assert fingerprint(found["time"]) == fingerprint(found["dispatch"])


def test_each_freedom_brings_what_it_is_for():
    # A 2 kW job of two hours. At home an hour costs 9, 9, 2, 2, 9, 9 a kWh, away always 1; away
    # twice as wide at twice the speed it takes one hour, of 3 kW instead of 4.
    # Run-now 4 kWh at 9; later, 4 at 2; away, 4 at 1; wide, 3 at 1.
    modes = (worlds.job().base, Mode(gpus=4, power_kw=3, speed=2))
    problem = worlds.problem(
        worlds.site(grid=worlds.grid(price=[9, 9, 2, 2, 9, 9])),
        worlds.site("away", grid=worlds.grid(price=1)),
        jobs=[worlds.job(kind="elastic", modes=modes)],
    )
    baseline = run_now(problem)
    plan = solve(problem, limits=Limits(gap=1e-4)).plan
    found = stages(problem, baseline, plan)
    assert tally(problem, baseline).objective == pytest.approx(36)
    assert [tally(problem, one).objective for _, one in found] == pytest.approx([36, 8, 4, 3])
