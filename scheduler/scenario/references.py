"""Names that jobs and services refer to: sites, GPU types, jurisdictions, certificates."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from scheduler.scenario.errors import Finding, Path
from scheduler.scenario.suggest import did_you_mean, quoted
from scheduler.scenario.world import World


class Work(Protocol):
    """What jobs and services have in common."""

    @property
    def gpu_type(self) -> str:
        """Name of the pools whose GPUs it needs."""

    @property
    def home(self) -> str:
        """Site it is declared at."""

    @property
    def residency(self) -> tuple[str, ...] | None:
        """Jurisdictions it may run in, None for any."""

    @property
    def certifications(self) -> tuple[str, ...]:
        """What a site must be certified for."""


def unknown(path: Path, what: str, name: str, known: Iterable[str]) -> Finding:
    """A finding for `name`, which no `what` is called."""
    names = list(known)
    hint = did_you_mean(name, names) if names else f"; the scenario has no {what}s"
    return Finding(path, f"no {what} is called {quoted(name)}{hint}")


def admitted(world: World, work: Work) -> list[str]:
    """Sites where law, certification and GPUs let `work` run."""
    return [
        name
        for name, site in world.sites.items()
        if work.gpu_type in site.pools
        and (work.residency is None or site.jurisdiction in work.residency)
        and set(work.certifications) <= set(site.certifications)
    ]


def home_findings(world: World, work: Work, path: Path) -> Iterator[Finding]:
    """Why `work` could not run where it is declared: a name, a pool, a law, a certificate."""
    jurisdictions = {site.jurisdiction for site in world.sites.values()}
    known_certificates = {c for site in world.sites.values() for c in site.certifications}
    gpu_types = {gpu_type for site in world.sites.values() for gpu_type in site.pools}
    clean = True
    for number, name in enumerate(work.residency or ()):
        if name not in jurisdictions:
            clean = False
            yield unknown((*path, "residency", number), "site's jurisdiction", name, jurisdictions)
    for number, name in enumerate(work.certifications):
        if name not in known_certificates:
            clean = False
            here = (*path, "certifications", number)
            yield unknown(here, "site's certification", name, known_certificates)
    if work.gpu_type not in gpu_types:
        clean = False
        yield unknown((*path, "gpu_type"), "pool", work.gpu_type, gpu_types)
    if work.home not in world.sites:
        yield unknown((*path, "home"), "site", work.home, world.sites)
        return
    if not clean:
        return
    home = world.sites[work.home]
    here = (*path, "home")
    if work.gpu_type not in home.pools:
        text = f"{work.home} has no pool {quoted(work.gpu_type)}; move home, or add the pool"
        yield Finding(here, text)
    if work.residency is not None and home.jurisdiction not in work.residency:
        text = (
            f"residency {', '.join(work.residency)} forbids {work.home}, "
            f"which is in {home.jurisdiction}; move home or change residency"
        )
        yield Finding(here, text)
    missing = sorted(set(work.certifications) - set(home.certifications))
    if missing:
        text = f"{work.home} is not certified for {', '.join(missing)}; move home or certify it"
        yield Finding(here, text)
