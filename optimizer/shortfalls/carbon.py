"""Why the carbon budget is exceeded: what each job and service must emit at least.

The bound of `optimizer.bound` with carbon as the only price, nothing left undone: the idle sites
emit so much at least, and each job and service adds a share of its own, whatever else is planned.
Shares only add up, so the fewest that exceed the budget are the largest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from optimizer.bound import lower_bound, respond
from optimizer.fleet import Roster
from optimizer.load import Load
from optimizer.merit_order import MeritOrder
from optimizer.plan import Plan, Prices
from optimizer.problem import Objective, Problem
from optimizer.shortfalls.conflict import Cause, Conflict, Constraint, Cure, Limit, Remedy, Wish
from optimizer.shortfalls.deletion import irreducible
from optimizer.site import FloatArray, Site
from optimizer.tally import tally
from optimizer.terms import terms_of
from optimizer.work import Job, Service

#: What a shortfall counts for, so that none is a way to emit less. [kg CO2e per unit]
FORBIDDEN_KG = 1e4
TOLERANCE = 1e-6
#: Levels tried for what a stored kWh carries, between the least and the most of its site.
LEVELS = np.linspace(0.0, 1.0, 9)


def carbon_conflict(problem: Problem, plan: Plan) -> Conflict | None:
    """Why `plan` emits more than its budget; None where it does not."""
    price, account = problem.objective, tally(problem, plan)
    budget_kg, excess_kg = price.carbon_budget_kg, account.excess_carbon_kg
    emitted_kg = account.total("emissions_kg")
    if budget_kg is None or excess_kg <= TOLERANCE * max(1.0, emitted_kg):
        return None
    only = carbon_only(problem)
    prices = _prices(only, plan)
    idle_kg = lower_bound(replace(only, jobs=(), services=()), prices)
    shares: dict[str, float] = {}
    for name, share_kg in _shares_kg(only, prices, idle_kg):
        if idle_kg + sum(shares.values()) > budget_kg:
            break
        shares[name] = shares.get(name, 0.0) + share_kg()

    def exceeds(names: Sequence[str]) -> bool:
        least_kg = idle_kg + sum(shares[name] for name in names)
        return least_kg > budget_kg + TOLERANCE * max(1.0, budget_kg)

    forced = exceeds(list(shares))
    names = irreducible(sorted(shares, key=lambda name: shares[name]), exceeds) if forced else ()
    kept = [Constraint(limit=Limit.OTHER_WORK, subject=name, amount=shares[name]) for name in names]
    cause = Cause.PRICE if not forced else Cause.BESIDE if kept else Cause.ALONE
    return Conflict(
        wish=Wish.CARBON_BUDGET,
        subject="",
        amount=excess_kg,
        cost=price.carbon_excess_price_per_kg * excess_kg,
        cause=cause,
        constraints=tuple(kept),
        cures=(Cure(remedy=Remedy.CARBON_BUDGET, amount=emitted_kg),),
    )


def carbon_only(problem: Problem) -> Problem:
    """`problem` where a kg CO2e costs 1 and money nothing, and nothing may be left undone."""
    gpu_h = [job.gpu_hours * job.priority for job in problem.jobs]
    objective = Objective(
        currency="kg",
        carbon_price_per_kg=1.0,
        water_price_per_l=0.0,
        unmet_price_per_kwh=FORBIDDEN_KG,
        unserved_price_per_request=FORBIDDEN_KG,
        late_price_per_gpu_h=0.0,
        unfinished_price_per_gpu_h=FORBIDDEN_KG / min([1.0, *gpu_h]),
    )
    sites = tuple(_carbon_only(site) for site in problem.sites)
    links = {pair: replace(link, cost_per_gb=0.0) for pair, link in problem.links.items()}
    return replace(problem, sites=sites, objective=objective, links=links)


def _carbon_only(site: Site) -> Site:
    grid, generator, battery = site.grid, site.generator, site.battery
    if grid is not None:
        free = np.zeros_like(grid.import_price_per_kwh)
        grid = replace(
            grid, import_price_per_kwh=free, export_price_per_kwh=free, demand_charge=None
        )
    if generator is not None:
        generator = replace(generator, fuel_cost_per_kwh=0.0, start_cost=0.0)
    if battery is not None:
        battery = replace(battery, wear_cost_per_kwh=0.0)
    pools = tuple(replace(pool, lease_price_per_gpu_h=0.0) for pool in site.pools)
    return replace(site, grid=grid, generator=generator, battery=battery, pools=pools)


def _prices(problem: Problem, plan: Plan) -> Prices:
    """Carbon of one more kWh beside `plan`, and what a stored kWh carries, the best level tried.

    Any prices prove something; these are found without a solver.
    """
    load_kw = Load.of(problem, plan.placements, plan.servings).facility_kw(problem)
    order = MeritOrder.of(problem, plan.dispatch)
    per_kwh: FloatArray = (order.cost(load_kw + 1.0) - order.cost(load_kw)) / order.step_h
    per_kwh = np.minimum(per_kwh, FORBIDDEN_KG)
    sites = list(enumerate(problem.sites))
    best, most_kg = None, -np.inf
    for level in LEVELS:
        stored = np.zeros_like(per_kwh)
        power = per_kwh.copy()
        for s, site in sites:
            stored[s] = np.quantile(per_kwh[s], level)
            if site.battery is not None:
                least = stored[s] * site.battery.charge_efficiency
                power[s] = np.clip(power[s], least, stored[s] / site.battery.discharge_efficiency)
        for priced in (power, per_kwh):
            prices = Prices(
                power_per_kwh=priced,
                gpu_per_gpu_h=np.zeros_like(problem.pool_gpus, dtype=float),
                stored_per_kwh=stored,
                peak_per_kw=np.zeros_like(per_kwh),
            )
            bound = lower_bound(problem, prices)
            if bound > most_kg:
                best, most_kg = prices, bound
    assert best is not None
    return best


def _shares_kg(
    problem: Problem, prices: Prices, idle_kg: float
) -> Iterator[tuple[str, Callable[[], float]]]:
    """Services, then jobs from the largest on, and what each emits at least. [kg CO2e]"""
    jobs = replace(problem, services=())
    rough = respond(jobs, prices, (), Roster.of(terms_of(jobs))).least

    def share_kg(some: tuple[Job, ...], services: tuple[Service, ...]) -> float:
        alone = replace(problem, jobs=some, services=services)
        return max(0.0, lower_bound(alone, prices) - idle_kg)

    for service in sorted(problem.services, key=lambda one: one.name):
        yield service.name, partial(share_kg, (), (service,))
    for j in np.argsort(-rough, kind="stable"):
        job = replace(problem.jobs[j], after=())
        yield job.name, partial(share_kg, (job,), ())
