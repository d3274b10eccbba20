"""Which worlds a sweep visits, and what it is told that means none."""

import pytest

from scheduler.errors import InputError
from scheduler.sweep.axes import axis, combined, one_at_a_time


def test_values_are_read_as_yaml_does():
    assert axis("a.b=1,2.5,true,x,[1,2]").values == (1, 2.5, True, "x", [1, 2])


def test_a_range_has_both_its_ends():
    assert axis("a=0:900:4").values == (0, 300, 600, 900)
    assert axis("a=0:1:3").values == (0.0, 0.5, 1.0)


def test_a_range_of_whole_numbers_holds_seeds():
    assert all(isinstance(one, int) for one in axis("seed=1:20:20").values)


def test_every_combination_is_visited_the_last_axis_fastest():
    worlds = combined([axis("a=1,2"), axis("b=x,y")])
    assert [one.values for one in worlds] == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert worlds[1].edits == ("a=1", 'b="y"')
    assert [one.number for one in worlds] == [0, 1, 2, 3]


def test_one_at_a_time_begins_with_the_scenario_as_it_stands():
    worlds = one_at_a_time([axis("a=1,2"), axis("b=x")])
    assert [one.values for one in worlds] == [{}, {"a": 1}, {"a": 2}, {"b": "x"}]
    assert worlds[0].edits == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a", "must be PATH=V1,V2", id="no values"),
        pytest.param("=1,2", "must be PATH=V1,V2", id="no path"),
        pytest.param("a=1,1", "names a value twice", id="a value twice"),
        pytest.param("a=[1", "no YAML", id="no YAML"),
        pytest.param("a=1:1:3", "must differ", id="a range of one place"),
        pytest.param("a=1:5:1", "COUNT be at least 2", id="a range of one value"),
        pytest.param("a=1.2.3:5:2", "must be numbers", id="ends that are no numbers"),
    ],
)
def test_a_senseless_axis_is_told(text, says):
    with pytest.raises(InputError, match=says):
        axis(text)


def test_an_axis_named_twice_is_told():
    with pytest.raises(InputError, match="--over a: is named twice"):
        combined([axis("a=1"), axis("a=2")])


def test_more_worlds_than_anybody_waits_for_are_told_before_they_are_made():
    with pytest.raises(InputError, match="1,000,000 worlds are more than 100,000"):
        combined([axis("a=0:1:1000"), axis("b=0:1:1000")])
