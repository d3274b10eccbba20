import json
import math

import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.cases import CASES
from benchmarks.line import Cost, Metric, line_of
from benchmarks.real_week.jobs import PATTERN

KEYS = [
    "case",
    "metric",
    "value",
    "unit",
    "better",
    "references",
    "conditions",
    "n",
    "seeds",
    "spread",
    "cpu_seconds",
    "wall_seconds",
    "peak_rss_mb",
]


def a_line(value: float | None):
    return line_of(
        "some-case",
        Metric(name="gap", unit="1", better="lower", meaning="of the plan"),
        value,
        cost=Cost(cpu_seconds=1.234, wall_seconds=2.0, peak_rss_mb=99.6),
        conditions={"deterministic": False},
        n=3,
    )


def test_a_line_has_the_same_keys_in_the_same_order_always():
    line = json.loads(a_line(0.5).json())
    assert list(line) == KEYS
    assert (line["value"], line["cpu_seconds"], line["peak_rss_mb"]) == (0.5, 1.23, 100)
    assert line["conditions"] == {"deterministic": False}


def test_what_is_undefined_is_null():
    assert json.loads(a_line(None).json())["value"] is None


def test_a_value_json_has_no_word_for_is_refused():
    with pytest.raises(ValueError, match="must be finite"):
        a_line(math.inf)


def test_list_names_every_case_and_metric(capsys):
    assert main(["list"]) == 0
    told = capsys.readouterr().out
    for case in CASES:
        assert f"{case.name}: " in told
        for metric in case.metrics:
            assert f"  {metric.name} [" in told


@pytest.mark.parametrize("words", [["real-week"], ["optimizer", "--trace"]])
def test_an_absent_folder_exits_3_with_one_line(words, tmp_path, capsys):
    assert main([*words, "--json", "--data", str(tmp_path / "nowhere")]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "no data folder" in told.err
    assert "--data DIR" in told.err


@pytest.mark.parametrize("words", [["real-week", "--slack=0"], ["optimizer", "--trace"]])
def test_an_absent_file_exits_3_and_is_named(words, tmp_path, capsys):
    assert main([*words, "--json", "--data", str(tmp_path)]) == 3
    assert f"no file {PATTERN}" in capsys.readouterr().err


def test_a_file_without_its_columns_exits_3(tmp_path, capsys):
    path = tmp_path / PATTERN.replace("*", "x")
    path.parent.mkdir()
    pd.DataFrame({"num_gpus": [1]}).to_parquet(path)
    assert main(["real-week", "--data", str(tmp_path)]) == 3
    assert "jobs_x.parquet: no column submit_time_naive" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["--week", "2017-10-03"], "must be a Monday", id="a Tuesday"),
        pytest.param(["--slack", "-1"], "must not be negative", id="negative slack"),
        pytest.param(["--jobs", "0"], "must be at least 1", id="no jobs"),
    ],
)
def test_a_senseless_wish_exits_2(words, told, tmp_path, capsys):
    assert main(["real-week", "--data", str(tmp_path), *words]) == 2
    assert told in capsys.readouterr().err
