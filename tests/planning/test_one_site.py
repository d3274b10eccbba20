"""The small world, against the derivation that stands in its file."""

from dataclasses import replace

import pytest

from scheduler.accounting.spread import Range
from scheduler.planning.explainer import Explainer
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.scenario import load


def test_the_plan_equals_the_result_derived_by_hand(one_site):
    (placement,) = one_site.plan.placements
    flow = one_site.plan.dispatch["home"]
    assert [run.first_step for run in placement.runs] == [3]
    assert flow.grid_import_kw[:7] == pytest.approx([0, 0, 0, 8, 18, 8, 0])
    assert one_site.kpis.cost == pytest.approx(8 + 18 + 8)
    assert one_site.kpis.emissions_kg == pytest.approx(8 * 0.4 + 18 * 0.3 + 8 * 0.4)
    assert one_site.solution.proof.objective == pytest.approx(45.8)


def test_run_now_equals_the_result_derived_by_hand(one_site):
    assert one_site.baseline_kpis.cost == pytest.approx(3 * 8 * 3 + 8)
    assert one_site.baseline_kpis.emissions_kg == pytest.approx(3 * 8 * 0.5 + 8 * 0.4)


def test_planning_twice_gives_the_same_digest(one_site):
    assert plan_scenario(load("one-site-one-battery")).digest == one_site.digest


def test_every_start_is_priced_with_all_else_held(one_site):
    """At once: four hours of 8 kWh; the battery's 10 kWh of hour 4 stand still and serve hour 6."""
    said = Explainer(one_site).explain("train")
    at_once = said.starts[0]
    assert at_once.cost == pytest.approx(3 * 8 * 3 + 8 * 1)
    assert at_once.emissions_kg == pytest.approx(3 * 8 * 0.5 + 8 * 0.4)
    assert str(said.starts[-1].limit).endswith("after the hard deadline")


def test_the_run_holds_what_it_claims(one_site):
    assert recheck(one_site).ok


def test_a_range_that_was_touched_up_is_found(one_site):
    told = dict(one_site.spread.plan)
    told["cost"] = Range(low=told["cost"].low, high=told["cost"].high - 1)
    touched_up = replace(one_site, spread=replace(one_site.spread, plan=told))
    (finding,) = recheck(touched_up).findings
    assert finding.startswith("plan: cost, high: claimed")


def test_what_is_known_for_certain_has_no_range(one_site):
    # Everything in this world is stated without spread: the plan held is the plan.
    cost = one_site.spread.plan["cost"]
    assert (cost.low, cost.high) == pytest.approx((34, 34))
