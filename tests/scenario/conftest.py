"""A world of two sites that a case changes by a word or a file, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.scenario import Scenario, ScenarioError, load

SMALL = Path(__file__).with_name("small.yaml").read_text(encoding="utf-8")


@pytest.fixture
def small() -> str:
    return SMALL


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a scenario: the small world with `old` replaced by `new`, and files beside it."""

    def write(changes: dict[str, str] | None = None, **files: str) -> Path:
        text = SMALL
        for old, new in (changes or {}).items():
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
            text = text.replace(old, new)
        for name, content in files.items():
            (tmp_path / name.replace("_csv", ".csv")).write_text(content, encoding="utf-8")
        path = tmp_path / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def small_with(write: Callable[..., Path]) -> Callable[..., Scenario]:
    """The small world, changed and loaded."""

    def small_with(changes: dict[str, str] | None = None, **files: str) -> Scenario:
        return load(write(changes, **files))

    return small_with


@pytest.fixture
def refusal(write: Callable[..., Path], tmp_path: Path) -> Callable[..., list[str]]:
    """What a changed small world is refused for, one line a problem, without the folder."""

    def refusal(changes: dict[str, str] | None = None, **files: str) -> list[str]:
        path = write(changes, **files)
        with pytest.raises(ScenarioError) as caught:
            load(path)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return refusal
