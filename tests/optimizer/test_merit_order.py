"""What the next kilowatt costs, against the dispatch that HiGHS finds."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.dispatcher import Dispatcher
from optimizer.load import Load
from optimizer.merit_order import MOST_MERGED, MeritOrder
from optimizer.supply import SureSupply
from tests.optimizer import worlds
from tests.optimizer.tiny import tiny

N_STEPS = 4


def random_world(seed):
    """One site with a grid, one to three plants and perhaps a generator; no battery, no peak."""
    rng = np.random.default_rng(seed)
    grid = worlds.grid(
        N_STEPS,
        limit=8,
        export=float(rng.choice([0, 6])),
        price=rng.uniform(0.5, 2, N_STEPS),
        sale=rng.uniform(0, 0.4, N_STEPS),
        intensity=rng.uniform(0, 600, N_STEPS),
    )
    plants = tuple(
        worlds.plant(rng.uniform(0, 6, N_STEPS), N_STEPS, carbon=rng.uniform(0, 400))
        for _ in range(rng.integers(1, 4))
    )
    fuel = worlds.generator(4, fuel=rng.uniform(1, 3), carbon=800) if seed % 2 else None
    site = worlds.site(n_steps=N_STEPS, grid=grid, plants=plants, generator=fuel)
    return worlds.problem(site, prices=worlds.objective(carbon=1))


@pytest.mark.parametrize("seed", range(12))
def test_without_a_battery_the_merit_order_costs_what_the_dispatch_does(seed):
    problem = random_world(seed)
    dispatcher = Dispatcher(problem)
    nothing = np.zeros((1, N_STEPS))
    at_rest, dispatch, _ = dispatcher.solve(nothing, time_limit_s=10)
    order = MeritOrder.of(problem, dispatch)
    for load_kw in (2.5, 9.0, 40.0):
        facility_kw = np.full((1, N_STEPS), load_kw)
        cost, _, _ = dispatcher.solve(facility_kw, time_limit_s=10)
        added = float((order.cost(facility_kw) - order.cost(nothing)).sum())
        assert added == pytest.approx(cost - at_rest)


def test_supplies_are_taken_cheapest_first():
    # 2 kW of wind for nothing, 3 kW of grid at 1, the rest unmet at 20: 2*0 + 3*1 + 1*20.
    site = worlds.site(n_steps=1, grid=worlds.grid(1, limit=3), plants=(worlds.plant(2, 1),))
    problem = worlds.problem(site)
    _, dispatch, _ = Dispatcher(problem).solve(np.zeros((1, 1)), time_limit_s=10)
    order = MeritOrder.of(problem, dispatch)
    assert order.cost(np.array([[6.0]])).tolist() == [[23.0]]


def test_power_that_could_be_sold_costs_what_the_sale_would_bring():
    # 5 kW of wind, of which 3 kW can be sold at 0.4: 2 kW are free, the third costs 0.4.
    grid = worlds.grid(1, export=3, sale=0.4)
    problem = worlds.problem(worlds.site(n_steps=1, grid=grid, plants=(worlds.plant(5, 1),)))
    _, dispatch, _ = Dispatcher(problem).solve(np.zeros((1, 1)), time_limit_s=10)
    order = MeritOrder.of(problem, dispatch)
    loads = np.array([[[0.0]], [[2.0]], [[3.0]]])
    costs = order.cost(loads).ravel()
    assert (costs - costs[0]).tolist() == pytest.approx([0, 0, 0.4])


def test_import_above_the_billed_peak_bears_the_whole_demand_charge():
    # A peak of 4 kW is paid already: 4 kWh at 1, then 2 kWh at 1 and 2 kW of peak at 7.
    charge = worlds.demand_charge(7, [0], so_far=4)
    problem = worlds.problem(worlds.site(n_steps=1, grid=worlds.grid(1, charge=charge)))
    _, dispatch, _ = Dispatcher(problem).solve(np.zeros((1, 1)), time_limit_s=10)
    order = MeritOrder.of(problem, dispatch)
    assert float(order.cost(np.array([[6.0]])).sum()) == pytest.approx(4 + 2 * 1 + 2 * 7)


def orders_around(problem, seed, n_orders):
    """Orders of one problem, each with other wind and another battery."""
    rng, orders = np.random.default_rng(seed), []
    idle_kw = Load.idle(problem).facility_kw(problem)
    for _ in range(n_orders):
        sites = [
            replace(
                site,
                plants=tuple(
                    replace(one, available_kw=one.available_kw * rng.uniform(0, 2))
                    for one in site.plants
                ),
            )
            for site in problem.sites
        ]
        other = replace(problem, sites=tuple(sites))
        load_kw = idle_kw * rng.uniform(1, 3)
        orders.append(
            SureSupply(problem=other, dispatcher=Dispatcher(other)).curves(
                load_kw, None, time_limit_s=10
            )[1]
        )
    return orders


@pytest.mark.parametrize("seed", range(6))
def test_the_cost_of_merged_orders_is_the_weighted_mean_of_their_costs(seed):
    problem = tiny(seed)
    orders, weights = orders_around(problem, seed, 3), np.array([0.5, 0.3, 0.2])
    shape = (len(problem.sites), problem.horizon.n_steps)
    merged = MeritOrder.merged(orders, weights)
    for load_kw in (0.0, 1.7, 8.0, 40.0):
        each = [one.cost(np.full(shape, load_kw)) for one in orders]
        expected = np.tensordot(weights, each, axes=1)
        np.testing.assert_allclose(merged.cost(np.full(shape, load_kw)), expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_many_merged_orders_are_thinned_to_chords_that_cost_no_less(seed):
    problem = tiny(seed)
    n_orders = 12
    orders, weights = orders_around(problem, seed, n_orders), np.full(n_orders, 1 / n_orders)
    shape = (len(problem.sites), problem.horizon.n_steps)
    merged = MeritOrder.merged(orders, weights)
    assert len(merged.start_kw) == MOST_MERGED < sum(len(one.start_kw) for one in orders)
    for load_kw in (0.0, 0.4, 1.7, 8.0, 40.0, 400.0):
        exact = sum(one.cost(np.full(shape, load_kw)) for one in orders) / n_orders
        thinned = merged.cost(np.full(shape, load_kw))
        assert (thinned >= exact - 1e-9).all()
        assert (thinned <= exact + 3.0 + 1e-3 * np.abs(exact)).all()
    assert (np.diff(merged.price_per_kwh, axis=0)[merged.width_kw[1:] > 1e-6] > -1e-3).all()
