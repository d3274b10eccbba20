"""What the optimizer's benchmark measures, and what it compares with."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.ending import Ending
from benchmarks.line import Cost, middle
from benchmarks.optimizer import fit, naive, planned
from benchmarks.optimizer.asked import Asked
from benchmarks.optimizer.futures import uncertain
from benchmarks.optimizer.instance import Size
from optimizer.fingerprint import fingerprint

SMALL = Asked(size=Size(jobs=6, sites=2, steps=48), seed=0, ending=Ending(gap=0.01, time_s=20))
COST = Cost(cpu_seconds=2, wall_seconds=1, peak_rss_mb=100)


def ours():
    """A plan of 120 with a bound of 110, of which no decision can change 20."""
    return planned.Planned(
        values={"objective": 120, "bound": 110, "gap": 0.1},
        constant=20,
        load=0.5,
        stage="gap",
        solve=COST,
        cost=COST,
    )


def reached(objective, bound):
    build, solve = (Cost(cpu_seconds=s, wall_seconds=s, peak_rss_mb=300) for s in (4, 16))
    return naive.Naive(
        objective=objective,
        bound=bound,
        in_time=False,
        rows=1,
        columns=1,
        build=build,
        solve=solve,
        cost=solve,
    )


@pytest.fixture(scope="module")
def planned_small():
    return planned.measure(SMALL)


def test_a_measured_instance_is_planned_between_its_bound_and_run_now(planned_small):
    values = planned_small.values
    assert 0 < values["bound"] <= values["objective"]
    assert 0 < values["saving_captured"] <= 1
    assert planned_small.cost.cpu_seconds >= values["solve_cpu_seconds"] > 0


def test_the_naive_milp_states_the_same_problem(planned_small):
    found = naive.measure(replace(SMALL, ending=Ending(gap=0.01, time_s=3)))
    assert found.bound <= planned_small.values["objective"] * (1 + 1e-6)
    if found.objective is not None:
        assert planned_small.values["bound"] <= found.objective * (1 + 1e-6)


def test_the_naive_gap_is_measured_as_ours_and_set_against_it():
    figures = naive.figures(reached(objective=220, bound=100), ours())
    assert figures["naive_gap"] == pytest.approx((220 - 100) / (220 - 20))
    assert figures["naive_gap_ratio"] == pytest.approx(6)
    assert figures["naive_objective_ratio"] == pytest.approx(200 / 100)
    assert (figures["naive_cpu_ratio"], figures["naive_wall_ratio"]) == (20 / 2, 20 / 1)
    assert figures["naive_memory_ratio"] == 3


def test_a_milp_without_a_plan_has_no_objective_no_gap_and_no_ratio_of_them():
    found = reached(objective=None, bound=100)
    figures = naive.figures(found, ours())
    assert {name for name, value in figures.items() if value is None} == {
        "naive_objective",
        "naive_gap",
        "naive_objective_ratio",
        "naive_gap_ratio",
    }
    assert found.outcome == "no plan in time"


def test_a_median_of_which_a_part_is_unknown_is_unknown():
    assert middle([1.0, None, 3.0]) is None


def test_every_size_has_its_lines_with_the_comparison_beside_and_the_exponent_comes_last(capsys):
    words = ["--fit", "2", "3", "--sites=1", "--steps=48", "--seeds=1", "--time-limit=2"]
    assert main(["optimizer", "--json", *words, "--gap=0.9", "--compare", "naive"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    each = [metric.name for metric in (*planned.METRICS, *naive.METRICS)]
    assert [line["metric"] for line in lines] == [*each, *each, "exponent"]
    objective, beside = lines[each.index("objective")], lines[each.index("naive_objective")]
    assert beside["references"] == {"alize": objective["value"]}
    assert beside["conditions"]["naive"] in ("done", "time limit", "no plan in time")
    assert lines[-1]["conditions"]["jobs"] == "2 3"
    assert (lines[-1]["n"], lines[-1]["seeds"]) == (2, 1)


def test_the_exponent_of_a_power_law_is_its_own():
    def plans(cpu_s):
        return [replace(ours(), solve=replace(COST, cpu_seconds=s)) for s in (cpu_s, 3 * cpu_s)]

    # Twice the jobs, four times the seconds, with both seeds.
    line = fit.line("some-case", {100: plans(1), 200: plans(4), 400: plans(16)}, {})
    assert (line.value, line.spread) == pytest.approx((2, 0))


def test_many_futures_have_the_same_lines_and_the_value_of_planning_for_them(capsys):
    words = ["--jobs=4", "--sites=1", "--steps=48", "--seeds=1", "--scenarios=3", "--gap=0.5"]
    assert main(["optimizer", "--json", *words]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = (*planned.METRICS, *planned.METRICS_OF_FUTURES)
    assert [line["metric"] for line in lines] == [metric.name for metric in metrics]
    values = {line["metric"]: line["value"] for line in lines}
    assert values["bound"] <= values["objective"]
    assert values["saving_captured"] <= 1
    assert values["value_of_stochastic_solution"] >= 0
    assert lines[0]["conditions"]["scenarios"] == 3


def test_scenarios_are_drawn_from_the_seed_stray_with_a_memory_and_differ_in_weight():
    problem = replace(SMALL, size=Size(jobs=2, sites=2, steps=168)).problem()
    one, again, other = (uncertain(problem, 6, seed) for seed in (0, 0, 1))
    assert fingerprint(one.scenarios) == fingerprint(again.scenarios)
    assert fingerprint(one.scenarios) != fingerprint(other.scenarios)
    assert one.weights.sum() == pytest.approx(1)
    assert np.ptp(one.weights) > 0.01
    plant = problem.sites[0].plants[1]
    clear = (plant.available_kw > 0.05 * plant.available_kw.max()) & (
        plant.available_kw < 0.5 * plant.available_kw.max()
    )
    for scenario in one.scenarios:
        strays = np.log(scenario.available_kw["site-0", "wind"][clear] / plant.available_kw[clear])
        assert np.abs(np.diff(strays)).mean() < np.abs(strays[:, None] - strays).mean()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["--fit", "200"], "--fit: wants two sizes", id="one size"),
        pytest.param(["--fit", "200", "200"], "--fit: wants two sizes", id="a size twice"),
        pytest.param(["--fit", "0", "200"], "--fit: must be at least 1", id="no jobs in a size"),
        pytest.param(["--jobs", "0"], "--jobs: must be at least 1", id="no jobs"),
        pytest.param(["--seeds", "0"], "--seeds: must be at least 1", id="no seeds"),
        pytest.param(["--scenarios", "0"], "--scenarios: must be at least 1", id="no futures"),
        pytest.param(
            ["--scenarios", "2", "--compare", "naive"],
            "--scenarios: others plan for one future",
            id="futures beside one future",
        ),
    ],
)
def test_a_senseless_wish_exits_2(words, told, capsys):
    assert main(["optimizer", *words]) == 2
    assert told in capsys.readouterr().err
