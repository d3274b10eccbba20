"""A cost no plan can undercut, from any prices, by plain arithmetic.

Lagrangian relaxation of the power balance, the pools, the battery balance, the billed peak, an
island's reserve and the budgets of carbon and of cost (Geoffrion 1974): at given prices every job,
every service, every flow and every generator is minimised on its own, jobs, replicas and starts
whole. Any prices give a valid bound; the duals of the core model give a tight one. No solver is
needed, so a stranger can check it.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.answers import Question, ask
from optimizer.commitment import least_cost
from optimizer.fleet import Roster, Timetable
from optimizer.load import Load, slopes
from optimizer.money import budget_value, dearer, dearer_roster
from optimizer.plan import Prices
from optimizer.pricing import untrimmed
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.reserve import admissible_reserve, kw_per_kwh
from optimizer.site import FloatArray, IntArray, Site
from optimizer.terms import Terms, terms_of

G_PER_KG = 1000


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
    problem: Problem, choices: Choices, it_price: FloatArray, gpu_price: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Price of a replica and of one request a second, by site and step, shape (sites, T) each."""
    h, service, sites = problem.horizon.step_h, choices.service, list(choices.sites)
    pools = [problem.pool_number[s, service.gpu_type] for s in sites]
    reserved = service.gpus_per_replica * gpu_price[pools]
    replica = h * (choices.extra_kw[:, None] * it_price[sites] + reserved)
    return replica, h * choices.request_kw * it_price[sites]


def service_step_costs(
    choices: Choices, replica: FloatArray, request: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Cost and requests of each choice, step by step.

    Returns:
        Cost, infinite where pools cannot hold it, shape (T, C) [money]; requests it serves by
        site, none where leaving them unanswered costs less, shape (T, C, sites) [1/s].
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
        replicas: Of each service by step and admissible site, shape (T, sites) each.
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
    for one in choices:
        replica, request = service_prices(problem, one, asked.it_price, asked.gpu_price)
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

    None is below 0 of a pool (or below what its lease spares), a billed peak or a budget, and none
    above what a unit beyond the budget costs.
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


def supply_bound(problem: Problem, prices: Prices) -> float:
    """Every energy flow at its own best between its limits, and idle load at its price. [money]"""
    h = problem.horizon.step_h
    fixed_kw = Load.idle(problem).facility_kw(problem)
    most_kw = _most_facility_kw(problem)
    total = float((prices.power_per_kwh * fixed_kw).sum()) * h
    total -= prices.carbon_per_kg * (problem.objective.carbon_budget_kg or 0.0)
    kg = (problem.objective.carbon_price_per_kg + prices.carbon_per_kg) / G_PER_KG
    reserve = admissible_reserve(problem, prices.reserve)
    for s, site in enumerate(problem.sites):
        power, peak = prices.power_per_kwh[s] * h, prices.peak_per_kw[s]
        ready, stored = reserve.power_per_kw[s], reserve.energy_per_kw[s]
        flows = _flows(problem, site, power, peak, most_kw[s], kg=kg, ready=ready + stored)
        for cost, most in flows:
            total += float((np.minimum(0.0, cost) * most).sum())
        total += _generator_bound(problem, site, power, kg, ready + stored)
        total += _peak_bound(site, peak)
        total += _battery_bound(
            problem, site, power, prices.stored_per_kwh[s], ready=ready, stored_ready=stored
        )
    return total


def _flows(
    problem: Problem,
    site: Site,
    power: FloatArray,
    peak: FloatArray,
    most_kw: FloatArray,
    *,
    kg: float,
    ready: FloatArray,
) -> list[tuple[FloatArray, FloatArray | float]]:
    """Reduced cost per kW and limit of every flow but the battery's and the generator's.

    `kg` is the price of carbon, budget included [money/g], `ready` that of reserve [money/kW].
    """
    h, price = problem.horizon.step_h, problem.objective
    flows: list[tuple[FloatArray, FloatArray | float]] = [
        (price.unmet_price_per_kwh * h - power, most_kw)
    ]
    if site.grid:
        grid = site.grid
        bought = grid.import_price_per_kwh + kg * grid.carbon_intensity_g_per_kwh
        flows.append((bought * h - power + peak, grid.import_limit_kw))
        flows.append((power - grid.export_price_per_kwh * h, grid.export_limit_kw))
    flows += [
        (kg * p.carbon_g_per_kwh * h - power + p.reserve_share * ready, p.available_kw)
        for p in site.plants
    ]
    return flows


def _generator_bound(
    problem: Problem, site: Site, power: FloatArray, kg: float, ready: FloatArray
) -> float:
    """The generator at its own best: in each step, or over all ways to be on and off.

    While it runs, all that it does not give is reserve, at the price `ready`. [money/kW]
    """
    if site.generator is None:
        return 0.0
    h, generator = problem.horizon.step_h, site.generator
    cost = (generator.fuel_cost_per_kwh + kg * generator.carbon_g_per_kwh) * h - power + ready
    if not generator.has_commitment:
        return float(((np.minimum(0.0, cost) - ready) * generator.power_kw).sum())
    above_kw = np.where(cost < 0, generator.power_kw, generator.min_load_kw)
    running = cost * above_kw + np.minimum(0.0, power) * generator.min_load_kw
    running = running - ready * generator.power_kw
    return least_cost(generator, running, h)


def _peak_bound(site: Site, peak: FloatArray) -> float:
    """Billed peaks at their own best, and what the peaks already reached are worth."""
    if site.grid is None or site.grid.demand_charge is None:
        return 0.0
    charge = site.grid.demand_charge
    total = -float(peak[charge.period == 0].sum()) * charge.peak_so_far_kw
    for period in range(int(charge.period.max()) + 1):
        inside = charge.period == period
        most_kw = float(site.grid.import_limit_kw[inside].max())
        total += min(0.0, charge.price_per_kw - float(peak[inside].sum())) * most_kw
    return total


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


def _battery_bound(
    problem: Problem,
    site: Site,
    power: FloatArray,
    stored: FloatArray,
    *,
    ready: FloatArray,
    stored_ready: FloatArray,
) -> float:
    """Charge, discharge and stored energy at their own best, their balance priced.

    Its reserve is worth `ready` by power and `stored_ready` by what is stored. [money/kW]
    """
    if site.battery is None:
        return 0.0
    h, battery = problem.horizon.step_h, site.battery
    charge = power - stored * battery.charge_efficiency * h - ready
    discharge = battery.wear_cost_per_kwh * h - power + stored * h / battery.discharge_efficiency
    discharge = discharge + ready
    flows = np.minimum(0.0, charge) + np.minimum(0.0, discharge)
    total = float(flows.sum()) * battery.power_kw - float(stored[0]) * battery.soc_initial_kwh
    per_kwh = stored_ready * kw_per_kwh(battery, h)
    total += float(per_kwh.sum()) * battery.soc_min_kwh - float(ready.sum()) * battery.power_kw
    value = stored - np.append(stored[1:], 0.0) - per_kwh
    value_kwh = np.where(value >= 0, battery.soc_min_kwh, battery.energy_kwh)
    value_kwh[-1] = battery.soc_initial_kwh
    return total + float(value @ value_kwh)


def _most_facility_kw(problem: Problem) -> FloatArray:
    """Most any plan can draw by site and step: every GPU in its hungriest use, battery charging."""
    it = np.array([site.idle_it_kw for site in problem.sites])
    hungriest: dict[str, float] = {}
    for job in problem.jobs:
        for mode in job.modes:
            per_gpu = mode.power_kw / mode.gpus
            hungriest[job.gpu_type] = max(hungriest.get(job.gpu_type, 0.0), per_gpu)
    for service in problem.services:
        full_kw = service.replica_kw + service.capacity_rps * service.energy_per_request_kwh * 3600
        per_gpu = full_kw / service.gpus_per_replica
        hungriest[service.gpu_type] = max(hungriest.get(service.gpu_type, 0.0), per_gpu)
    for s, site in enumerate(problem.sites):
        for pool in site.pools:
            awake_kw = pool.waking_kw_per_gpu + hungriest.get(pool.gpu_type, 0.0)
            it[s] = it[s] + pool.gpus * awake_kw
    overhead = np.array([[site.cooling.overhead_kw] for site in problem.sites])
    battery = np.array([[site.battery.power_kw if site.battery else 0.0] for site in problem.sites])
    most: FloatArray = overhead + slopes(problem) * it + battery
    return most
