"""What a sweep shows follows from its rows by arithmetic a reader can repeat."""

import pandas as pd
import pytest

from scheduler.reporting.figures import sweep as figures
from scheduler.reporting.frames import sweep as frames
from scheduler.reporting.sweep_page import Swept, render

PATHS = ("battery", "carbon")


def worlds(*rows):
    columns = ["battery", "carbon", "cost", "emissions_kg"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["world"] = range(len(frame))
    return frame.assign(
        status=["done" if cost is not None else "refused" for cost in frame["cost"]],
        error=["" if pd.notna(cost) else "no such battery" for cost in frame["cost"]],
        currency="MAD",
    ).assign(status=lambda one: one["cost"].notna().map({True: "done", False: "refused"}))


GRID = worlds((5, 0, 10.0, 4.0), (5, 1, 12.0, 2.0), (9, 0, 6.0, 5.0), (9, 1, 13.0, 3.0))
ALONE = worlds((None, None, 10.0, 4.0), (5, None, 12.0, 4.0), (9, None, 7.0, 4.0), (None, 1, 11, 1))


def test_a_grid_moves_along_an_axis_by_the_mean_over_the_others():
    found = frames.tornado(GRID, PATHS, "cost").set_index("axis")
    assert list(found.index) == ["carbon", "battery"]
    # battery 5: (10 + 12) / 2 = 11, 9: 9.5; carbon 0: 8, 1: 12.5; all: 10.25
    assert (found.loc["battery", "low"], found.loc["battery", "high"]) == (9.5, 11.0)
    assert (found.loc["carbon", "low"], found.loc["carbon", "high"]) == (8.0, 12.5)
    assert (found.loc["carbon", "low_at"], found.loc["carbon", "high_at"]) == ("0", "1")
    assert set(found["base"]) == {10.25}


def test_one_at_a_time_starts_from_the_scenario_as_it_stands():
    found = frames.tornado(ALONE, PATHS, "cost").set_index("axis")
    assert set(found["base"]) == {10.0}
    assert (found.loc["battery", "low"], found.loc["battery", "high"]) == (7.0, 12.0)
    assert (found.loc["carbon", "low"], found.loc["carbon", "high"]) == (10.0, 11.0)


def test_a_world_is_unbeaten_where_no_other_is_as_good_in_both_and_better_in_one():
    found = frames.pareto(GRID, PATHS)
    assert found["unbeaten"].tolist() == [True, True, True, False]
    assert found["label"].tolist() == ["5, 0", "5, 1", "9, 0", "9, 1"]


def test_the_plane_of_two_choices_needs_both_to_have_moved_together():
    found = frames.heat(GRID, PATHS, "cost")
    assert list(zip(found["first"], found["second"], found["value"], strict=True)) == [
        ("5", "0", 10.0),
        ("5", "1", 12.0),
        ("9", "0", 6.0),
        ("9", "1", 13.0),
    ]
    assert frames.heat(ALONE, PATHS, "cost").empty
    assert frames.heat(GRID, PATHS[:1], "cost").empty


@pytest.mark.parametrize(
    "chart",
    [
        pytest.param(figures.tornado("a", "cost", n_axes=2, description="d"), id="tornado"),
        pytest.param(figures.pareto("a", "cost", "kg", description="d"), id="pareto"),
        pytest.param(figures.heat("a", PATHS, "cost", n_rows=2, description="d"), id="heat"),
    ],
)
def test_a_figure_is_one_that_vega_lite_can_draw(chart):
    assert chart.to_dict(validate=True)["description"] == "d"


@pytest.mark.parametrize(
    ("language", "says"),
    [
        pytest.param("en", ("What moves the result most", "as it stands", "refused"), id="English"),
        pytest.param("fr", ("Ce qui change le plus", "tel quel", "refusé"), id="French"),
    ],
)
def test_the_page_says_what_was_found_and_what_was_not(language, says):
    frame = pd.concat([ALONE, worlds((-1, None, None, None))], ignore_index=True)
    swept = Swept(
        name="dakhla",
        question="",
        lived=False,
        paths=PATHS,
        frame=frame.assign(world=range(5)),
        of=6,
        command="alize sweep dakhla",
    )
    page = render(swept, language=language)
    for text in (
        *says,
        "no such battery",
        "alize sweep dakhla",
        "draw-tornado-cost",
        "draw-pareto",
    ):
        assert text in page
    assert "draw-heat" not in page
    assert page == render(swept, language=language)
