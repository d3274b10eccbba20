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
