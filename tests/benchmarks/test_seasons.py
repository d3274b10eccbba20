"""What a week at Dakhla may not do is told from where its work was."""

from dataclasses import replace

from benchmarks.peers.seasons import WEEKS, breaches
from optimizer.baselines import run_now
from optimizer.verify import verify
from scheduler.scenario import load
from tests.optimizer import worlds


def test_a_job_abroad_against_its_residency_is_a_breach():
    sites = (
        worlds.site("home", grid=worlds.grid()),
        worlds.site("abroad", grid=worlds.grid(), jurisdiction="FR"),
    )
    job = worlds.job(residency=frozenset({"MA"}))
    problem = worlds.problem(*sites, jobs=(job,))
    plan = run_now(problem)
    assert breaches(problem, plan, 0.0).sovereignty == 0
    astray = replace(plan, placements=tuple(replace(one, site="abroad") for one in plan.placements))
    assert breaches(problem, astray, 0.0).sovereignty == 1
    assert verify(problem, astray) != ()


def test_every_week_begins_on_a_monday_in_a_season_of_its_own():
    starts = [load("dakhla", start=start).horizon.start for start in WEEKS.values()]
    assert [one.weekday() for one in starts] == [0] * 4
    assert len({(one.month % 12) // 3 for one in starts}) == 4
