"""What the forecasting cases may know, and the small sums they rest on."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.forecasting import demand, gefcom2012, no_nwp, portfolio, price, stress
from benchmarks.forecasting.case import MEASURED
from forecasting.door import live
from scheduler.errors import DataUnavailable

HOURS = pd.date_range("2016-01-04", periods=24 * 400, freq="h")


def published(seed=0):
    """A test set as published: prices beside the forecasts of others."""
    rng = np.random.default_rng(seed)
    values = 40 + 10 * np.sin(np.arange(len(HOURS)) * 2 * np.pi / 24) + rng.normal(0, 4, len(HOURS))
    frame = pd.DataFrame({price.PRICE: values}, index=HOURS)
    for name in ("lear", "dnn"):
        frame[f"fcst_{name}_ensemble_per_mwh"] = values + rng.normal(0, 1, len(HOURS))
    return frame


def test_published_forecasts_are_references_and_never_inputs():
    frame = published()
    bare = frame[[price.PRICE]]
    found = []
    for one in (frame, bare):
        zone = price.zone_of("XX", one, None)
        found.append(price.replay(zone.record, zone.tested[:20]))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert price.zone_of("XX", bare, None).published == {}


def test_a_market_with_a_longer_history_is_scored_on_the_published_span():
    frame = published().iloc[24 * 200 :]
    history = published().reset_index(names=price.TIME)
    history = history.rename(columns={price.PRICE: "price_eur_per_mwh"})
    history["load_fcst_mw"] = 100.0
    history = history.drop(columns=[c for c in history if c.startswith("fcst_")])
    zone = price.zone_of("XX", frame, history)
    assert zone.record.days[zone.tested[0]] == frame.index[0]
    assert len(zone.tested) == 200
    assert zone.record.drivers.shape == (400, 24, 1)


def test_origins_come_at_every_hour_of_the_day_in_the_last_thirty_percent():
    index = pd.date_range("2012-01-01", periods=13000, freq="h", tz="UTC")
    origins = no_nwp.origins_of(index)
    assert len(origins) >= 200
    assert origins[0] >= index[int(0.7 * 13000)]
    assert origins[-1] + pd.Timedelta(hours=no_nwp.LONGEST_H) <= index[-1] + pd.Timedelta("1h")
    assert set(origins.hour) == set(range(24))


def test_crps_of_two_draws_is_what_one_gets_by_hand():
    # |0 − 1| and |2 − 1| average 1; the draws are 2 apart in half of the pairs: 1 − 1 / 2.
    assert portfolio.ensemble_crps(np.array([[0.0], [2.0]]), np.array([1.0])) == pytest.approx(0.5)


def test_demand_is_scored_from_the_eighth_day_every_six_hours():
    rates = np.arange(14 * 24, dtype=float)
    crps, inside = demand.scores(rates, demand.same_hour)
    assert crps.shape == ((14 - 7) * 4 - 3, 24)
    assert not inside.any()


def farm(seed=0, n=300):
    rng = np.random.default_rng(seed)
    issues = pd.date_range("2010-09-01", periods=n, freq="12h", tz="UTC")
    east, north = rng.normal(0, 5, (2, n, gefcom2012.HORIZON_H))
    hours = pd.date_range("2010-09-01", periods=12 * n + 60, freq="h", tz="UTC")
    power = pd.Series(rng.uniform(size=len(hours)), index=hours)
    return gefcom2012.Farm(
        issues=issues, speed=np.hypot(east, north), east=east, north=north, power=power,
        learnable=pd.Series(True, index=hours),
    )  # fmt: skip


def test_lead_one_is_the_value_stamped_an_hour_after_the_run():
    one = farm()
    rows = gefcom2012._valid(one, np.array([0, 2]))
    assert rows[0] == one.issues[0] + pd.Timedelta("1h")
    assert rows[gefcom2012.HORIZON_H] == one.issues[2] + pd.Timedelta("1h")


@pytest.mark.parametrize("strike", list(stress._POWER.values()), ids=list(stress._POWER))
def test_a_struck_feed_loses_hours_and_keeps_the_rest_as_they_were(strike):
    power = farm().power
    struck = strike(power, np.random.default_rng(0))
    kept = struck.notna()
    assert 0.02 < (~kept).mean() < 0.6
    same = struck[kept] == power[kept]
    assert same.mean() > 0.99
    assert struck.max() <= 1


def test_a_live_feed_that_turns_bad_is_left_out_with_a_warning_for_each_sort():
    hours = pd.date_range("2025-01-01", periods=60, freq="h", tz="UTC")
    values = pd.Series(np.arange(60.0) % 7, index=hours)
    values.iloc[[3, 40]] = [-1, 4000]
    values.iloc[10:36] = 5.0
    kept, warnings = live(values, variable="wind", capacity=7)
    assert kept.isna().sum() == 28
    assert [warning.rsplit(", ", 1)[1] for warning in warnings] == [
        "a stuck feed", "below zero", "above capacity: another unit?",
    ]  # fmt: skip


@pytest.mark.parametrize("case", sorted(MEASURED))
def test_every_case_names_the_data_it_lacks(case, tmp_path):
    with pytest.raises(DataUnavailable, match=r"no file|of 14 days"):
        MEASURED[case](tmp_path, (4,))


def test_an_unknown_case_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["forecasting", "tide"])
    assert "gefcom2014-wind" in capsys.readouterr().err
