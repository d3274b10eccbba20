"""Run-now does what a sensible operator would, hour by hour."""

import pytest

from optimizer.baselines import run_now
from optimizer.plan import Run
from optimizer.tally import tally
from optimizer.verify import verify
from tests.optimizer import worlds


def runs(plan):
    """First and end step by job; None where it does not run."""
    return {
        placement.job: (placement.runs[0].first_step, placement.runs[-1].end_step)
        if placement.runs
        else None
        for placement in plan.placements
    }


def test_a_sensible_operators_day():
    # Eight GPUs. The service answers 2 requests/s at 1.5 a replica: 2 replicas of 1 kW and 1 GPU,
    # and 0.5 kW a request/s: 3 kW. Overhead 2 kW. Each job needs 4 GPUs and 4 kW for 2 h, so one
    # waits for the other. The battery stores 10 kWh, takes and gives 4 kW, stores 3/4 of what it
    # is given, and begins and ends with 5 kWh.
    #
    #   step                 0    1    2    3    4    5
    #   load                 9    9    9    9    5    5
    #   pv                   0    0   13   15    1    0
    #   discharge            4    1    0    0    4    0    down to empty; in the evening
    #   charge               0    0    4    4    0    4    from surplus; back to 5 kWh at the end
    #   stored               1    0    3    6    2    5
    #   import               5    8    0    0    0    9
    #   export               0    0    0    1    0    0    6 kW of surplus, 4 stored, 1 the limit
    problem = worlds.problem(
        worlds.site(
            overhead=2,
            grid=worlds.grid(limit=20, export=1, price=[1, 2, 2, 2, 3, 1], sale=0.5),
            plants=(worlds.plant([0, 0, 13, 15, 1, 0]),),
            battery=worlds.battery(energy=10, power=4, charge=0.75, discharge=1, wear=0.1),
        ),
        jobs=[worlds.job("second", gpus=4), worlds.job("first", gpus=4)],
        services=[worlds.service(demand=2, capacity=1.5, kw_per_rps=0.5)],
    )
    plan = run_now(problem)
    flow = plan.dispatch["home"]
    assert verify(problem, plan) == ()
    assert runs(plan) == {"first": (0, 2), "second": (2, 4)}
    assert plan.servings["service"].replicas.tolist() == [[2, 2, 2, 2, 2, 2]]
    assert flow.discharge_kw == pytest.approx([4, 1, 0, 0, 4, 0])
    assert flow.charge_kw == pytest.approx([0, 0, 4, 4, 0, 4])
    assert flow.soc_kwh == pytest.approx([1, 0, 3, 6, 2, 5])
    assert flow.grid_import_kw == pytest.approx([5, 8, 0, 0, 0, 9])
    assert flow.grid_export_kw == pytest.approx([0, 0, 0, 1, 0, 0])
    assert flow.plant_used_kw[0] == pytest.approx([0, 0, 13, 14, 1, 0])
    account = tally(problem, plan)
    (home,) = account.sites
    # 5 at 1, 8 at 2 and 9 at 1, less one sold at a half; 9 kWh discharged at 0.1.
    assert home.energy_cost == pytest.approx(5 + 16 + 9 - 0.5)
    assert home.wear_cost == pytest.approx(0.9)
    assert home.facility_kwh == pytest.approx(9 * 4 + 5 * 2)
    assert home.renewable_used_kwh == pytest.approx(28)
    assert home.curtailed_kwh == pytest.approx(1)
    assert home.peak_import_kw == pytest.approx(9)
    assert account.cost == pytest.approx(30.4)
    assert account.objective == pytest.approx(30.4)


def test_a_small_job_passes_a_large_one_that_must_wait():
    # 8 GPUs: "early" takes 4 until hour 3, "large" needs 6 and waits, "small" fits beside.
    jobs = [
        worlds.job("early", gpus=4, hours=3),
        worlds.job("large", gpus=6, hours=2, release=1),
        worlds.job("small", gpus=2, hours=1, release=2),
    ]
    problem = worlds.problem(worlds.site(grid=worlds.grid()), jobs=jobs)
    assert runs(run_now(problem)) == {"early": (0, 3), "large": (3, 5), "small": (2, 3)}


def test_a_job_waits_for_power():
    # The grid gives 2 kW; the 4 kW job runs when the wind adds 2 kW or more for two hours.
    site = worlds.site(grid=worlds.grid(limit=2), plants=(worlds.plant([1, 2, 0, 2, 3, 1]),))
    problem = worlds.problem(site, jobs=[worlds.job(gpus=4)])
    plan = run_now(problem)
    assert runs(plan) == {"job": (3, 5)}
    assert plan.dispatch["home"].unmet_kw.sum() == 0


def test_a_job_that_would_miss_its_hard_deadline_is_left():
    jobs = [worlds.job("first", gpus=8, hours=3), worlds.job("second", gpus=8, hours=3, due=5)]
    problem = worlds.problem(worlds.site(grid=worlds.grid()), jobs=jobs)
    plan = run_now(problem)
    assert runs(plan) == {"first": (0, 3), "second": None}
    assert tally(problem, plan).unfinished_gpu_h == 24


def test_a_job_longer_than_the_horizon_is_left():
    problem = worlds.problem(worlds.site(grid=worlds.grid()), jobs=[worlds.job(hours=7)])
    assert runs(run_now(problem)) == {"job": None}


def test_work_stays_at_home_however_cheap_it_is_elsewhere():
    sites = [worlds.site(grid=worlds.grid(price=9)), worlds.site("away", grid=worlds.grid(price=1))]
    rtt = {("a", "home"): 10, ("a", "away"): 5}
    problem = worlds.problem(*sites, jobs=[worlds.job()], services=[worlds.service(rtt=rtt)])
    plan = run_now(problem)
    assert plan.placements[0].site == "home"
    assert plan.placements[0].runs == (Run(first_step=0, n_steps=2),)
    assert plan.servings["service"].replicas.tolist() == [[1] * 6, [0] * 6]


@pytest.mark.parametrize(
    ("survives", "elsewhere"),
    [pytest.param(True, 2, id="asked for"), pytest.param(False, 0, id="not asked for")],
)
def test_replicas_stand_by_elsewhere_where_redundancy_is_asked_for(survives, elsewhere):
    # 3 requests/s at 2 a replica: two at home, and two elsewhere to take over.
    sites = [worlds.site(name, grid=worlds.grid()) for name in ("home", "away")]
    rtt = {("a", "home"): 10, ("a", "away"): 30}
    service = worlds.service(demand=3, rtt=rtt, survives_site_loss=survives)
    problem = worlds.problem(*sites, services=[service])
    plan = run_now(problem)
    serving = plan.servings["service"]
    assert serving.replicas.tolist() == [[2] * 6, [elsewhere] * 6]
    assert serving.served_rps[0].tolist() == [[3] * 6, [0] * 6]
    assert tally(problem, plan).unprotected_requests == 0


def test_a_region_out_of_reach_of_home_is_served_from_the_nearest_site():
    sites = [worlds.site(name, grid=worlds.grid()) for name in ("home", "near", "far")]
    rtt = {("a", "home"): 90, ("a", "near"): 20, ("a", "far"): 40}
    problem = worlds.problem(*sites, services=[worlds.service(rtt=rtt)])
    assert run_now(problem).servings["service"].replicas[:, 0].tolist() == [0, 1, 0]


def test_the_generator_runs_only_for_what_is_otherwise_unmet():
    # 6 kW: 2 of wind, 3 of grid, so 1 of fuel; in the last hour no wind, 2 of fuel, 1 unmet.
    site = worlds.site(
        n_steps=2,
        overhead=6,
        grid=worlds.grid(2, limit=3),
        plants=(worlds.plant([2, 0], 2),),
        generator=worlds.generator(2),
    )
    problem = worlds.problem(site)
    flow = run_now(problem).dispatch["home"]
    assert flow.generator_kw.tolist() == [1, 2]
    assert flow.unmet_kw.tolist() == [0, 1]


@pytest.mark.parametrize(
    "wind",
    [
        pytest.param([0, 0, 0, 0, 0, 0], id="never surplus"),
        pytest.param([9, 9, 9, 9, 9, 9], id="always surplus"),
        pytest.param([0, 9, 0, 9, 0, 9], id="now and then"),
        pytest.param([0, 0, 0, 9, 9, 9], id="surplus at the end"),
    ],
)
def test_the_battery_ends_where_it_began(wind):
    site = worlds.site(
        overhead=4,
        grid=worlds.grid(limit=6),
        plants=(worlds.plant(wind),),
        battery=worlds.battery(),
    )
    problem = worlds.problem(site)
    plan = run_now(problem)
    assert plan.dispatch["home"].soc_kwh[-1] == pytest.approx(5)
    assert verify(problem, plan) == ()
