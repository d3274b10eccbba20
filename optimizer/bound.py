"""A cost no plan can undercut, from any prices, by plain arithmetic.

Lagrangian relaxation of the power balance, the pools, the battery balance, the billed peak, an
island's reserve, the budgets of carbon and of cost and the floors on quality (Geoffrion 1974): at
given prices every job, every service, every flow and every generator is minimised on its own, jobs,
replicas and starts whole. Any prices give a valid bound; the duals of the core model give a tight
one. No solver is needed, so a stranger can check it.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.answers import Question, ask
from optimizer.fleet import Roster, Timetable
from optimizer.load import slopes
from optimizer.money import budget_value, dearer, dearer_roster
from optimizer.plan import Prices
from optimizer.pricing import untrimmed
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.reserve import admissible_reserve
from optimizer.site import FloatArray, IntArray
from optimizer.supply_bound import supply_bound
from optimizer.terms import Terms, terms_of


def it_price_per_kwh(problem: Problem, prices: Prices) -> FloatArray:
    """What a further IT kWh costs by site and step, cooling and water in, shape (S, T)."""
    water = np.array([site.cooling.water_l_per_kwh for site in problem.sites])
    return slopes(problem) * prices.power_per_kwh + water * problem.objective.water_price_per_l


def gpu_price_per_gpu_h(problem: Problem, prices: Prices) -> FloatArray:
    """What a reserved GPU-hour costs by pool and step, lease in, power apart, shape (K, T)."""
    lease = np.array([[pool.lease_price_per_gpu_h] for _, pool in problem.pools])
    price: FloatArray = prices.gpu_per_gpu_h + lease
    return price


def question(problem: Problem, prices: Prices, room: IntArray | None = None) -> Question:
    """What jobs are asked at `prices`; they may take all GPUs, or those in `room`."""
    return Question(
        it_price=it_price_per_kwh(problem, prices),
        gpu_price=gpu_price_per_gpu_h(problem, prices),
        room=problem.pool_gpus if room is None else room,
        step_h=problem.horizon.step_h,
    )


def service_prices(
    problem: Problem,
    choices: Choices,
    it_price: FloatArray,
    gpu_price: FloatArray,
    quality_price: float = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Price of a replica and of one request a second, by host and step, shape (H, T) each.

    A request is cheaper by the price of the quality that it brings above the floor on its mean.
    """
    h, hosts, sites = problem.horizon.step_h, choices.hosts, list(choices.hosts.site)
    pools = [problem.pool_number[s, choices.service.gpu_type] for s in sites]
    reserved = hosts.gpus[:, None] * gpu_price[pools]
    replica = h * (hosts.extra_kw[:, None] * it_price[sites] + reserved)
    request = h * hosts.request_kw[:, None] * it_price[sites]
    if hosts.has_variants:
        request -= problem.horizon.step_s * quality_price * hosts.gain[:, None]
    return replica, request


def service_step_costs(
    choices: Choices, replica: FloatArray, request: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Cost and requests of each choice, step by step.

    Returns:
        Cost, infinite where pools cannot hold it, shape (T, C) [money]; requests it serves by
        host, none where leaving them unanswered costs less, shape (T, C, H) [1/s].
    """
    served = choices.split(request)
    least = np.minimum(request, choices.unserved_price)
    cost = choices.shortfall + np.einsum("tcs,st->tc", served, least)
    cost = cost + np.einsum("tcs,st->tc", choices.replicas, replica)
    worthwhile = (request <= choices.unserved_price).T[:, None, :]
    return np.where(choices.allowed, cost, np.inf), np.where(worthwhile, served, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What every job and service would choose at given prices, and what that proves.

    Attributes:
        bound: No plan costs less. [money]
        timetable: Of the jobs.
        least: What each job's schedule costs at the prices, shape (J,). [money]
        replicas: Of each service by step and host, shape (T, H) each.
        served_rps: Likewise. [1/s]
    """

    bound: float
    timetable: Timetable
    least: FloatArray
    replicas: tuple[IntArray, ...]
    served_rps: tuple[FloatArray, ...]


def respond(
    problem: Problem, prices: Prices, choices: tuple[Choices, ...], roster: Roster
) -> Response:
    """The cheapest schedule and the cheapest replicas of everyone at `prices`.

    Args:
        problem: The problem.
        prices: Any.
        choices: Of its services.
        roster: Its jobs.
    """
    prices = admissible(problem, prices)
    priced = dearer(problem, prices.money_premium)
    roster = dearer_roster(problem, roster, prices.money_premium)
    flows = supply_bound(priced, prices) - budget_value(problem, prices.money_premium)
    return work_response(priced, prices, choices, roster, flows=flows)


def work_response(
    problem: Problem,
    prices: Prices,
    choices: tuple[Choices, ...],
    roster: Roster,
    *,
    flows: float,
) -> Response:
    """`respond` where the share of the flows in the bound is known already.

    Args:
        problem: The problem.
        prices: Of power and GPUs, no GPU's below its least.
        choices: Of its services.
        roster: Its jobs.
        flows: Their bound, as `supply_bound` tells it. [money]
    """
    h, asked = problem.horizon.step_h, question(problem, prices)
    total = flows + problem.idle_water_cost
    total -= float((prices.gpu_per_gpu_h * problem.pool_gpus).sum()) * h
    total += _lease_bound(problem, prices.gpu_per_gpu_h)
    total += _waking_bound(problem, asked.it_price)
    answers = ask(roster, asked)
    total += _jobs_bound(roster, asked, answers.least)
    replicas, served = [], []
    steps_of = np.arange(problem.horizon.n_steps)
    for v, one in enumerate(choices):
        replica, request = service_prices(
            problem, one, asked.it_price, asked.gpu_price, prices.quality_of(v)
        )
        costs, split = service_step_costs(one, replica, request)
        best = np.argmin(costs, axis=1)
        least = costs[steps_of, best] if one.complete else one.relaxed_cost(replica, request)
        total += float(least.sum())
        replicas.append(one.replicas[steps_of, best])
        served.append(split[steps_of, best])
    return Response(
        bound=total,
        timetable=answers.timetable,
        least=answers.least,
        replicas=tuple(replicas),
        served_rps=tuple(served),
    )


def admissible(problem: Problem, prices: Prices) -> Prices:
    """`prices` with those that the relaxed rows allow.

    None is below 0 of a pool (or below what its lease spares), a billed peak, a budget or quality,
    and none above what a unit beyond the budget costs.
    """
    price = problem.objective
    most_per_kg = 0.0 if price.carbon_budget_kg is None else price.carbon_excess_price_per_kg
    most_premium = 0.0 if price.cost_budget is None else price.cost_excess_price
    premium = min(max(0.0, prices.money_premium), most_premium)
    least_gpu_price = (1.0 + premium) * problem.least_gpu_price
    billed = np.array([[bool(site.grid and site.grid.demand_charge)] for site in problem.sites])
    return replace(
        prices,
        gpu_per_gpu_h=np.maximum(least_gpu_price, prices.gpu_per_gpu_h),
        peak_per_kw=np.where(billed, np.maximum(0.0, prices.peak_per_kw), 0.0),
        carbon_per_kg=min(max(0.0, prices.carbon_per_kg), most_per_kg),
        quality_per_request=tuple(max(0.0, one) for one in prices.quality_per_request),
        money_premium=premium,
        reserve=admissible_reserve(problem, prices.reserve),
    )


def _jobs_bound(roster: Roster, asked: Question, least: FloatArray) -> float:
    """No schedules of the jobs cost less at the prices `asked`. [money]

    Args:
        roster: The jobs.
        asked: The prices.
        least: What the tables of whole units found, shape (J,). [money]
    """
    fleet, proven = roster.fleet, least.copy()
    may_earn = asked.it_price.min(initial=0.0) < 0 or asked.gpu_price.min(initial=0.0) < 0
    may_earn = may_earn or fleet.extra_kw.min(initial=0.0) < 0
    doubtful = ~fleet.is_exact | ((fleet.repeat > 0) & may_earn)
    for j in np.flatnonzero(doubtful & ~fleet.is_contiguous):
        terms = roster.jobs[j]
        proven[j] = _path_bound(terms, asked.step_costs(terms), float(least[j]))
    return float(proven.sum())


def _path_bound(terms: Terms, steps: FloatArray, cost: float) -> float:
    """No schedule of a job that may pause costs less at these step costs. [money]

    Args:
        terms: Of the job.
        steps: Cost of each step, shape (sites, modes, T). [money]
        cost: What the table of whole units found.
    """
    earned = np.minimum(0.0, steps.min(axis=(0, 1)))
    if earned.any() and (terms.grain.repeat or not terms.grain.exact):
        # More steps than the work needs would earn: count every such step, and none as a cost.
        paid = untrimmed(terms, np.maximum(0.0, steps), terms.optimistic_grain)[0]
        return paid + float(earned.sum())
    return cost if terms.grain.exact else untrimmed(terms, steps, terms.optimistic_grain)[0]


def lower_bound(problem: Problem, prices: Prices) -> float:
    """A certified lower bound on the objective of every plan. [money]

    Args:
        problem: The problem.
        prices: Any; good ones come with a solution.
    """
    choices = tuple(Choices.of(problem, service) for service in problem.services)
    return respond(problem, prices, choices, Roster.of(terms_of(problem))).bound


def _lease_bound(problem: Problem, gpu_price: FloatArray) -> float:
    """GPUs left spare at their own best, where the lease of some is paid all the same.

        min over spare of gpu_price * spare + lease * max(0, committed - in service + spare)

    which has its least at one of its ends or at its kink.
    """
    total = 0.0
    for k, (_, pool) in enumerate(problem.pools):
        if not pool.committed_gpus:
            continue
        gpus = problem.pool_gpus[k]
        kink = np.maximum(0, gpus - pool.committed_gpus)
        costs = [
            gpu_price[k] * spare
            + pool.lease_price_per_gpu_h * np.maximum(0, pool.committed_gpus - gpus + spare)
            for spare in (np.zeros_like(gpus), kink, gpus)
        ]
        total += float(np.min(costs, axis=0).sum()) * problem.horizon.step_h
    return total


def _waking_bound(problem: Problem, it_price: FloatArray) -> float:
    """Nodes awake beyond the GPUs reserved at their own best: all of them where power earns."""
    total = 0.0
    for k in problem.sleeping:
        s, pool = problem.pools[k]
        earned = float((np.minimum(0.0, it_price[s]) * problem.pool_gpus[k]).sum())
        total += earned * pool.waking_kw_per_gpu * problem.horizon.step_h
    return total
