"""The small world, against the derivation that stands in its file."""

import pytest

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
    assert said.starts[-1].limit.endswith("after the hard deadline")


def test_the_run_holds_what_it_claims(one_site):
    assert recheck(one_site).ok
