"""What moves the answer."""

import pytest

from scheduler.capacity.document import document, table
from scheduler.capacity.sensitivity import flexibility, tornado
from scheduler.capacity.study import study
from scheduler.scenario import load
from tests.capacity.small import WORLD

RANGE = "pv: {capex: 8000, capex_low: 4000, capex_high: 12000, lifetime_years: 25}"
TIME_LIMIT_S = 60


@pytest.fixture
def one(tmp_path):
    path = tmp_path / "world.yaml"
    path.write_text(WORLD.replace("pv: {capex: 8000, lifetime_years: 25}", RANGE), encoding="utf-8")
    return study(load(path), weeks=2)


def test_a_dearer_world_is_never_cheaper_and_the_answer_lies_between_its_ends(one):
    swings = tornado(one, time_limit_s=TIME_LIMIT_S)
    assert {swing.name for swing in swings} == {"pv", "grid_energy"}
    for swing in swings:
        assert swing.low_cost < one.sizes.bill.cost < swing.high_cost
    assert [swing.width for swing in swings] == sorted((s.width for s in swings), reverse=True)
    (sun,) = (swing for swing in swings if swing.name == "pv")
    assert (sun.low, sun.high) == (4000, 12000)


def test_work_that_cannot_wait_costs_more(one):
    """All of this world's work may wait, so a percent of it is worth the rise itself."""
    worth = flexibility(one, time_limit_s=TIME_LIMIT_S)
    assert worth.share == pytest.approx(1)
    assert worth.rigid_cost > worth.cost
    assert worth.percent_per_percent == pytest.approx(worth.rigid_cost / worth.cost - 1)


def test_the_table_tells_what_moves_the_answer(one):
    told = document(one, None, tornado(one, time_limit_s=60), flexibility(one, time_limit_s=60))
    assert "pv at 4000 or 12000:" in table(told)
    assert "If no work could wait:" in table(told)
