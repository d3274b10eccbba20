"""A series file is checked before it is believed, and what is wrong names its row."""

import numpy as np
import pandas as pd
import pytest

from scheduler.scenario import load

HOURS = pd.date_range("2026-06-01", periods=24, freq="h", tz="UTC")
FIXED = "tariff: {price_per_kwh: 0.3}"
PRICE = {FIXED: "tariff: {price_per_kwh: {file: s.csv, column: eur_per_mwh}}"}
LIMIT = {"import_limit_kw: 60": "import_limit_kw: {file: s.csv, column: limit_kw}"}


def csv(column, values, times=HOURS, time_column="time_utc"):
    stamps = [time if isinstance(time, str) else f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times]
    rows = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]
    return "\n".join([f"{time_column},{column}", *rows, ""])


def rows(n=24):
    return [float(value) for value in range(100, 100 + n)]


def test_prices_a_mwh_become_prices_a_kwh(small_with):
    scenario = small_with(PRICE, s_csv=csv("eur_per_mwh", rows()))
    prices = scenario.sites["berlin"].grid.import_price_per_kwh
    assert prices[0] == pytest.approx(0.100)
    assert prices[23] == pytest.approx(0.123)


def test_a_finer_file_is_averaged(small_with):
    quarters = pd.date_range("2026-06-01", periods=96, freq="15min", tz="UTC")
    scenario = small_with(LIMIT, s_csv=csv("limit_kw", [10, 20, 30, 40] * 24, quarters))
    np.testing.assert_allclose(scenario.sites["berlin"].grid.import_limit_kw, 25)


def test_a_coarser_file_is_repeated(small_with):
    blocks = pd.date_range("2026-05-31T21:00", periods=10, freq="3h", tz="UTC")
    scenario = small_with(LIMIT, s_csv=csv("limit_kw", range(10), blocks))
    limits = scenario.sites["berlin"].grid.import_limit_kw
    assert list(limits[:4]) == [1, 1, 1, 2]
    assert limits[-1] == 8


def test_a_longer_file_is_cut_to_the_horizon(small_with):
    days = pd.date_range("2026-05-30", periods=120, freq="h", tz="UTC")
    scenario = small_with(LIMIT, s_csv=csv("limit_kw", range(120), days))
    assert list(scenario.sites["berlin"].grid.import_limit_kw) == list(range(48, 72))


def test_an_offset_other_than_utc_is_converted(small_with):
    stamps = [f"{hour:%Y-%m-%dT%H:%M:%S}+02:00" for hour in HOURS + pd.Timedelta(hours=2)]
    scenario = small_with(LIMIT, s_csv=csv("limit_kw", range(24), stamps))
    assert list(scenario.sites["berlin"].grid.import_limit_kw) == list(range(24))


def test_parquet_reads_like_csv(write, tmp_path):
    path = write({"import_limit_kw: 60": "import_limit_kw: {file: s.parquet, column: limit_mw}"})
    pd.DataFrame({"time_utc": HOURS, "limit_mw": 0.05}).to_parquet(tmp_path / "s.parquet")
    np.testing.assert_allclose(load(path).sites["berlin"].grid.import_limit_kw, 50)


def test_maintenance_takes_gpus_out_of_service(small_with):
    counts = [8] * 20 + [4] * 4
    changes = {"a100: {gpus: 8,": "a100: {gpus: {file: s.csv, column: gpus},"}
    scenario = small_with(changes, s_csv=csv("gpus", counts))
    assert list(scenario.sites["berlin"].gpus["a100"]) == counts


def test_what_was_read_is_known_by_its_digest(small_with):
    (file,) = small_with(LIMIT, s_csv=csv("limit_kw", rows())).files
    assert (file.name, file.rows, len(file.sha256)) == ("s.csv", 24, 64)


def test_arrays_cannot_be_written_to(small_with):
    limits = small_with().sites["berlin"].grid.import_limit_kw
    with pytest.raises(ValueError, match="read-only"):
        limits[0] = 1


def changed(at, value):
    values = [*map(str, rows())]
    values[at] = value
    return csv("limit_kw", values)


PLACE = "sites.berlin.grid.import_limit_kw: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            changed(3, ""),
            f"s.csv:5: {PLACE}limit_kw is missing; fill it, nothing is guessed here",
            id="a missing value",
        ),
        pytest.param(
            changed(3, "nan"),
            f's.csv:5: {PLACE}limit_kw must be a finite number, got "nan"',
            id="not a number",
        ),
        pytest.param(
            changed(0, "n/a"),
            f's.csv:2: {PLACE}limit_kw must be a finite number, got "n/a"',
            id="a word",
        ),
        pytest.param(
            changed(23, "-1"),
            f"s.csv:25: {PLACE}limit_kw must not be negative, got -1",
            id="a negative limit",
        ),
        pytest.param(
            changed(2, "5e7"),
            f"s.csv:4: {PLACE}limit_kw is not plausible, got 5e7; check the unit in the column's "
            "name",
            id="a magnitude that no site has",
        ),
        pytest.param(
            csv("limit_kw", rows(), [f"{t:%Y-%m-%dT%H:%M}" for t in HOURS]),
            f's.csv:2: {PLACE}time_utc "2026-06-01T00:00" has no time zone; add Z if it is UTC',
            id="a time without a zone",
        ),
        pytest.param(
            csv("limit_kw", rows(), [*HOURS[:5], "noon", *HOURS[6:]]),
            f's.csv:7: {PLACE}time_utc "noon" is no time such as 2026-03-02T00:00:00Z',
            id="a time that is none",
        ),
        pytest.param(
            csv("limit_kw", rows(25), [*HOURS[:5], *HOURS[4:]]),
            f"s.csv:7: {PLACE}2026-06-01T04:00:00Z stands twice; keep one of the rows",
            id="a row that stands twice",
        ),
        pytest.param(
            csv("limit_kw", rows(), [*HOURS[:5], HOURS[6], HOURS[5], *HOURS[7:]]),
            f"s.csv:8: {PLACE}2026-06-01T05:00:00Z comes after 2026-06-01T06:00:00Z; "
            "sort the rows by time",
            id="rows out of order",
        ),
        pytest.param(
            csv("limit_kw", rows(22), [*HOURS[:5], *HOURS[7:]]),
            f"s.csv:7: {PLACE}2 rows are missing between 2026-06-01T04:00:00Z and "
            "2026-06-01T07:00:00Z; fill the gap, nothing is guessed here",
            id="a gap",
        ),
        pytest.param(
            csv("limit_kw", rows(), [*HOURS[:5], HOURS[5] + pd.Timedelta(minutes=10), *HOURS[6:]]),
            f"s.csv:7: {PLACE}2026-06-01T05:10:00Z is not a whole step of 60 min after "
            "2026-06-01T04:00:00Z",
            id="a step of another length",
        ),
        pytest.param(
            csv("limit_kw", rows(30), pd.date_range("2026-06-01", periods=30, freq="50min")),
            f"s.csv: {PLACE}its step of 50 min does not fit the horizon's 60 min; "
            "one must divide the other",
            id="a step that does not fit",
        ),
        pytest.param(
            csv("limit_kw", rows(), HOURS + pd.Timedelta(minutes=-30)),
            f"s.csv: {PLACE}its steps begin at 2026-05-31T23:30:00Z, not on a step of the horizon, "
            "which begins at 2026-06-01T00:00:00Z",
            id="steps beside the horizon's",
        ),
        pytest.param(
            csv("limit_kw", rows(23), HOURS[:23]),
            f"s.csv: {PLACE}covers 2026-06-01T00:00:00Z to 2026-06-01T23:00:00Z, but the horizon "
            "is 2026-06-01T00:00:00Z to 2026-06-02T00:00:00Z; move horizon.start, or give a "
            "longer file",
            id="an hour too short",
        ),
        pytest.param(
            csv("limit_kwh", rows()),
            f's.csv: {PLACE}no column "limit_kw"; did you mean limit_kwh?',
            id="another column",
        ),
        pytest.param(
            csv("limit_kw", rows(), time_column="time"),
            f's.csv: {PLACE}no column "time_utc"; did you mean time?',
            id="another time column",
        ),
        pytest.param(
            "time_utc,limit_kw\n",
            'small.yaml:39:25: sites.berlin.grid.import_limit_kw.file: "s.csv" has no rows',
            id="no rows",
        ),
        pytest.param(
            "time_utc,limit_kw,limit_kw\n2026-06-01T00:00Z,1,2\n",
            "small.yaml:39:25: sites.berlin.grid.import_limit_kw.file: "
            '"s.csv" has two columns of one name; keep one of them',
            id="two columns of one name",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_repair(refusal, text, expected):
    assert expected in refusal(LIMIT, s_csv=text)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param(
            "limit", 'column "limit" names no unit; rename it, such as limit_kw', id="none"
        ),
        pytest.param(
            "limit_eur_per_kwh",
            'column "limit_eur_per_kwh" is in _per_kwh, a price, but a power is wanted; '
            "choose a column that ends in _w, _kw, _mw, _gw",
            id="another quantity's",
        ),
    ],
)
def test_a_column_must_say_a_fitting_unit(refusal, column, expected):
    change = {"import_limit_kw: 60": f"import_limit_kw: {{file: s.csv, column: {column}}}"}
    assert refusal(change, s_csv=csv(column, rows())) == [f"s.csv: {PLACE}{expected}"]


def test_another_currency_is_not_taken_for_ours(refusal):
    change = {FIXED: "tariff: {price_per_kwh: {file: s.csv, column: usd_per_mwh}}"}
    (problem,) = refusal(change, s_csv=csv("usd_per_mwh", rows()))
    assert problem.endswith('column "usd_per_mwh" is in USD, the scenario in EUR; convert it')


def test_carbon_in_kilograms_is_noticed_over_the_whole_column(refusal):
    change = {"carbon: {g_per_kwh: 400}": "carbon: {g_per_kwh: {file: s.csv, column: x_g_per_kwh}}"}
    (problem,) = refusal(change, s_csv=csv("x_g_per_kwh", [0.4] * 24))
    assert "never exceeds 0.4 g/kWh, which looks like kg/kWh" in problem


def test_a_parquet_time_without_a_zone_is_refused(write, tmp_path, refusal):
    pd.DataFrame({"time_utc": HOURS.tz_localize(None), "limit_kw": 5.0}).to_parquet(
        tmp_path / "s.parquet"
    )
    change = {"import_limit_kw: 60": "import_limit_kw: {file: s.parquet, column: limit_kw}"}
    assert refusal(change) == [
        f's.parquet:1: {PLACE}column "time_utc" has no time zone; store it in UTC'
    ]


def test_a_file_that_is_not_there_is_named_at_its_line(refusal, tmp_path):
    (tmp_path / "load.csv").write_text("x", encoding="utf-8")
    change = {"import_limit_kw: 60": "import_limit_kw: {file: lod.csv, column: limit_kw}"}
    (problem,) = refusal(change)
    assert problem == (
        "small.yaml:39:25: sites.berlin.grid.import_limit_kw.file: "
        'no file "lod.csv" beside the scenario; did you mean load.csv?'
    )


def test_many_bad_rows_are_counted_not_listed(refusal):
    problems = refusal(LIMIT, s_csv=csv("limit_kw", ["x"] * 24))
    assert len(problems) == 6
    assert any('19 more problems in column "limit_kw"' in problem for problem in problems)


def test_selling_dearer_than_buying_is_refused(refusal):
    change = {
        "import_limit_kw: 60": "import_limit_kw: 60\n      export_limit_kw: 9\n"
        "      export_price_per_kwh: 0.4"
    }
    (problem,) = refusal(change)
    assert "0.4 is above the import price 0.3 in step 0: buying to sell would pay" in problem
