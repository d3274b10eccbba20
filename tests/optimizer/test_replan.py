"""Planning again keeps what holds; one more job goes where it adds least; no point is beaten."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.pareto import front, spread
from optimizer.plan import Placement, Run
from optimizer.quotes import Quotes
from optimizer.replan import share_moved
from optimizer.solve import solve
from optimizer.start import Start
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import tiny

SEEDS = range(10)


def four_hours(price, n_jobs=1, **site):
    """One GPU; jobs of an hour, 1 kWh each."""
    jobs = [worlds.job(f"job-{n}", gpus=1, hours=1, due=4) for n in range(n_jobs)]
    place = worlds.site(n_steps=4, gpus=1, grid=worlds.grid(4, price=price), **site)
    return worlds.problem(place, jobs=jobs)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_moves_when_nothing_changed(seed):
    problem, solution = tiny(seed), solved(tiny, seed).solution
    start = Start.of(problem, solution, problem)
    again = solve(problem, limits=Limits(gap=max(1e-4, solution.proof.gap + 0.02)), start=start)
    assert verify(problem, again.plan) == ()
    assert share_moved(start.placements, again.plan.placements) == 0
    assert again.proof.bound >= solution.proof.bound - 1e-6 * abs(solution.proof.bound)


def test_a_job_moves_when_another_hour_has_become_worth_it():
    before, after = four_hours([4, 1, 3, 4]), four_hours([4, 5, 1, 4])
    start = Start.of(before, solve(before), after)
    assert start.placements["job-0"].runs == (Run(first_step=1, n_steps=1),)
    again = solve(after, start=start, limits=Limits(gap=0.01))
    assert again.plan.placements[0].runs == (Run(first_step=2, n_steps=1),)
    assert share_moved(start.placements, again.plan.placements) == 1


def test_a_new_job_is_put_beside_those_that_stay():
    before, after = four_hours([4, 1, 2, 4]), four_hours([4, 1, 2, 4], n_jobs=2)
    start = Start.of(before, solve(before), after)
    again = solve(after, start=start, limits=Limits(gap=0.01))
    hours = [placement.runs[0].first_step for placement in again.plan.placements]
    assert hours == [1, 2]


def test_a_plan_an_hour_later_starts_an_hour_earlier_in_it():
    before = four_hours([4, 1, 2, 3])
    horizon = replace(before.horizon, start=before.horizon.start + timedelta(hours=1))
    solution = solve(before)
    start = Start.of(before, solution, replace(before, horizon=horizon))
    assert start.placements["job-0"].runs == (Run(first_step=0, n_steps=1),)
    # The last step lies past the old horizon: its prices are those of the old one's last day.
    old = solution.prices.power_per_kwh[0]
    np.testing.assert_array_equal(start.prices.power_per_kwh[0], [*old[1:], old[0]])


def test_a_start_of_other_steps_is_refused():
    before = four_hours(1)
    horizon = replace(before.horizon, start=before.horizon.start + timedelta(minutes=20))
    with pytest.raises(ValueError, match="horizon: must have steps of 1"):
        Start.of(before, solve(before), replace(before, horizon=horizon))


def test_planning_again_twice_gives_the_same_plan():
    before, after = four_hours([4, 1, 3, 4]), four_hours([4, 5, 1, 4])
    start = Start.of(before, solve(before), after)
    plans = [solve(after, start=start).plan for _ in range(2)]
    assert fingerprint(plans[0]) == fingerprint(plans[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quote_is_what_the_account_grows_by_when_all_else_is_held(seed):
    problem, plan = tiny(seed), solved(tiny, seed).solution.plan
    job = replace(problem.jobs[0], name="new")
    quote = Quotes.of(problem, plan).place(job)
    if not quote.placement.runs:
        assert quote.cost == pytest.approx(
            problem.objective.unfinished_price_per_gpu_h * job.gpu_hours
        )
        return
    wider = replace(problem, jobs=(*problem.jobs, job))
    with_it = replace(plan, placements=(*plan.placements, quote.placement))
    assert (Quotes.of(wider, with_it).load.gpus <= problem.pool_gpus).all()
    # A plan of both with the flows dispatched anew costs no more than the quote says.
    best = solve(wider, limits=Limits(gap=1e-4)).proof.bound
    assert best <= tally(problem, plan).objective + quote.cost + 1e-6


def test_one_more_job_takes_the_cheapest_hour_that_is_left():
    # Hours at 4, 1, 2, 3 with 500 g a kWh; the planned job holds the hour at 1.
    site = worlds.site(n_steps=4, gpus=1, grid=worlds.grid(4, price=[4, 1, 2, 3], intensity=500))
    job = worlds.job(gpus=1, hours=1, due=4)
    problem = worlds.problem(site, jobs=[job])
    quotes = Quotes.of(problem, solve(problem).plan)
    quote = quotes.place(replace(job, name="new"))
    assert quote.placement == Placement(
        job="new", site="home", runs=(Run(first_step=2, n_steps=1),)
    )
    assert quote.cost == pytest.approx(2)
    assert quote.emissions_kg == pytest.approx(0.5)
    assert quotes.cost_per_gpu_h(1.0)[0].tolist() == pytest.approx([4, np.inf, 2, 3])
    assert quotes.emissions_kg_per_gpu_h(1.0)[0].tolist() == pytest.approx([0.5] * 4)


def test_a_job_that_no_site_may_run_gets_no_quote():
    problem = four_hours(1)
    job = replace(problem.jobs[0], name="new", gpu_type="unheard-of")
    with pytest.raises(ValueError, match="job new: no site may run it"):
        Quotes.of(problem, solve(problem).plan).place(job)


def test_a_front_goes_from_the_cheap_hour_to_the_clean_one():
    # Dirty and cheap at 1 with 1 kg, or clean at 3: worth it from a carbon price of 2 on.
    site = worlds.site(n_steps=2, gpus=1, grid=worlds.grid(2, price=[1, 3], intensity=[1000, 0]))
    problem = worlds.problem(site, jobs=[worlds.job(gpus=1, hours=1, due=2)])
    points = front(problem, (0.0, 1.0, 3.0), limits=Limits(gap=1e-3))
    assert [(one.cost, one.emissions_kg) for one in points] == [
        (pytest.approx(1), pytest.approx(1)),
        (pytest.approx(3), pytest.approx(0)),
    ]


@pytest.mark.parametrize("seed", [3, pytest.param(7, marks=pytest.mark.slow)])
def test_no_point_of_a_front_beats_another_in_both(seed):
    problem = tiny(seed)
    points = front(problem, spread(problem, 5), limits=Limits(gap=1e-3))
    for one, other in pairwise(points):
        assert one.cost < other.cost
        assert one.emissions_kg > other.emissions_kg


@pytest.mark.parametrize("prices", [(), (-1.0, 2.0)], ids=["none", "one below 0"])
def test_a_front_without_prices_is_refused(prices):
    with pytest.raises(ValueError, match="carbon prices: must be some, none below 0"):
        front(tiny(0), prices)
