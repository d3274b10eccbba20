"""No first stage costs less than the bound, whatever prices and shares of the tail prove it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import bound
from optimizer.baselines import run_now, self_consumption
from optimizer.dispatcher import Dispatcher
from optimizer.fleet import Roster
from optimizer.limits import Limits, Watch
from optimizer.load import Load
from optimizer.plan import Prices
from optimizer.replicas import Choices
from optimizer.stochastic.ascent import ScenarioAscent
from optimizer.stochastic.bound import ScenarioPrices, lower_bound
from optimizer.stochastic.recourse import Dispatchers
from optimizer.stochastic.scenarios import Scenario
from optimizer.tally import tally
from optimizer.terms import terms_of
from tests.optimizer import futures, worlds
from tests.optimizer.tiny import tiny


def objective_of(problem, first):
    """Of a first stage, each scenario dispatched by a rule that is no optimum."""
    load_kw = Load.of(problem.problem, first.placements, first.servings).facility_kw(
        problem.problem
    )
    return problem.objective(
        [
            tally(one, replace(first, dispatch=self_consumption(one, load_kw))).objective
            for one in problem.problems
        ]
    )


def climbed(problem, n_rounds):
    base = problem.problem
    choices = tuple(Choices.of(base, service) for service in base.services)
    dispatchers = Dispatchers(problem)
    idle_kw = Load.idle(base).facility_kw(base)
    recourse = dispatchers.solve(idle_kw, time_limit_s=10)
    first = ScenarioPrices(
        tail=problem.risk.tail(problem.weights, recourse.costs),
        by_scenario=recourse.prices,
        gpu_per_gpu_h=recourse.prices[0].gpu_per_gpu_h,
    )
    ascent = ScenarioAscent(problem, choices, dispatchers, first, Watch(Limits()))
    ascent.climb(Roster.of(terms_of(base)), 1.0, n_rounds)
    return ascent


def proves(problem, ascent):
    return max(lower_bound(problem, one) for one in (ascent.prices, ascent.last_prices))


@settings(max_examples=80)
@given(
    seed=st.integers(0, 300),
    drawn=st.integers(0, 2**32),
    budget=st.sampled_from([None, 1.0, 20.0]),
    scale=st.sampled_from([0.5, 3.0, 40.0]),
)
def test_arbitrary_prices_give_a_bound_no_first_stage_undercuts(seed, drawn, budget, scale):
    problem = futures.drawn(seed)
    problem = problem if budget is None else futures.budgeted(problem, budget)
    objective = objective_of(problem, run_now(problem.problem))
    prices = futures.any_prices(problem, np.random.default_rng(drawn), scale)
    assert lower_bound(problem, prices) <= objective + 1e-6 * (1 + abs(objective))


@pytest.mark.parametrize("seed", range(12))
def test_at_the_best_prices_it_is_still_below_the_plan_at_once(seed):
    problem = futures.drawn(seed)
    objective = objective_of(problem, run_now(problem.problem))
    assert proves(problem, climbed(problem, 40)) <= objective + 1e-6 * (1 + abs(objective))


@pytest.mark.parametrize("seed", range(8))
def test_equal_scenarios_prove_what_the_problem_alone_proves(seed):
    base = tiny(seed)
    problem = futures.uncertain(base, *(Scenario(weight=0.25) for _ in range(4)))
    drawn = futures.any_prices(problem, np.random.default_rng(seed))
    own = drawn.by_scenario[0]
    alike = replace(drawn, by_scenario=(own,) * 4)
    assert lower_bound(problem, alike) == pytest.approx(bound.lower_bound(base, own))


def test_the_climb_proves_the_optimum_of_a_choice_between_a_sure_and_a_windy_hour():
    # A job of 1 kW for an hour. Hour 0 costs 3 for sure; hour 1 is windy (0) or not (5), at even
    # odds. With half the weight on the worst: windy 0.5 x 2.5 + 0.5 x 5 = 3.75, sure 3.
    problem = sure_or_windy(0.5)
    assert proves(problem, climbed(problem, 300)) == pytest.approx(3, abs=0.1)
    # Risk-neutral: windy 2.5.
    problem = sure_or_windy(0.0)
    assert proves(problem, climbed(problem, 300)) == pytest.approx(2.5, abs=0.1)


def sure_or_windy(cvar_weight):
    site = worlds.site(
        n_steps=2,
        gpus=1,
        grid=worlds.grid(2, price=[3, 5], limit=2),
        plants=(worlds.plant(0, 2, name="wind"),),
    )
    base = worlds.problem(site, jobs=[worlds.job(gpus=1, hours=1, due=2)])
    wind = {("home", "wind"): np.array([0.0, 1.0])}
    return futures.uncertain(
        base,
        Scenario(weight=0.5, available_kw=wind),
        Scenario(weight=0.5),
        cvar_weight=cvar_weight,
        cvar_level=0.9,
    )


def test_the_bound_of_two_hours_by_hand():
    # Power at 3 in hour 0 of both; in hour 1 at 0 where it is windy, at 5 where not, and both
    # equally weighted: the job pays min(3, 2.5); no flow earns at these prices.
    problem = sure_or_windy(0.0)

    def at(power):
        nothing = np.zeros((1, 2))
        return Prices(
            power_per_kwh=np.array([power], dtype=float),
            gpu_per_gpu_h=nothing,
            stored_per_kwh=nothing,
            peak_per_kw=nothing,
        )

    prices = ScenarioPrices(
        tail=np.array([0.0, 1.0]),
        by_scenario=(at([3, 0]), at([3, 5])),
        gpu_per_gpu_h=np.zeros((1, 2)),
    )
    assert lower_bound(problem, prices) == pytest.approx(2.5)
    # All of the tail on the calm one: 0.5 x 2.5 + 0.5 x 5 = 3.75 in hour 1, so 3 in hour 0.
    assert lower_bound(sure_or_windy(0.5), prices) == pytest.approx(3)


@pytest.mark.parametrize("seed", range(6))
def test_the_recourse_of_a_load_is_the_dispatch_of_each_scenario(seed):
    problem = futures.drawn(seed)
    base = problem.problem
    load_kw = 2 * Load.idle(base).facility_kw(base)
    recourse = Dispatchers(problem).solve(load_kw, time_limit_s=10)
    alone = [Dispatcher(one).solve(load_kw, time_limit_s=10)[0] for one in problem.problems]
    np.testing.assert_allclose(recourse.costs, alone)
