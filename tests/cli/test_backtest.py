"""`alize backtest`: scores of a user's own record, and a page of them."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from scheduler.cli.main import app


def write(path, **changes):
    n = 24 * 90
    noise = np.random.default_rng(0).normal(size=n)
    z = pd.Series(noise).ewm(alpha=0.1).mean().to_numpy() * 4
    frame = pd.DataFrame(
        {
            "time_utc": pd.date_range("2025-01-01", periods=n, freq="h", tz="UTC"),
            "power_mw": 50 / (1 + np.exp(-z)),
        }
    ).assign(**changes)
    frame.to_csv(path, index=False)
    return path


def run(*words):
    return CliRunner().invoke(app, ["backtest", *map(str, words)])


def test_a_record_gets_its_scores_by_lead_and_a_page(tmp_path):
    path = write(tmp_path / "power.csv")
    result = run("wind", path, "--capacity", 50)
    assert result.exit_code == 0, result.output
    assert "lead h" in result.stdout
    page = (tmp_path / "power.backtest.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "Probability integral transform" in page
    assert "http" not in page


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        pytest.param(("tide",), 2, "VARIABLE must be one of", id="an unknown variable"),
        pytest.param(("wind",), 2, "--capacity 50", id="a plant without capacity"),
        pytest.param(("wind", "--capacity", 0.05), 2, "kW for MW", id="another unit"),
        pytest.param(("price", "--column", "eur"), 2, "no column eur", id="no such column"),
    ],
)
def test_what_is_wrong_is_said_with_its_repair(tmp_path, words, code, told):
    variable, *rest = words
    result = run(variable, write(tmp_path / "power.csv"), *rest)
    assert result.exit_code == code
    assert told in result.stderr


def test_an_absent_file_exits_3(tmp_path):
    assert run("price", tmp_path / "none.csv").exit_code == 3


def test_a_pv_plant_with_coordinates_follows_the_sun(tmp_path):
    hours = pd.date_range("2025-01-01", periods=24 * 90, freq="h", tz="UTC")
    sky = np.random.default_rng(0).uniform(0.3, 1, 24 * 90)
    path = tmp_path / "pv.csv"
    power = 10 * np.clip(np.sin((hours.hour + 0.5 - 6) / 12 * np.pi), 0, None) * sky
    pd.DataFrame({"time_utc": hours, "power_mw": power}).to_csv(path, index=False)
    result = run("pv", path, "--capacity", 10, "--latitude", 0, "--longitude", 0, "--tilt", 0)
    assert result.exit_code == 0, result.output
    assert "of its variance is the day" in result.stdout
    assert "the sun's course is not used" not in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("pv", "--latitude", 20), "add --longitude", id="half a place"),
        pytest.param(
            ("wind", "--latitude", 20, "--longitude", 3),
            "only pv takes a place",
            id="a farm's place",
        ),
    ],
)
def test_a_senseless_place_is_refused(tmp_path, words, told):
    variable, *rest = words
    result = run(variable, write(tmp_path / "power.csv"), "--capacity", 50, *rest)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param("a.csv", b"", "holds no readable table", id="an empty file"),
        pytest.param("a.csv", b"time_utc,mw\n", "got 0 rows", id="a header alone"),
        pytest.param("a.csv", b"mw\n1\n2\n", "must hold a column of times", id="no times"),
        pytest.param("a.csv", b"\xff\xfe\x00\x81", "UTF-8", id="binary for text"),
        pytest.param("a.parquet", b"time,mw\n", "holds no readable table", id="text for parquet"),
        pytest.param("a.csv", b"time,mw\nsoon,1\nlater,2\n", "row 1: must be a time", id="words"),
        pytest.param(
            "a.csv", b"time,mw\n2025-01-01T00:00Z,x\n", "row 1: must be a number", id="text"
        ),
        pytest.param(
            "a.csv", b"time,mw\n2025-01-01T00:00,1\n", "must say its offset", id="a naive time"
        ),
        pytest.param(
            "a.csv", b"time,mw\n2025-01-01T00:00Z,\n", "must hold 720 h", id="nothing known"
        ),
    ],
)
def test_a_bad_file_is_refused_in_words(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    result = run("price", path)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_record_without_a_single_value_is_refused(tmp_path):
    path = write(tmp_path / "power.csv", power_mw=np.nan)
    result = run("price", path)
    assert result.exit_code == 2, result.output
    assert "must hold a value" in result.stderr
