"""Why wishes stay unmet, in worlds small enough for paper: each number is derived beside it."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.limits import Limits
from optimizer.shortfalls.conflict import Cause, Limit, Remedy, Wish
from optimizer.shortfalls.find import conflicts
from optimizer.solve import solve
from tests.optimizer import worlds

N_STEPS = worlds.N_STEPS


def why(problem):
    """The conflicts of the plan of `problem`."""
    return conflicts(problem, solve(problem, limits=Limits(gap=1e-4)).plan)


def limits_of(conflict):
    return {one.limit for one in conflict.constraints}


def cure(conflict, remedy):
    (found,) = [one for one in conflict.cures if one.remedy is remedy]
    return found


def home(**changes):
    return worlds.site(grid=worlds.grid(), **changes)


def test_a_job_wider_than_every_pool_is_kept_from_running_by_the_pools_alone():
    # 12 GPUs asked for, 8 in service: whatever its hours, it cannot run.
    (conflict,) = why(worlds.problem(home(gpus=8), jobs=[worlds.job(gpus=12)]))
    assert (conflict.wish, conflict.cause) == (Wish.FINISHED, Cause.ALONE)
    assert limits_of(conflict) == {Limit.POOL}
    assert cure(conflict, Remedy.FEWER_GPUS).amount == 8
    assert cure(conflict, Remedy.MORE_GPUS).amount == 12 - 8
    assert conflict.cost == pytest.approx(20 * 12 * 2)


def test_a_job_released_too_late_for_its_deadline_is_kept_by_these_three():
    # 3 h of work, released at 2, due by 4: it ends at 5, or must be released at 1.
    job = worlds.job(hours=3, release=2, due=4)
    (conflict,) = why(worlds.problem(home(), jobs=[job]))
    assert conflict.cause is Cause.ALONE
    assert limits_of(conflict) == {Limit.WORK, Limit.RELEASE, Limit.DEADLINE}
    assert cure(conflict, Remedy.END_LATER).amount == pytest.approx(5)
    assert cure(conflict, Remedy.RELEASE_EARLIER).amount == pytest.approx(1)


def test_a_residency_without_a_pool_wide_enough_needs_another_site():
    # 8 GPUs asked for, 4 at home; abroad has 8 but another law.
    abroad = worlds.site("abroad", gpus=8, jurisdiction="FR", grid=worlds.grid())
    job = worlds.job(gpus=8, residency=frozenset(["MA"]))
    (conflict,) = why(worlds.problem(home(gpus=4), abroad, jobs=[job]))
    assert limits_of(conflict) == {Limit.RESIDENCY, Limit.POOL}
    assert cure(conflict, Remedy.ADMIT_SITE).subject == "abroad"


def test_a_link_too_slow_for_the_deadline_is_named():
    # 4500 GB at 1 Gbit/s take 10 h; the only pool wide enough is at the other end.
    far = worlds.site("far", gpus=8, grid=worlds.grid())
    near = home(gpus=4)
    job = worlds.job(gpus=8, data_gb=4500)
    (conflict,) = why(worlds.problem(near, far, jobs=[job], links=worlds.link("home", "far")))
    assert limits_of(conflict) == {Limit.TRANSFER, Limit.POOL}


def test_maintenance_in_the_middle_keeps_only_a_job_that_may_not_pause():
    # No GPU in steps 2 and 3 of 6: 4 h in one piece do not fit, in two pieces they do.
    site = home(gpus=np.array([8, 8, 0, 0, 8, 8]))
    (conflict,) = why(worlds.problem(site, jobs=[worlds.job(hours=4)]))
    assert limits_of(conflict) == {Limit.UNBROKEN, Limit.POOL, Limit.WORK}
    assert cure(conflict, Remedy.ALLOW_PAUSES)


def test_a_job_that_waits_for_one_that_cannot_run_names_it():
    first = worlds.job("first", gpus=12)
    second = worlds.job("second", after=("first",))
    found = why(worlds.problem(home(), jobs=[first, second]))
    by_name = {conflict.subject: conflict for conflict in found}
    assert limits_of(by_name["first"]) == {Limit.POOL}
    assert limits_of(by_name["second"]) == {Limit.AFTER}
    (waits,) = by_name["second"].constraints
    assert (waits.subject, waits.amount) == ("first", None)
    assert cure(by_name["second"], Remedy.NOT_AFTER).subject == "first"


def test_work_in_the_way_is_named_with_its_hours_and_what_would_do():
    # Both need 5 of 8 GPUs for 4 of 6 hours; the one of higher priority gets them.
    jobs = [
        worlds.job("dear", gpus=5, hours=4, priority=9),
        worlds.job("cheap", gpus=5, hours=4),
        worlds.job("small", gpus=1, hours=4),
    ]
    (conflict,) = why(worlds.problem(home(gpus=8), jobs=jobs))
    assert (conflict.subject, conflict.cause) == ("cheap", Cause.BESIDE)
    (other,) = [one for one in conflict.constraints if one.limit is Limit.OTHER_WORK]
    assert (other.subject, other.amount) == ("dear", 5)
    assert other.end_step - other.first_step == 4
    # 5 + 5 GPUs of 8 miss 2, and 1 more where the small job runs all the while.
    assert cure(conflict, Remedy.MORE_GPUS).amount in (2, 3)
    assert cure(conflict, Remedy.WITHOUT).subject == "dear"


def test_a_job_that_no_supply_can_feed_names_the_power_of_its_site():
    # 10 kW asked for, 6 kW of grid and nothing else; unmet power would cost more than the job.
    site = worlds.site(gpus=16, grid=worlds.grid(limit=6))
    prices = worlds.objective(unmet=200)
    (conflict,) = why(worlds.problem(site, jobs=[worlds.job(gpus=10)], prices=prices))
    assert limits_of(conflict) == {Limit.POWER}
    assert cure(conflict, Remedy.MORE_POWER).amount == 10 - 6


def test_a_job_late_for_the_sake_of_cheap_power_is_late_for_its_price():
    # On time: 2 kW x 2 h at 30; later at 1. An hour late costs 5 a GPU: 4 h x 2 GPUs x 5 = 40.
    grid = worlds.grid(price=np.array([30, 30, 30, 30, 1, 1]))
    job = worlds.job(due=2, deadline=6)
    prices = worlds.objective(unmet=200)
    (conflict,) = why(worlds.problem(worlds.site(grid=grid), jobs=[job], prices=prices))
    assert (conflict.wish, conflict.cause) == (Wish.ON_TIME, Cause.PRICE)
    assert conflict.amount == pytest.approx(4)
    assert conflict.cost == pytest.approx(40)
    assert conflict.extra_cost == pytest.approx(2 * 2 * (30 - 1))


def test_a_region_out_of_reach_names_the_latency_and_the_budget_that_would_do():
    service = worlds.service(rtt={("a", "home"): 80.0})
    (conflict,) = why(worlds.problem(home(), services=[service]))
    assert conflict.wish is Wish.SERVED
    assert limits_of(conflict) == {Limit.LATENCY}
    assert cure(conflict, Remedy.LATENCY_BUDGET).amount == pytest.approx(80 + 50)
    assert conflict.amount == pytest.approx(2 * 3600 * N_STEPS)


def test_a_service_on_one_site_cannot_survive_its_loss():
    service = worlds.service(survives_site_loss=True)
    (conflict,) = why(worlds.problem(home(), services=[service]))
    assert conflict.wish is Wish.PROTECTED
    assert limits_of(conflict) == {Limit.REDUNDANCY}


def test_too_few_gpus_for_the_demand_ask_for_as_many_as_are_missing():
    # 20 requests a second at 2 a replica of 1 GPU: 10 GPUs, 8 are there.
    (conflict,) = why(worlds.problem(home(gpus=8), services=[worlds.service(demand=20)]))
    assert limits_of(conflict) == {Limit.POOL}
    assert cure(conflict, Remedy.MORE_GPUS).amount == 2


def test_an_outage_is_told_by_the_supplies_that_were_too_small():
    # 10 kW of overhead; the grid fails in step 2, a battery of 5 kWh gives 4 kW.
    grid = worlds.grid(limit=np.array([20, 20, 0, 20, 20, 20]))
    site = worlds.site(grid=grid, overhead=10, battery=worlds.battery(charge=1, discharge=1))
    (conflict,) = why(worlds.problem(site))
    assert (conflict.wish, conflict.cause) == (Wish.POWERED, Cause.ALONE)
    assert limits_of(conflict) == {Limit.GRID, Limit.BATTERY}
    assert (conflict.first_step, conflict.end_step) == (2, 3)
    assert conflict.amount == pytest.approx(10 - 4)
    assert cure(conflict, Remedy.MORE_POWER).amount == 6


def test_a_running_job_that_draws_too_much_is_named_beside_the_supplies():
    # 3 kW of overhead fit into 5 kW, 4 kW of work beside them do not; unfinished it costs more.
    prices = worlds.objective(unmet=1, unfinished=100)
    site = worlds.site(grid=worlds.grid(limit=5), overhead=3)
    found = why(worlds.problem(site, jobs=[worlds.job(gpus=4)], prices=prices))
    (conflict,) = found
    assert (conflict.wish, conflict.cause) == (Wish.POWERED, Cause.BESIDE)
    assert limits_of(conflict) == {Limit.GRID, Limit.OTHER_WORK}
    assert cure(conflict, Remedy.MORE_POWER).amount == 3 + 4 - 5


def test_a_carbon_budget_below_what_the_work_must_emit_names_that_work():
    # 1 kg/kWh: 4 kWh of "big" emit 4 kg, 2 kWh of "small" 2 kg; the budget is 3 kg.
    prices = replace(worlds.objective(), carbon_budget_kg=3.0, carbon_excess_price_per_kg=0.1)
    site = worlds.site(grid=worlds.grid(intensity=1000))
    jobs = [worlds.job("big", gpus=2), worlds.job("small", gpus=1)]
    (conflict,) = why(worlds.problem(site, jobs=jobs, prices=prices))
    assert (conflict.wish, conflict.cause) == (Wish.CARBON_BUDGET, Cause.BESIDE)
    (other,) = conflict.constraints
    assert (other.subject, other.amount) == ("big", pytest.approx(4))
    assert conflict.amount == pytest.approx(4 + 2 - 3)
    assert cure(conflict, Remedy.CARBON_BUDGET).amount == pytest.approx(6)


def test_a_plan_that_meets_every_wish_has_nothing_to_explain():
    assert why(worlds.problem(home(), jobs=[worlds.job()], services=[worlds.service()])) == ()
