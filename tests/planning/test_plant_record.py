"""A plant with a record is forecast from it; the plan never looks past its own beginning."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from scheduler.planning.forecasts import look_ahead
from scheduler.scenario import ScenarioError, builtin, dump, load

RECORD = "record: {power_kw: {file: wind.csv, column: power_kw}}"
HOURS_KNOWN = 24 * 45


def gusts(start, n, seed=0):
    noise = pd.Series(np.random.default_rng(seed).normal(size=n)).ewm(alpha=0.1).mean()
    share = 1 / (1 + np.exp(-8 * noise.to_numpy()))
    index = pd.date_range(start - pd.Timedelta(hours=HOURS_KNOWN), periods=n, freq="h")
    return pd.Series(share, index=index)


@pytest.fixture(scope="module")
def start():
    return pd.Timestamp(load("dakhla").horizon.start)


@pytest.fixture
def world(tmp_path, start):
    """Dakhla with a record of its wind farm, written beside it."""

    def world(share, scale=1.0):
        farm = load("dakhla").world.sites["dakhla"].wind.capacity_kw
        power = [f"{v * farm * scale:.3f}" if pd.notna(v) else "" for v in share]
        times = [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in share.index]
        lines = [f"{t},{v}" for t, v in zip(times, power, strict=True)]
        (tmp_path / "wind.csv").write_text("\n".join(["time_utc,power_kw", *lines]))
        text = builtin.read("dakhla")
        assert text.count("wind: {capacity_kw") == 1
        path = tmp_path / "world.yaml"
        path.write_text(text.replace("wind: {capacity_kw", f"wind: {{{RECORD}, capacity_kw"))
        return path

    return world


def wind(scenario):
    return look_ahead(scenario, scenario.horizon.start).forecasts.wind_kw["dakhla"]


def test_a_plan_stands_on_the_record_and_changes_nothing_else(world, start):
    share = gusts(start, HOURS_KNOWN)
    scenario = load(world(share))
    found = wind(scenario)
    plain = look_ahead(load("dakhla"), scenario.horizon.start).forecasts.wind_kw["dakhla"]
    assert found.provenance.rung == "2 fresh observations"
    assert found.provenance.source == "own record of wind_power"
    assert plain.provenance.source != found.provenance.source
    assert found.n_steps == plain.n_steps
    # The first hour follows the last one known, within a third of the farm.
    capacity = scenario.world.sites["dakhla"].wind.capacity_kw
    assert abs(found.quantile(0.5)[0] - share.iloc[-1] * capacity) < capacity / 3
    # Scenario by scenario, the order of the weather is kept.
    last = -1
    assert (
        np.argsort(found.scenarios[:, last], kind="stable")
        == np.argsort(plain.scenarios[:, last], kind="stable")
    ).all()


def test_a_loaded_record_needs_no_file_any_more(world, start, tmp_path):
    scenario = load(world(gusts(start, HOURS_KNOWN)))
    (tmp_path / "alone.yaml").write_text(dump(scenario))
    (tmp_path / "wind.csv").unlink()
    assert load(tmp_path / "alone.yaml") == scenario


def test_hours_after_the_plan_began_change_nothing(world, start):
    known = gusts(start, HOURS_KNOWN)
    longer = gusts(start, HOURS_KNOWN + 200)
    longer.iloc[:HOURS_KNOWN] = known.to_numpy()
    np.testing.assert_array_equal(
        wind(load(world(known))).scenarios, wind(load(world(longer))).scenarios
    )


def test_too_short_a_record_leaves_the_coordinates_and_says_so(world, start):
    share = gusts(start, HOURS_KNOWN)
    share.iloc[: 24 * 20] = np.nan
    found = wind(load(world(share)))
    assert "its record knows less than 720 h" in found.provenance.reason


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        pytest.param(1000, "kW for MW", id="another unit"),
        pytest.param(-1, "must not be negative", id="negative power"),
    ],
)
def test_a_bad_record_is_refused_with_its_row(world, start, scale, told):
    with pytest.raises(ScenarioError, match=told):
        load(world(gusts(start, HOURS_KNOWN), scale=scale))


def test_the_sun_of_a_record_is_dark_at_night(start, tmp_path):
    scenario = load("dakhla")
    capacity = scenario.world.sites["dakhla"].pv.capacity_kw
    index = pd.date_range(start - timedelta(hours=HOURS_KNOWN), periods=HOURS_KNOWN, freq="h")
    shape = np.clip(np.sin((index.hour + 0.5 - 8) / 10 * np.pi), 0, None)
    power = shape * np.random.default_rng(0).uniform(0.3, 0.7, len(index)) * capacity
    rows = [f"{t:%Y-%m-%dT%H:%M:%SZ},{v:.3f}" for t, v in zip(index, power, strict=True)]
    (tmp_path / "wind.csv").write_text("\n".join(["time_utc,power_kw", *rows]))
    text = builtin.read("dakhla")
    assert text.count("pv: {capacity_kw") == 1
    text = text.replace("pv: {capacity_kw", f"pv: {{{RECORD}, capacity_kw")
    (tmp_path / "world.yaml").write_text(text)
    found = look_ahead(load(tmp_path / "world.yaml"), scenario.horizon.start).forecasts.pv_kw
    assert found["dakhla"].provenance.source == "own record of pv_power"
    night = [hour < 6 or hour > 20 for hour in found["dakhla"].index.hour]
    assert found["dakhla"].expected[night].max() == 0
    assert 0.2 * capacity < found["dakhla"].expected.max() < 0.8 * capacity
