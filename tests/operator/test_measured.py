"""Whatever keeps a measured power, hours come of it; what was not measured is not made up."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from k8s_operator.measured import hourly, mean_query, read_csv, read_prometheus

AT = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def answer(*series, status="success", **more):
    result = [{"metric": {}, "values": [[at.timestamp(), text] for at, text in s]} for s in series]
    return json.dumps(
        {"status": status, "data": {"resultType": "matrix", "result": result}} | more
    ).encode()


def test_an_hour_is_the_mean_of_what_was_measured_in_it():
    quarter = timedelta(minutes=15)
    points = [(AT + n * quarter, float(n)) for n in range(8)]
    found = hourly(points, now=AT + 2 * HOUR)
    assert found.power_kw == (1.5, 5.5)
    assert (found.start, found.end) == (AT, AT + 2 * HOUR)


def test_an_hour_in_which_nothing_was_measured_is_not_known():
    points = [(AT, 1.0), (AT + HOUR, float("nan")), (AT + 2 * HOUR, 3.0)]
    assert hourly(points, now=AT + 3 * HOUR).power_kw == (1.0, None, 3.0)


def test_the_hour_that_runs_and_those_to_come_are_left_out():
    points = [(AT + n * HOUR, float(n)) for n in range(5)]
    assert hourly(points, now=AT + 2 * HOUR + timedelta(minutes=40)).power_kw == (0.0, 1.0)


def test_what_a_plant_draws_at_night_is_no_output():
    assert hourly([(AT, -0.3)], now=AT + HOUR).power_kw == (0.0,)


def test_a_source_that_ended_long_ago_is_told():
    with pytest.raises(ValueError, match="no whole hour of the last 90 days"):
        hourly([(AT, 1.0)], now=AT + timedelta(days=91))


def test_prometheus_stamps_the_end_of_the_hour_it_means():
    found = list(read_prometheus(answer([(AT + HOUR, "12.5")])))
    assert found == [(AT, 12.5)]
    assert mean_query("sum(power_kw)") == "avg_over_time((sum(power_kw))[1h:1m])"


def test_prometheus_without_a_series_has_no_points():
    assert list(read_prometheus(answer())) == []


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        pytest.param(answer([], []), r"one series, got 2; wrap the query in sum\(\)", id="two"),
        pytest.param(answer(status="error", error="parse error"), "parse error", id="an error"),
        pytest.param(b"<html>", "is no answer of Prometheus", id="a page"),
        pytest.param(b"[]", "is no answer of Prometheus", id="a list"),
        pytest.param(answer([(AT, "9e9")]), "is it in W?", id="watts"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(raw, told):
    with pytest.raises(ValueError, match=told):
        list(read_prometheus(raw))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        pytest.param("2026-03-02T00:00:00,1", "row 2: must say its time zone", id="no zone"),
        pytest.param("noon,1", "row 2: must be an instant", id="no instant"),
        pytest.param("2026-03-02T00:00:00Z", "row 2: needs an instant and kW", id="one column"),
        pytest.param("2026-03-02T00:00:00Z,much", "row 2: could not convert", id="a word"),
        pytest.param("2026-03-02T00:00:00Z,inf", "row 2: must be kW", id="infinite"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row, told):
    with pytest.raises(ValueError, match=told):
        list(read_csv(f"time,kw\n{row}"))


def test_an_empty_cell_is_an_hour_nobody_knows():
    points = read_csv("time,kw\n2026-03-02T00:00:00Z,\n2026-03-02T01:00:00Z,2\n\n")
    assert hourly(points, now=AT + 2 * HOUR).power_kw == (2.0,)
