"""Sites in an order that their names do not decide, so that equal problems have equal plans."""

from collections.abc import Callable
from dataclasses import replace

from optimizer.fingerprint import fingerprint
from optimizer.plan import Prices, ReservePrices, Solution
from optimizer.problem import Problem


def _ties(problem: Problem, site: str) -> tuple[object, ...]:
    """What else tells `site` from a twin: who lives there, who may, and how far it is."""
    return (
        [
            job.home == site if job.running_at is None else (job.home == site, job.origin == site)
            for job in problem.jobs
        ],
        [job.allowed_sites is None or site in job.allowed_sites for job in problem.jobs],
        [service.home == site for service in problem.services],
        [[one.rtt_ms.get((region, site)) for region in one.regions] for one in problem.services],
        sorted(fingerprint(link) for ends, link in problem.links.items() if site in ends),
    )


def canonical(problem: Problem) -> tuple[Problem, Callable[[Solution], Solution]]:
    """The problem with its sites in an order that names do not decide, and the way back.

    So that two problems that differ in the names or the order of sites have the same plan.
    """
    order = sorted(
        range(len(problem.sites)),
        key=lambda s: (
            fingerprint(problem.sites[s], without=["name"]),
            fingerprint(_ties(problem, problem.sites[s].name)),
        ),
    )
    ordered = replace(problem, sites=tuple(problem.sites[s] for s in order))
    rows = [ordered.site_number[site.name] for site in problem.sites]
    pools = [
        ordered.pool_number[ordered.site_number[problem.sites[s].name], pool.gpu_type]
        for s, pool in problem.pools
    ]

    def back_prices(prices: Prices) -> Prices:
        return replace(
            prices,
            power_per_kwh=prices.power_per_kwh[rows],
            gpu_per_gpu_h=prices.gpu_per_gpu_h[pools],
            stored_per_kwh=prices.stored_per_kwh[rows],
            peak_per_kw=prices.peak_per_kw[rows],
            reserve=prices.reserve
            and ReservePrices(
                power_per_kw=prices.reserve.power_per_kw[rows],
                energy_per_kw=prices.reserve.energy_per_kw[rows],
            ),
        )

    def back(solution: Solution) -> Solution:
        servings = {
            name: one.taken(lambda values: values[rows])
            for name, one in solution.plan.servings.items()
        }
        dispatch = {site.name: solution.plan.dispatch[site.name] for site in problem.sites}
        return replace(
            solution,
            plan=replace(solution.plan, servings=servings, dispatch=dispatch),
            prices=back_prices(solution.prices),
            idle_prices=back_prices(solution.idle_prices),
        )

    return ordered, back
