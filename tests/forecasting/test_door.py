"""Records at the door: what is wrong is named with its row and its repair."""

import numpy as np
import pandas as pd
import pytest

from forecasting.door import BadRecord, checked, stuck_hours

N = 24 * 40
TIMES = pd.Series(pd.date_range("2025-01-01", periods=N, freq="h", tz="UTC").astype(str))


def power(seed=0):
    return pd.Series(np.random.default_rng(seed).uniform(0, 50, N))


def put(series, row, value):
    changed = series.astype(object)
    changed.iloc[row - 1] = value
    return changed


def test_a_sound_record_becomes_hourly_utc_left_edges():
    record = checked(TIMES, power(), variable="wind", capacity=50, hour_ending=True)
    assert record.values.index[0] == pd.Timestamp("2024-12-31T23:00Z")
    assert len(record.values) == N
    assert record.notes == ()


def test_quarter_hours_become_hourly_means():
    times = pd.Series(pd.date_range("2025-01-01", periods=4 * N, freq="15min", tz="UTC"))
    record = checked(
        times, pd.Series(np.tile([1.0, 2, 3, 6], N) + np.arange(4 * N) // 4 % 5), variable="price"
    )
    assert record.values.iloc[0] == 3


def test_moroccan_offsets_that_change_with_ramadan_are_read_as_written():
    stamps = ["2026-02-15T02:00+01:00", "2026-02-15T02:00+00:00"]
    rest = [f"{t}" for t in pd.date_range("2026-02-15T03:00Z", periods=N, freq="h")]
    record = checked(
        pd.Series(stamps + rest), pd.Series(np.arange(N + 2) % 30.0), variable="demand"
    )
    assert record.values.index[0] == pd.Timestamp("2026-02-15T01:00Z")
    assert record.values.notna().all()


@pytest.mark.parametrize(
    ("times", "values", "variable", "told"),
    [
        pytest.param(
            put(TIMES, 3, "2025-01-01T02:00"), power(), "wind",
            "row 3: must say its offset from UTC, got 2025-01-01T02:00", id="a naive time",
        ),
        pytest.param(
            put(TIMES, 7, TIMES[5]), power(), "wind", "row 7: must not repeat a time",
            id="a time twice",
        ),
        pytest.param(
            put(TIMES, 7, TIMES[2]), power(), "wind", "row 7: must be later than the row before",
            id="shuffled rows",
        ),
        pytest.param(
            put(TIMES, 2, "soon"), power(), "wind", "row 2: must be a time, got soon", id="no time"
        ),
        pytest.param(
            TIMES, put(power(), 9, -3.0), "wind", "row 9: must not be negative, got -3",
            id="negative power",
        ),
        pytest.param(
            TIMES, put(power(), 9, 61.0), "wind", "row 9: must not exceed the capacity 50, got 61",
            id="above capacity",
        ),
        pytest.param(
            TIMES, power() * 1000, "wind", "kW for MW", id="kilowatts for megawatts"
        ),
        pytest.param(TIMES, power() / 1000, "wind", "MW for kW", id="megawatts for kilowatts"),
        pytest.param(
            TIMES, power() / 5 + 290, "temperature", "subtract 273.15", id="Kelvin for Celsius"
        ),
        pytest.param(
            TIMES, pd.Series(np.full(N, 7.0)), "carbon", "must change, got 7", id="a constant feed"
        ),
        pytest.param(
            TIMES, put(power(), 5, "n/a"), "price", "row 5: must be a number, got n/a", id="text"
        ),
        pytest.param(TIMES[:99], power()[:99], "wind", "must hold 720 h", id="four days"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_row_and_repair(times, values, variable, told):
    with pytest.raises(BadRecord, match=told):
        checked(times, values, variable=variable, capacity=50)


def test_a_feed_stuck_for_a_day_is_left_out_and_told():
    values = power()
    values[100:130] = 12.5
    record = checked(TIMES, values, variable="wind", capacity=50)
    assert record.values[100:130].isna().all()
    assert "30 hours repeat one value" in record.notes[0]


def test_a_plant_may_stand_still_at_zero_but_a_price_may_not():
    still = pd.Series(np.r_[np.zeros(30), 1.0, 2.0])
    assert not stuck_hours(still, may_rest_at_zero=True).any()
    assert stuck_hours(still, may_rest_at_zero=False).sum() == 30
