"""Plans for several futures, from the forecasts to the run folder and back."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.limits import Limits
from scheduler.errors import InputError
from scheduler.planning import run_folder
from scheduler.planning.document import document
from scheduler.planning.forecasts import look_ahead
from scheduler.planning.foresight import Foresight, outcome
from scheduler.planning.futures import draw
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.reporting.report import render
from scheduler.scenario import load

ASKED = Foresight(n_scenarios=4, cvar_weight=0.5, cvar_tail=0.25)


@pytest.fixture(scope="module")
def hedged():
    scenario = load("dakhla-island", days=1)
    return plan_scenario(scenario, limits=Limits(gap=0.05, time_s=60), foresight=ASKED)


def test_the_futures_are_joint_scenarios_of_the_forecasts_with_weights(hedged):
    scenarios = hedged.futures.scenarios
    assert len(scenarios) == 4
    assert sum(one.weight for one in scenarios) == pytest.approx(1)
    forecasts = hedged.forecasts
    for future in scenarios:
        (number,) = {
            int(np.flatnonzero((forecasts.wind_kw[site].scenarios == kw).all(axis=1))[0])
            for (site, kind), kw in future.available_kw.items()
            if kind == "wind"
        }
        for (site, kind), kw in future.available_kw.items():
            of = forecasts.pv_kw if kind == "pv" else forecasts.wind_kw
            assert (of[site].scenarios[number] == kw).all()


def test_what_it_comes_to_is_the_weighing_of_the_costs_by_future(hedged):
    # The worst quarter: from the dearest on, each with four times its weight, until 1 is full.
    told = document(hedged)["futures"]
    left, cvar = 1.0, 0.0
    for one in sorted(told["scenarios"], key=lambda one: -one["cost"]):
        share = min(left, 4 * one["weight"])
        cvar, left = cvar + share * one["cost"], left - share
    mean = sum(one["weight"] * one["cost"] for one in told["scenarios"])
    assert told["cvar"] == pytest.approx(cvar)
    assert told["mean_cost"] == pytest.approx(mean)
    assert told["objective"] == pytest.approx(0.5 * mean + 0.5 * cvar)
    worth = told["mean_plan_objective"] - told["objective"]
    assert told["value_of_stochastic_solution"] == pytest.approx(worth)
    assert worth >= 0
    assert told["bound"] <= told["objective"] + 1e-6


def test_the_plan_that_is_told_is_the_first_stage_of_the_futures(hedged):
    assert hedged.plan.placements == hedged.futures.solution.plan.placements


def test_a_run_for_several_futures_reads_back_and_holds_what_it_claims(hedged, tmp_path):
    run_folder.write(hedged, tmp_path / "run")
    read = run_folder.read(tmp_path / "run")
    assert run_folder.differing(tmp_path / "run", read) == ()
    assert read.digest == hedged.digest
    result = recheck(read)
    assert result.findings == ()
    assert any(line.startswith("futures: bound") for line in result.checked)


@pytest.mark.slow
def test_futures_that_were_touched_up_are_found(hedged):
    futures = hedged.futures
    solution = replace(futures.solution, costs=futures.solution.costs - 1)
    cheaper = recheck(replace(hedged, futures=replace(futures, solution=solution)))
    assert any("futures: cost of future 0" in one for one in cheaper.findings)
    solution = replace(futures.solution, mean_plan_objective=1e9)
    praised = recheck(replace(hedged, futures=replace(futures, solution=solution)))
    assert any("futures: mean forecast's plan" in one for one in praised.findings)
    first, *others = futures.scenarios
    windless = {name: 0 * kw for name, kw in first.available_kw.items()}
    bleak = replace(futures, scenarios=(replace(first, available_kw=windless), *others))
    found = recheck(replace(hedged, futures=bleak)).findings
    assert any(one.startswith("futures: do not follow") for one in found)


@pytest.mark.slow
def test_the_report_tells_the_futures_in_both_languages(hedged):
    assert "made for 4 futures of wind, sun and carbon" in render(hedged)
    assert "vaut pour 4 futurs" in render(hedged, language="fr")
    assert "--scenarios 4 --cvar-weight 0.5 --cvar-tail 0.25" in render(hedged)


def test_a_tail_of_all_futures_is_their_mean(hedged):
    all_worst = Foresight(n_scenarios=4, cvar_tail=1)
    comes_to = outcome(replace(hedged.futures, foresight=all_worst), hedged.problem)
    assert comes_to.cvar == pytest.approx(comes_to.mean)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"n_scenarios": 1}, "--scenarios: must be at least 2, got 1", id="one"),
        pytest.param({"cvar_weight": 1.5}, "--cvar-weight: must be from 0 to 1, got 1.5", id="w"),
        pytest.param({"cvar_tail": 0}, "--cvar-tail: must be above 0 and at most 1", id="tail"),
    ],
)
def test_what_cannot_be_weighed_is_refused(changes, said):
    with pytest.raises(InputError, match=said):
        Foresight(**{"n_scenarios": 4, **changes})


def test_more_futures_than_the_forecasts_hold_are_refused(hedged):
    with pytest.raises(InputError, match="at most the 20 scenarios of the forecasts, got 21"):
        draw(hedged.forecasts, Foresight(n_scenarios=21))


def test_a_world_without_uncertainty_has_no_futures():
    scenario = load("one-site-one-battery")
    known = look_ahead(scenario, scenario.horizon.start).forecasts
    with pytest.raises(InputError, match="nothing of wind, sun or carbon is uncertain"):
        draw(known, Foresight(n_scenarios=2))
