"""The door to the solver refuses what it does not know and says when it ran out of time."""

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizer.highs import LinearModel, Reached, SolverFailed, TimeLimitReached


def model():
    """Least x + 2 y with x + y at least 3 and x at most 2: 2 + 2 * 1 = 4."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.y = pyo.Var(bounds=(0, None))
    m.enough = pyo.Constraint(expr=m.x + m.y >= 3)
    m.total = pyo.Objective(expr=m.x + 2 * m.y)
    return m


def test_an_optimum_comes_with_values_and_duals():
    m = model()
    linear = LinearModel(m)
    answer = linear.solve(time_limit_s=10)
    assert answer.objective == pytest.approx(4)
    assert answer.column_values[linear.columns(m.y)] == pytest.approx([1])
    assert answer.row_duals[linear.rows(m.enough)] == pytest.approx([2])


def test_a_new_right_hand_side_needs_no_new_model():
    m = model()
    linear = LinearModel(m)
    linear.set_sides(linear.rows(m.enough), np.array([5.0]), np.array([np.inf]))
    assert linear.solve(time_limit_s=10).objective == pytest.approx(2 + 2 * 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("no_such_option", 1, id="unknown name"),
        pytest.param("threads", "many", id="value of the wrong kind"),
        pytest.param("mip_rel_gap", -1.0, id="value out of range"),
    ],
)
def test_an_option_that_highs_refuses_is_an_error(name, value):
    with pytest.raises(SolverFailed, match=name):
        LinearModel(model(), **{name: value})
    with pytest.raises(SolverFailed, match=name):
        LinearModel(model()).set_option(name, value)


def test_a_model_without_a_solution_is_an_error_not_an_answer():
    m = model()
    linear = LinearModel(m)
    linear.set_sides(linear.rows(m.enough), np.array([5.0]), np.array([4.0]))
    with pytest.raises(SolverFailed):
        linear.solve(time_limit_s=10)


def test_no_time_is_said_so():
    with pytest.raises(TimeLimitReached):
        LinearModel(model()).solve(time_limit_s=0)


def whole(most=None):
    """The same in whole numbers, twice x and twice y at least 5: x = 2, y = 1."""
    m = model()
    m.x.domain = m.y.domain = pyo.NonNegativeIntegers
    m.twice = pyo.Constraint(expr=2 * m.x + 2 * m.y >= 5)
    if most is not None:
        m.most = pyo.Constraint(expr=m.x + m.y <= most)
    return LinearModel(m)


def test_an_integer_solve_tells_its_best_solution_and_its_bound():
    reached = whole().reach(time_limit_s=10)
    assert (reached.objective, reached.bound) == pytest.approx((4, 4))
    assert reached.in_time


def test_an_integer_solve_without_time_has_reached_nothing():
    assert whole().reach(time_limit_s=0) == Reached(objective=None, bound=None, in_time=False)


def test_an_integer_model_without_a_solution_is_an_error_too():
    with pytest.raises(SolverFailed):
        whole(most=2).reach(time_limit_s=10)
