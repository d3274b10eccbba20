"""A whole study, from a file to what it brings."""

import json

import pytest

from optimizer.sizing.sizes import builds
from scheduler.capacity.document import document, table
from scheduler.capacity.finance import npv
from scheduler.capacity.question import as_it_stands, question
from scheduler.capacity.study import study
from scheduler.errors import InputError
from scheduler.scenario import load
from tests.capacity.small import WORLD

BATTERY = """\
      battery_power: {capex: 1500, lifetime_years: 20}
      battery_energy: {capex: 1000, lifetime_years: 20}
"""


@pytest.fixture
def scenario(tmp_path):
    def made(text=WORLD + BATTERY, **kwargs):
        path = tmp_path / "world.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, **kwargs)

    return made


def test_a_study_says_sizes_beside_what_stands(scenario):
    one = study(scenario(), weeks=2)
    told = json.loads(json.dumps(document(one)))
    battery = told["sites"]["home"]["battery_energy"]
    assert battery["stands"] == 0
    assert battery["size"] > 0
    assert told["sites"]["home"]["gpus"]["size"] == 100
    assert told["year"]["cost"] <= told["business_as_usual"]["cost"]
    assert "battery energy" in table(told)
    # 50 GPUs for 10 hours on each of the 52 Mondays of 2025.
    assert told["year"]["gpu_hours"] == pytest.approx(500 * 52)


def test_the_increment_is_worth_its_yearly_saving(scenario):
    """With one life of 20 years over 20 years the present value is the annuity's."""
    one = study(scenario(), weeks=2)
    saved = one.usual.bill.cost - one.sizes.bill.cost
    assert one.increment.npv == pytest.approx(saved * npv(0.08, [0, *[1] * 20]))
    assert one.increment.irr > 0.08
    assert npv(one.increment.irr, one.increment.cash) == pytest.approx(0, abs=1e-3)


def test_prices_in_another_currency_count_by_their_rate(scenario):
    text = WORLD + BATTERY
    for home, foreign in (("8000", "800"), ("1500", "150"), ("capex: 1000", "capex: 100")):
        text = text.replace(home, foreign)
    text = text.replace("  basis: real", "  basis: real\n  currency: EUR\n  exchange_rate: 10")
    here, there = question(scenario()), question(scenario(text))
    assert [b.cost_per_unit for b in builds(here.sites[0]).values()] == pytest.approx(
        [b.cost_per_unit for b in builds(there.sites[0]).values()]
    )


def test_a_leap_year_has_all_its_hours(scenario):
    text = WORLD.replace("  basis: real", "  basis: real\n  weather_year: 2024")
    assert question(scenario(text)).calendar.n_steps == 8784


def test_what_stands_cannot_change_in_business_as_usual(scenario):
    world = scenario()
    for build in builds(as_it_stands(question(world), world).sites[0]).values():
        assert build.existing == build.most


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "  basis: real",
            "  basis: real\n  carbon_limit_kg: 0",
            "the least possible is",
            id="a carbon limit nobody can meet",
        ),
        pytest.param(
            "pv: {capacity_kw: 100}",
            "pv: {available_kw: 10, life_cycle_g_per_kwh: 48}",
            "the site describes no single pv",
            id="a plant that is a series",
        ),
        pytest.param(
            "tariff: {price_per_kwh: 1}",
            "tariff: {price_per_kwh: [" + ", ".join(["1"] * 168) + "]}",
            "a year of 8760 hours is needed, got 168 values",
            id="a series shorter than a year",
        ),
        pytest.param(
            "    train: {", "    # train: {", "nothing runs in this world", id="nothing to do"
        ),
    ],
)
def test_what_cannot_be_sized_is_told(scenario, old, new, told):
    text = (WORLD + "").replace("lifetime_years: 25}", "lifetime_years: 25, most: 100}")
    text = text.replace(old, new)
    if "# train" in new:
        text = text.replace("            home: home, deadline_h: 60}\n", "").replace(
            "list:\n", "list: {}\n"
        )
    with pytest.raises(InputError, match=told):
        study(scenario(text), weeks=2)


def test_a_world_without_investment_is_told_what_to_say(scenario):
    text = WORLD[: WORLD.index("investment:")]
    with pytest.raises(InputError, match="investment: required to size"):
        study(scenario(text), weeks=2)
