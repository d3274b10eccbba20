"""What a first stage for many futures comes to in the one that is expected.

Figures, explanations and the page tell one future; this is how the first stage gets into it. Its
flows are the best for the expected series, and its bound is that of the expected problem, so its
gap counts what caution costs where all goes as expected.
"""

from dataclasses import replace

from optimizer.bound import lower_bound
from optimizer.dispatcher import Dispatcher
from optimizer.load import Load
from optimizer.plan import Plan, Prices, Proof, Solution
from optimizer.problem import Problem
from optimizer.stochastic.scenarios import StochasticProblem
from optimizer.stochastic.solution import StochasticSolution
from optimizer.tally import tally

#: For each model of energy flows under a given load. [s]
DISPATCH_TIME_S = 60.0


def in_expected(stochastic: StochasticProblem, found: StochasticSolution) -> Solution:
    """The first stage of `found` in the base problem, with flows and a bound of its own."""
    problem, first = stochastic.problem, found.plan
    dispatcher = Dispatcher(problem)
    load_kw = Load.of(problem, first.placements, first.servings).facility_kw(problem)
    flows = dispatcher.finish(load_kw, time_limit_s=DISPATCH_TIME_S)
    plan = Plan(placements=first.placements, servings=first.servings, dispatch=flows)
    own = dispatcher.solve(load_kw, time_limit_s=DISPATCH_TIME_S)[2]
    mixed = found.prices.mixed(stochastic)
    bound, prices = _best(problem, mixed, replace(own, gpu_per_gpu_h=mixed.gpu_per_gpu_h))
    idle = replace(problem, jobs=(), services=())
    idle_kw = Load.idle(problem).facility_kw(problem)
    idle_prices = dispatcher.solve(idle_kw, time_limit_s=DISPATCH_TIME_S)[2]
    return Solution(
        plan=plan,
        proof=Proof(
            objective=tally(problem, plan).objective,
            bound=bound,
            constant=lower_bound(idle, idle_prices),
            stage=found.proof.stage,
            seed=found.proof.seed,
            seconds=found.proof.seconds,
        ),
        prices=prices,
        idle_prices=idle_prices,
    )


def _best(problem: Problem, *candidates: Prices) -> tuple[float, Prices]:
    """The prices that prove most, and what they prove. [money]"""
    bounds = [lower_bound(problem, prices) for prices in candidates]
    most = max(range(len(bounds)), key=bounds.__getitem__)
    return bounds[most], candidates[most]
