"""What a scenario says of a site reaches the optimizer, in the optimizer's units."""

import numpy as np

from scheduler.planning.assemble import assemble
from scheduler.planning.forecasts import look_ahead
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
