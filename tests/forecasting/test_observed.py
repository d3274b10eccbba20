"""Every hour stands on the highest rung it can reach, and says so; it never fails."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.forecast import LEVELS
from forecasting.models.analogs import AnalogEnsemble
from forecasting.models.trajectories import TrajectoryForest
from forecasting.observed import Known, Learnt, in_words

START = datetime(2025, 1, 1, tzinfo=UTC)
N = 24 * 60
HOURS = pd.date_range(START, periods=N + 72, freq="h")
NOW = START + timedelta(hours=N)
OTHERWISE = np.linspace(0, 1, len(LEVELS))
QUICK = TrajectoryForest(n_trees=5)


def wind(seed=0):
    speed = np.random.default_rng(seed).uniform(0, 1, len(HOURS))
    power = pd.Series(speed**2, index=HOURS).where(HOURS < NOW)
    features = pd.DataFrame({"speed": speed}, index=HOURS)
    return power, features


def known(**changes):
    power, features = wind()
    given = {"history": power, "features": features, "weather_issued_at": NOW - timedelta(hours=6)}
    return Known(**given | changes)


def learnt(what):
    recipes = [AnalogEnsemble(n_neighbours=20)]
    return Learnt.of(what, until=NOW, recipes=recipes, lower=0, upper=1, trajectories=QUICK)


def forecast(model, what, **changes):
    wanted = {"n_hours": 48, "issued_at": NOW, "otherwise": OTHERWISE} | changes
    return model.forecast(what, variable="wind_power", unit="1", capacity=1.0, **wanted)


@pytest.fixture(scope="module")
def model():
    return learnt(known())


def test_a_fresh_weather_forecast_is_used_and_told(model):
    found = forecast(model, known())
    assert found.provenance.rung == "3 weather forecast"
    assert found.provenance.feed_age_h == {"observations": 0, "weather forecast": 6}
    assert found.provenance.training_span == (START, NOW)
    speed = wind()[1]["speed"].to_numpy()[N : N + 48]
    assert np.abs(found.quantile(0.5) - speed**2).mean() < 0.02


def test_hours_without_weather_stand_on_a_lower_rung_not_on_a_guess(model):
    what = known()
    holed = what.features.copy()
    holed.iloc[N + 10 : N + 34] = np.nan
    found = forecast(model, known(features=holed))
    assert "24 h on rung 3" not in found.provenance.reason
    assert "24 of 48 h on rung 3 weather forecast" in found.provenance.reason
    assert "WARNING the weather forecast lacks values there" in found.provenance.reason
    assert np.isfinite(found.quantiles).all()


def test_a_stale_weather_forecast_is_left_and_warned_of(model):
    found = forecast(model, known(weather_issued_at=NOW - timedelta(hours=13)))
    assert found.provenance.rung == "2 fresh observations"
    assert "WARNING the newest weather forecast is 13 h old" in found.provenance.reason


def test_a_weather_forecast_made_after_the_issue_is_not_used(model):
    found = forecast(model, known(weather_issued_at=NOW + timedelta(hours=1)))
    assert found.provenance.rung == "2 fresh observations"


def test_old_observations_leave_the_season(model):
    history = wind()[0].where(NOW - timedelta(hours=30) > HOURS)
    found = forecast(model, Known(history=history))
    assert found.provenance.rung == "1 observations"
    assert "the last observation is 30 h old" in found.provenance.reason


def test_a_new_site_stands_on_what_the_caller_knows():
    what = Known(history=wind()[0].where(START + timedelta(days=5) > HOURS))
    found = forecast(learnt(what), what)
    assert found.provenance.rung == "0 coordinates only"
    assert "less than 720 known hours" in found.provenance.reason
    assert found.quantiles[:, 0] == pytest.approx(OTHERWISE)


def test_an_empty_record_is_no_error():
    what = Known(history=pd.Series(np.nan, index=HOURS))
    assert forecast(learnt(what), what).provenance.rung == "0 coordinates only"


def test_power_after_the_issue_changes_nothing(model):
    power, _ = wind()
    changed = power.copy()
    changed[HOURS >= NOW] = 0.77
    assert (
        forecast(model, known(history=changed)).quantiles == forecast(model, known()).quantiles
    ).all()
    other = learnt(known(history=changed))
    assert (forecast(other, known()).quantiles == forecast(model, known()).quantiles).all()


def test_nothing_learns_its_own_curtailment():
    """Three hours in ten held at 0.2; masked, they cost next to nothing."""
    power, _ = wind()
    cut = np.random.default_rng(1).uniform(size=len(HOURS)) < 0.3
    masked = known(history=power.mask(pd.Series(cut, index=HOURS)))
    truth = wind()[1]["speed"].to_numpy()[N : N + 48] ** 2
    clean, held = (
        np.abs(forecast(learnt(what), what).quantile(0.5) - truth).mean()
        for what in (known(), masked)
    )
    assert held - clean < 0.02 * truth.mean()


def test_the_energy_is_kept_when_steps_change(model):
    found = forecast(model, known())
    assert found.at(timedelta(minutes=15)).expected.mean() == pytest.approx(found.expected.mean())


def test_an_hour_is_explained_by_the_past_hours_most_like_it(model):
    what = known()
    found = forecast(model, what)
    like = [(hour, float(what.history[hour])) for hour in model.nearest(what, NOW, 3)]
    said = in_words(found, 0, like)
    assert "the 3 most similar past hours" in said
    assert "rung 3 weather forecast" in said
    assert all(hour < NOW for hour, _ in like)
    assert model.nearest(Known(history=what.history), NOW) == []
