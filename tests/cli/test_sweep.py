"""`alize sweep` refuses what it cannot work out before it works anything out."""

from pathlib import Path

import pytest

BATTERY = "sites.home.battery.energy_kwh"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(
            ("--over", f"{BATTERY}=5,x"), 'must be a number, got "x"', id="a value it cannot take"
        ),
        pytest.param(
            ("--over", "sites.home.batery.energy_kwh=5"), "has no key batery", id="a misspelt path"
        ),
        pytest.param(("--over", BATTERY), "must be PATH=V1,V2", id="no values"),
        pytest.param(
            ("--over", f"{BATTERY}=5", "--over", f"{BATTERY}=6"), "is named twice", id="twice"
        ),
        pytest.param(
            ("--over", f"{BATTERY}=5", "--dask", "tcp://127.0.0.1:1", "--workers", "2"),
            "--workers: is of this machine",
            id="hands here and there",
        ),
        pytest.param(
            ("--over", f"{BATTERY}=5", "--lang", "de"), "must be en or fr", id="no such language"
        ),
    ],
)
def test_a_senseless_wish_is_told_and_nothing_is_begun(alize, options, says):
    result = alize("sweep", "one-site-one-battery", *options)
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert not Path("sweeps").exists()
