"""Carbon intensity and requests with a record are forecast from it, and come true as it says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scheduler.planning.actual import uneventful
from scheduler.planning.forecasts import look_ahead
from scheduler.scenario import ScenarioError, builtin, dump, load
from scheduler.scenario.world import World

CARBON = "yearly_g_per_kwh: 50, spread: 0.2"
DEMAND = "mean_rps: 120"
RECORDS = {
    CARBON: "record: {g_per_kwh: {file: known.csv, column: carbon_g_per_kwh}}",
    DEMAND: "record: {rps: {file: known.csv, column: asked_rps}}",
}
COLUMNS = {CARBON: "carbon_g_per_kwh", DEMAND: "asked_rps"}


@pytest.fixture(scope="module")
def start():
    return pd.Timestamp(load("dakhla").horizon.start)


def daily(start, days_before, days_after=0, level=300.0, seed=1):
    """A day that repeats, a level that wanders with a memory of two days."""
    n = 24 * (days_before + days_after)
    index = pd.date_range(start - pd.Timedelta(days=days_before), periods=n, freq="h")
    noise = np.random.default_rng(seed).normal(size=n)
    wander = pd.Series(noise).ewm(halflife=48).mean().to_numpy()
    day = 0.2 * np.sin(2 * np.pi * index.hour / 24)
    return pd.Series(level * np.exp(day + 0.3 * wander), index=index)


@pytest.fixture
def world(tmp_path):
    """Dakhla with a record of one thing, written beside it."""

    def world(of, series):
        rows = [f"{t:%Y-%m-%dT%H:%M:%SZ},{'' if pd.isna(v) else v}" for t, v in series.items()]
        (tmp_path / "known.csv").write_text("\n".join([f"time_utc,{COLUMNS[of]}", *rows]))
        text = builtin.read("dakhla")
        assert of in text
        before, after = text.split(of, 1)
        path = tmp_path / "world.yaml"
        path.write_text(f"{before}{RECORDS[of]}, {of}{after}")
        return path

    return world


def with_hours(scenario, of, series):
    """The same scenario, its record replaced."""
    content = scenario.world.model_dump(by_alias=True, exclude_none=True)
    if of == CARBON:
        field = "g_per_kwh"
        holders = [site.get("grid", {}).get("carbon", {}) for site in content["sites"].values()]
    else:
        field = "rps"
        holders = [by for one in content["services"].values() for by in one["demand"].values()]
    (held,) = (holder["record"] for holder in holders if "record" in holder)
    held[field] = tuple(float(value) for value in series)
    return replace(scenario, world=World.model_validate(content))


def ahead(scenario, of):
    found = look_ahead(scenario, scenario.horizon.start).forecasts
    by = found.carbon_g_per_kwh if of == CARBON else found.demand_rps
    return next(one for one in by.values() if "own record" in one.provenance.source)


@pytest.mark.parametrize("of", [CARBON, DEMAND])
def test_a_forecast_rests_on_the_record_and_beats_its_mean(world, start, of):
    truth = daily(start, 150, 4)
    known = truth[truth.index < start]
    found = ahead(load(world(of, known)), of)
    assert found.provenance.rung == "2 fresh observations"
    came = truth[truth.index >= start].to_numpy()[:48]
    ours = np.abs(found.quantile(0.5)[:48] - came).mean()
    assert ours < np.abs(known.mean() - came).mean()
    assert found.provenance.feed_age_h == {"observations": 0}


@pytest.mark.parametrize("of", [CARBON, DEMAND])
def test_hours_after_the_plan_began_change_nothing(world, start, of):
    truth = daily(start, 120, 8)
    other = truth.where(truth.index < start, 1.5 * truth)
    first, second = (ahead(load(world(of, one)), of) for one in (truth, other))
    np.testing.assert_array_equal(first.scenarios, second.scenarios)


@pytest.mark.parametrize("of", [CARBON, DEMAND])
def test_a_record_that_ends_early_says_how_old_it_is(world, start, of):
    known = daily(start, 120)
    found = ahead(load(world(of, known[known.index < start - pd.Timedelta(hours=30)])), of)
    assert found.provenance.rung == "1 observations"
    assert "30 h old" in found.provenance.reason


def test_a_month_of_carbon_gives_the_usual_hours(world, start):
    found = ahead(load(world(CARBON, daily(start, 31))), CARBON)
    assert found.provenance.rung == "1 observations"
    assert "same hour of the last 21 days; too few whole weeks" in found.provenance.reason


@pytest.mark.parametrize(("of", "told"), [(CARBON, "of the last 504 h"), (DEMAND, "less than 120")])
def test_a_record_too_bare_leaves_what_is_stated_and_says_so(world, start, of, told):
    known = daily(start, 40)
    bare = known.where(np.arange(known.size) < 60)
    found = look_ahead(load(world(of, bare)), start.to_pydatetime()).forecasts
    by = found.carbon_g_per_kwh if of == CARBON else found.demand_rps
    (one,) = (one for one in by.values() if "its record knows" in one.provenance.reason)
    assert told in one.provenance.reason
    assert one.provenance.rung == "0 stated series"


def test_a_record_without_noise_is_met_exactly(world, start):
    # 100 and 200 g/kWh by turns, twelve hours each: nothing is left to be unsure of.
    index = pd.date_range(start - pd.Timedelta(days=120), periods=24 * 120, freq="h")
    known = pd.Series(np.where(index.hour < 12, 100.0, 200.0), index=index)
    found = ahead(load(world(CARBON, known)), CARBON)
    right = np.where(found.index.hour < 12, 100.0, 200.0)
    np.testing.assert_allclose(found.expected[:48], right[:48], rtol=0.01)


@pytest.mark.parametrize("of", [CARBON, DEMAND])
def test_what_the_record_holds_comes_true(world, start, of):
    truth = daily(start, 60, 2, level=50.0)
    scenario = load(world(of, truth))
    problem, _ = uneventful(scenario)
    plain, _ = uneventful(load("dakhla"))
    step_h = scenario.horizon.step.total_seconds() / 3600
    assert step_h == 1
    came = truth[truth.index >= start].to_numpy()
    if of == CARBON:
        rows = [(s.grid, p.grid) for s, p in zip(problem.sites, plain.sites, strict=True)]
        pairs = [
            (s.carbon_intensity_g_per_kwh, p.carbon_intensity_g_per_kwh) for s, p in rows if s and p
        ]
    else:
        pairs = [
            (mine, theirs)
            for s, p in zip(problem.services, plain.services, strict=True)
            for mine, theirs in zip(s.demand_rps, p.demand_rps, strict=True)
        ]
    (mine, theirs) = next(pair for pair in pairs if not np.array_equal(*pair))
    np.testing.assert_allclose(mine[:48], came, rtol=1e-6)
    np.testing.assert_array_equal(mine[48:], theirs[48:])


@pytest.mark.parametrize("of", [CARBON, DEMAND])
def test_a_feed_that_gets_stuck_lowers_the_rung_and_is_warned_of(world, start, of):
    known = daily(start, 120)
    scenario = load(world(of, known))
    known.iloc[-30:] = known.iloc[-30]
    # As a list: what a file holds is looked at when it is read.
    stuck = look_ahead(with_hours(scenario, of, known), scenario.horizon.start).forecasts
    by = stuck.carbon_g_per_kwh if of == CARBON else stuck.demand_rps
    one = next(one for one in by.values() if "own record" in one.provenance.source)
    assert one.provenance.rung == "1 observations"
    variable = "carbon" if of == CARBON else "demand"
    assert f"WARNING 30 h of {variable} left out, a stuck feed" in one.provenance.reason


def test_a_loaded_record_needs_no_file_any_more(world, start, tmp_path):
    scenario = load(world(DEMAND, daily(start, 40)))
    (tmp_path / "alone.yaml").write_text(dump(scenario))
    (tmp_path / "known.csv").unlink()
    assert load(tmp_path / "alone.yaml") == scenario


@pytest.mark.parametrize("of", [CARBON, DEMAND])
def test_a_negative_hour_is_refused_with_its_row(world, start, of):
    known = daily(start, 40)
    known.iloc[6] = -1
    with pytest.raises(ScenarioError, match="row 7: must not be negative"):
        load(world(of, known))
