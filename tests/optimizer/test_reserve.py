"""An island holds a reserve against wind or sun falling away, or pays for what is missing."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.dispatcher import Dispatcher
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.plan import Prices, ReservePrices
from optimizer.reserve import missing_reserve_kw, needs_reserve
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from scheduler.planning.codec import decode, encode
from tests.optimizer import worlds
from tests.optimizer.test_bound_any_prices import prices_of

EXACT = Limits(gap=1e-4)


def island(*, share=0.4, price=2, n_steps=1, available=10, step_h=1.0, **rest):
    """5 kW beside 10 kW of sun; a kW of reserve missing for an hour costs `price`."""
    pv = replace(worlds.plant(available, n_steps), reserve_share=share)
    site = worlds.site(n_steps=n_steps, overhead=5, plants=(pv,), **rest)
    prices = replace(worlds.objective(), reserve_price_per_kw_h=price)
    return worlds.problem(site, prices=prices, step_h=step_h)


RUNNING = worlds.generator(10, fuel=3, min_load_kw=1)


@pytest.mark.parametrize(
    ("world", "missing_kw", "objective"),
    [
        # 5 kW of sun, 2 of them in reserve, and nothing to hold it.
        pytest.param(island(), 2, 4, id="nothing behind the sun"),
        # At its least, 1 kW for 3, a generator of 10 kW holds the 1.6 of 4 kW of sun.
        pytest.param(island(generator=RUNNING), 0, 3, id="a generator runs for it"),
        pytest.param(island(price=1, generator=RUNNING), 2, 2, id="cheaper to lack than to run"),
        # 5 of 10 kWh stored give 4 kW for an hour, as much as the battery can.
        pytest.param(island(share=1, battery=worlds.battery()), 1, 2, id="a battery's power"),
        # 2.5 kWh stored give 2 kW.
        pytest.param(
            island(share=1, battery=worlds.battery(soc_initial=0.25)), 3, 6, id="what it holds"
        ),
        # For half an hour they give 4 again.
        pytest.param(
            island(share=1, battery=worlds.battery(soc_initial=0.25), step_h=0.5),
            1,
            1,
            id="for half as long",
        ),
        # Without rules it can be on at any power, and counts as running.
        pytest.param(island(generator=worlds.generator(10)), 0, 0, id="a generator without rules"),
    ],
)
def test_battery_and_running_generator_hold_the_reserve(world, missing_kw, objective):
    solution = solve(world, limits=EXACT)
    account = tally(world, solution.plan)
    site, flow = world.sites[0], solution.plan.dispatch["home"]
    assert missing_reserve_kw(site, flow, world.horizon.step_h) == pytest.approx([missing_kw])
    missing_kw_h = missing_kw * world.horizon.step_h
    assert account.total("missing_reserve_kw_h") == pytest.approx(missing_kw_h)
    assert account.objective == pytest.approx(objective) == optimum(world)
    if site.generator is RUNNING:  # on in parts, the bound lets it hold a part of the reserve
        assert solution.proof.bound <= objective
    else:
        assert solution.proof.bound == pytest.approx(objective)
    assert verify(world, solution.plan) == ()


def test_a_site_needs_it_only_while_no_grid_can_help():
    pv = replace(worlds.plant(10, 3), reserve_share=0.5)
    site = worlds.site(n_steps=3, plants=(pv,), grid=worlds.grid(3, limit=[5, 0, 5]))
    assert needs_reserve(site, 3).tolist() == [False, True, False]
    assert needs_reserve(replace(site, plants=(worlds.plant(10, 3),)), 3).tolist() == 3 * [False]
    assert needs_reserve(replace(site, grid=None), 3).all()


def test_the_price_of_reserve_is_in_that_of_power():
    # A kWh more of sun asks for 0.4 kW more of reserve, which is missing at 2.
    problem = island()
    load_kw = Load.idle(problem).facility_kw(problem)
    prices = Dispatcher(problem).solve(load_kw, time_limit_s=10)[2]
    assert prices.reserve.power_per_kw.tolist() == [[2.0]]
    assert prices.power_per_kwh[0, 0] == pytest.approx(0.8)


def test_prices_of_reserve_beyond_their_limits_prove_what_the_limits_do():
    problem = island()

    def bound(power, energy=0.0, there=1):
        shape = (1, 1)
        reserve = ReservePrices(
            power_per_kw=np.full(shape, power), energy_per_kw=np.full(shape, energy)
        )
        world = problem if there else island(share=0, price=0)
        return lower_bound(world, replace(prices_of(world, power=0.8), reserve=reserve))

    assert bound(2.0) == pytest.approx(5 * 0.8)
    assert bound(50.0) == pytest.approx(bound(2.0))
    # Below, 10 kW of sun at a profit of 0.8 - 0.4 each: 4 - 4.
    assert bound(1.0) == pytest.approx(0)
    assert bound(-7.0) == pytest.approx(bound(0.0))
    # No battery, no row of what is stored.
    assert bound(2.0, energy=9.0) == pytest.approx(bound(2.0))
    assert bound(9.0, there=0) == pytest.approx(bound(0.0, there=0))


def test_run_now_knows_of_no_reserve_and_pays_for_what_is_missing():
    account = tally(island(), run_now(island()))
    assert account.total("missing_reserve_kw_h") == pytest.approx(2)
    assert account.objective == pytest.approx(4)


def test_a_job_waits_for_the_hour_with_a_grid():
    # 2 kW for an hour: 0.8 of reserve at 2 while the grid is cut off, 1 from the grid after.
    pv = replace(worlds.plant([10, 0], 2), reserve_share=0.4)
    site = worlds.site(n_steps=2, plants=(pv,), grid=worlds.grid(2, limit=[0, 10]))
    prices = replace(worlds.objective(), reserve_price_per_kw_h=5)
    problem = worlds.problem(site, jobs=[worlds.job(hours=1, due=2)], prices=prices)
    solution = solve(problem, limits=EXACT)
    assert solution.plan.placements[0].runs[0].first_step == 1
    assert solution.proof.objective == pytest.approx(2) == optimum(problem)


def test_a_reserve_without_a_price_is_refused():
    with pytest.raises(
        ValueError, match="must be above 0 where a plant has a reserve_share, got 0"
    ):
        island(price=0)


def test_a_share_beyond_one_is_refused():
    with pytest.raises(ValueError, match=r"reserve_share must be in \[0, 1\], got 1.5"):
        island(share=1.5)


def test_prices_of_reserve_are_read_back_and_are_unsaid_where_there_are_none():
    plain = prices_of(island())
    series = np.ones((1, 1))
    said = replace(plain, reserve=ReservePrices(power_per_kw=series, energy_per_kw=2 * series))
    assert fingerprint(decode(encode(said), Prices)) == fingerprint(said) != fingerprint(plain)
    assert fingerprint(decode(encode(plain), Prices)) == fingerprint(plain)
