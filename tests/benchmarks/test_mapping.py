from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.real_week import jobs, series, world
from benchmarks.weeks import borrow, left_edge, same_week, shifted
from scheduler.errors import DataUnavailable

MONDAY = pd.Timestamp("2017-10-02")
START = pd.Timestamp("2017-10-02", tz="UTC")


def hourly(start: str, n_hours: int, first: float = 0.0) -> pd.Series:
    index = pd.date_range(pd.Timestamp(start, tz="UTC"), periods=n_hours, freq="h")
    return pd.Series(first + np.arange(n_hours, dtype=float), index=index)


def trace(*rows: tuple[str, float, int]) -> pd.DataFrame:
    """Jobs by submission (naive), hours and GPUs, between two that make the trace span the week."""
    rows = (("2017-10-01 00:00", 0.1, 1), *rows, ("2017-10-10 00:00", 0.1, 1))
    frame = pd.DataFrame(rows, columns=["submit_time_naive", "hours", "num_gpus"])
    frame["submit_time_naive"] = pd.to_datetime(frame["submit_time_naive"])
    frame["duration_s"] = frame.pop("hours") * 3600
    frame["gpu_time_s"] = frame["duration_s"] * frame["num_gpus"]
    return frame


def test_an_hour_stamped_at_its_end_moves_to_its_start():
    assert left_edge(hourly("2012-01-01 01:00", 1)).index[0] == pd.Timestamp("2012-01-01T00:00Z")


def test_a_series_shifts_by_hours_and_weeks():
    moved = shifted(hourly("2013-04-01 02:00", 1), hours=10, weeks=26)
    assert moved.index[0] == pd.Timestamp("2013-09-30T12:00Z")


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        pytest.param(2022, "2022-10-03T05:00Z", id="week 40 of 2022 begins on 3 October"),
        pytest.param(2012, "2012-10-01T05:00Z", id="week 40 of 2012 begins on 1 October"),
    ],
)
def test_the_same_week_keeps_weekday_and_hour(year, expected):
    assert same_week(START + pd.Timedelta(hours=5), year) == pd.Timestamp(expected)


def test_a_year_without_week_53_has_no_such_week():
    assert same_week(pd.Timestamp("2020-12-28", tz="UTC"), 2021) is None


def test_borrowed_hours_come_from_the_latest_year_that_has_them_all():
    values = pd.concat([hourly("2021-10-01", 240), hourly("2022-10-01", 48, first=1000)])
    # Week 40 begins on 4 October in 2021, 72 h after the first hour; 2022 ends on 2 October.
    one = borrow(values, START, 3, "carbon")
    assert list(one.values) == [72, 73, 74]
    assert one.values.index[0] == START
    assert one.original_start == pd.Timestamp("2021-10-04T00:00Z")


def test_a_span_nobody_measured_is_named():
    values = hourly("2022-10-01", 72)  # to 4 October; week 40 begins on the 3rd
    with pytest.raises(DataUnavailable) as caught:
        borrow(values, START, 48, "carbon")
    text = str(caught.value)
    assert "carbon: wanted 48 h from 2017-10-02 00:00Z" in text
    assert "2022-10-01 00:00Z to 2022-10-04 00:00Z" in text
    assert "24 of the hours are missing" in text


def test_six_windows_of_ten_minutes_make_an_hour():
    assert list(series.hourly_means(np.array([1, 2, 3, 4, 5, 6, 12.0]))) == [3.5]


def test_a_week_of_jobs_is_parted_by_length():
    week = jobs.week_of(
        trace(
            ("2017-10-01 23:59", 2, 1),
            ("2017-10-02 00:00", 1, 1),
            ("2017-10-03 00:00", 72, 2),
            ("2017-10-03 00:00", 0.99, 1),
            ("2017-10-03 00:00", 72.01, 1),
            ("2017-10-09 00:00", 2, 1),
        ),
        MONDAY,
    )
    assert list(week.planned["num_gpus"]) == [1, 2]
    assert (len(week.short), len(week.long)) == (1, 1)


def test_a_week_outside_the_trace_is_named():
    with pytest.raises(DataUnavailable, match=r"wanted .* 2018-01-01 to 2018-01-08; the trace"):
        jobs.week_of(trace(), pd.Timestamp("2018-01-01"))


def test_release_and_work_are_rounded_up_and_deadlines_follow():
    # 00:10 in Seattle in October is 07:10 UTC, released at 8; 2.2 h become 3.
    week = jobs.week_of(trace(("2017-10-02 00:10", 2.2, 4)), MONDAY)
    (row,) = jobs.job_table(week.planned, START, slack_h=6, seed=1).to_dict("records")
    assert (row["release_h"], row["work_h"], row["gpus"]) == (8, 3, 4)
    assert (row["due_h"], row["deadline_h"]) == (8 + 3 + 6, 8 + 3 + 6 + 24)


def test_a_job_keeps_kind_and_home_whatever_else_is_planned():
    rows = [(f"2017-10-02 {hour:02}:30", 2.0, 1) for hour in range(20)]
    planned = jobs.week_of(trace(*rows), MONDAY).planned
    everything = jobs.job_table(planned, START, slack_h=0, seed=1)
    few = jobs.job_table(world.evenly(planned, 5), START, slack_h=24, seed=1)
    both = everything.merge(few, on="name", suffixes=("", "_few"))
    assert len(both) == 5
    assert (both["kind"] == both["kind_few"]).all()
    assert (both["home"] == both["home_few"]).all()


def test_kinds_have_the_shares_stated():
    n = 5000
    kinds = [jobs.drawn(jobs.KIND_SHARES, jobs.hashed(1, number, "kind")) for number in range(n)]
    for kind, share in jobs.KIND_SHARES.items():
        assert kinds.count(kind) / n == pytest.approx(share, abs=0.03)


def test_short_jobs_become_mean_gpus_busy_by_hour():
    # 07:30 to 08:15 UTC on 4 GPUs: half an hour of hour 7, a quarter of hour 8.
    week = jobs.week_of(trace(("2017-10-02 00:30", 0.75, 4)), MONDAY)
    busy = jobs.busy_gpus(week.short, START, 10)
    assert busy[6:] == pytest.approx([0, 2, 1, 0])


@pytest.mark.parametrize(
    ("slack_h", "days"),
    [
        # The week ends 175 h after its UTC midnight; then 72 h of work, the slack and a day.
        pytest.param(0, 12, id="271 h"),
        pytest.param(6, 12, id="277 h"),
        pytest.param(24, 13, id="295 h"),
    ],
)
def test_the_horizon_holds_the_end_of_every_job(slack_h, days):
    assert world.horizon_days(START, MONDAY, slack_h) == days


def write_data(folder: Path) -> Path:
    """Files of the layout, wind and sun for the weeks around the one planned, values constant."""
    for pattern, start, columns in (
        (series.CARBON, "2022-10-01", {"time_utc": 0, "ci_lifecycle_gco2eq_per_kwh": 200.0}),
        (series.PRICE, "2017-10-01", {"time_utc": 0, "price_day_ahead_eur_per_mwh": 50.0}),
        (series.WIND, "2012-09-30", {"time_utc": 0, "power_norm": 0.4}),
        (series.SOLAR, "2013-03-25", {"valid_time_utc": 0, "power_share_of_capacity": 0.5}),
    ):
        path = folder / pattern.replace("*", "x")
        path.parent.mkdir()
        times = pd.date_range(pd.Timestamp(start, tz="UTC"), periods=600, freq="h")
        name, *_ = columns
        pd.DataFrame({**columns, name: times}).to_parquet(path)
    requests = folder / series.REQUESTS.replace("*", "x")
    requests.parent.mkdir()
    windows = pd.DataFrame({"window_start_s": np.arange(2016) * 600})
    windows.assign(total_request_rate_per_s=32.0).to_csv(requests, index=False)
    path = folder / jobs.PATTERN.replace("*", "x")
    path.parent.mkdir()
    trace(("2017-10-02 00:10", 2.2, 4), ("2017-10-03 00:00", 0.5, 1)).to_parquet(path)
    return folder


def test_the_scenario_of_a_week_passes_the_loader(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    folder.mkdir()
    week = world.real_week(write_data(data), folder, week=MONDAY.date(), slack_h=0)
    (job,) = week.scenario.jobs
    assert (job.work_h, job.gpus, job.release) == (3, 4, START + pd.Timedelta(hours=8))
    farm = week.scenario.sites["farm"]
    assert farm.grid is not None
    assert farm.grid.import_price_per_kwh[0] == pytest.approx(0.05)
    assert farm.wind_available_kw is not None
    assert farm.wind_available_kw[0] == pytest.approx(0.4 * world.WIND_CAPACITY_KW)
    assert week.scenario.services["short-jobs"].rps["farm-itself"].sum() == pytest.approx(0.5)
    assert week.paired["solar_gefcom2014"] == "2013-09-30"
