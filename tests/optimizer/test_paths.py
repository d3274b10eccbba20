"""The search for the cheapest path, written twice: both find the same path, to the last digit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import paths
from optimizer.compiled_paths import compiled_path
from optimizer.fingerprint import fingerprint
from optimizer.paths import NO_PATH, Lateness, Question, numpy_path
from optimizer.solve import solve
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
    begin = draw(st.integers(0, n_steps))
    due_h = draw(st.integers(0, n_steps))
    return Question(
        cost=cost,
        start_cost=rng.integers(0, 3, n_sites).astype(float),
        begin=begin,
        end=draw(st.integers(0, n_steps)),
        work=draw(st.integers(1, 40)),
        gain=gain,
        repeat=draw(st.integers(0, 5)),
        lateness=Lateness(step_h=0.5, due_h=due_h / 2, end_h=n_steps / 2, price_per_h=1.5),
    )


@settings(max_examples=600, deadline=None)
@given(questions())
def test_numpy_and_machine_code_find_the_same_path(question):
    assert compiled_path(question) == numpy_path(question)


def test_a_job_that_cannot_finish_has_no_path():
    lateness = Lateness(step_h=1.0, due_h=1.0, end_h=2.0, price_per_h=1.0)
    question = Question(
        cost=np.ones((1, 1, 2)),
        start_cost=np.zeros(1),
        begin=0,
        end=2,
        work=3,
        gain=(1,),
        repeat=0,
        lateness=lateness,
    )
    assert compiled_path(question) == numpy_path(question) == NO_PATH


def test_a_plan_is_the_same_with_and_without_numba(monkeypatch):
    problem = tiny(7)
    search = paths._search
    assert search() is compiled_path
    compiled = solve(problem)
    search.cache_clear()
    monkeypatch.setattr(paths, "find_spec", lambda name: None)
    try:
        assert search() is numpy_path
        assert fingerprint(solve(problem).plan) == fingerprint(compiled.plan)
    finally:
        search.cache_clear()
