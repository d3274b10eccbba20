"""A solve that may stop at a cutoff, and coefficients that are only round-off."""

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizer.baselines import run_now
from optimizer.highs import Column, CutOff, LinearModel
from optimizer.master import Master
from optimizer.packing import Packing
from optimizer.terms import terms_of
from tests.optimizer import worlds

ROUND_OFF = 1e-17


def model(constant=0.0, slip=0.0):
    """Least x + 2 y with x + y at least 3 and x at most 2: 2 + 2 * 1 = 4, and the constant."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.y = pyo.Var(bounds=(0, None))
    m.enough = pyo.Constraint(expr=m.x + m.y >= 3)
    m.few = pyo.Constraint(expr=slip * m.x + m.y <= 5)
    m.total = pyo.Objective(expr=m.x + 2 * m.y + constant)
    return m


@pytest.mark.parametrize("constant", [pytest.param(0, id="alone"), pytest.param(-7, id="constant")])
@pytest.mark.parametrize("above", [0.01, 100])
def test_a_cutoff_above_the_optimum_changes_nothing(constant, above):
    linear = LinearModel(model(constant))
    optimum = 4 + constant
    answer = linear.solve(time_limit_s=10, cutoff=optimum + above)
    assert answer.objective == pytest.approx(optimum)


@pytest.mark.parametrize("constant", [pytest.param(0, id="alone"), pytest.param(-7, id="constant")])
@pytest.mark.parametrize("below", [0.01, 100])
def test_a_cutoff_below_the_optimum_is_said_so_and_forgotten(constant, below):
    linear = LinearModel(model(constant))
    optimum = 4 + constant
    with pytest.raises(CutOff):
        linear.solve(time_limit_s=10, cutoff=optimum - below)
    assert linear.solve(time_limit_s=10).objective == pytest.approx(optimum)


def test_a_cutoff_holds_for_a_model_that_was_solved_before():
    m = model()
    linear = LinearModel(m)
    linear.solve(time_limit_s=10)
    # At least 5 instead of 3: 2 + 2 * 3.
    linear.set_sides(linear.rows(m.enough), np.array([5.0]), np.array([np.inf]))
    with pytest.raises(CutOff):
        linear.solve(time_limit_s=10, cutoff=7.9)
    assert linear.solve(time_limit_s=10, cutoff=8.1).objective == pytest.approx(8)


def climbing(constant):
    """A solved model and a need of 1 more in each of 60 steps: 1 + 2 + ... + 60, and the constant.

    Long enough a way from its first solution, worth the constant, that HiGHS stops in the middle.
    """
    m = pyo.ConcreteModel()
    m.T = pyo.RangeSet(0, 59)
    m.x = pyo.Var(m.T, bounds=(0, None))
    m.rises = pyo.Constraint(m.T, rule=lambda m, t: m.x[t] - (m.x[t - 1] if t else 0) >= 0)
    m.total = pyo.Objective(expr=sum(m.x.values()) + constant)
    linear = LinearModel(m)
    assert linear.solve(time_limit_s=10).objective == pytest.approx(constant)
    linear.set_sides(linear.rows(m.rises), np.ones(60), np.full(60, np.inf))
    return linear


@pytest.mark.parametrize("constant", [0, -5000, 5000])
def test_a_solve_that_stopped_half_way_goes_on_where_the_next_has_no_cutoff(constant):
    linear = climbing(constant)
    with pytest.raises(CutOff):
        linear.solve(time_limit_s=10, cutoff=constant + 50)
    assert linear.solve(time_limit_s=10).objective == pytest.approx(constant + 1830)


@pytest.mark.parametrize("constant", [0, -5000, 5000])
def test_a_long_solve_that_stays_below_its_cutoff_is_not_stopped(constant):
    answer = climbing(constant).solve(time_limit_s=10, cutoff=constant + 1831)
    assert answer.objective == pytest.approx(constant + 1830)


def test_a_cutoff_of_the_master_counts_the_water_that_idle_gpus_cost():
    # 8 GPUs idle at 0.5 kW: 4 kWh an hour at 1 and 12 l at 1. The job's 2 GPUs add a kWh of each.
    site = worlds.site(n_steps=2, idle=0.5, water=3, grid=worlds.grid(2))
    problem = worlds.problem(
        site, jobs=[worlds.job(hours=1, due=2)], prices=worlds.objective(water=1)
    )
    master = Master(problem, terms_of(problem))
    master.offer(Packing.of_plan(problem, run_now(problem)))
    least = 2 * (4 + 12) + 1 + 3
    value, _ = master.relax(time_limit_s=10, cutoff=least + 0.1)
    assert value == pytest.approx(least)
    with pytest.raises(CutOff):
        master.relax(time_limit_s=10, cutoff=least - 0.1)
    assert master.relax(time_limit_s=10)[0] == pytest.approx(least)


def test_a_column_keeps_its_entries_beside_one_that_is_round_off():
    # z counts for 3 in `enough`, for nothing in `few`; 1 of it costs 1.5 and replaces x and y.
    m = model()
    linear = LinearModel(m)
    rows = np.array([linear.rows(m.few)[0], linear.rows(m.enough)[0]])
    first = Column(cost=1.5, rows=rows, coefficients=np.array([ROUND_OFF, 3.0]))
    second = Column(cost=1.0, rows=rows, coefficients=np.array([-1.0, ROUND_OFF]))
    added = linear.add_columns([first, second])
    answer = linear.solve(time_limit_s=10)
    assert answer.objective == pytest.approx(1.5)
    assert answer.column_values[added] == pytest.approx([1, 0])


def test_a_column_of_round_off_alone_enters_empty():
    m = model()
    linear = LinearModel(m)
    rows = linear.rows(m.enough)
    empty = Column(cost=1.0, rows=rows, coefficients=np.array([ROUND_OFF]))
    linear.add_columns([empty, Column(cost=0.5, rows=rows, coefficients=np.ones(1))])
    # 3 of the second at 0.5 are enough.
    assert linear.solve(time_limit_s=10).objective == pytest.approx(1.5)


def test_round_off_in_the_model_itself_is_no_entry():
    assert LinearModel(model(slip=ROUND_OFF)).solve(time_limit_s=10).objective == pytest.approx(4)
