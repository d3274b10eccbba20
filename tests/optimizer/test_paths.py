"""What is written twice, in NumPy and as machine code: both give the same, to the last digit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import answers, paths, sweeps
from optimizer import marginal as marginal_module
from optimizer.compiled_marginal import compiled_step_costs
from optimizer.compiled_paths import compiled_path, compiled_window
from optimizer.fingerprint import fingerprint
from optimizer.load import Load
from optimizer.marginal import Marginal, numpy_step_costs
from optimizer.merit_order import MeritOrder
from optimizer.paths import NO_PATH, numpy_path, numpy_window
from optimizer.solve import solve
from optimizer.terms import Grain, Lateness, Terms, terms_of
from tests.optimizer import worlds
from tests.optimizer.demands import chained
from tests.optimizer.oracle import solved
from tests.optimizer.tiny import tiny


@st.composite
def questions(draw):
    n_sites, n_steps = draw(st.integers(1, 3)), draw(st.integers(1, 30))
    gain = tuple(draw(st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(max)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cost = rng.normal(draw(st.sampled_from([0.0, 2.0])), 1.0, (n_sites, len(gain), n_steps))
    if draw(st.booleans()):
        cost = cost.round()
    cost[rng.random(cost.shape) < draw(st.sampled_from([0.0, 0.2, 0.6]))] = np.inf
    due_h = draw(st.integers(0, n_steps)) / 2
    problem = worlds.problem(worlds.site("home"), jobs=[worlds.job(hours=1)])
    work_h = draw(st.integers(1, n_steps)) / 2
    first_step = rng.integers(0, n_steps + 1, n_sites)
    running = draw(st.integers(-1, n_sites - 1))
    if running >= 0:
        first_step[running] = 0
    terms = Terms(
        job=worlds.job(hours=work_h),
        horizon=problem.horizon,
        sites=tuple(range(n_sites)),
        names=("home",) * n_sites,
        pools=np.zeros(n_sites, dtype=np.int64),
        gpus=np.ones((n_sites, len(gain)), dtype=np.int64),
        extra_kw=np.zeros((n_sites, len(gain))),
        lease_cost=np.zeros((n_sites, len(gain))),
        start_cost=rng.integers(0, 3, n_sites).astype(float),
        first_step=first_step,
        end_step=draw(st.integers(0, n_steps)),
        n_steps=int(np.ceil(work_h * 2)),
        running=running,
        grain=Grain(work=1, gain=gain, repeat=0, exact=True),
        optimistic_grain=Grain(work=1, gain=gain, repeat=0, exact=True),
        lateness=Lateness(step_h=0.5, due_h=due_h, end_h=n_steps / 2, price_per_h=1.5),
        unfinished_cost=100.0,
    )
    work, repeat = draw(st.integers(1, 40)), draw(st.integers(0, 5))
    return terms, cost, Grain(work=work, gain=gain, repeat=repeat, exact=True)


@settings(max_examples=600, deadline=None)
@given(questions())
def test_numpy_and_machine_code_find_the_same_path(question):
    assert compiled_path(*question) == numpy_path(*question)


@settings(max_examples=300, deadline=None)
@given(questions())
def test_numpy_and_machine_code_find_the_same_window(question):
    terms, cost, _ = question
    assert compiled_window(terms, cost[:, 0]) == numpy_window(terms, cost[:, 0])


@pytest.mark.parametrize("seed", range(5))
def test_numpy_and_machine_code_price_the_same_steps(seed):
    problem = tiny(seed)
    plan = solved(tiny, seed).solution.plan
    marginal = Marginal.of(problem, MeritOrder.of(problem, plan.dispatch))
    load = Load.of(problem, plan.placements, plan.servings)
    for terms in terms_of(problem):
        np.testing.assert_array_equal(
            compiled_step_costs(marginal, terms, load), numpy_step_costs(marginal, terms, load)
        )


def test_a_job_that_cannot_finish_has_no_path():
    job = worlds.job(kind="checkpointable", hours=3, release=0, due=1, deadline=2)
    problem = worlds.problem(worlds.site("home"), jobs=[job])
    terms = Terms.of(problem, job)
    free = np.zeros((1, 1, problem.horizon.n_steps))
    assert compiled_path(terms, free, terms.grain) == NO_PATH
    assert numpy_path(terms, free, terms.grain) == NO_PATH


@pytest.mark.parametrize(
    "problem",
    [pytest.param(tiny(7), id="plain"), pytest.param(chained(3), id="jobs that wait for others")],
)
def test_a_plan_is_the_same_with_and_without_numba(monkeypatch, problem):
    modules = (paths, marginal_module, answers, sweeps)
    caches = (paths._searches, marginal_module._step_costs, answers._kinds, sweeps._kind)
    assert paths._searches() == (compiled_path, compiled_window)
    compiled = fingerprint(solve(problem).plan)
    for cache in caches:
        cache.cache_clear()
    for module in modules:
        monkeypatch.setattr(module, "has_numba", lambda: False)
    try:
        assert paths._searches() == (numpy_path, numpy_window)
        assert fingerprint(solve(problem).plan) == compiled
    finally:
        for cache in caches:
            cache.cache_clear()
