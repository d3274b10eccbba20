"""Replicas for what is asked in nineteen of twenty cases, at every site that may have to answer."""

from hypothesis import given
from hypothesis import strategies as st

from k8s_operator.serving.bounds import Bounds, Range, bounds, replicas_for

WIDE = {"a": Range(floor=1, ceiling=100), "b": Range(floor=1, ceiling=100)}
ALONE = frozenset[str]()


def of(allowed=WIDE, **words):
    usual = {
        "planned": {},
        "shares": {"a": 0.5, "b": 0.5},
        "high_rps": 100.0,
        "capacity_rps": 10.0,
        "survives_loss_at": ALONE,
    }
    return bounds(allowed, **(usual | words))


def test_the_floor_carries_the_high_demand_at_the_sites_share():
    found = of(shares={"a": 0.75, "b": 0.25})
    # 75 and 25 of 100 requests a second, 10 a replica.
    assert (found["a"].least, found["b"].least) == (8, 3)


def test_the_plan_may_say_more_and_never_less():
    found = of(planned={"a": 9, "b": 2})
    assert (found["a"].least, found["b"].least) == (9, 5)
    assert found["b"].above_plan == 3


def test_what_a_team_allows_comes_first():
    tight = {"a": Range(floor=2, ceiling=3), "b": Range(floor=7, ceiling=20)}
    found = of(tight)
    assert found["a"] == Bounds(least=3, most=3, above_plan=1, short=2)
    assert found["b"].least == 7


def test_the_others_stand_ready_for_the_loss_of_any_site():
    found = of(survives_loss_at=frozenset("ab"))
    assert (found["a"].least, found["b"].least) == (10, 10)


def test_three_sites_share_what_one_of_them_may_leave_behind():
    three = {name: Range(floor=1, ceiling=100) for name in "abc"}
    found = of(three, shares=dict.fromkeys("abc", 1 / 3), survives_loss_at=frozenset("abc"))
    least = {name: one.least for name, one in found.items()}
    assert all(sum(least.values()) - one >= 10 for one in least.values())
    # Five each would do; four each is what demand alone asks for.
    assert sum(least.values()) <= 17


def test_the_autoscaler_may_go_above_by_the_headroom_and_never_above_the_ceiling():
    found = of({"a": Range(floor=1, ceiling=11)}, shares={"a": 1.0}, headroom=0.2)
    assert (found["a"].least, found["a"].most) == (10, 11)


def test_a_lost_site_keeps_the_teams_own_floor():
    found = of(lost=frozenset("a"), shares={"a": 0.5, "b": 1.0}, planned={"a": 9})
    assert found["a"].least == 1
    assert found["b"].least == 10


@given(
    st.floats(0, 1e4),
    st.floats(0.1, 100),
    st.floats(0, 1),
    st.tuples(st.integers(1, 50), st.integers(0, 500)),
    st.integers(0, 100),
)
def test_never_under_what_demand_needs_unless_the_ceiling_is(rps, carries, share, span, planned):
    floor, more = span
    one = Range(floor=floor, ceiling=floor + more)
    found = of(
        {"a": one},
        planned={"a": planned},
        shares={"a": share},
        high_rps=rps,
        capacity_rps=carries,
    )["a"]
    need = replicas_for(rps * share, carries)
    assert found.least == min(one.ceiling, max(one.floor, need, planned))
    assert found.least <= found.most <= one.ceiling
    assert found.short == max(0, need - one.ceiling)
