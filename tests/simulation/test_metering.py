"""A site's meters in one step: energy in is energy out, and surprises are met at a price."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.simulation.eyes import Meter
from scheduler.simulation.metering import Intent, flow_of, next_meter
from tests.optimizer import worlds

HALF_FULL = Meter(soc_kwh=5.0, peak_so_far_kw=0.0, generator_on=False, generator_h=np.inf)


def farm(*, sun=0.0, price=1.0, limit=100.0, **rest):
    """Sun, grid and a battery of 10 kWh, 4 kW, four fifths each way, half full."""
    return worlds.site(
        grid=worlds.grid(limit=limit, price=price),
        plants=(worlds.plant(sun),),
        **{"battery": worlds.battery(), **rest},
    )


def flow(site, load_kw, *, meter=HALF_FULL, steps_left=100, **intent):
    return flow_of(
        site,
        0,
        load_kw,
        meter=meter,
        intent=Intent(**intent),
        steps_left=steps_left,
        step_h=1.0,
        carbon_price_per_kg=0.0,
    )


def test_surplus_that_nobody_expected_is_stored():
    one = flow(farm(sun=10), 7, stored_per_kwh=0.5)
    assert [one.charge_kw, one.grid_import_kw, *one.plant_used_kw] == pytest.approx([3, 0, 10])
    assert one.soc_kwh == pytest.approx(5 + 3 * 0.8)


def test_a_deficit_is_met_by_the_battery_where_the_grid_is_dearer():
    # A stored kWh worth 0.5 gives 0.8 kWh: 0.625 each, less than the grid's 1.
    one = flow(farm(), 3, stored_per_kwh=0.5)
    assert [one.discharge_kw, one.grid_import_kw] == pytest.approx([3, 0])
    assert one.soc_kwh == pytest.approx(5 - 3 / 0.8)


def test_a_deficit_is_met_by_the_grid_where_a_stored_kwh_is_worth_more():
    one = flow(farm(), 3, stored_per_kwh=0.9)
    assert [one.discharge_kw, one.grid_import_kw] == pytest.approx([0, 3])


def test_a_planned_charge_from_the_grid_is_kept_while_it_is_worth_it():
    assert flow(farm(), 3, stored_per_kwh=2, net_charge_kw=4).grid_import_kw == pytest.approx(7)
    assert flow(farm(), 3, stored_per_kwh=1, net_charge_kw=4).grid_import_kw == pytest.approx(3)


def test_the_battery_gives_before_a_new_peak_is_paid_for():
    one = flow(farm(), 6, stored_per_kwh=0.9, billed_kw=4)
    assert [one.discharge_kw, one.grid_import_kw] == pytest.approx([2, 4])


def test_what_no_source_can_give_is_unmet():
    one = flow(farm(limit=2), 9, stored_per_kwh=0.1)
    assert one.unmet_kw == pytest.approx(9 - 2 - 4)


def test_the_battery_comes_back_to_where_it_began():
    site, meter = farm(price=1), replace(HALF_FULL, soc_kwh=0.0)
    for left in range(7, -1, -1):
        one = flow(site, 3, meter=meter, steps_left=left, stored_per_kwh=0.1)
        meter = next_meter(meter, one, new_period=False, step_h=1.0)
    assert meter.soc_kwh == pytest.approx(5)


def test_a_battery_that_ends_fuller_than_it_began_gives_no_more_than_the_load():
    full = replace(HALF_FULL, soc_kwh=9.0)
    one = flow(farm(), 1, meter=full, steps_left=0, stored_per_kwh=0.1)
    assert [one.discharge_kw, one.grid_import_kw] == pytest.approx([1, 0])
    assert one.soc_kwh == pytest.approx(9 - 1 / 0.8)


def test_a_generator_keeps_its_least_times():
    rules = {"min_load_kw": 2, "min_up_h": 3, "min_down_h": 2, "start_cost": 1}
    site = worlds.site(generator=worlds.generator(**rules))
    meter, on = HALF_FULL, []
    for load_kw in (5, 0, 0, 0, 5, 5, 5):
        one = flow(site, load_kw, meter=meter)
        meter = next_meter(meter, one, new_period=False, step_h=1.0)
        on.append(one.generator_on)
    assert on == [True, True, True, False, False, True, True]


@given(
    load_kw=st.floats(0, 30),
    sun=st.floats(0, 30),
    limit=st.floats(0, 20),
    soc_kwh=st.floats(0, 10),
    value=st.floats(-1, 5),
    planned_kw=st.floats(-4, 4),
    left=st.integers(0, 20),
)
def test_energy_in_is_energy_out_within_every_limit(
    **drawn: float,
) -> None:
    site = farm(sun=drawn["sun"], limit=drawn["limit"])
    meter = replace(HALF_FULL, soc_kwh=drawn["soc_kwh"])
    one = flow(
        site,
        drawn["load_kw"],
        meter=meter,
        steps_left=int(drawn["left"]),
        stored_per_kwh=drawn["value"],
        net_charge_kw=drawn["planned_kw"],
    )
    given_kw = one.grid_import_kw + sum(one.plant_used_kw) + one.discharge_kw + one.unmet_kw
    taken_kw = drawn["load_kw"] + one.charge_kw + one.grid_export_kw
    assert given_kw == pytest.approx(taken_kw, abs=1e-9)
    assert one.grid_import_kw <= drawn["limit"] + 1e-9
    assert -1e-9 <= one.soc_kwh <= 10 + 1e-9
    assert min(one.charge_kw, one.discharge_kw) == 0
    assert max(one.charge_kw, one.discharge_kw) <= 4 + 1e-9
