"""Rules that join two places of a world: names that must exist, times that must be possible.

Each check yields findings and stops at none, so that all of them reach the user at once. Rules of
one field alone stand with the field.
"""

from collections.abc import Iterator
from itertools import chain

from optimizer.work import FULL
from scheduler.scenario.errors import Finding, Path
from scheduler.scenario.event_checks import events_findings
from scheduler.scenario.fields import utc_text
from scheduler.scenario.investment_checks import investment_findings
from scheduler.scenario.job_checks import jobs_findings, most_gpus
from scheduler.scenario.references import admitted, home_findings, unknown
from scheduler.scenario.services import Service, Variant
from scheduler.scenario.sites import (
    Grid,
    PvModelled,
    Site,
    WeatherCooling,
    WindModelled,
)
from scheduler.scenario.tariff import misfits
from scheduler.scenario.world import MAX_STEPS, MINUTES_A_DAY, Horizon, Policy, World

Findings = Iterator[Finding]
ROUNDING = 1e-9
FIRST_YEAR, LAST_YEAR = 1900, 2200


def findings(world: World) -> Findings:
    """Everything wrong with `world` beyond its single fields."""
    broken_horizon = list(_horizon(world.horizon))
    yield from broken_horizon
    yield from _policy(world.policy)
    yield from _reserve(world)
    yield from chain.from_iterable(
        _site(site, ("sites", name)) for name, site in world.sites.items()
    )
    yield from investment_findings(world)
    yield from _links(world)
    yield from _regions(world)
    yield from chain.from_iterable(
        _service(world, service, ("services", name)) for name, service in world.services.items()
    )
    if not broken_horizon:
        yield from jobs_findings(world)
        yield from events_findings(world)


def _horizon(horizon: Horizon) -> Findings:
    path: Path = ("horizon",)
    if MINUTES_A_DAY % horizon.step_min:
        near = min(
            (m for m in range(5, MINUTES_A_DAY + 1) if MINUTES_A_DAY % m == 0),
            key=lambda m: abs(m - horizon.step_min),
        )
        text = f"must divide the day of 1440 min, got {horizon.step_min}; did you mean {near}?"
        yield Finding((*path, "step_min"), text)
        return
    steps = horizon.days * MINUTES_A_DAY / horizon.step_min
    if abs(steps - round(steps)) > ROUNDING or round(steps) < 1:
        text = f"must be whole steps of {horizon.step_min} min, got {horizon.days:g} days"
        yield Finding((*path, "days"), text)
    if steps > MAX_STEPS:
        most = MAX_STEPS * horizon.step_min / MINUTES_A_DAY
        text = (
            f"{steps:g} steps of {horizon.step_min} min, at most {MAX_STEPS} can be planned; "
            f"use {most:g} days or fewer, or longer steps"
        )
        yield Finding((*path, "days"), text)
    if not FIRST_YEAR <= horizon.start.year <= LAST_YEAR:
        text = (
            f"must be in a year from {FIRST_YEAR} to {LAST_YEAR}, got {utc_text(horizon.start)}; "
            "choose another"
        )
        yield Finding((*path, "start"), text)
        return
    minute = horizon.start.hour * 60 + horizon.start.minute
    if minute % horizon.step_min or horizon.start.second or horizon.start.microsecond:
        floor = minute - minute % horizon.step_min
        repair = horizon.start.replace(hour=floor // 60, minute=floor % 60, second=0, microsecond=0)
        text = (
            f"must be on a step of {horizon.step_min} min counted from midnight UTC, "
            f"got {utc_text(horizon.start)}; did you mean {utc_text(repair)}?"
        )
        yield Finding((*path, "start"), text)


def _policy(policy: Policy) -> Findings:
    for budget, excess, unit in (
        ("carbon_budget_kg", "carbon_excess_price_per_kg", "a kg"),
        ("cost_budget", "cost_excess_price", "a unit of money"),
    ):
        most, price = getattr(policy, budget), getattr(policy, excess)
        if most is not None and price is None:
            text = f"needs {excess}: what {unit} above the budget costs"
            yield Finding(("policy", budget), text)
        if most is None and price is not None:
            yield Finding(("policy", excess), f"only goes with {budget}; remove it")


def _reserve(world: World) -> Findings:
    if world.policy.reserve_price_per_kw_h is not None:
        return
    for name, site in world.sites.items():
        for kind, plant in (("pv", site.pv), ("wind", site.wind)):
            if plant is not None and plant.reserve_share:
                text = "needs policy.reserve_price_per_kw_h: what a kW missing for an hour costs"
                yield Finding(("sites", name, kind, "reserve_share"), text)


def _site(site: Site, path: Path) -> Findings:
    if site.grid is not None:
        yield from _grid(site.grid, (*path, "grid"))
    elif not (site.pv or site.wind or site.battery or site.generator):
        text = "nothing supplies this site; give it a grid, pv, wind, battery or generator"
        yield Finding(path, text)
    if site.battery is not None and site.battery.soc_initial < site.battery.soc_min:
        text = (
            f"must be at least soc_min {site.battery.soc_min:g}, got {site.battery.soc_initial:g}"
        )
        yield Finding((*path, "battery", "soc_initial"), text)
    for gpu_type, pool in site.pools.items():
        if pool.committed_gpus and not pool.lease_price_per_gpu_h:
            text = "only goes with lease_price_per_gpu_h; say what the lease costs"
            yield Finding((*path, "pools", gpu_type, "committed_gpus"), text)
        sleep_kw, idle_kw = pool.sleep_kw_per_gpu, pool.idle_kw_per_gpu
        if sleep_kw is not None and sleep_kw > idle_kw:
            text = f"must be at most idle_kw_per_gpu {idle_kw:g}, got {sleep_kw:g}"
            yield Finding((*path, "pools", gpu_type, "sleep_kw_per_gpu"), text)
        if pool.wake_h and sleep_kw is None:
            text = "only goes with sleep_kw_per_gpu; remove it"
            yield Finding((*path, "pools", gpu_type, "wake_h"), text)
    weather = [
        name
        for name, kind in (("pv", PvModelled), ("wind", WindModelled), ("cooling", WeatherCooling))
        if isinstance(getattr(site, name), kind)
    ]
    if weather and site.climate is None:
        text = (
            f"climate is missing, but {' and '.join(weather)} follow the weather; "
            "add climate: dakhla, casablanca or western-europe"
        )
        yield Finding(path, text)
    if not weather and site.weather.feed != "none":
        text = "nothing at this site follows the weather; remove it"
        yield Finding((*path, "weather", "feed"), text)
    if isinstance(site.cooling, WeatherCooling):
        yield from _cooling(site.cooling, (*path, "cooling"))


def _grid(grid: Grid, path: Path) -> Findings:
    tariff, carbon = grid.tariff, grid.carbon
    if (tariff.price_per_kwh is None) == (tariff.time_of_use is None):
        text = "needs either price_per_kwh or time_of_use"
        yield Finding((*path, "tariff"), text)
    if tariff.time_of_use is not None:
        for misfit in misfits(tariff.time_of_use):
            yield Finding((*path, "tariff", "time_of_use"), misfit)
    if (carbon.g_per_kwh is None) == (carbon.yearly_g_per_kwh is None):
        text = "needs either g_per_kwh or yearly_g_per_kwh"
        yield Finding((*path, "carbon"), text)
    if carbon.yearly_g_per_kwh is None:
        for name in ("daily_shape", "spread"):
            if getattr(carbon, name) is not None:
                text = "only goes with yearly_g_per_kwh; remove it"
                yield Finding((*path, "carbon", name), text)


def _cooling(cooling: WeatherCooling, path: Path) -> Findings:
    if cooling.return_c <= cooling.supply_c:
        text = (
            f"must be above supply_c {cooling.supply_c:g}, got {cooling.return_c:g}; "
            "machines warm the air by 8 to 15 K"
        )
        yield Finding((*path, "return_c"), text)
    for name in ("sea_mean_c", "sea_amplitude_k"):
        if getattr(cooling, name) is not None and cooling.kind != "sea":
            yield Finding((*path, name), "only goes with kind: sea; remove it")


def _links(world: World) -> Findings:
    seen: dict[frozenset[str], int] = {}
    for number, link in enumerate(world.links):
        path: Path = ("links", number, "between")
        for end, name in enumerate(link.between):
            if name not in world.sites:
                yield unknown((*path, end), "site", name, world.sites)
        pair = frozenset(link.between)
        if len(pair) == 1:
            yield Finding(path, f"must join two sites, got {link.between[0]} twice")
        elif pair in seen:
            text = f"{' and '.join(link.between)} are joined by link {seen[pair]} already"
            yield Finding(path, text + "; keep one of them")
        seen.setdefault(pair, number)


def _regions(world: World) -> Findings:
    for name, region in world.regions.items():
        path: Path = ("regions", name, "rtt_ms")
        for site in region.rtt_ms:
            if site not in world.sites:
                yield unknown((*path, site), "site", site, world.sites)
        missing = [site for site in world.sites if site not in region.rtt_ms]
        if missing:
            yield Finding(path, f"no round trip to {', '.join(missing)}; add it in ms")


def _service(world: World, service: Service, path: Path) -> Findings:
    sites = admitted(world, service)
    yield from home_findings(world, service, path)
    for region in service.demand:
        here = (*path, "demand", region)
        if region not in world.regions:
            yield unknown(here, "region", region, world.regions)
            continue
        rtt_ms = world.regions[region].rtt_ms
        reached = [
            site
            for site in sites
            if site in rtt_ms
            and rtt_ms[site] + service.service_time_ms <= service.latency_budget_ms
        ]
        needed = 2 if service.survives_site_loss else 1
        if service.home in rtt_ms and service.home in sites and service.home not in reached:
            total = rtt_ms[service.home] + service.service_time_ms
            text = (
                f"home {service.home} answers in {total:g} ms, over latency_budget_ms "
                f"{service.latency_budget_ms:g}; raise the budget or move home"
            )
            yield Finding(here, text)
        elif len(reached) < needed and service.home in sites:
            text = (
                f"only {', '.join(reached) or 'no site'} may answer in time, so it cannot survive "
                "the loss of a site; allow a second one or drop survives_site_loss"
            )
            yield Finding((*path, "survives_site_loss"), text)
            break
    floor = service.min_replicas * service.gpus_per_replica
    most = sum(most_gpus(world.sites[site].pools[service.gpu_type]) for site in sites)
    if sites and floor > most:
        text = f"{service.min_replicas} replicas need {floor} GPUs, its sites have {most:g}"
        yield Finding((*path, "min_replicas"), text)
    yield from _idle(world, service, service, path)
    yield from _variants(world, service, path)


def _variants(world: World, service: Service, path: Path) -> Findings:
    """The other models, and the floor on the mean quality that goes with them."""
    if service.variants and service.quality_floor is None:
        text = "must come with a quality_floor, the least mean quality of the answers; 0 allows any"
        yield Finding((*path, "variants"), text)
    if service.quality_floor is not None and not service.variants:
        text = "only goes with variants, the full model has quality 1; remove it or add some"
        yield Finding((*path, "quality_floor"), text)
    for name, variant in service.variants.items():
        here = (*path, "variants", name)
        if name == FULL:
            text = "is what the service's own model is called; give the variant another name"
            yield Finding(here, text)
        yield from _idle(world, service, variant, here)


def _idle(world: World, service: Service, model: Service | Variant, path: Path) -> Findings:
    """A replica draws no less than its GPUs standing idle do."""
    for site in admitted(world, service):
        pool = world.sites[site].pools[service.gpu_type]
        idle_kw = pool.idle_kw_per_gpu * model.gpus_per_replica
        if model.replica_idle_kw < idle_kw - ROUNDING:
            text = (
                f"must include the idle draw of its GPUs, {idle_kw:g} kW at {site}, "
                f"got {model.replica_idle_kw:g}"
            )
            yield Finding((*path, "replica_idle_kw"), text)
            break
