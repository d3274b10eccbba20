"""The cost budget as a price: at a premium, money costs more than itself, and no budget stands.

A unit of money above the budget costs `cost_excess_price` beside itself. Relaxed, the budget is a
premium between 0 and that price on all money, wherever it is paid. So whoever works at given prices
works on a problem without a budget, in which money is dearer.
"""

from collections.abc import Iterable
from dataclasses import replace

from optimizer.fleet import Roster
from optimizer.load import Load
from optimizer.plan import Placement
from optimizer.problem import Problem
from optimizer.site import GridConnection, Site
from optimizer.terms import Terms


def dearer(problem: Problem, premium: float) -> Problem:
    """`problem` with money 1 + `premium` times as dear, and no cost budget.

    Penalties and the carbon price are no money paid: they stay as they are.
    """
    if problem.objective.cost_budget is None:
        return problem
    times = 1.0 + premium
    return replace(
        problem,
        sites=tuple(_dearer_site(site, times) for site in problem.sites),
        links={
            ends: replace(link, cost_per_gb=link.cost_per_gb * times)
            for ends, link in problem.links.items()
        },
        objective=replace(
            problem.objective,
            water_price_per_l=problem.objective.water_price_per_l * times,
            cost_budget=None,
            cost_excess_price=0.0,
        ),
    )


def dearer_roster(problem: Problem, roster: Roster, premium: float) -> Roster:
    """The jobs of `roster`, which are in `problem`, as they are in `dearer(problem, premium)`."""
    if problem.objective.cost_budget is None:
        return roster
    times, fleet = 1.0 + premium, roster.fleet
    return replace(
        roster,
        jobs=dearer_terms(problem, roster.jobs, premium),
        fleet=fleet._replace(
            start_cost=fleet.start_cost * times, lease_cost=fleet.lease_cost * times
        ),
    )


def dearer_terms(problem: Problem, jobs: tuple[Terms, ...], premium: float) -> tuple[Terms, ...]:
    """Terms of `jobs`, which are in `problem`, as they are in `dearer(problem, premium)`."""
    if problem.objective.cost_budget is None:
        return jobs
    times = 1.0 + premium
    return tuple(
        replace(one, start_cost=one.start_cost * times, lease_cost=one.lease_cost * times)
        for one in jobs
    )


def without_work(problem: Problem) -> Problem:
    """Under a cost budget, which makes it anew each round, `problem` with sites alone."""
    budgeted = problem.objective.cost_budget is not None
    return replace(problem, jobs=(), services=()) if budgeted else problem


def budget_value(problem: Problem, premium: float) -> float:
    """What the cost budget of `problem` is worth at `premium`: premium * budget. [money]"""
    return premium * (problem.objective.cost_budget or 0.0)


def paid_for_work(problem: Problem, load: Load, placements: Iterable[Placement]) -> float:
    """Money that jobs and replicas cost beside their energy: leases, water and transfers. [money]

    Args:
        problem: The problem.
        load: Of all that is placed.
        placements: Of the jobs, in the problem's order.
    """
    h, price = problem.horizon.step_h, problem.objective.water_price_per_l
    water_l = sum(
        float(it_kw @ site.cooling.water_l_per_kwh) * h
        for site, it_kw in zip(problem.sites, load.drawn_it_kw(problem), strict=True)
    )
    moved = sum(
        problem.transfer_cost(job, placement.site)
        for job, placement in zip(problem.jobs, placements, strict=True)
        if placement.runs
    )
    return float(problem.lease_cost(load.gpus).sum()) + price * water_l + moved


def _dearer_site(site: Site, times: float) -> Site:
    battery, generator = site.battery, site.generator
    return replace(
        site,
        pools=tuple(
            replace(pool, lease_price_per_gpu_h=pool.lease_price_per_gpu_h * times)
            for pool in site.pools
        ),
        grid=site.grid and _dearer_grid(site.grid, times),
        battery=battery and replace(battery, wear_cost_per_kwh=battery.wear_cost_per_kwh * times),
        generator=generator
        and replace(
            generator,
            fuel_cost_per_kwh=generator.fuel_cost_per_kwh * times,
            start_cost=generator.start_cost * times,
        ),
    )


def _dearer_grid(grid: GridConnection, times: float) -> GridConnection:
    charge = grid.demand_charge
    return replace(
        grid,
        import_price_per_kwh=grid.import_price_per_kwh * times,
        export_price_per_kwh=grid.export_price_per_kwh * times,
        demand_charge=charge and replace(charge, price_per_kw=charge.price_per_kw * times),
    )
