"""Other packages add commands by an entry point; they are imported when called and not before."""

import sys

import pytest


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a package with one command on the path, as an installer would."""

    def install(name, source):
        root = tmp_path / "installed"
        info = root / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (root / f"{name}.py").write_text(source, encoding="utf-8")
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n", encoding="utf-8")
        points = f"[alize.commands]\n{name} = {name}:app\n"
        (info / "entry_points.txt").write_text(points, encoding="utf-8")
        monkeypatch.syspath_prepend(root)

    return install


TIDES = """
import typer
app = typer.Typer()
@app.command()
def when():
    print("high at noon")
"""


def test_help_names_the_command_without_importing_its_package(alize, install):
    install("tides", TIDES)
    assert "See `alize tides --help`." in alize("--help").stdout
    assert "tides" not in sys.modules


def test_the_command_runs_when_it_is_called(alize, install):
    install("tides", TIDES)
    result = alize("tides")
    assert (result.exit_code, result.stdout) == (0, "high at noon\n")


def test_a_command_whose_package_misses_another_says_how_to_get_it(alize, install):
    install("moons", "import a_package_nobody_has\n")
    result = alize("moons")
    assert result.exit_code == 2
    assert "needs the package a_package_nobody_has" in result.stderr
    assert "pip install 'alize[moons]'" in result.stderr
