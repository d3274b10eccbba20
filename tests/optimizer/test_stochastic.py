"""One first stage for several futures: what it chooses, what it proves, and that it repeats."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.fingerprint import fingerprint
from optimizer.limits import Limits
from optimizer.load import Load
from optimizer.packing import Packing
from optimizer.plan import Stage
from optimizer.solve import solve
from optimizer.stochastic.bound import lower_bound
from optimizer.stochastic.recourse import Dispatchers
from optimizer.stochastic.routes import ExtensiveForm, KeptRoutes
from optimizer.stochastic.scenarios import Scenario
from optimizer.stochastic.solution import costs_of, followed, verify_all
from optimizer.stochastic.solve import solve_stochastic
from tests.optimizer import futures, worlds
from tests.optimizer.tiny import tiny

SLIP = 1e-6
SEEDS = range(5)


def sure_or_windy(*weights, cvar_weight, cvar_level=0.9):
    """A job of 1 kW for an hour: hour 0 at 3 for sure, hour 1 windy and free, or calm and at 5."""
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
        Scenario(weight=weights[0], available_kw=wind),
        *(Scenario(weight=weight) for weight in weights[1:]),
        cvar_weight=cvar_weight,
        cvar_level=cvar_level,
    )


def first_hour_of(solution):
    return solution.plan.placements[0].runs[0].first_step


@pytest.mark.parametrize(
    ("cvar_weight", "hour", "objective"),
    [
        # Windy hour: half of 5 on average. The worst tenth of the futures is calm: 5.
        pytest.param(0.0, 1, 2.5, id="the mean alone gambles on wind"),
        pytest.param(0.1, 1, 0.9 * 2.5 + 0.1 * 5, id="a little fear still gambles"),
        pytest.param(0.3, 0, 3.0, id="0.7 x 2.5 + 0.3 x 5 = 3.25 is more than 3"),
        pytest.param(1.0, 0, 3.0, id="fear alone takes the sure hour"),
    ],
)
def test_fear_of_a_calm_hour_moves_the_job_to_the_sure_one(cvar_weight, hour, objective):
    problem = sure_or_windy(0.5, 0.5, cvar_weight=cvar_weight)
    solution = solve_stochastic(problem, limits=Limits(gap=1e-3))
    assert first_hour_of(solution) == hour
    assert solution.proof.objective == pytest.approx(objective)
    assert solution.proof.bound == pytest.approx(objective, abs=0.1)


def test_the_cvar_of_a_plan_by_hand():
    # Windy 0.8, calm 0.15 and 0.05; the worst tenth is calm: 0.9 x mean 1 + 0.1 x 5.
    problem = sure_or_windy(0.8, 0.15, 0.05, cvar_weight=0.1)
    solution = solve_stochastic(problem)
    np.testing.assert_allclose(solution.costs, [0, 5, 5], atol=1e-9)
    assert problem.risk.cvar(problem.weights, solution.costs) == pytest.approx(5)
    assert solution.proof.objective == pytest.approx(0.9 * 1 + 0.1 * 5)


def test_the_mean_forecast_gambles_where_scenarios_do_not():
    # On average half of the wind is there: 0.5 kWh at 5 is less than 3. Half the futures calm and
    # half the weight on the worst: 0.5 x 2.5 + 0.5 x 5 = 3.75 against 3 for sure.
    problem = sure_or_windy(0.5, 0.5, cvar_weight=0.5)
    solution = solve_stochastic(problem, limits=Limits(gap=1e-3))
    assert solution.mean_plan_objective == pytest.approx(3.75)
    assert solution.value_of_stochastic_solution == pytest.approx(0.75)


def test_dear_hours_in_some_futures_are_avoided_though_they_look_cheap_on_average():
    # Two hours at 2; the first at 0 or 5 instead, at even odds: 2.5 on average. Without risk that
    # is dearer than 2, with prices 0 and 3.5 it is cheaper: 1.75.
    site = worlds.site(n_steps=2, gpus=1, grid=worlds.grid(2, price=2, limit=2))
    base = worlds.problem(site, jobs=[worlds.job(gpus=1, hours=1, due=2)])

    def at(*prices):
        scenarios = [
            Scenario(weight=0.5, import_price_per_kwh={"home": np.array([price, 2.0])})
            for price in prices
        ]
        return solve_stochastic(futures.uncertain(base, *scenarios, cvar_weight=0))

    assert first_hour_of(at(0.0, 5.0)) == 1
    assert first_hour_of(at(0.0, 3.5)) == 0


@pytest.mark.parametrize(
    "seed", [1, 3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 4))]
)
def test_equal_scenarios_are_the_problem_itself(seed):
    base = tiny(seed)
    limits = Limits(gap=1e-3)
    alone = solve(base, limits=limits).proof
    problem = futures.uncertain(base, *(Scenario(weight=0.25) for _ in range(4)))
    together = solve_stochastic(problem, limits=limits)
    assert together.proof.objective <= alone.objective + SLIP * (1 + abs(alone.objective))
    assert together.proof.objective >= alone.bound - SLIP * (1 + abs(alone.bound))
    np.testing.assert_allclose(together.costs, together.proof.objective)
    assert together.proof.constant == pytest.approx(alone.constant)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_keeps_every_rule_in_every_scenario_and_its_bound(seed):
    problem = futures.drawn(seed)
    solution = solve_stochastic(problem)
    proof = solution.proof
    assert verify_all(problem, solution.plan) == ()
    assert proof.bound <= proof.objective + SLIP * (1 + abs(proof.objective))
    assert lower_bound(problem, solution.prices) == pytest.approx(proof.bound)
    assert problem.objective(costs_of(problem, solution.plan)) == proof.objective
    assert solution.value_of_stochastic_solution >= 0


@pytest.mark.parametrize("seed", SEEDS)
def test_no_first_stage_of_any_single_future_undercuts_the_bound(seed):
    problem = futures.drawn(seed)
    bound, dispatchers = solve_stochastic(problem).proof.bound, Dispatchers(problem)
    for one in problem.problems:
        first = solve(one).plan
        plan = followed(problem, first.placements, first.servings, dispatchers, time_limit_s=10)
        objective = problem.objective(costs_of(problem, plan))
        assert bound <= objective + SLIP * (1 + abs(objective))


@pytest.mark.parametrize("seed", [0, 3])
def test_the_same_problem_gives_the_same_plan_to_the_last_digit(seed):
    def digest():
        solution = solve_stochastic(futures.drawn(seed))
        assert solution.proof.deterministic
        return fingerprint(solution, without=["seconds"])

    assert digest() == digest()


def packed_at_once(problem):
    return Packing.of_plan(problem.problem, solve(problem.problem).plan)


@pytest.mark.parametrize("seed", [s for s in range(16) if tiny(s).services][:6])
def test_the_extensive_form_costs_what_its_routes_cost_in_separate_dispatches(seed):
    # All of the objective but what neither flows nor requests cost, the same in both.
    problem = futures.drawn(seed)
    packing, dispatchers = packed_at_once(problem), Dispatchers(problem)
    base = problem.problem
    figure, servings = ExtensiveForm(problem).solve(packing, time_limit_s=10)
    load_kw = Load.of(base, packing.placements, servings).facility_kw(base)
    recourse = problem.objective(dispatchers.solve(load_kw, time_limit_s=10).costs)
    h = base.horizon.step_h
    for service in base.services:
        served = servings[service.name].served_rps
        lost = service.demand_rps.sum() - served.sum()
        recourse += lost * h * 3600 * base.objective.unserved_price_per_request
        for s, site in enumerate(base.sites):
            litres = served[:, s].sum(axis=0) @ site.cooling.water_l_per_kwh
            litres *= service.energy_per_request_kwh * 3600 * h
            recourse += litres * base.objective.water_price_per_l
    assert figure == pytest.approx(recourse, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", [s for s in range(16) if tiny(s).services][:6])
def test_an_interior_point_finds_the_same_figure_without_a_basis(seed):
    problem = futures.drawn(seed)
    packing = packed_at_once(problem)
    basic, _ = ExtensiveForm(problem).solve(packing, time_limit_s=10)
    inside, _ = ExtensiveForm(problem, solver="ipm", run_crossover="off").solve(
        packing, time_limit_s=10
    )
    assert inside == pytest.approx(basic, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("seed", [s for s in range(16) if tiny(s).services][:6])
def test_kept_routes_answer_what_the_packing_answers(seed):
    problem = futures.drawn(seed)
    packing = packed_at_once(problem)
    servings = KeptRoutes(problem.problem).of(packing, time_limit_s=10)
    for v, service in enumerate(problem.problem.services):
        sites = list(problem.problem.admissible_sites(service))
        served = servings[service.name].served_rps.sum(axis=0)[sites].T
        np.testing.assert_allclose(served, packing.served_rps[v], atol=1e-6)


def test_a_generator_with_rules_is_on_or_off_in_each_future():
    # Unmet power costs 20, the generator 3 and 1 to start; it must give 2 kW. Where wind gives the
    # 2 kW it stands, where not it runs.
    site = worlds.site(
        n_steps=3,
        gpus=2,
        plants=(worlds.plant(0, 3, name="wind"),),
        generator=worlds.generator(4, min_load_kw=2, start_cost=1),
    )
    base = worlds.problem(site, jobs=[worlds.job(gpus=2, hours=1, due=3)])
    wind = {("home", "wind"): np.full(3, 2.0)}
    problem = futures.uncertain(
        base, Scenario(weight=0.5, available_kw=wind), Scenario(weight=0.5), cvar_weight=0
    )
    solution = solve_stochastic(problem)
    on = [one["home"].commitment.on.sum() for one in solution.plan.dispatch]
    assert on == [0, 1]
    np.testing.assert_allclose(solution.costs, [0, 7])


def test_a_carbon_budget_is_kept_or_paid_for_in_each_future():
    # 2 kWh with 1 kg each where it is calm, a budget of 1 kg, 3 a kg above it: 2 + 3.
    site = worlds.site(
        n_steps=1,
        grid=worlds.grid(1, price=1, intensity=1000),
        plants=(worlds.plant(0, 1, name="wind"),),
    )
    base = worlds.problem(site, jobs=[worlds.job(gpus=2, hours=1, due=1)])
    wind = {("home", "wind"): np.full(1, 2.0)}
    problem = futures.uncertain(
        base, Scenario(weight=0.5, available_kw=wind), Scenario(weight=0.5), cvar_weight=0
    )
    solution = solve_stochastic(futures.budgeted(problem, 1.0))
    np.testing.assert_allclose(solution.costs, [0, 5], atol=1e-9)


def test_interrupted_it_keeps_the_plan_of_the_mean_forecast():
    problem = futures.drawn(2)
    solution = solve_stochastic(problem, limits=Limits(stop=lambda: True))
    assert solution.proof.stage is Stage.INTERRUPTED
    assert not solution.proof.deterministic
    assert solution.value_of_stochastic_solution == 0
    assert verify_all(problem, solution.plan) == ()
    assert np.isfinite(solution.proof.bound)


def test_out_of_time_it_says_so():
    solution = solve_stochastic(futures.drawn(2), limits=replace(Limits(), time_s=1e-3))
    assert solution.proof.stage is Stage.TIME_LIMIT
    assert np.isfinite(solution.proof.bound)
