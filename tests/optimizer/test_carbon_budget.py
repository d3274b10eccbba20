"""A carbon budget is kept where that costs less than its excess, and its price is one number."""

from dataclasses import replace

import pytest

from optimizer.baselines import run_now
from optimizer.bound import lower_bound
from optimizer.dispatcher import Dispatcher
from optimizer.exact import optimum
from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.merit_order import MeritOrder
from optimizer.solve import solve
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds
from tests.optimizer.test_bound_any_prices import prices_of


def world(budget_kg, *, excess=100, carbon=0):
    """5 kW for 2 h: 4 kW of grid at 1 and 500 g/kWh beside fuel at 3 and 100 g/kWh."""
    site = worlds.site(
        n_steps=2,
        overhead=5,
        grid=worlds.grid(2, limit=4, price=1, intensity=500),
        generator=worlds.generator(10, fuel=3, carbon=100),
    )
    prices = replace(
        worlds.objective(carbon=carbon),
        carbon_budget_kg=budget_kg,
        carbon_excess_price_per_kg=excess,
    )
    return worlds.problem(site, prices=prices)


@pytest.mark.parametrize(
    ("budget_kg", "excess", "imported_kwh", "excess_kg", "objective"),
    [
        # All the import there is: 8 kWh at 1 and 2 of fuel at 3; 4 + 0.2 kg.
        pytest.param(10, 100, 8, 0, 14, id="never reached"),
        # Each kWh from fuel instead of the grid saves 0.4 kg for 2: 5 a kg. 2.2 kg leave 3 kWh.
        pytest.param(2.2, 100, 3, 0, 3 + 21, id="kept by fuel"),
        # At 4 a kg the excess of 2 kg costs less than 5 a kg of fuel.
        pytest.param(2.2, 4, 8, 2, 14 + 8, id="cheaper to exceed"),
        # All from fuel emits 1 kg; half a kg is above the budget whatever is done.
        pytest.param(0.5, 100, 0, 0.5, 30 + 50, id="out of reach"),
    ],
)
def test_a_budget_is_kept_where_that_costs_less_than_its_excess(
    budget_kg, excess, imported_kwh, excess_kg, objective
):
    problem = world(budget_kg, excess=excess)
    solution = solve(problem, limits=Limits(gap=1e-4))
    account = tally(problem, solution.plan)
    assert account.total("grid_import_kwh") == pytest.approx(imported_kwh)
    assert account.excess_carbon_kg == pytest.approx(excess_kg)
    assert account.objective == pytest.approx(objective) == optimum(problem)
    assert solution.proof.bound == pytest.approx(objective)
    assert account.cost == pytest.approx(objective - excess * excess_kg)
    assert verify(problem, solution.plan) == ()


def test_the_price_of_a_budget_is_what_its_last_kg_saves():
    # 2 a kWh for 0.4 kg: 5 a kg, of which 1 is the carbon price already.
    problem = world(2.2, carbon=1)
    load_kw = Load.idle(problem).facility_kw(problem)
    _, dispatch, prices = Dispatcher(problem).solve(load_kw, time_limit_s=10)
    assert prices.carbon_per_kg == pytest.approx(4)
    order = MeritOrder.of(problem, dispatch, prices.carbon_per_kg)
    # 1 + 5 x 0.5 a kWh from the grid, 3 + 5 x 0.1 from fuel: both 3.5.
    assert order.price_per_kwh[:-1, 0, 0].tolist()[-2:] == pytest.approx([3.5, 3.5])


def test_a_price_of_carbon_beyond_its_limits_proves_what_the_limit_does():
    # At 3.5 a kWh and 5 a kg nothing earns: 35 of load, less 5 x 2.2 kg of budget.
    problem = world(2.2)
    power = prices_of(problem, power=3.5)
    assert lower_bound(problem, replace(power, carbon_per_kg=5.0)) == pytest.approx(35 - 11)
    for beyond, limit in ((-3.0, 0.0), (400.0, 100.0)):
        bounds = [lower_bound(problem, replace(power, carbon_per_kg=p)) for p in (beyond, limit)]
        assert bounds[0] == pytest.approx(bounds[1])
    unbudgeted = replace(problem, objective=worlds.objective())
    priced = replace(power, carbon_per_kg=7.0)
    assert lower_bound(unbudgeted, priced) == pytest.approx(lower_bound(unbudgeted, power))


def test_run_now_knows_of_no_budget_and_pays_for_its_excess():
    problem = world(2.2)
    account = tally(problem, run_now(problem))
    assert account.excess_carbon_kg == pytest.approx(2)
    assert account.objective == pytest.approx(14 + 200)


def test_a_budget_without_a_price_of_its_excess_is_refused():
    with pytest.raises(ValueError, match="must be above 0 with a carbon budget, got 0"):
        replace(worlds.objective(), carbon_budget_kg=1.0)


def test_no_budget_leaves_the_fingerprint_of_an_objective_as_it_was():
    plain = worlds.objective()
    budgeted = replace(plain, carbon_budget_kg=0.0, carbon_excess_price_per_kg=1.0)
    assert fingerprint(plain) != fingerprint(budgeted)
    assert fingerprint(plain) == fingerprint(replace(plain, carbon_budget_kg=None))
