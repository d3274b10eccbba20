"""A route's weights go in small steps to where the plan wants them, and all at once from a loss."""

from hypothesis import given
from hypothesis import strategies as st

from k8s_operator.serving.weights import apportioned, moved, shift

READY = {"a": 1.0, "b": 1.0, "c": 1.0}
NOBODY = frozenset[str]()
counts = st.integers(0, 1000)
shares = st.floats(0, 1, allow_nan=False)


def walked(now, wanted, most_share=READY):
    """Every weighting on the way, until nothing moves."""
    path = [now]
    while True:
        after = shift(path[-1], wanted, lost=NOBODY, most_share=most_share).weights
        if after == path[-1]:
            return path
        path.append(after)


def test_from_all_to_nothing_in_five_steps_of_twenty_points():
    path = walked({"a": 100, "b": 0}, {"b": 1.0})
    assert [one["b"] for one in path] == [0, 20, 40, 60, 80, 100]


def test_nothing_moves_to_a_site_whose_replicas_are_not_ready():
    step = shift({"a": 100, "b": 0}, {"b": 1.0}, lost=NOBODY, most_share={"a": 1.0, "b": 0.0})
    assert step.weights == {"a": 100, "b": 0}
    assert step.waits_for == ("b",)


def test_a_site_gets_as_much_as_its_ready_replicas_answer():
    path = walked({"a": 100, "b": 0}, {"b": 1.0}, {"a": 1.0, "b": 0.33})
    assert path[-1] == {"a": 67, "b": 33}


def test_a_lost_site_is_emptied_at_once_to_where_there_is_room():
    now = {"a": 50, "b": 50, "c": 0}
    step = shift(now, {"a": 1.0, "b": 1.0}, lost=frozenset("a"), most_share={"b": 0.6, "c": 0.4})
    # b has room for 10 points more and c for 40.
    assert step.failover
    assert step.weights == {"a": 0, "b": 60, "c": 40}


def test_where_nobody_has_room_a_lost_sites_weight_goes_where_the_plan_has_requests():
    step = shift({"a": 100, "b": 0}, {"a": 1.0, "b": 0.0}, lost=frozenset("a"), most_share={})
    assert step.weights == {"a": 0, "b": 100}


def test_when_every_site_is_lost_the_weights_stay():
    now = {"a": 70, "b": 30}
    assert shift(now, {"a": 1.0}, lost=frozenset("ab"), most_share=READY).weights == now


def test_a_closed_site_gets_nothing_even_when_the_only_other_one_is_lost():
    now, wish = {"a": 100, "b": 0}, {"a": 1.0, "b": 1.0}
    step = shift(now, wish, lost=frozenset("a"), most_share=READY, closed=frozenset("b"))
    assert step.weights == now
    three = shift(now | {"c": 0}, wish, lost=frozenset("a"), most_share={}, closed=frozenset("b"))
    assert three.weights == {"a": 0, "b": 0, "c": 100}


@given(st.tuples(counts, counts, counts), st.tuples(shares, shares, shares), st.data())
def test_a_planned_step_moves_a_fifth_at_most_and_the_sum_stays(weights, wanted, data):
    now = dict(zip("abc", weights, strict=True))
    if sum(now.values()) < 5:
        return
    ready = dict(zip("abc", data.draw(st.tuples(shares, shares, shares)), strict=True))
    wish = dict(zip("abc", wanted, strict=True))
    step = shift(now, wish, lost=NOBODY, most_share=ready)
    assert sum(step.weights.values()) == sum(now.values())
    assert min(step.weights.values()) >= 0
    assert moved(now, step.weights) <= 0.2 + 1e-9
    for name, weight in step.weights.items():
        if weight > now[name]:
            assert weight <= ready[name] * sum(now.values()) + 1e-6


@given(st.tuples(counts, counts, counts), st.tuples(shares, shares, shares))
def test_the_steps_end_where_the_plan_wants_the_weights(weights, wanted):
    now = dict(zip("abc", weights, strict=True))
    if sum(now.values()) < 5 or sum(wanted) < 1e-6:
        return
    wish = dict(zip("abc", wanted, strict=True))
    path = walked(now, wish)
    assert path[-1] == apportioned(wish, sum(now.values()))
    # Five steps of a fifth are all of it; what a fifth's rounding leaves may take some more.
    assert len(path) <= 12
