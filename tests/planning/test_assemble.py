"""What a scenario says of a site reaches the optimizer, in the optimizer's units."""

import numpy as np
import pytest

from scheduler.planning.assemble import assemble
from scheduler.planning.document import shortfalls
from scheduler.planning.forecasts import look_ahead
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.scenario import builtin, load

PLAIN = builtin.read("one-site-one-battery")


def problem_of(tmp_path, **changes):
    """The problem of the small built-in world with `changes`: what is put after a line."""
    text = PLAIN
    for after, more in changes.values():
        assert text.count(after) == 1
        text = text.replace(after, after + more)
    path = tmp_path / "world.yaml"
    path.write_text(text, encoding="utf-8")
    scenario = load(path)
    return assemble(scenario, look_ahead(scenario, scenario.horizon.start))[0]


def test_a_generator_says_when_it_may_be_on(tmp_path):
    rules = """
    generator:
      power_kw: 20
      fuel_cost_per_kwh: 2
      carbon_g_per_kwh: 900
      min_load_share: 0.3
      start_cost: 5
      min_up_h: 2
      min_down_h: 1
      runs_at_start: true
      hours_so_far: 1.5
"""
    (site,) = problem_of(tmp_path, generator=("      soc_initial: 0\n", rules[1:])).sites
    generator = site.generator
    assert generator.min_load_kw == 0.3 * 20
    assert (generator.start_cost, generator.min_up_h, generator.min_down_h) == (5, 2, 1)
    assert (generator.runs_at_start, generator.hours_so_far) == (True, 1.5)


def test_a_generator_without_rules_has_been_standing_for_long_enough(tmp_path):
    plain = "    generator: {power_kw: 20, fuel_cost_per_kwh: 2, carbon_g_per_kwh: 900}\n"
    (site,) = problem_of(tmp_path, generator=("      soc_initial: 0\n", plain)).sites
    assert not site.generator.has_commitment
    assert site.generator.hours_so_far == np.inf


def test_a_carbon_budget_reaches_the_objective(tmp_path):
    budget = "  carbon_budget_kg: 12\n  carbon_excess_price_per_kg: 3\n"
    prices = problem_of(tmp_path, policy=("  carbon_price_per_kg: 1\n", budget)).objective
    assert (prices.carbon_budget_kg, prices.carbon_excess_price_per_kg) == (12, 3)


def test_emissions_above_the_budget_are_a_named_shortfall(tmp_path):
    # The derived optimum emits 11.8 kg; at 0.01 a kg nothing cleaner pays for itself.
    path = tmp_path / "world.yaml"
    budget = "  carbon_budget_kg: 10\n  carbon_excess_price_per_kg: 0.01\n"
    after = "  carbon_price_per_kg: 1\n"
    path.write_text(PLAIN.replace(after, after + budget), encoding="utf-8")
    run = plan_scenario(load(path))
    (excess,) = shortfalls(run)
    assert (excess.name, excess.unit, excess.price_per_unit) == ("excess_carbon", "kg CO2e", 0.01)
    assert excess.amount == pytest.approx(1.8)
    assert recheck(run).ok


def test_money_above_the_cost_budget_is_a_named_shortfall(tmp_path):
    # The derived optimum pays 34; at 0.01 a unit nothing dearer in carbon pays for itself.
    path = tmp_path / "world.yaml"
    budget = "  cost_budget: 30\n  cost_excess_price: 0.01\n"
    after = "  carbon_price_per_kg: 1\n"
    path.write_text(PLAIN.replace(after, after + budget), encoding="utf-8")
    run = plan_scenario(load(path))
    (excess,) = shortfalls(run)
    assert (excess.name, excess.unit, excess.price_per_unit) == ("excess_cost", "EUR", 0.01)
    assert excess.amount == pytest.approx(4)
    assert run.problem.objective.cost_budget == 30
    assert recheck(run).ok


def test_a_commitment_of_a_lease_reaches_the_pool(tmp_path):
    pool = ("idle_kw_per_gpu: 0", ", lease_price_per_gpu_h: 2, committed_gpus: 5")
    ((leased,),) = [site.pools for site in problem_of(tmp_path, pool=pool).sites]
    assert (leased.lease_price_per_gpu_h, leased.committed_gpus) == (2, 5)


def test_the_sleep_of_its_nodes_reaches_the_pool(tmp_path):
    pool = ("idle_kw_per_gpu: 0", ".5, gpus_per_node: 4, sleep_kw_per_gpu: 0.1, wake_h: 1.5")
    ((sleeping,),) = [site.pools for site in problem_of(tmp_path, pool=pool).sites]
    assert (sleeping.sleep_kw_per_gpu, sleeping.wake_h) == (0.1, 1.5)


def test_a_reserve_reaches_plant_and_objective(tmp_path):
    pv = "    pv: {available_kw: 1, life_cycle_g_per_kwh: 48, reserve_share: 0.25}\n"
    price = "  reserve_price_per_kw_h: 3\n"
    problem = problem_of(
        tmp_path,
        pv=("      soc_initial: 0\n", pv),
        policy=("  carbon_price_per_kg: 1\n", price),
    )
    ((plant,),) = [site.plants for site in problem.sites]
    assert plant.reserve_share == 0.25
    assert problem.objective.reserve_price_per_kw_h == 3


def test_a_priority_reaches_the_job(tmp_path):
    first = problem_of(tmp_path, job=("      work_h: 4\n", "      priority: 3\n")).jobs[0]
    assert first.priority == 3


def test_a_job_that_is_running_says_where(tmp_path):
    world = problem_of(tmp_path, job=("      work_h: 4\n", "      running_at: home\n"))
    assert world.jobs[0].running_at == "home"
    assert world.first_step(world.jobs[0], "home") == 0


def test_whole_nodes_reach_the_job_and_the_pool(tmp_path):
    nodes = ("idle_kw_per_gpu: 0", ", gpus_per_node: 4")
    whole = ("      work_h: 4\n", "      whole_nodes: true\n")
    world = problem_of(tmp_path, nodes=nodes, whole=whole)
    assert world.jobs[0].whole_nodes
    assert world.sites[0].pools[0].gpus_per_node == 4


def second_job(name, after, work_h):
    return f"""    {name}:
      kind: contiguous
      gpu_type: gpu
      gpus: 1
      work_h: {work_h}
      deadline_h: 200
      power_kw_per_gpu: 1
      home: home
      after: [{after}]
"""


def test_a_job_says_whom_it_waits_for(tmp_path):
    world = problem_of(tmp_path, job=("  list:\n", second_job("then", "train", 1)))
    assert {job.name: job.after for job in world.jobs} == {"train": (), "then": ("train",)}


def test_who_waits_for_a_job_left_for_later_is_left_too(tmp_path):
    # 99 hours do not fit the horizon of the small world.
    jobs = second_job("long", "train", 99) + second_job("then", "long", 1)
    world = problem_of(tmp_path, job=("  list:\n", jobs))
    assert [job.name for job in world.jobs] == ["train"]
