"""How far figures may come out: the plan held in every scenario of its forecasts."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecasting.forecast import Forecast, Provenance
from optimizer.horizon import Horizon
from optimizer.load import Load
from optimizer.merit_order import MeritOrder
from optimizer.plan import Commitment, Dispatch, Plan, Serving
from optimizer.problem import Objective, Problem
from optimizer.site import Battery, Cooling, Generator, GpuPool, GridConnection, Plant, Site
from optimizer.tally import tally
from optimizer.verify import verify
from optimizer.work import Service
from scheduler.accounting.kpis import kpis_of
from scheduler.accounting.spread import quantile
from scheduler.planning.run import Forecasts
from scheduler.planning.spread import drawn, held, spread, weights_of

START, HOUR = datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1)
FLAT = np.ones(2)
SAID = Provenance(
    kind="synthetic", source="a test", issued_at=START, rung="0 stated", reason="made up"
)


def uncertain(scenarios, weights=None):
    """One series of two hours a scenario."""
    scenarios = np.array(scenarios, dtype=float)
    n = len(scenarios)
    weights = np.full(n, 1 / n) if weights is None else np.array(weights)
    expected = weights @ scenarios
    return Forecast(
        variable="wind_power",
        unit="kW",
        issued_at=START,
        start=START,
        step=HOUR,
        levels=np.array([0.5]),
        quantiles=expected[None],
        expected=expected,
        scenarios=scenarios,
        weights=weights,
        capacity=None,
        provenance=SAID,
    )


def forecasts(**changes):
    nothing = {"wind_kw": {}, "pv_kw": {}, "temperature_c": {}, "carbon_g_per_kwh": {}}
    return Forecasts(**(nothing | {"demand_rps": {}} | changes))


def grid(limit_kw=100.0, export_kw=0.0):
    return GridConnection(
        import_limit_kw=limit_kw * FLAT,
        export_limit_kw=export_kw * FLAT,
        import_price_per_kwh=2 * FLAT,
        export_price_per_kwh=0.5 * FLAT,
        carbon_intensity_g_per_kwh=500 * FLAT,
        market_carbon_intensity_g_per_kwh=500 * FLAT,
    )


def windy(name="here", wind_kw=30.0, overhead_kw=30.0, **parts):
    """A site that draws its overhead and nothing else, on as much wind as is expected."""
    return Site(
        name=name,
        jurisdiction="MA",
        cooling=Cooling(overhead_kw=overhead_kw, slope=FLAT, water_l_per_kwh=0 * FLAT),
        pools=(GpuPool(gpu_type="h100", gpus=np.array([8, 8]), idle_kw_per_gpu=0.0),),
        plants=(Plant(name="wind", available_kw=wind_kw * FLAT, carbon_g_per_kwh=10),),
        **parts,
    )


def problem_of(*sites, services=()):
    return Problem(
        horizon=Horizon(start=START, step=HOUR, n_steps=2),
        sites=sites,
        jobs=(),
        services=services,
        objective=Objective(
            currency="MAD",
            carbon_price_per_kg=1.0,
            water_price_per_l=0,
            unmet_price_per_kwh=60,
            unserved_price_per_request=1,
            late_price_per_gpu_h=0,
            unfinished_price_per_gpu_h=0,
        ),
    )


def flows(**said):
    nothing = 0 * FLAT
    names = "grid_import_kw grid_export_kw charge_kw discharge_kw soc_kwh generator_kw unmet_kw"
    known = dict.fromkeys(names.split(), nothing) | {"plant_used_kw": np.array([nothing])}
    return Dispatch(**(known | said))


def on_wind(problem):
    """All from the wind, as it is expected."""
    return Plan(
        placements=(),
        servings={},
        dispatch={one.name: flows(plant_used_kw=np.array([30 * FLAT])) for one in problem.sites},
    )


def test_what_the_wind_does_not_bring_is_imported_and_paid():
    problem = problem_of(windy(grid=grid()))
    wind = uncertain([[30, 30], [20, 30], [10, 10]], weights=[0.2, 0.6, 0.2])
    found = spread(problem, on_wind(problem), on_wind(problem), forecasts(wind_kw={"here": wind}))
    # Imports of 0, 10 and 40 kWh at 2 MAD, in the middle of their weights: 0.1, 0.5 and 0.9.
    assert found.n_scenarios == 3
    assert (found.plan["cost"].low, found.plan["cost"].high) == pytest.approx((0, 80))
    imported = found.plan["grid_import_kwh"]
    assert (imported.low, imported.high) == pytest.approx((0, 40))
    # 60 kWh of wind at 10 g; or 20 of wind and 40 of the grid's at 500 g.
    emitted = found.plan["emissions_kg"]
    assert (emitted.low, emitted.high) == pytest.approx((0.6, 20.2))
    assert found.baseline == found.plan


def test_what_nothing_supplies_is_unmet_and_what_nobody_needs_is_curtailed():
    problem = problem_of(windy(grid=grid(limit_kw=5)))
    wind = uncertain([[10, 50]])
    short = drawn(problem, forecasts(wind_kw={"here": wind}), 0)
    flow = held(short, on_wind(problem), problem).dispatch["here"]
    assert flow.grid_import_kw.tolist() == [5, 0]
    assert flow.unmet_kw.tolist() == [15, 0]
    assert flow.plant_used_kw.tolist() == [[10, 30]]


def test_surplus_is_exported_up_to_the_limit():
    problem = problem_of(windy(grid=grid(export_kw=15)))
    rich = drawn(problem, forecasts(wind_kw={"here": uncertain([[40, 60]])}), 0)
    flow = held(rich, on_wind(problem), problem).dispatch["here"]
    assert flow.grid_export_kw.tolist() == [10, 15]
    assert flow.plant_used_kw.tolist() == [[40, 45]]


def test_the_battery_keeps_to_the_plan_and_fuel_makes_up_for_the_wind():
    problem = problem_of(
        windy(
            battery=Battery(energy_kwh=40, power_kw=20, charge_efficiency=1.0),
            generator=Generator(power_kw=100, fuel_cost_per_kwh=3, carbon_g_per_kwh=900),
        )
    )
    plan = Plan(
        placements=(),
        servings={},
        dispatch={"here": flows(charge_kw=np.array([10.0, 0]), discharge_kw=np.array([0, 9.0]))},
    )
    calm = drawn(problem, forecasts(wind_kw={"here": uncertain([[0, 0]])}), 0)
    flow = held(calm, plan, problem).dispatch["here"]
    assert flow.charge_kw.tolist() == [10, 0]
    assert flow.discharge_kw.tolist() == [0, 9]
    assert flow.generator_kw.tolist() == [40, 21]


def test_a_generator_at_its_minimum_load_starts_sooner_where_nothing_else_is_left():
    # 30 kW of load; planned in hour 1 only. Hour 0 has no wind: it starts and gives all. Hour 1
    # has 25 kW: the generator gives its 20 all the same, and 10 of the wind are enough.
    generator = Generator(
        power_kw=100, fuel_cost_per_kwh=3, carbon_g_per_kwh=900, min_load_kw=20, start_cost=1
    )
    problem = problem_of(windy(generator=generator))
    commitment = Commitment(on=np.array([0.0, 1.0]), load_bank_kw=0 * FLAT)
    planned = flows(commitment=commitment, generator_kw=np.array([0, 30.0]))
    plan = Plan(placements=(), servings={}, dispatch={"here": planned})
    calm = drawn(problem, forecasts(wind_kw={"here": uncertain([[0, 25]])}), 0)
    flow = held(calm, plan, problem).dispatch["here"]
    assert flow.commitment.on.tolist() == [1, 1]
    assert flow.generator_kw.tolist() == [30, 20]
    assert flow.plant_used_kw.tolist() == [[0, 10]]
    assert flow.load_bank_kw.tolist() == [0, 0]


def test_flows_cost_what_the_merit_order_says():
    generator = Generator(power_kw=20, fuel_cost_per_kwh=3, carbon_g_per_kwh=900)
    problem = problem_of(windy(grid=grid(limit_kw=25, export_kw=5), generator=generator))
    plan = on_wind(problem)
    idle_kw = Load.idle(problem).facility_kw(problem)
    costs = []
    for wind in ([[0, 12]], [[3, 29]], [[40, 0]]):
        one = drawn(problem, forecasts(wind_kw={"here": uncertain(wind)}), 0)
        followed = held(one, plan, problem)
        order = MeritOrder.of(one, dict(followed.dispatch))
        # The merit order counts from every export sold: 2 hours x 5 kW x 0.5 MAD.
        costs.append(tally(one, followed).objective - (order.cost(idle_kw).sum() - 5.0))
    assert costs == pytest.approx([0, 0, 0])


def serving(capacity_rps=10.0):
    """Two sites, of which the second has room for twice what it is sent."""
    service = Service(
        name="chat",
        gpu_type="h100",
        regions=("morocco",),
        demand_rps=np.array([[12.0, 12.0]]),
        rtt_ms={("morocco", "a"): 20.0, ("morocco", "b"): 30.0},
        latency_budget_ms=500,
        service_time_ms=300,
        gpus_per_replica=1,
        capacity_rps=capacity_rps,
        replica_kw=1.0,
        energy_per_request_kwh=0.0,
        home="a",
    )
    problem = problem_of(windy("a", grid=grid()), windy("b", grid=grid()), services=(service,))
    split = Serving(
        replicas=np.array([[1, 1], [1, 1]]), served_rps=np.array([[[9.0, 9.0], [3.0, 3.0]]])
    )
    dispatch = {name: flows(plant_used_kw=np.array([30 * FLAT])) for name in ("a", "b")}
    return problem, Plan(placements=(), servings={"chat": split}, dispatch=dispatch)


@pytest.mark.parametrize(
    ("demand_rps", "at_a", "at_b"),
    [
        pytest.param(12, 9, 3, id="as expected"),
        pytest.param(8, 6, 2, id="less, in the same parts"),
        pytest.param(16, 10, 6, id="more than one site holds goes to the other"),
        pytest.param(30, 10, 10, id="more than all hold is left unserved"),
    ],
)
def test_requests_follow_the_plan_as_far_as_replicas_reach(demand_rps, at_a, at_b):
    problem, plan = serving()
    demand = uncertain([[demand_rps, demand_rps]])
    one = drawn(problem, forecasts(demand_rps={("chat", "morocco"): demand}), 0)
    served = held(one, plan, problem).servings["chat"].served_rps
    assert served[0, :, 0].tolist() == pytest.approx([at_a, at_b])
    short = max(0, demand_rps - 20) / demand_rps
    assert kpis_of(one, held(one, plan, problem)).sla_violation_share == pytest.approx(short)


def test_a_plan_held_in_what_was_expected_is_valid_and_costs_the_same(one_site):
    problem, plan = one_site.problem, one_site.plan
    again = held(problem, plan, problem)
    assert verify(problem, again) == ()
    assert tally(problem, again).objective == pytest.approx(tally(problem, plan).objective)


def test_scenarios_of_other_weights_do_not_belong_together():
    known = forecasts(
        wind_kw={"here": uncertain([[1, 1], [2, 2]])},
        pv_kw={"here": uncertain([[1, 1], [2, 2]], weights=[0.9, 0.1])},
    )
    with pytest.raises(ValueError, match="forecast them together"):
        weights_of(known)


def test_a_series_known_for_certain_joins_any_scenario():
    problem = problem_of(windy(grid=grid()))
    known = forecasts(
        wind_kw={"here": uncertain([[20, 20], [40, 40]])},
        carbon_g_per_kwh={"here": uncertain([[100, 200]])},
    )
    second = drawn(problem, known, 1).sites[0]
    assert second.grid.carbon_intensity_g_per_kwh.tolist() == [100, 200]
    assert second.plants[0].available_kw.tolist() == [40, 40]


@pytest.mark.parametrize(
    ("level", "value"), [(0.05, 10), (0.125, 10), (0.25, 15), (0.5, 25), (0.99, 40)]
)
def test_a_quantile_lies_between_the_middles_of_the_weights(level, value):
    # Equal weights of a quarter have their middles at 1/8, 3/8, 5/8 and 7/8.
    values = np.array([40.0, 10.0, 30.0, 20.0])
    assert quantile(values, np.full(4, 0.25), level) == pytest.approx(value)
