"""A service with two models, from its scenario to the run folder, every figure derived by hand."""

import numpy as np
import pytest

from optimizer.quality import mean_quality
from scheduler.cli.plan_table import summary
from scheduler.planning import run_folder
from scheduler.planning.document import document
from scheduler.planning.planner import plan_scenario
from scheduler.planning.recheck import recheck
from scheduler.planning.spread import held
from scheduler.reporting.report import render
from scheduler.reporting.texts import language
from scheduler.scenario import builtin, dump, load

# 2 requests/s take one replica: 2 kW of the full model, 1 kW of the small one. The mean quality may
# be 0.95, so half of the requests may have 0.9: six of twelve hours.
SERVICE = """
regions:
  here: {timezone: UTC, rtt_ms: {home: 10}}
services:
  chat:
    gpu_type: gpu
    home: home
    gpus_per_replica: 2
    capacity_rps: 2
    replica_idle_kw: 2
    energy_per_request_wh: 0
    latency_budget_ms: 100
    service_time_ms: 50
    demand:
      here: {rps: 2}
    quality_floor: 0.95
    variants:
      small:
        gpus_per_replica: 1
        capacity_rps: 4
        replica_idle_kw: 1
        energy_per_request_wh: 0
        quality: 0.9
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    plain = builtin.read("one-site-one-battery")
    before, _ = plain.split("\njobs:\n")
    path = tmp_path_factory.mktemp("world") / "world.yaml"
    path.write_text(before + SERVICE, encoding="utf-8")
    return plan_scenario(load(path))


def test_half_of_the_answers_are_the_small_models(run):
    serving = run.plan.servings["chat"]
    (small,) = serving.variants
    assert mean_quality(run.problem.services[0], serving) == pytest.approx(0.95)
    assert small.served_rps.sum() == pytest.approx(serving.served_rps.sum())
    assert serving.all_served_rps.sum(axis=(0, 1)) == pytest.approx(np.full(12, 2))


def test_useful_work_counts_every_answer_at_the_full_models_gpu_hours(run):
    # 12 h x 2 requests/s at 2 GPUs for 2 requests/s.
    assert run.kpis.useful_work_gpu_h == pytest.approx(24)
    assert run.baseline_kpis.useful_work_gpu_h == pytest.approx(24)
    assert run.kpis.gpu_hours == pytest.approx(6 * 2 + 6 * 1)
    assert run.kpis.facility_kwh == pytest.approx(6 * 2 + 6 * 1)
    assert run.baseline_kpis.facility_kwh == pytest.approx(12 * 2)


def test_the_waterfall_ends_with_what_variants_bring(run):
    *_, before, last = run.waterfall
    assert [step.freedom for step in run.waterfall][-2:] == ["width and power", "variants"]
    assert before.kpis.facility_kwh == pytest.approx(12 * 2)
    assert last.kpis == run.kpis


def test_the_document_tells_who_answers_and_how_well(run):
    (service,) = document(run)["services"]
    assert service["quality_floor"] == 0.95
    assert service["mean_quality"] == pytest.approx(0.95)
    full, small = service["models"]
    assert (full["model"], small["model"]) == ("full", "small")
    assert (full["share_of_answers"], small["share_of_answers"]) == pytest.approx((0.5, 0.5))
    assert small["replica_hours"]["home"] == pytest.approx(6)
    assert service["replica_hours"]["home"] == pytest.approx(12)


def test_terminal_and_report_tell_who_answers_and_how_well(run):
    said = "chat: mean quality 0.95 (at least 0.95), answered by full 50 %, small 50 %"
    assert said in [line.strip() for line in summary(document(run))]
    page, half = render(run), language("en").percent(50)
    assert "Models that answer" in page
    assert f"full {half}, small {half}" in page


def test_a_run_comes_back_as_it_was_and_holds_what_it_claims(run, tmp_path):
    run_folder.write(run, tmp_path / "run")
    again = run_folder.read(tmp_path / "run")
    assert again.digest == run.digest
    assert len(again.plan.servings["chat"].variants) == 1
    assert document(again)["services"] == document(run)["services"]
    assert recheck(again).findings == ()


def test_a_scenario_written_out_says_the_same_variants(run, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(dump(run.scenario), encoding="utf-8")
    assert load(path).world.services == run.scenario.world.services


def test_a_plan_held_in_what_was_expected_answers_with_the_same_models(run):
    again = held(run.problem, run.plan, run.problem).servings["chat"]
    for part, before in zip(again.parts, run.plan.servings["chat"].parts, strict=True):
        assert part.served_rps == pytest.approx(before.served_rps)
