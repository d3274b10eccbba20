"""What is wrong with an investment is told at its line, with the repair."""

from pathlib import Path

import pytest

from scheduler.scenario import ScenarioError, load
from tests.capacity.small import WORLD


def problems(tmp_path: Path, old: str, new: str) -> str:
    assert old in WORLD
    path = tmp_path / "world.yaml"
    path.write_text(WORLD.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as told:
        load(path)
    return str(told.value).replace(str(path), "world.yaml")


def test_a_right_one_loads(tmp_path):
    path = tmp_path / "world.yaml"
    path.write_text(WORLD, encoding="utf-8")
    assert load(path).world.investment.sites["home"].pv.capex == 8000


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "lifetime_years: 25}",
            "lifetime_years: -1}",
            "30:25: investment.sites.home.pv.lifetime_years: must be at least 1, got -1",
            id="negative lifetime",
        ),
        pytest.param(
            ", lifetime_years: 25}",
            "}",
            "30:7: investment.sites.home.pv.lifetime_years: required, but missing",
            id="missing lifetime",
        ),
        pytest.param(
            "  basis: real",
            "  basis: real\n  currency: EUR",
            "28:3: investment.currency: is not the world's MAD, got EUR; add exchange_rate, "
            "MAD for one EUR",
            id="another currency without its rate",
        ),
        pytest.param(
            "  basis: real",
            "  basis: real\n  exchange_rate: 10.8",
            "28:3: investment.exchange_rate: prices are in the world's MAD already; remove it, or "
            "say their currency",
            id="a rate without another currency",
        ),
        pytest.param(
            "  basis: real",
            "  basis: nominal",
            "27:3: investment.basis: nominal money needs inflation, got 0; state it, or write "
            "basis: real",
            id="nominal without inflation",
        ),
        pytest.param(
            "lifetime_years: 25}",
            "lifetime_years: 25, most: 50}",
            "30:45: investment.sites.home.pv.most: must be at least the 100 that stand there, "
            "got 50",
            id="less than stands",
        ),
        pytest.param(
            "      pv: {capex",
            "      wind: {capex",
            "30:7: investment.sites.home.wind: the site describes no single wind to build more "
            "of; give it one number under wind, 0 where nothing stands",
            id="a plant the site does not describe",
        ),
        pytest.param(
            "    home:\n      pv: {capex",
            "    hom:\n      pv: {capex",
            "29:5: investment.sites.hom: ",
            id="a site nobody knows",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path, old, new, told):
    assert told in problems(tmp_path, old, new)
