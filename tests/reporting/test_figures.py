"""Figures as specifications: valid, drawn from the attached tables, one colour a source."""

import json

import altair as alt
import pytest

from scheduler.planning.explainer import Explainer
from scheduler.reporting import palette
from scheduler.reporting.drawings import Drawings
from scheduler.reporting.figures import energy as energy_figures
from scheduler.reporting.frames import MAX_ROWS, energy, work
from scheduler.reporting.report import frames_of, render
from scheduler.reporting.texts import language
from tests.reporting import page

SOURCES = list(palette.SUPPLY)
USES = list(palette.USE)


@pytest.fixture(scope="module")
def read(run):
    return page.read(render(run))


@pytest.fixture(scope="module")
def specifications(read):
    return page.specifications(read)


def parts(node):
    """Every object of a specification."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from parts(child)


def test_every_figure_is_valid_vega_lite(specifications):
    assert len(specifications) >= 15
    for one in specifications.values():
        alt.Chart.from_dict(one, validate=True)


def test_a_run_has_each_kind_of_figure(specifications):
    kinds = {name.split("-")[0] for name in specifications}
    assert kinds == {"first", "waterfall", "energy", "carbon", "price", "gantt", "battery"} | {
        "forecast"
    }


def test_figures_hold_no_data_and_ask_only_for_attached_tables(read, specifications):
    attached = {
        name.removeprefix("table-") for name in page.identities(read) if name.startswith("table-")
    }
    for one in specifications.values():
        named = {part["data"]["name"] for part in parts(one) if "data" in part}
        assert named <= attached
        assert not [part for part in parts(one) if "values" in part or "url" in part]


def test_the_attached_table_is_the_frame_the_figure_is_drawn_from(run, read):
    frame = energy.energy(run)
    rows = page.rows(read, "energy")
    assert len(rows) == len(frame) == 2 * 2 * 24
    assert rows[0]["time_utc"] == "2026-03-02T00:00:00Z"
    assert [row["grid_import_kw"] for row in rows] == pytest.approx(
        frame["grid_import_kw"].tolist(), abs=1e-6
    )


@pytest.mark.parametrize("name", ["run", "island", "short"])
def test_sources_and_uses_meet_in_every_step(name, request):
    frame = energy.energy(request.getfixturevalue(name))
    left = frame[SOURCES].sum(axis=1) - frame[USES].sum(axis=1)
    assert left.abs().max() < 1e-9


def test_jobs_draw_their_power_times_the_facilitys(run):
    frame = energy.energy(run).set_index(["plan", "site", "time_utc"])
    at_eight = frame.loc[("plan", "north", run.problem.horizon.instant(8))]
    # 8 GPUs at 1 kW; facility = 1 kW overhead + 1.1 x IT, shared by IT power. At 08:00 UTC
    # the demand of 7 requests a second takes two replicas: 1 kW, and 7 x 0.36 kW for requests.
    it_kw = 8 + (2 * 0.5 + 7 * 0.36) + 0.1 * (16 - 8 - 4)
    assert at_eight["jobs_kw"] == pytest.approx(8 * (1 + 1.1 * it_kw) / it_kw)


def test_a_source_has_one_colour_in_every_figure(specifications):
    seen = {}
    for one in specifications.values():
        for part in parts(one):
            if part.get("field") == "flow":
                pairs = zip(part["scale"]["domain"], part["scale"]["range"], strict=True)
                for flow, colour in pairs:
                    assert seen.setdefault(flow, colour) == colour
    assert seen["pv_kw"] == palette.SUPPLY["pv_kw"]


def test_plan_and_run_now_share_their_axis(specifications):
    domains = [
        [part["y"]["scale"]["domain"] for part in parts(specifications[name]) if "y2" in part]
        for name in ("first-plan", "first-run-now")
    ]
    assert len(domains[0]) == 1
    assert domains[0] == domains[1]


def test_a_flow_that_never_flows_is_not_drawn(island):
    flows = energy_figures.flows_in(energy.energy(island))
    assert "wind_kw" in flows
    assert not {"grid_import_kw", "charge_kw", "pv_kw", "services_kw"} & set(flows)


def test_a_paused_job_has_two_runs_in_one_row(run):
    jobs = frames_of(run, language("en"))["jobs"]
    runs = work.runs(run, jobs)
    train = runs[(runs["job"] == "train") & (runs["plan"] == "plan")]
    assert train["start_utc"].dt.hour.tolist() == [8, 12]
    assert train["row"].nunique() == 1
    assert jobs.set_index("job").loc["train", "pauses"] == 1


def test_a_moved_job_stands_at_its_new_site_with_run_now_behind_it(run, specifications):
    jobs = frames_of(run, language("en"))["jobs"]
    runs = work.runs(run, jobs)
    index = runs[runs["job"] == "index"].set_index("plan")
    assert index["site"].tolist() == ["south", "south"]
    assert index.loc["run-now", "runs_at"] == "north"
    assert index.loc["plan", "why"].endswith(", moved from north")
    marks = [layer["mark"]["type"] for layer in specifications["gantt-0"]["layer"]]
    assert marks == ["rect", "bar", "rule", "bar", "tick", "tick"]


def test_hovering_a_bar_tells_what_explain_tells(run, read):
    explain = Explainer(run).explain
    rows = [row for row in page.rows(read, "runs") if row["plan"] == "plan"]
    assert {row["job"] for row in rows} == {job.name for job in run.problem.jobs}
    for row in rows:
        assert row["why"] == explain(row["job"]).sentence.replace("-", "−")
    hover = [
        one["field"]
        for part in parts(page.specifications(read)["gantt-0"])
        if part.get("mark", {}) != {} and "tooltip" in part.get("encoding", {})
        for one in part["encoding"]["tooltip"]
    ]
    assert "why" in hover


def test_bands_are_drawn_with_their_provenance(read):
    text = read["forecasts"]
    assert text.text == "What was known ahead"
    captions = [one.text for one in read.all("figcaption")]
    pv = next(one for one in captions if one.startswith("PV power, north"))
    assert "issued 2026-03-02 00:00 UTC" in pv
    assert "0 stated series · synthetic: a world made up for a test" in pv


def test_a_long_horizon_is_drawn_in_means_that_keep_the_energy(run):
    frame = energy.energy(run)
    coarse = energy.coarsened(frame, n_together=5)
    first = coarse.iloc[0]
    assert len(coarse) == 2 * 2 * 5
    assert first["grid_import_kw"] == pytest.approx(frame["grid_import_kw"][:5].mean())
    assert first["soc_kwh"] == frame["soc_kwh"][4]
    assert first["end_utc"] == frame["end_utc"][4]
    assert list(coarse.columns) == list(frame.columns)


def test_no_table_is_longer_than_figures_may_be_given(run):
    frames = frames_of(run, language("en"))
    assert max(len(frame) for frame in frames.values()) <= MAX_ROWS


def test_the_waterfall_ends_where_the_plan_does(run, read):
    bars = page.rows(read, "waterfall")
    assert [bar["freedom"] for bar in bars][::5] == ["run-now", "plan"]
    assert bars[-1]["cost_to"] == pytest.approx(run.kpis.cost, abs=1e-6)
    changes = sum(bar["cost_change"] for bar in bars[1:-1])
    assert bars[0]["cost_to"] + changes == pytest.approx(bars[-1]["cost_to"], abs=1e-5)


def test_specifications_do_not_depend_on_what_was_drawn_before(run):
    words = language("en")
    frames = frames_of(run, words)
    first = [
        json.loads(one.spec) for row in Drawings(run, frames, words).first().rows for one in row
    ]
    again = [
        json.loads(one.spec) for row in Drawings(run, frames, words).first().rows for one in row
    ]
    assert first == again
