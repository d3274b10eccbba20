"""The chosen sizes are lived through as they are, in the weeks that are said."""

from datetime import UTC, datetime

import numpy as np
import pytest

from scheduler.capacity.document import document, table
from scheduler.capacity.live import edits_of, hardest_week, live
from scheduler.capacity.question import question
from scheduler.capacity.study import study
from scheduler.scenario import load
from tests.capacity.small import WORLD


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "world.yaml"
    path.write_text(WORLD, encoding="utf-8")
    return study(load(path), weeks=2)


def test_the_chosen_sizes_are_those_of_the_world_that_is_lived_in(one):
    (edit,) = edits_of(one)
    (at,) = one.sizes.sites
    assert edit == f"sites.home.pv.capacity_kw={at.sizes['pv']:.3f}"


def test_the_hardest_week_is_that_of_the_least_sun_where_work_is_the_same(one):
    year = question(one.scenario)
    (site,) = year.sites
    (sun,) = site.plants
    by_week = sun.shape[: 52 * 168].reshape(52, 168).sum(axis=1)
    assert hardest_week(year, one.sizes) == int(np.argmin(by_week))


@pytest.mark.slow
def test_five_weeks_are_lived_through_and_stand_beside_foresight(one):
    weeks = live(one)
    assert [week.hardest for week in weeks] == [False] * 4 + [True]
    assert all(week.start.weekday() == 0 for week in weeks)
    assert weeks[0].start == datetime(2025, 2, 10, tzinfo=UTC)
    for week in weeks:
        assert (week.jobs_unfinished, week.unmet_kwh) == (0, pytest.approx(0, abs=1e-6))
        assert week.cost >= 0.98 * week.foresight_cost
    told = document(one, lived=weeks)
    assert len(told["lived"]) == 5
    assert "hardest week of" in table(told)
