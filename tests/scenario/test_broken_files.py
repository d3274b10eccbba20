"""A file that holds no scenario, or is not there, is told with what to do about it."""

import os

import pytest

from scheduler.scenario import ScenarioError, load


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "the file is empty; `alize scenario copy dakhla` makes one", id="empty"),
        pytest.param("# nothing\n", "the file is empty", id="a comment only"),
        pytest.param(
            "- 1\n", ":1:1: must be a mapping such as `version: 1`, got a list", id="list"
        ),
        pytest.param("a: 1\n---\nb: 2\n", "one scenario a file", id="two documents"),
        pytest.param("a: 'x\n", "not valid YAML", id="an open quote"),
        pytest.param("a: *b\n", "undefined alias", id="an unknown alias"),
    ],
)
def test_a_file_that_is_no_scenario_says_why(tmp_path, text, expected):
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="broken") as caught:
        load(path)
    assert expected in str(caught.value)


def test_a_file_that_is_no_text_says_so(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="is not text in UTF-8; save it as such"):
        load(path)


def test_aliases_cannot_blow_a_small_file_up(tmp_path):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ScenarioError, match="too large: more than 500000 values"):
        load(path)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [pytest.param("[", "]", id="lists"), pytest.param("{a: ", "}", id="mappings")],
)
def test_what_is_nested_without_end_is_told_with_its_place(tmp_path, opening, closing):
    path = tmp_path / "deep.yaml"
    path.write_text("a:\n  " + opening * 1000 + closing * 1000 + "\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"deep\.yaml:2:\d+: .*deeper than 100 levels"):
        load(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    with pytest.raises(ScenarioError, match=r"pipe\.yaml: no plain file; `alize scenario copy"):
        load(path)


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        pytest.param(
            "dakla",
            "no such file, and no built-in world has that name; did you mean dakhla?",
            id="a misspelt world",
        ),
        pytest.param(
            "missing.yaml", "missing.yaml: no such file; `alize scenario copy", id="a file"
        ),
    ],
)
def test_a_scenario_that_is_not_there_says_what_to_do(ref, expected):
    with pytest.raises(ScenarioError) as caught:
        load(ref)
    assert expected in str(caught.value)
