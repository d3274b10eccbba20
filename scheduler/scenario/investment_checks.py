"""Rules of what may be built: currencies with their rate, limits that fit, ranges in order.

What a site does not describe cannot be built there: a plant's shape comes from its description.
"""

from collections.abc import Iterator

from scheduler.scenario.errors import Finding, Path
from scheduler.scenario.investment import Asset, Investment, SiteInvestment
from scheduler.scenario.references import unknown
from scheduler.scenario.sites import PvModelled, Site, WindModelled
from scheduler.scenario.world import World

KINDS = ("pv", "wind", "battery_power", "battery_energy", "grid", "generator", "gpus")


def investment_findings(world: World) -> Iterator[Finding]:
    """Everything wrong with the investment beyond its single fields."""
    if world.investment is None:
        return
    yield from _money(world.investment, world.currency)
    for name, planned in world.investment.sites.items():
        path: Path = ("investment", "sites", name)
        if name not in world.sites:
            yield unknown(path, "site", name, world.sites)
        else:
            yield from _site(world.sites[name], planned, path)


def _money(investment: Investment, currency: str) -> Iterator[Finding]:
    path: Path = ("investment",)
    foreign = investment.currency is not None and investment.currency != currency
    if foreign and investment.exchange_rate is None:
        text = (
            f"is not the world's {currency}, got {investment.currency}; add exchange_rate, "
            f"{currency} for one {investment.currency}"
        )
        yield Finding((*path, "currency"), text)
    if not foreign and investment.exchange_rate is not None:
        text = f"prices are in the world's {currency} already; remove it, or say their currency"
        yield Finding((*path, "exchange_rate"), text)
    if investment.basis == "nominal" and not investment.inflation:
        text = "nominal money needs inflation, got 0; state it, or write basis: real"
        yield Finding((*path, "basis"), text)


def existing(site: Site, kind: str) -> float | None:
    """How much of a kind stands at a site; None where the site does not describe it."""
    pools = list(site.pools.values())
    battery, generator, grid = site.battery, site.generator, site.grid
    stands: object = {
        "pv": site.pv.capacity_kw if isinstance(site.pv, PvModelled) else None,
        "wind": site.wind.capacity_kw if isinstance(site.wind, WindModelled) else None,
        "battery_power": battery and battery.power_kw,
        "battery_energy": battery and battery.energy_kwh,
        "generator": generator and generator.power_kw,
        "grid": grid and grid.import_limit_kw,
        "gpus": pools[0].gpus if len(pools) == 1 else None,
    }[kind]
    return float(stands) if isinstance(stands, int | float) else None


def _site(site: Site, planned: SiteInvestment, path: Path) -> Iterator[Finding]:
    for kind in KINDS:
        asset: Asset | None = getattr(planned, kind)
        if asset is None:
            continue
        stands = existing(site, kind)
        if stands is None:
            name = {"battery_power": "battery", "battery_energy": "battery", "gpus": "pools"}
            text = (
                f"the site describes no single {kind} to build more of; give it one number under "
                f"{name.get(kind, kind)}, 0 where nothing stands"
            )
            yield Finding((*path, kind), text)
            continue
        if asset.most is not None and asset.keep_existing and asset.most < stands:
            text = f"must be at least the {stands:g} that stand there, got {asset.most:g}"
            yield Finding((*path, kind, "most"), text)
        low, high = asset.capex_low, asset.capex_high
        if low is not None and low > asset.capex:
            text = f"must not be above capex {asset.capex:g}, got {low:g}"
            yield Finding((*path, kind, "capex_low"), text)
        if high is not None and high < asset.capex:
            text = f"must not be below capex {asset.capex:g}, got {high:g}"
            yield Finding((*path, kind, "capex_high"), text)
