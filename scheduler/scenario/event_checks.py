"""Rules that join an event to the rest of the world: what it names must be there to be struck."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from scheduler.scenario.errors import Finding, Path
from scheduler.scenario.events import (
    BatteryFault,
    CableCut,
    CurtailmentOrder,
    DemandSurge,
    DustStorm,
    FeedLies,
    GpusLost,
    GridOutage,
    HeatWave,
    NewBattery,
    NewJobs,
    PriceSpike,
    TariffChange,
    Timed,
    WindTrip,
    fleet_job,
    happening,
)
from scheduler.scenario.job_checks import job_findings
from scheduler.scenario.references import unknown
from scheduler.scenario.resolve import grid_series
from scheduler.scenario.sites import Site
from scheduler.scenario.world import World

Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a site must have so that an event can strike it."""

    what: str
    has: Callable[[Site], bool]


_GRID = _Needs("grid connection", lambda site: site.grid is not None)
_BATTERY = _Needs("battery", lambda site: site.battery is not None)
_NEEDS: Mapping[type[Timed], _Needs] = {
    WindTrip: _Needs("wind farm", lambda site: site.wind is not None),
    DustStorm: _Needs("PV plant", lambda site: site.pv is not None),
    GridOutage: _GRID,
    PriceSpike: _GRID,
    TariffChange: _GRID,
    BatteryFault: _BATTERY,
    NewBattery: _BATTERY,
    HeatWave: _Needs(
        "climate, so no weather that could be warmer", lambda site: bool(site.climate)
    ),
}


def events_findings(world: World) -> Findings:
    """Everything wrong with events beyond their single fields."""
    names: dict[str, int] = {}
    for number, event in enumerate(world.events):
        path: Path = ("events", number)
        twice = list(_times(event, path))
        yield from twice
        yield from _site(world, event, path)
        if twice:
            continue
        match event:
            case GpusLost():
                yield from _pool(world, event, path)
            case DemandSurge():
                yield from _surge(world, event, path)
            case CableCut():
                yield from _cable(world, event, path)
            case BatteryFault():
                yield from _repaired(world, event, number, path)
            case FeedLies(of="demand", site=str()):
                yield Finding((*path, "site"), "demand has no site; remove it")
            case NewJobs():
                if event.name in names:
                    text = f"event {names[event.name]} has that name too; choose another"
                    yield Finding((*path, "name"), text)
                names.setdefault(event.name, number)
                yield from _fleet(world, event, number, path)


def _times(event: Timed, path: Path) -> Findings:
    for name in ("start", "known"):
        if None not in (getattr(event, name), getattr(event, f"{name}_h")):
            yield Finding((*path, f"{name}_h"), f"{name} is given too; keep one of them")
    if event.start is None and event.start_h is None:
        yield Finding(path, "start_h is missing; say in hours from the start when it begins")
    if event.blinds:
        for name in ("known", "known_h"):
            if getattr(event, name) is not None:
                text = "nobody knows that a feed fails; remove it"
                yield Finding((*path, name), text)


def _site(world: World, event: Timed, path: Path) -> Findings:
    name = getattr(event, "site", None)
    if name is None:
        return
    here = (*path, "site")
    if name not in world.sites:
        yield unknown(here, "site", name, world.sites)
        return
    site, needs = world.sites[name], _NEEDS.get(type(event))
    if isinstance(event, CurtailmentOrder):
        plants = _Needs("plant", lambda site: bool(site.pv or site.wind))
        needs = plants if event.of == "plants" else _GRID
    if needs is not None and not needs.has(site):
        having = [other for other, one in world.sites.items() if needs.has(one)]
        hint = f"; {', '.join(having)} would do" if having else "; remove the event"
        yield Finding(here, f"{name} has no {needs.what}{hint}")


def _pool(world: World, event: GpusLost, path: Path) -> Findings:
    if event.site not in world.sites or event.gpu_type is None:
        return
    pools = world.sites[event.site].pools
    if event.gpu_type not in pools:
        yield unknown((*path, "gpu_type"), "pool", event.gpu_type, pools)


def _surge(world: World, event: DemandSurge, path: Path) -> Findings:
    if event.service not in world.services:
        yield unknown((*path, "service"), "service", event.service, world.services)
        return
    regions = world.services[event.service].demand
    if event.region is not None and event.region not in regions:
        yield unknown((*path, "region"), "region of its demand", event.region, regions)


def _cable(world: World, event: CableCut, path: Path) -> Findings:
    if event.region not in world.regions:
        yield unknown((*path, "region"), "region", event.region, world.regions)
    for number, name in enumerate(event.sites):
        if name not in world.sites:
            yield unknown((*path, "sites", number), "site", name, world.sites)


def _repaired(world: World, event: BatteryFault, number: int, path: Path) -> Findings:
    """A battery ends as full as it began, so it must work again long enough before."""
    battery = world.sites[event.site].battery if event.site in world.sites else None
    if battery is None or not battery.power_kw:
        return
    after_h = 2 * battery.energy_kwh / (battery.power_kw * battery.charge_efficiency)
    one = happening(number, event, world.horizon.start, world.horizon.end)
    latest = world.horizon.end - timedelta(hours=after_h)
    if world.horizon.start < one.end and one.start < world.horizon.end and one.end > latest:
        text = (
            f"the battery must work again {after_h:g} h before the end of the horizon, so that it "
            "can end as full as it began; shorten the fault, or lengthen the horizon"
        )
        yield Finding((*path, "hours") if event.hours else path, text)


def _fleet(world: World, event: NewJobs, number: int, path: Path) -> Findings:
    here = (*path, "job")
    for name in ("release", "release_h", "running_at"):
        if getattr(event.job, name) is not None:
            yield Finding((*here, name), "the jobs come as the event begins; remove it")
            return
    if event.job.after:
        yield Finding((*here, "after"), "jobs of an event wait for no other; remove it")
        return
    one = happening(number, event, world.horizon.start, world.horizon.end)
    if world.horizon.start <= one.start < world.horizon.end:
        yield from job_findings(world, fleet_job(event, one.start), here)


def sale_findings(world: World) -> Findings:
    """Events after which a kWh sold would bring more than a kWh bought; files must be read."""
    for number, event in enumerate(world.events):
        if not isinstance(event, PriceSpike | TariffChange):
            continue
        for name, site in world.sites.items():
            if event.site not in (None, name) or site.grid is None:
                continue
            grid = grid_series(site.grid, world.horizon, site.timezone)
            if isinstance(event, PriceSpike):
                field, changed = "factor", grid.import_price_per_kwh * event.factor
            else:
                field, changed = "price_per_kwh", 0 * grid.import_price_per_kwh
                changed = changed + event.price_per_kwh
            above = (grid.export_price_per_kwh > changed) & (grid.export_limit_kw > 0)
            if above.any():
                text = (
                    f"energy at {name} would then cost {changed[above][0]:g}, less than the "
                    f"{grid.export_price_per_kwh[above][0]:g} its export pays: buying to sell "
                    "would pay; raise it"
                )
                yield Finding(("events", number, field), text)
                break
