"""The import contract of pyproject.toml holds, and would notice if it were broken.

Each planted import goes into a copy of the packages, never into the checkout.
"""

import ast
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("forecasting", "optimizer", "scheduler", "k8s_operator")
LONGEST_MODULE_LINES = 400

LAYERS = "Imports point down this list"
PYOMO = "Only the optimizer knows Pyomo and HiGHS"
KUBERNETES = "Only the operator knows Kubernetes"


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sysconfig.get_path("scripts"), "lint-imports")
    return subprocess.run(
        [command, "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def test_the_packages_keep_the_import_contract(copy):
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("room", "planted", "contract"),
    [
        pytest.param("optimizer", "scheduler.planning", LAYERS, id="optimizer up to scheduler"),
        pytest.param("forecasting", "k8s_operator", LAYERS, id="forecasting up to the operator"),
        pytest.param("scheduler/scenario", "scheduler.cli", LAYERS, id="scenario up to cli"),
        pytest.param("scheduler/planning", "scheduler.reporting", LAYERS, id="planning up a room"),
        pytest.param("optimizer", "forecasting", LAYERS, id="optimizer sideways to forecasting"),
        pytest.param("forecasting", "optimizer", LAYERS, id="forecasting sideways to optimizer"),
        pytest.param("k8s_operator", "scheduler.cli", LAYERS, id="operator sideways to cli"),
        pytest.param("scheduler/planning", "pyomo.environ", PYOMO, id="Pyomo in scheduler"),
        pytest.param("forecasting", "highspy", PYOMO, id="HiGHS in forecasting"),
        pytest.param("optimizer", "kubernetes", KUBERNETES, id="Kubernetes in optimizer"),
    ],
)
def test_a_planted_import_breaks_its_contract(copy, room, planted, contract):
    (copy / room / "planted.py").write_text(f"import {planted}\n", encoding="utf-8")
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout
    assert f"{room.replace('/', '.')}.planted" in result.stdout


def test_a_module_is_short_enough_to_be_one_thing():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
    }
    too_long = {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE_LINES}
    assert too_long == {}


def test_a_module_opens_with_why_it_exists():
    silent = []
    for path in modules():
        source = path.read_text(encoding="utf-8")
        if source.strip() and ast.get_docstring(ast.parse(source)) is None:
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []
