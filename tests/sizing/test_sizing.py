"""The sizing model against sums made by hand, and the rules that hold whatever the numbers."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.sizing.problem import Build, GridOption, PlantOption, SizingProblem, Wishes
from optimizer.sizing.sizes import builds
from optimizer.sizing.solve import CannotBeMet, least_carbon, size
from optimizer.sizing.windows import within_day, within_hours
from tests.sizing.small import SUN, calendar, generator, problem, site

LIMIT_S = 20.0


def sized(one: SizingProblem) -> dict[str, float]:
    return dict(size(one, time_limit_s=LIMIT_S).sites[0].sizes)


def costing(one: SizingProblem, factor: float) -> SizingProblem:
    """Every price times `factor`."""

    def dearer(build: Build) -> Build:
        return replace(build, cost_per_unit=factor * build.cost_per_unit)

    def changed(at):
        return replace(
            at,
            gpus=replace(at.gpus, build=dearer(at.gpus.build)),
            plants=tuple(replace(p, build=dearer(p.build)) for p in at.plants),
            storage=replace(
                at.storage, power=dearer(at.storage.power), energy=dearer(at.storage.energy)
            ),
            grid=replace(
                at.grid,
                price_per_kwh=factor * at.grid.price_per_kwh,
                peak_price_per_kw=factor * at.grid.peak_price_per_kw,
            ),
        )

    wishes = replace(one.wishes, carbon_price_per_kg=factor * one.wishes.carbon_price_per_kg)
    return replace(one, sites=tuple(changed(at) for at in one.sites), wishes=wishes)


def test_sun_and_battery_are_built_where_they_cost_less_than_the_grid():
    """A kW of sun gives 2 kWh for 1; to store one for the night costs 0.05 of power and 0.1 / 2 ...

    Each of the two dark hours needs 100 kWh: 200 kWh stored at 100 kW in the two sunny ones. Sun
    200 kW costs 200, the battery 100 * 0.1 + 200 * 0.1 = 30; the grid would cost 400.
    """
    found = size(problem(), time_limit_s=LIMIT_S)
    assert found.sites[0].sizes == pytest.approx(
        {"gpus": 200, "pv": 200, "grid": 1000, "battery_power": 100, "battery_energy": 200}
    )
    assert found.objective == pytest.approx(230)
    assert found.bill.cost == pytest.approx(230)
    assert found.bill.clean_share == pytest.approx(1)


def test_nothing_is_built_where_the_grid_is_cheaper():
    cheap = replace(site().grid, price_per_kwh=np.full(4, 0.4))
    found = size(problem(site(grid=cheap)), time_limit_s=LIMIT_S)
    assert found.sites[0].sizes["pv"] == pytest.approx(0)
    assert found.objective == pytest.approx(160)


def test_doubling_all_costs_doubles_the_answer_and_moves_no_size():
    one = problem(wishes=Wishes(carbon_price_per_kg=0.05))
    simple, double = (size(costing(one, k), time_limit_s=LIMIT_S) for k in (1.0, 2.0))
    assert double.objective == 2 * simple.objective
    assert double.sites[0].sizes == simple.sites[0].sizes


@pytest.mark.parametrize("kind", ["pv", "battery_energy"])
def test_a_cheaper_asset_is_never_used_less(kind):
    base = site(grid=replace(site().grid, price_per_kwh=np.array([0.2, 0.7, 1.0, 0.5])))
    used = []
    for cost in (2.0, 1.0, 0.5, 0.2, 0.1, 0.01):
        if kind == "pv":
            plant = PlantOption(name="pv", shape=SUN, build=Build(cost_per_unit=cost))
            changed = replace(base, plants=(plant,))
        else:
            changed = replace(base, storage=replace(base.storage, energy=Build(cost_per_unit=cost)))
        used.append(sized(problem(changed))[kind])
    assert used == sorted(used)
    assert used[-1] > used[0]


def test_a_carbon_limit_of_zero_takes_nothing_from_grid_and_generator():
    one = problem(site(generator=generator(0.01)), wishes=Wishes(carbon_limit_kg=0.0))
    found = size(one, time_limit_s=LIMIT_S)
    assert found.bill.import_kwh == 0
    assert found.bill.generator_kwh == 0
    assert found.bill.emissions_kg == 0


def test_a_limit_nobody_can_meet_says_the_least_possible_and_what_binds():
    """100 kW of sun meet 200 of 400 kWh; the grid gives the rest: 200 kWh * 0.5 kg = 100 kg."""
    few = (PlantOption(name="pv", shape=SUN, build=Build(cost_per_unit=1.0, most=100.0)),)
    one = problem(site(plants=few), wishes=Wishes(carbon_limit_kg=50.0))
    with pytest.raises(
        CannotBeMet, match=r"the least possible is 100; what binds: home\.pv"
    ) as told:
        size(one, time_limit_s=LIMIT_S)
    assert told.value.least_kg == pytest.approx(100)


def test_a_load_nobody_can_serve_is_told():
    dark = problem(site(grid=None, storage=None))
    with pytest.raises(CannotBeMet, match="serve the load"):
        least_carbon(dark, time_limit_s=LIMIT_S)
    with pytest.raises(CannotBeMet, match="serve the load"):
        size(dark, time_limit_s=LIMIT_S)


def test_the_hourly_match_is_kept():
    """Sun by day alone matches half; without a battery no more can be."""
    dear = replace(site().grid, price_per_kwh=np.full(4, 0.1))
    half = problem(site(grid=dear, storage=None), wishes=Wishes(clean_share=0.5))
    assert size(half, time_limit_s=LIMIT_S).bill.clean_share == pytest.approx(0.5)
    with pytest.raises(CannotBeMet, match=r"clean share 0\.6"):
        size(replace(half, wishes=Wishes(clean_share=0.6)), time_limit_s=LIMIT_S)


def test_work_that_may_wait_runs_in_the_sun_and_saves_the_battery():
    """50 GPUs of work come each hour of the night and may wait two: all of it runs by day."""
    moving = within_hours("batch", np.array([0.0, 0.0, 50.0, 50.0]), 2.0, (0,), calendar())
    still = problem(site(busy_gpus=np.array([100.0, 100.0, 100.0, 100.0])))
    lighter = site(busy_gpus=np.array([100.0, 100.0, 50.0, 50.0]))
    moved = size(problem(lighter, work=(moving,)), time_limit_s=LIMIT_S)
    assert moved.sites[0].busy_gpus == pytest.approx([150, 150, 50, 50])
    assert moved.sites[0].sizes["battery_energy"] == pytest.approx(100)
    assert moved.objective < size(still, time_limit_s=LIMIT_S).objective


def test_a_window_is_what_came_in_its_hours_and_leads_from_end_to_start():
    work = within_hours("w", np.array([1.0, 2.0, 3.0, 4.0]), 2.0, (0,), calendar())
    assert work.most_backlog_gpu_h == pytest.approx([1 + 4, 2 + 1, 3 + 2, 4 + 3])


def test_within_its_day_work_may_run_early_but_its_sum_is_kept():
    day = np.array([0, 0, 1, 1])
    work = within_day("w", np.array([0.0, 50.0, 0.0, 0.0]), day, (0,), calendar())
    found = size(problem(site(busy_gpus=np.zeros(4)), work=(work,)), time_limit_s=LIMIT_S)
    busy = found.sites[0].busy_gpus
    assert busy[:2].sum() == pytest.approx(50)
    assert busy[2:] == pytest.approx([0, 0])


def test_one_more_unit_is_worth_what_a_solve_with_it_saves():
    """At the most there may be, what the next kW saves is read from the duals."""

    def with_sun(kw: float, *, fixed: bool) -> SizingProblem:
        build = Build(cost_per_unit=0.3, most=kw, existing=kw if fixed else 0.0)
        return problem(site(plants=(PlantOption(name="pv", shape=SUN, build=build),)))

    for fixed, own_cost in ((False, 0.3), (True, 0.0)):
        here, more = (
            size(with_sun(kw, fixed=fixed), time_limit_s=LIMIT_S) for kw in (150.0, 151.0)
        )
        saved = here.objective - more.objective + own_cost
        assert here.sites[0].value_per_unit["pv"] == pytest.approx(saved)


def test_a_battery_that_starts_full_gives_what_it_holds():
    """50 kWh full at the start save 50 kWh of the grid."""
    storage = replace(
        site().storage,
        power=Build(existing=100.0, most=100.0),
        energy=Build(existing=50.0, most=50.0),
        starts_full=True,
    )
    one = problem(site(plants=(), storage=storage))
    assert size(one, time_limit_s=LIMIT_S).objective == pytest.approx(350)


def test_each_month_pays_for_its_highest_hour():
    grid = replace(site().grid, peak_price_per_kw=2.0)
    assert size(
        problem(site(plants=(), storage=None, grid=grid)), time_limit_s=LIMIT_S
    ).objective == pytest.approx(400 + 200)


def test_what_is_sold_is_paid():
    grid = GridOption(
        build=Build(existing=100.0, most=100.0),
        price_per_kwh=np.ones(4),
        carbon_g_per_kwh=np.zeros(4),
        clean_share=np.ones(4),
        export_price_per_kwh=np.full(4, 0.6),
    )
    found = size(problem(site(grid=grid, storage=None)), time_limit_s=LIMIT_S)
    assert found.bill.export_kwh == pytest.approx(200)
    assert found.objective == pytest.approx(200 + 200 - 120)


def test_the_bill_added_up_from_the_flows_is_the_objective():
    wishes = Wishes(carbon_price_per_kg=0.1)
    one = problem(site(generator=generator(0.9)), wishes=wishes)
    found = size(one, time_limit_s=LIMIT_S)
    assert found.bill.cost + 0.1 * found.bill.emissions_kg == pytest.approx(found.objective)
    assert set(builds(one.sites[0])) == set(found.sites[0].sizes)
