"""A cost budget is kept where that costs less than its excess; its premium is on all money."""

from dataclasses import replace

import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.dispatcher import Dispatcher
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.freedom import stages
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.money import dearer
from optimizer.solve import solve
from optimizer.start import Start
from optimizer.stochastic.scenarios import Scenario, StochasticProblem
from optimizer.tally import tally
from optimizer.verify import verify
from scheduler.planning.codec import decode, encode
from tests.optimizer import worlds
from tests.optimizer.test_bound_any_prices import prices_of

EXACT = Limits(gap=1e-4)


def priced(budget, excess=3.0, carbon=0.0):
    return replace(worlds.objective(carbon=carbon), cost_budget=budget, cost_excess_price=excess)


def world(budget, *, excess=3.0):
    """5 kW for 2 h: 4 kW of grid at 1 and 500 g/kWh beside fuel at 3 and 100 g/kWh.

    A kg of carbon costs 10, so a kWh costs 1 + 5 from the grid and 3 + 1 from fuel.
    """
    site = worlds.site(
        n_steps=2,
        overhead=5,
        grid=worlds.grid(2, limit=4, price=1, intensity=500),
        generator=worlds.generator(10, fuel=3, carbon=100),
    )
    return worlds.problem(site, prices=priced(budget, excess, carbon=10))


@pytest.mark.parametrize(
    ("budget", "excess", "imported_kwh", "excess_cost", "objective"),
    [
        # All from fuel: 10 kWh at 4.
        pytest.param(40, 3, 0, 0, 40, id="never reached"),
        # A kWh from the grid instead pays 2 less, and with its carbon 2 more: 5 of them reach 20.
        pytest.param(20, 3, 5, 0, 40 + 10, id="kept by the grid"),
        # At 0.5 a unit, 10 of excess cost 5, and the 5 kWh would cost 10.
        pytest.param(20, 0.5, 0, 10, 40 + 5, id="cheaper to exceed"),
        # The most of the grid, 8 kWh, pays 8 + 6; 4 above the budget whatever is done.
        pytest.param(10, 3, 8, 4, 40 + 16 + 12, id="out of reach"),
    ],
)
def test_a_budget_is_kept_where_that_costs_less_than_its_excess(
    budget, excess, imported_kwh, excess_cost, objective
):
    problem = world(budget, excess=excess)
    solution = solve(problem, limits=EXACT)
    account = tally(problem, solution.plan)
    assert account.total("grid_import_kwh") == pytest.approx(imported_kwh)
    assert account.excess_cost == pytest.approx(excess_cost)
    assert account.objective == pytest.approx(objective) == optimum(problem)
    assert solution.proof.bound == pytest.approx(objective)
    assert verify(problem, solution.plan) == ()


def test_the_premium_is_what_the_last_unit_of_money_saves():
    # 2 of money more avoid 2 of carbon beside themselves: a unit of budget is worth 1.
    problem = world(20)
    load_kw = Load.idle(problem).facility_kw(problem)
    prices = Dispatcher(problem).solve(load_kw, time_limit_s=10)[2]
    assert prices.money_premium == pytest.approx(1)
    # Twice as dear, both cost 7 a kWh: 2 + 5 and 6 + 1.
    assert prices.power_per_kwh.tolist() == [pytest.approx([7, 7])]


def test_a_premium_beyond_its_limits_proves_what_the_limit_does():
    # At 7 a kWh and a premium of 1 nothing earns: 70 of load, less 20 of budget.
    problem = world(20)
    power = prices_of(problem, power=7.0)
    assert lower_bound(problem, replace(power, money_premium=1.0)) == pytest.approx(70 - 20)
    for beyond, limit in ((-3.0, 0.0), (400.0, 3.0)):
        bounds = [lower_bound(problem, replace(power, money_premium=p)) for p in (beyond, limit)]
        assert bounds[0] == pytest.approx(bounds[1])
    unbudgeted = replace(problem, objective=worlds.objective(carbon=10))
    bounds = [lower_bound(unbudgeted, one) for one in (power, replace(power, money_premium=7.0))]
    assert bounds[0] == pytest.approx(bounds[1])


def test_leases_water_and_transfers_count_as_money():
    # A job of 2 kWh on 2 GPUs: at home 2 of energy, 4 of lease and 2 of water; away 8 of energy and
    # 1 of transfer. Home is cheaper by 1 and pays 8, away 9.
    home = worlds.site(grid=worlds.grid(1), n_steps=1, lease=2, water=1)
    away = worlds.site("away", grid=worlds.grid(1, price=4), n_steps=1)
    job = worlds.job(hours=1, due=1, data_gb=10)
    prices = replace(priced(5.0), water_price_per_l=1.0)
    links = worlds.link("home", "away", cost=0.1)
    problem = worlds.problem(home, away, jobs=[job], prices=prices, links=links)
    solution = solve(problem, limits=EXACT)
    account = tally(problem, solution.plan)
    assert account.cost == pytest.approx(8)
    assert account.objective == pytest.approx(8 + 3 * 3) == optimum(problem)
    assert solution.proof.bound == pytest.approx(17)


def test_money_that_is_dearer_leaves_penalties_and_carbon_as_they_are():
    before = worlds.problem(worlds.site(grid=worlds.grid(price=2), lease=1), prices=priced(5.0))
    after = dearer(before, 0.5)
    assert after.sites[0].grid.import_price_per_kwh.tolist() == 6 * [3]
    assert after.sites[0].pools[0].lease_price_per_gpu_h == 1.5
    assert after.objective == worlds.objective()
    unbudgeted = replace(before, objective=worlds.objective())
    assert dearer(unbudgeted, 0.5) is unbudgeted


def test_run_now_knows_of_no_budget_and_pays_for_its_excess():
    # The grid first: 8 kWh at 1 and 2 of fuel at 3, 4 above the budget; carbon 42.
    problem = world(10)
    account = tally(problem, run_now(problem))
    assert account.excess_cost == pytest.approx(4)
    assert account.objective == pytest.approx(14 + 42 + 12)


def test_the_stages_of_freedom_know_the_budget():
    problem = world(20)
    plan = solve(problem, limits=EXACT).plan
    freed = dict(stages(problem, run_now(problem), plan))
    assert tally(problem, freed["dispatch"]).objective == pytest.approx(50)


def test_planning_again_starts_from_the_premium():
    problem = world(20)
    solution = solve(problem, limits=EXACT)
    start = Start.of(problem, solution, problem)
    assert start.prices.money_premium == solution.prices.money_premium == pytest.approx(1)
    again = solve(problem, limits=EXACT, start=start)
    assert again.proof.objective == pytest.approx(50)


def test_a_budget_without_a_price_of_its_excess_is_refused():
    with pytest.raises(ValueError, match="must be above 0 with a cost budget, got 0"):
        replace(worlds.objective(), cost_budget=1.0)


def test_plans_for_weighted_futures_refuse_a_cost_budget():
    with pytest.raises(ValueError, match="plans for weighted futures know none, got 20"):
        StochasticProblem(problem=world(20), scenarios=(Scenario(weight=1.0),))


def test_no_budget_leaves_the_fingerprint_as_it_was_and_a_budget_is_read_back():
    plain = worlds.objective()
    assert fingerprint(plain) != fingerprint(priced(0.0))
    assert fingerprint(plain) == fingerprint(replace(plain, cost_budget=None))
    assert decode(encode(priced(2.5)), type(plain)) == priced(2.5)
