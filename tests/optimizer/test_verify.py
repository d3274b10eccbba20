"""A valid plan passes; each broken rule is found and named, alone.

The world: two sites alike, a contiguous, a checkpointable and an elastic job, and a service that
only `home` reaches in time. The plan is run-now's, so nothing here asks a solver.
"""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.baselines import run_now
from optimizer.plan import Run
from optimizer.verify import verify
from optimizer.work import Mode
from tests.optimizer import worlds

WIDE = (Mode(gpus=2, power_kw=2), Mode(gpus=4, power_kw=4, speed=2))
BALANCE = "energy in equals energy out"


def world():
    """10 kW of wind at home over 6 h; the pools hold 8 GPUs; FR may not have what is bound."""
    parts = {
        "grid": worlds.grid(limit=30, export=5),
        "plants": (worlds.plant(10),),
        "battery": worlds.battery(energy=10, power=4, soc_min=0.2),
        "generator": worlds.generator(5),
    }
    here = frozenset(["MA"])
    jobs = [
        worlds.job("whole", hours=2, release=1, due=5, residency=here),
        worlds.job("paused", kind="checkpointable", hours=2, resume_h=1),
        worlds.job("elastic", kind="elastic", modes=WIDE, hours=2, data_gb=450),
    ]
    return worlds.problem(
        worlds.site("home", **parts),
        worlds.site("away", jurisdiction="FR", **parts),
        jobs=jobs,
        services=[
            worlds.service(demand=[2, 1], rtt={("a", "home"): 10, ("b", "home"): 90}),
            worlds.service("bound", demand=1, residency=here),
        ],
        links=worlds.link("home", "away"),
    )


def flows(name, add, site="home", **others):
    """Adds to one flow in step 2; `others` are added likewise, to keep what is not broken whole."""

    def plant_it(plan):
        changes = {}
        for flow, more in {name: add, **others}.items():
            values = getattr(plan.dispatch[site], flow).copy()
            values[..., 2] += more
            changes[flow] = values
        return worlds.with_dispatch(plan, site, **changes)

    return plant_it


def placed(number, **changes):
    return lambda plan: worlds.with_placement(plan, number, **changes)


def served(name, array, where, value):
    """Sets some replicas or requests of one service; power is made up for by the caller's sets."""

    def plant_it(plan):
        values = getattr(plan.servings[name], array).copy()
        values[where] = value
        return worlds.with_serving(plan, name, **{array: values})

    return plant_it


def run(first_step, n_steps, mode=0):
    return Run(first_step=first_step, n_steps=n_steps, mode=mode)


def rules(problem, plan):
    """Rules broken, but for the energy balance that a moved load upsets too."""
    return {violation.rule for violation in verify(problem, plan)} - {BALANCE}


def test_a_valid_plan_passes():
    problem = world()
    assert verify(problem, run_now(problem)) == ()


def test_the_plan_of_the_cases_is_what_they_take_it_for():
    # Load at home: jobs 2 kW each where they run, two replicas of 1 kW and one more.
    problem = world()
    plan = run_now(problem)
    assert [placement.runs for placement in plan.placements] == [
        (run(1, 2),),
        (run(0, 2),),
        (run(0, 2),),
    ]
    assert plan.dispatch["home"].soc_kwh.max() <= 10
    assert not plan.servings["service"].served_rps[1].any()


@pytest.mark.parametrize("add", [pytest.param(1, id="too much"), pytest.param(-1, id="too little")])
def test_energy_that_comes_from_nowhere_or_vanishes_is_found(add):
    problem = world()
    plan = flows("generator_kw", 2 + add, plant_used_kw=-2)(run_now(problem))
    (violation,) = verify(problem, plan)
    assert (violation.rule, violation.where) == (BALANCE, "home, step 2")
    assert violation.message == f"off by {add} kW"


@pytest.mark.parametrize(
    ("plant_it", "rule"),
    [
        pytest.param(flows("grid_import_kw", 31, grid_export_kw=4), "import limit", id="import"),
        pytest.param(flows("grid_export_kw", 6), "export limit", id="export"),
        pytest.param(flows("generator_kw", 6), "generator rating", id="generator"),
        pytest.param(flows("plant_used_kw", 11), "pv available", id="plant"),
        pytest.param(flows("unmet_kw", -1), "unmet power", id="negative unmet power"),
        pytest.param(flows("grid_import_kw", -9), "import limit", id="negative import"),
    ],
)
def test_a_flow_beyond_its_limit_or_below_nothing_is_found(plant_it, rule):
    problem = world()
    broken = verify(problem, plant_it(run_now(problem)))
    (violation,) = [one for one in broken if one.rule == rule]
    assert violation.where == "home, step 2"


def battery_plan(problem, *, charge=(0,) * 6, discharge=(0,) * 6, soc=None, lossless=None):
    """Run-now's plan with other battery flows, the grid making up for them.

    Stored energy follows from the flows unless it is given.
    """
    plan = run_now(problem)
    charge, discharge = np.array(charge, dtype=float), np.array(discharge, dtype=float)
    stored = np.cumsum(charge * 0.8 - discharge / 0.8) + 5
    flow = plan.dispatch["away"]
    bought = np.maximum(0, charge - discharge)
    return worlds.with_dispatch(
        plan,
        "away",
        charge_kw=charge,
        discharge_kw=discharge,
        soc_kwh=stored if soc is None else np.array(soc, dtype=float),
        grid_import_kw=flow.grid_import_kw * 0 + bought,
        grid_export_kw=flow.grid_export_kw * 0 + np.maximum(0, discharge - charge),
        plant_used_kw=flow.plant_used_kw * 0,
    )


@pytest.mark.parametrize(
    ("flows_of", "expected"),
    [
        pytest.param(
            {"charge": (5, 0, 0, 0, 0, 0), "discharge": (0, 3.2, 0, 0, 0, 0)},
            {"battery power"},
            id="charges 5 kW at 4",
        ),
        pytest.param(
            {"charge": (1, 4, 4, 0, 0, 0), "discharge": (0, 0, 0, 3.76, 2, 0)},
            {"battery energy"},
            id="holds 12.2 kWh of 10",
        ),
        pytest.param(
            {"charge": (0, 0, 0, 2.5, 2.5, 0), "discharge": (1.6, 1.6, 0, 0, 0, 0)},
            {"battery reserve"},
            id="down to 1 kWh, 2 in reserve",
        ),
        pytest.param(
            {"charge": (0, 0, 2.5, 0, 0, 0)},
            {"as full at the end as at the start"},
            id="ends with 7 kWh, began with 5",
        ),
        pytest.param(
            {"charge": (2, 0, 0, 0, 0, 0), "discharge": (1.28, 0, 0, 0, 0, 0)},
            {"charge or discharge, not both"},
            id="charges and discharges at once",
        ),
        pytest.param(
            {"charge": (2.5, 0, 0, 0, 0, 0), "soc": (5, 5, 5, 5, 5, 5)},
            {"stored energy balance"},
            id="charge that is not stored",
        ),
    ],
)
def test_a_battery_that_breaks_its_physics_is_found(flows_of, expected):
    problem = world()
    assert {one.rule for one in verify(problem, battery_plan(problem, **flows_of))} == expected


@pytest.mark.parametrize(
    ("plant_it", "rule", "where"),
    [
        pytest.param(
            placed(0, site="away"), "sovereignty and admissible sites", "job whole", id="wrong law"
        ),
        pytest.param(
            placed(0, site="nowhere"), "sovereignty and admissible sites", "job whole", id="no site"
        ),
        pytest.param(
            placed(0, runs=(run(0, 2),)), "release and transfer", "job whole", id="before release"
        ),
        pytest.param(
            placed(2, site="away", runs=(run(0, 2),)),
            "release and transfer",
            "job elastic",
            id="data still on the link",
        ),
        pytest.param(
            placed(0, runs=(run(4, 2),)), "hard deadline", "job whole", id="an hour too late"
        ),
        pytest.param(
            placed(0, runs=(run(1, 1), run(3, 1))), "contiguous", "job whole", id="split in two"
        ),
        pytest.param(
            placed(0, runs=(run(1, 1),)), "all of the work or none", "job whole", id="half the work"
        ),
        pytest.param(
            placed(1, runs=(run(0, 1), run(2, 1))),
            "all of the work or none",
            "job paused",
            id="a resume not repeated",
        ),
        pytest.param(
            placed(0, runs=(run(1, 3),)), "ends with its work", "job whole", id="runs on when done"
        ),
        pytest.param(
            placed(2, runs=(run(0, 1, 1), run(0, 1))),
            "one mode at a time",
            "job elastic",
            id="two modes at once",
        ),
        pytest.param(
            placed(2, runs=(run(0, 2, 2),)), "known modes", "job elastic", id="no such mode"
        ),
        pytest.param(
            placed(1, runs=(run(5, 2),)),
            "whole steps inside the horizon",
            "job paused",
            id="past the horizon",
        ),
        pytest.param(
            served("bound", "replicas", (1, 2), 1),
            "sovereignty and admissible sites",
            "service bound",
            id="service under the wrong law",
        ),
        pytest.param(
            served("service", "served_rps", (0, 0, 2), 3),
            "no more than the demand",
            "service service",
            id="more than was asked",
        ),
        pytest.param(
            served("service", "served_rps", (1, 0, 2), 1),
            "latency budget",
            "service service",
            id="too far away",
        ),
        pytest.param(
            served("service", "served_rps", (0, 0, 2), -1),
            "no negative flows",
            "service service",
            id="negative requests",
        ),
    ],
)
def test_work_that_breaks_a_rule_is_found(plant_it, rule, where):
    problem = world()
    plan = plant_it(run_now(problem))
    found = [one for one in verify(problem, plan) if one.rule == rule]
    assert [one.where for one in found] == [where]
    assert str(found[0]).startswith(f"{where}: {rule}: ")


def test_replicas_that_answer_more_than_they_can_are_found():
    problem = world()
    plan = served("bound", "replicas", (0, 3), 0)(run_now(problem))
    assert rules(problem, plan) == {"replica capacity", "floor of replicas"}


def test_fewer_replicas_than_the_floor_are_found():
    # Nothing is asked for, so nothing but the floor needs a replica.
    problem = worlds.problem(
        worlds.site(grid=worlds.grid()), services=[worlds.service(demand=0, min_replicas=2)]
    )
    plan = run_now(problem)
    assert verify(problem, plan) == ()
    plan = served("service", "replicas", (0, 4), 1)(plan)
    (violation,) = [one for one in verify(problem, plan) if one.rule != BALANCE]
    assert violation.rule == "floor of replicas"
    assert violation.message == "1 too few in step 4"


def test_a_floor_that_a_pool_under_maintenance_cannot_hold_is_held_as_far_as_it_can():
    # Two replicas of 2 GPUs are the floor; in hours 1 and 2 there is room for one, then for none.
    site = worlds.site(gpus=[8, 3, 1, 8, 8, 8], grid=worlds.grid())
    problem = worlds.problem(site, services=[worlds.service(gpus=2, min_replicas=2)])
    plan = run_now(problem)
    assert plan.servings["service"].replicas.tolist() == [[2, 1, 0, 2, 2, 2]]
    assert verify(problem, plan) == ()


@pytest.mark.parametrize(
    ("plant_it", "where"),
    [
        pytest.param(flows("grid_import_kw", np.nan), "home", id="a flow"),
        pytest.param(flows("soc_kwh", np.inf), "home", id="stored energy"),
        pytest.param(
            served("service", "served_rps", (0, 0, 2), np.nan), "service service", id="requests"
        ),
    ],
)
def test_what_is_not_a_number_is_found(plant_it, where):
    problem = world()
    (violation,) = verify(problem, plant_it(run_now(problem)))
    assert (violation.rule, violation.where) == ("finite numbers", where)


def test_more_gpus_reserved_than_in_service_are_found():
    problem = world()
    plan = run_now(problem)
    pool = replace(problem.sites[0].pools[0], gpus=np.array([8, 6, 8, 8, 8, 8]))
    home = replace(problem.sites[0], pools=(pool,))
    smaller = replace(problem, sites=(home, problem.sites[1]))
    (violation,) = verify(smaller, plan)
    assert violation.rule == "GPUs in service"
    # In step 1 all three jobs hold two GPUs each, and the services one each.
    assert violation.where == "home, pool gpu, step 1"
    assert violation.message == "8 reserved of 6"


def test_a_job_without_a_placement_is_found():
    problem = world()
    plan = run_now(problem)
    (violation,) = verify(problem, replace(plan, placements=plan.placements[1:]))
    assert violation.rule == "one placement a job"


def test_a_job_left_unfinished_is_no_violation_but_a_priced_shortfall():
    problem = world()
    assert rules(problem, placed(0, runs=())(run_now(problem))) == set()
