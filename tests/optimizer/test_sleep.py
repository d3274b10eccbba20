"""Nodes that nobody needs sleep, and are awake in time for who reserves them."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.plan import Placement, Run
from optimizer.quotes import Quotes
from optimizer.site import GpuPool
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from scheduler.planning.codec import decode, encode
from tests.optimizer import worlds
from tests.optimizer.test_bound_any_prices import prices_of

EXACT = Limits(gap=1e-4)


def pool(n_steps=4, *, gpus=8, node=4, sleep=0.1, wake=0.0, idle=0.5):
    return GpuPool(
        gpu_type="gpu",
        gpus=worlds.series(gpus, n_steps).astype(np.int64),
        idle_kw_per_gpu=idle,
        gpus_per_node=node,
        sleep_kw_per_gpu=sleep,
        wake_h=wake,
    )


def world(*, n_steps=4, price=1, water=0, step_h=1.0, hours=1, release=2, **of_the_pool):
    """A job of 2 GPUs and 2 kW that may start after two hours, beside 8 GPUs in two nodes."""
    grid = worlds.grid(n_steps, price=price)
    site = replace(
        worlds.site(n_steps=n_steps, grid=grid, water=water), pools=(pool(n_steps, **of_the_pool),)
    )
    job = worlds.job(hours=hours, release=release, due=n_steps)
    return worlds.problem(site, jobs=[job], step_h=step_h)


@pytest.mark.parametrize(
    ("wake_h", "reserved", "awake"),
    [
        pytest.param(0, [0, 0, 2, 0], [0, 0, 4, 0], id="in a moment"),
        pytest.param(0.5, [0, 0, 2, 0], [0, 4, 4, 0], id="part of a step is a step"),
        pytest.param(2, [0, 0, 5, 0], [8, 8, 8, 0], id="two steps before"),
        pytest.param(9, [0, 0, 0, 1], [4, 4, 4, 4], id="longer than the horizon"),
        pytest.param(1, [5, 0, 0, 4], [8, 0, 4, 4], id="the most of this step and the next"),
    ],
)
def test_nodes_are_awake_while_reserved_and_while_they_wake(wake_h, reserved, awake):
    found = pool(wake=wake_h).awake_gpus(np.array(reserved), step_h=1)
    assert found.tolist() == awake


def test_no_more_gpus_wake_than_are_in_service():
    found = pool(gpus=[3, 3, 8, 8], wake=2).awake_gpus(np.array([0, 0, 5, 0]), step_h=1)
    assert found.tolist() == [3, 3, 8, 0]


def test_a_node_draws_sleep_idle_and_load_power():
    # 8 asleep: 0.8. The job's node: 2 at work on 2 kW, 2 idle on 1, 4 asleep on 0.4. An hour
    # before it is idle on 2 beside 0.4.
    problem = world(wake=1)
    runs = (Run(first_step=2, n_steps=1),)
    load = Load.of(problem, [Placement(job="job", site="home", runs=runs)], {})
    assert load.drawn_it_kw(problem)[0] == pytest.approx([0.8, 2.4, 3.4, 0.8])
    assert load.facility_kw(problem)[0] == pytest.approx([0.8, 2.4, 3.4, 0.8])


@pytest.mark.parametrize("wake_h", [0, 0.5, 1])
def test_plan_run_now_and_oracle_pay_for_the_same_nodes(wake_h):
    # The job's hour draws 3.4, the two at rest 0.8 each, the one before it 0.8 or awake 2.4.
    problem = world(wake=wake_h)
    cost = 3.4 + 0.8 + 0.8 + (2.4 if wake_h else 0.8)
    solution = solve(problem, limits=EXACT)
    assert optimum(problem) == pytest.approx(cost) == solution.proof.objective
    assert tally(problem, run_now(problem)).objective == pytest.approx(cost)
    # The bound charges the two GPUs reserved, 1.9 over 8 at rest, and drops the rest.
    assert solution.proof.bound == pytest.approx(4 * 0.8 + 2 - 2 * 0.1)
    assert verify(problem, solution.plan) == ()


def test_gpus_that_wake_alone_in_a_moment_leave_no_gap():
    problem = world(node=1)
    proof = solve(problem, limits=EXACT).proof
    assert proof.bound == pytest.approx(proof.objective) == pytest.approx(optimum(problem))


def test_water_is_paid_for_nodes_that_wake_too():
    # Half of a litre a kWh at 2 a litre doubles each kWh; 7.4 kWh as above.
    problem = world(wake=1, water=0.5)
    problem = replace(problem, objective=worlds.objective(water=2))
    account = tally(problem, run_now(problem))
    assert account.sites[0].water_l == pytest.approx(3.7)
    assert account.objective == pytest.approx(14.8) == optimum(problem)


def test_power_for_nodes_that_were_left_asleep_is_missed():
    problem = world(wake=1)
    plan = run_now(problem)
    flow = plan.dispatch["home"]
    asleep = replace(flow, grid_import_kw=flow.grid_import_kw - [0, 1.6, 0, 0])
    (violation,) = verify(problem, replace(plan, dispatch={"home": asleep}))
    assert (violation.rule, violation.where) == ("energy in equals energy out", "home, step 1")
    assert violation.message == "off by -1.6 kW"


def test_where_power_earns_every_node_may_be_awake():
    # At -1 a kWh: 7.4 kWh of load earn as much; the bound lets all 8 GPUs wake in all 4 hours.
    problem = world(wake=1)
    prices = prices_of(problem, power=-1.0)
    most_kwh = 4 * 0.8 + 2 - 2 * 0.1 + 4 * 8 * 0.4
    assert lower_bound(problem, prices) == pytest.approx(-most_kwh)


def test_one_more_job_pays_for_waking_its_gpus():
    # 2 GPUs at work on 2 kW instead of asleep on 0.2, at 1 a kWh.
    problem = replace(world(), jobs=())
    plan = run_now(problem)
    quote = Quotes.of(problem, plan).place(worlds.job(hours=1, due=4))
    assert quote.cost == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"sleep": 0.6}, "sleep_kw_per_gpu must be between 0 and idle_kw_per_gpu 0.5, got 0.6"),
        ({"sleep": None, "wake": 1}, "wake_h must be at least 0, and 0 without sleep_kw_per_gpu"),
        ({"wake": -1}, "wake_h must be at least 0, and 0 without sleep_kw_per_gpu, got -1"),
    ],
)
def test_a_sleep_that_cannot_be_is_refused(said, message):
    with pytest.raises(ValueError, match=message):
        pool(**said)


def test_a_sleep_changes_the_fingerprint_and_is_read_back():
    asleep = pool(sleep=0.5, wake=1.5)
    idle = replace(asleep, sleep_kw_per_gpu=None, wake_h=0.0)
    back = decode(encode(asleep), GpuPool)
    assert (back.sleep_kw_per_gpu, back.wake_h) == (0.5, 1.5)
    assert fingerprint(back) == fingerprint(asleep) != fingerprint(idle)
