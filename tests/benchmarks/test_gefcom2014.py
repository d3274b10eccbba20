"""Months of GEFCom2014: what a task may know, and the organisers' own benchmark and scorer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.forecasting import gefcom2014
from benchmarks.forecasting.months import asked_numbers, require_span, task
from benchmarks.sources import DEFAULT_FOLDER
from forecasting.models.blend import forecast_span
from forecasting.models.farm import sun_recipes, wind_recipes
from scheduler.errors import DataUnavailable, InputError

HOURS = pd.date_range("2012-07-31T23:00Z", "2012-12-02T00:00Z", freq="h")
FIRST = pd.Timestamp("2012-10-01", tz="UTC")
LEVELS = np.array([0.1, 0.5, 0.9])


def wind(zones=2, seed=0):
    """A made-up track whose power follows the wind at 100 m."""
    rng = np.random.default_rng(seed)
    power, weather = {}, {}
    for zone in range(1, zones + 1):
        u, v = (np.convolve(rng.normal(size=len(HOURS) + 9), np.ones(10), "valid") for _ in "uv")
        weather[str(zone)] = pd.DataFrame(
            {"u10": 0.7 * u, "v10": 0.7 * v, "u100": u, "v100": v}, index=HOURS
        )
        power[str(zone)] = pd.Series(np.clip(np.hypot(u, v) / 10, 0, 1), index=HOURS)
    return gefcom2014.Track(
        name=gefcom2014.WIND, first_month=FIRST, power=power, weather=weather, published={}
    )


def sun():
    """One zone of made-up irradiance."""
    rng = np.random.default_rng(1)
    ghi = 900 * np.clip(np.sin((HOURS.hour.to_numpy() - 20) % 24 / 12 * np.pi), 0, 1)
    ghi = ghi * rng.uniform(0.3, 1, len(HOURS))
    weather = pd.DataFrame(
        {
            "ghi_w_m2": ghi,
            "cloud_share": rng.uniform(size=len(HOURS)),
            "temperature_c": 20.0,
            "wind_speed_m_s": 3.0,
            "humidity_percent": 50.0,
        },
        index=HOURS,
    )
    return gefcom2014.Track(
        name=gefcom2014.SOLAR,
        first_month=FIRST,
        power={"1": pd.Series(ghi / 1000, index=HOURS)},
        weather={"1": weather},
        published={},
    )


def with_another_future(track, of, seed=9):
    """The same track, everything after what `of` may know replaced by noise."""
    rng = np.random.default_rng(seed)

    def noisy(values, begin):
        changed = values.copy()
        later = changed.index >= begin
        shape = changed[later].shape
        changed[later] = rng.uniform(0, 1, shape)
        return changed

    return replace(
        track,
        power={zone: noisy(power, of.begin) for zone, power in track.power.items()},
        weather={zone: noisy(frame, of.end) for zone, frame in track.weather.items()},
    )


def quick(track, number):
    of = task(FIRST, number)
    tables = track.tables(of)
    columns = list(next(iter(tables.values())).features.columns)
    recipes = (wind_recipes if track.name == gefcom2014.WIND else sun_recipes)(columns)
    return forecast_span(tables, recipes[:1], LEVELS, begin=of.begin, end=of.end).quantiles


@pytest.mark.parametrize("make", [wind, sun])
def test_noise_after_what_a_task_may_know_changes_no_forecast(make):
    track = make()
    ours = quick(track, 1)
    theirs = quick(with_another_future(track, task(FIRST, 1)), 1)
    for zone, members in ours.items():
        np.testing.assert_array_equal(members[0], theirs[zone][0])


@pytest.mark.slow
def test_noise_changes_no_blend_of_all_models_nor_its_weights():
    track = wind()
    of = task(FIRST, 2)
    ours, weights = gefcom2014.Replay(track).forecast(2)
    theirs, same = gefcom2014.Replay(with_another_future(track, of)).forecast(2)
    np.testing.assert_array_equal(weights, same)
    for zone, quantiles in ours.items():
        np.testing.assert_array_equal(quantiles, theirs[zone])


def test_a_task_learns_from_its_past():
    """Power follows wind exactly here, so the median must be near."""
    track = wind()
    of = task(FIRST, 1)
    truth = track.truth(of)
    for zone, members in quick(track, 1).items():
        assert np.abs(members[0][1] - truth[zone]).mean() < 0.1


def test_the_night_is_dark():
    track = sun()
    members = quick(track, 1)["1"][0]
    hours = pd.date_range(task(FIRST, 1).begin, task(FIRST, 1).end, freq="h")[:-1]
    local = (hours.hour + 10) % 24
    assert members[:, (local >= 22) | (local < 3)].max() == 0
    assert members[1, local == 12].min() > 0


def test_the_wind_benchmark_is_the_quantiles_of_all_earlier_power():
    track = wind(zones=1)
    of = task(FIRST, 1)
    past = track.power["1"][track.power["1"].index < of.begin]
    found = gefcom2014.benchmark_quantiles(track, of)["1"]
    assert found.shape == (99, 31 * 24)
    assert found[49, 0] == pytest.approx(past.median())
    assert (found == found[:, :1]).all()


def test_the_score_is_the_mean_over_zones_of_means_over_known_hours():
    truth = {"1": np.array([1.0, np.nan]), "2": np.array([0.0, 0.0])}
    flat = {zone: np.full((99, 2), 0.5) for zone in truth}
    # One known hour in zone 1 and two in zone 2, each 0.5 away: 0.5 · mean level = 0.25.
    assert gefcom2014.mean_pinball(flat, truth) == pytest.approx(0.25)


def test_accumulated_fields_become_hourly_means_and_restart_with_each_run():
    index = pd.date_range("2013-01-01T22:00Z", periods=4, freq="h")
    rows = pd.DataFrame(0.0, index=index, columns=list(gefcom2014.SOLAR_COLUMNS))
    rows["ssrd_accumulated_j_m2"] = [3.6e6, 7.2e6, 1.8e6, 3.6e6]
    rows["t2m_k"] = 293.15
    found = gefcom2014.solar_weather(rows)
    assert found["ghi_w_m2"].tolist() == pytest.approx([1000, 1000, 500, 500])
    assert found["temperature_c"].iloc[0] == pytest.approx(20)


@pytest.mark.parametrize("text", ["9-4", "x", "0", "4-", "-1"])
def test_senseless_tasks_are_refused(text):
    with pytest.raises(InputError, match="--tasks"):
        asked_numbers(text)


def test_a_month_the_data_do_not_cover_is_named():
    with pytest.raises(DataUnavailable, match="task 9 is 2013-06"):
        require_span(task(FIRST, 9), HOURS)


def test_no_data_exits_3(tmp_path, capsys):
    assert main(["forecasting", "gefcom2014-wind", "--data", str(tmp_path)]) == 3
    assert "wind_gefcom2014/wind_*.parquet" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "number", "published"),
    [
        pytest.param("wind_track", 4, 0.07536, id="wind in January 2013"),
        pytest.param("wind_track", 5, 0.07389, id="wind in February 2013"),
        pytest.param("solar_track", 4, 0.03310, id="solar in July 2013"),
        pytest.param("solar_track", 9, 0.03569, id="solar in December 2013"),
    ],
)
def test_the_scorer_reproduces_the_organisers(make, number, published):
    if not (DEFAULT_FOLDER / "wind_gefcom2014").is_dir():
        pytest.skip("the public data are not on this machine")
    track = getattr(gefcom2014, make)(DEFAULT_FOLDER)
    of = task(track.first_month, number)
    score = gefcom2014.mean_pinball(gefcom2014.benchmark_quantiles(track, of), track.truth(of))
    assert score == pytest.approx(published, abs=2e-5)
