"""A lease with a commitment is paid for what is committed, and for what is reserved beyond it."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.solve import solve
from optimizer.tally import tally
from tests.optimizer import worlds
from tests.optimizer.test_bound_any_prices import prices_of


def world(committed, *jobs, lease=3, gpus=8):
    """Two hours of power at 1, and a lease at 3 a GPU-hour."""
    site = worlds.site(
        n_steps=2, gpus=gpus, lease=lease, committed=committed, grid=worlds.grid(2, price=1)
    )
    return worlds.problem(site, jobs=jobs)


def test_each_step_pays_for_what_is_committed_or_reserved_whichever_is_more():
    # 4 committed: 6 reserved in hour 0 cost 18, nothing in hour 1 costs 12. Power: 6 kWh at 1.
    problem = world(4, worlds.job(gpus=6, hours=1, due=2))
    account = tally(problem, run_now(problem))
    assert account.total("lease_cost") == pytest.approx(18 + 12)
    assert account.cost == account.objective == pytest.approx(36)


def test_a_lease_of_more_than_is_in_service_is_paid_all_the_same():
    problem = world(8, gpus=[8, 5])
    assert tally(problem, run_now(problem)).cost == pytest.approx(48) == optimum(problem)
    assert lower_bound(problem, prices_of(problem, gpu=-3)) == pytest.approx(48)


def test_jobs_share_the_committed_gpus_over_time_and_the_bound_knows():
    # Two jobs of 4 GPUs for an hour: one after the other both fit the 4 committed, at 2 x 12; side
    # by side they would cost 24 + 12. Power: 8 kWh at 1.
    problem = world(4, *(worlds.job(name, gpus=4, hours=1, due=2) for name in "ab"))
    solution = solve(problem, limits=Limits(gap=1e-4))
    assert tally(problem, run_now(problem)).objective == pytest.approx(36 + 8)
    assert solution.proof.objective == pytest.approx(24 + 8) == optimum(problem)
    assert solution.proof.bound == pytest.approx(32)
    # The lease of what is committed is paid whatever is decided.
    assert solution.proof.constant == pytest.approx(24)


def test_work_goes_where_a_lease_is_paid_already():
    # Power costs 1 at home and 2 away, where 4 GPUs are leased anyway at 3; at home they cost 3.
    sites = [
        worlds.site("home", 2, lease=3, grid=worlds.grid(2, price=1)),
        worlds.site("away", 2, lease=3, committed=4, grid=worlds.grid(2, price=2)),
    ]
    problem = worlds.problem(*sites, jobs=[worlds.job(gpus=4, hours=1, due=2)])
    solution = solve(problem, limits=Limits(gap=1e-4))
    assert solution.plan.placements[0].site == "away"
    assert solution.proof.objective == pytest.approx(24 + 8) == optimum(problem)
    assert solution.proof.bound == pytest.approx(32)


def test_a_price_below_what_a_lease_spares_proves_what_that_does():
    # At -3 a GPU-hour the 4 committed cost 12 an hour and the job's GPUs nothing more: 24, and 6 of
    # power at 1. At 0 the job pays 18 for its 6, and what is unused is not seen.
    problem = world(4, worlds.job(gpus=6, hours=1, due=2))
    for gpu, bound in ((-3, 24 + 6), (-9, 24 + 6), (0, 18 + 6)):
        prices = prices_of(problem, power=1, gpu=gpu)
        assert lower_bound(problem, prices) == pytest.approx(bound)


def test_without_a_commitment_a_negative_price_of_a_pool_proves_nothing():
    problem = world(0, worlds.job(gpus=6, hours=1, due=2))
    assert problem.least_gpu_price.tolist() == [[0]]
    bounds = [lower_bound(problem, prices_of(problem, power=1, gpu=gpu)) for gpu in (0, -2)]
    assert bounds[0] == bounds[1] == pytest.approx(18 + 6)


def test_no_commitment_leaves_the_fingerprint_of_a_pool_as_it_was():
    (pool,) = world(0).sites[0].pools
    assert fingerprint(pool) == fingerprint(replace(pool, committed_gpus=0))
    assert fingerprint(pool) != fingerprint(replace(pool, committed_gpus=1))
    assert np.all(world(3).lease_cost(np.array([[0, 5]])) == [[9, 15]])
