"""Replicas for a latency percentile: exact where theory is, and as simulated queues need them."""

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.latency.case import held
from benchmarks.latency.draws import draw
from benchmarks.latency.queue import waits_ms
from optimizer.latency import (
    HEADROOM,
    Target,
    Unreachable,
    capacity_per_s,
    erlang_c,
    late_share,
    replicas_for,
)
from optimizer.service_time import (
    BoundedPareto,
    Fixed,
    Gamma,
    Lognormal,
    Measured,
    Mixture,
    moment,
    percentile_ms,
    residual_limited_ms,
    residual_tail,
)

EXPONENTIAL = Gamma(mean_ms=100.0, scv=1.0)
FAMILIES = [
    Fixed(ms=100.0),
    Gamma(mean_ms=100.0, scv=0.4),
    Lognormal(mean_ms=100.0, scv=2.0),
    BoundedPareto(shortest_ms=30.0, longest_ms=3000.0, alpha=1.5),
    Mixture(shares=(0.7, 0.3), kinds=(Fixed(ms=20.0), EXPONENTIAL)),
    Measured(times_ms=(50.0, 60.0, 300.0)),
]


@pytest.mark.parametrize("slots", [1, 2, 10])
def test_exponential_times_give_the_textbook_answer(slots):
    # M/M/c: P(T > t) by conditioning on the wait, which is exponential at c mu - lambda.
    per_s, mu, target = 0.8 * slots * 10, 0.01, 450.0
    rate = slots * mu - per_s / 1000
    waits = erlang_c(slots, 0.8 * slots)
    gap = rate - mu
    both = (
        (1 + mu * target) * np.exp(-mu * target)
        if abs(gap) < 1e-12
        else (rate * np.exp(-mu * target) - mu * np.exp(-rate * target)) / gap
    )
    exact = (1 - waits) * np.exp(-mu * target) + waits * both
    found = late_share(EXPONENTIAL, slots=slots, per_s=per_s, target_ms=target)
    assert found == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("service", FAMILIES)
def test_the_residual_has_the_mean_that_renewal_theory_gives(service):
    mean = moment(service, 2) / (2 * moment(service, 1))
    assert float(residual_limited_ms(service, np.array([1e6]))[0]) == pytest.approx(mean)
    fine = np.linspace(0, 200, 20_001)
    limited = np.trapezoid(residual_tail(service, fine), fine)
    assert float(residual_limited_ms(service, np.array([200.0]))[0]) == pytest.approx(
        limited, rel=1e-4
    )


@pytest.mark.parametrize("service", FAMILIES)
def test_a_percentile_leaves_its_share_behind(service):
    ms = percentile_ms(service, 0.9)
    late = service.partial_moment(np.array([ms * 0.999, ms * 1.001]), 0)
    assert late[1] <= 0.1 + 1e-9
    assert late[0] >= 0.1 - 1e-3


@given(
    seed=st.integers(0, 10_000),
    less=st.floats(0.3, 0.95),
)
@settings(max_examples=30, deadline=None)
def test_more_requests_or_a_tighter_target_never_need_fewer_replicas(seed, less):
    one = draw(seed)

    def needed(per_s, ms):
        target = Target(share=one.target.share, ms=ms)
        return replicas_for(
            one.service, target, per_s=per_s, slots_per_replica=one.slots_per_replica
        )

    at_most = needed(one.per_s, one.target.ms)
    assert needed(less * one.per_s, one.target.ms) <= at_most
    assert needed(one.per_s, 1.5 * one.target.ms) <= at_most


@pytest.mark.parametrize("service", FAMILIES)
def test_so_many_replicas_carry_what_needs_so_many(service):
    target = Target(share=0.95, ms=1.5 * percentile_ms(service, 0.95))
    most = capacity_per_s(service, target, replicas=4, slots_per_replica=2)
    assert replicas_for(service, target, per_s=0.999 * most, slots_per_replica=2) <= 4
    assert replicas_for(service, target, per_s=1.001 * most, slots_per_replica=2) == 5
    assert HEADROOM * most < 8 * 1000 / moment(service, 1)


def test_nobody_asking_needs_no_replica():
    assert replicas_for(EXPONENTIAL, Target(share=0.95, ms=400.0), per_s=0.0) == 0


def test_a_promise_that_an_idle_replica_breaks_is_refused():
    with pytest.raises(Unreachable, match=r"0.95 quantile is 299.6 ms; promise more time"):
        replicas_for(EXPONENTIAL, Target(share=0.95, ms=200.0), per_s=1.0)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(lambda: Target(share=95, ms=1), "write 0.95 for p95", id="percent"),
        pytest.param(lambda: Target(share=0.95, ms=0), "above 0 and finite", id="no time"),
        pytest.param(lambda: Gamma(mean_ms=1, scv=0), "without spread use Fixed", id="no spread"),
        pytest.param(
            lambda: replicas_for(EXPONENTIAL, Target(share=0.9, ms=900), per_s=float("nan")),
            "per_s must be 0 or more",
            id="no number",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_the_simulated_queue_is_first_come_first_served_by_hand():
    # Two slots: the third waits for the first to end at 10, the fourth for the second at 12.
    arrivals, times = np.array([0.0, 2.0, 3.0, 4.0]), np.array([10.0, 10.0, 5.0, 1.0])
    assert waits_ms(arrivals, times, 2).tolist() == [0.0, 0.0, 7.0, 8.0]


@pytest.mark.parametrize("seed", range(8))
def test_the_simulated_queue_is_that_of_simpy(seed):
    rng = np.random.default_rng(seed)
    slots, n = int(rng.integers(1, 9)), 2000
    arrivals = np.cumsum(rng.exponential(1.0, n))
    times = rng.lognormal(0.0, 1.0, n) * slots / 2
    world, waits = simpy.Environment(), {}
    shop = simpy.Resource(world, capacity=slots)

    def request(number):
        yield world.timeout(arrivals[number])
        with shop.request() as turn:
            yield turn
            waits[number] = world.now - arrivals[number]
            yield world.timeout(times[number])

    for number in range(n):
        world.process(request(number))
    world.run()
    np.testing.assert_allclose(
        waits_ms(arrivals, times, slots), [waits[number] for number in range(n)], atol=1e-6
    )


@pytest.mark.parametrize("seed", range(16))
def test_the_model_is_safe_and_lean_beside_a_simulated_queue(seed):
    assert not held(draw(seed), 200_000, seed).missed
